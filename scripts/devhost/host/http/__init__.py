"""HTTP/1.1 as Kestrel speaks it, the server in front of the real host."""
