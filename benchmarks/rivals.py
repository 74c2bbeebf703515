"""The other libraries: whoever of them is installed, each held to the same number of threads as we are."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

THREADS = 2


def load(name: str) -> Any:
    """The module, or None where it is not installed."""
    return import_module(name) if find_spec(name.partition(".")[0]) else None


def limit_threads() -> None:
    """Two threads for PyTorch, and two for the BLAS and OpenMP pools in this process."""
    torch = load("torch")
    if torch is not None:
        torch.set_num_threads(THREADS)
    pools = load("threadpoolctl")
    if pools is not None:
        import_module("numpy")
        pools.threadpool_limits(THREADS)
