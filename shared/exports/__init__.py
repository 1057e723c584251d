"""The formats of exports: what is in which file, byte by byte, whoever builds it and when."""
