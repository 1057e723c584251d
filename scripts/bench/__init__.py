"""Benchmarks. Each prints one line of JSON; a figure is only worth its ratio in the same run."""
