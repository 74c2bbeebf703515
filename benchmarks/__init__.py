"""Benchmarks: `make bench`, or `python benchmarks` with the `bench` extra and PyTorch installed. See `__main__.py`."""
