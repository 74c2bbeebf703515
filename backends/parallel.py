"""A few threads for large work on the host. NumPy releases the interpreter's lock inside its loops, so they do run at
once.

There are as many as the process may use cores, or as OMP_NUM_THREADS says. Where each thread multiplies matrices,
BLAS must not start threads of its own: `one_blas_thread` tells it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

_pool: ThreadPoolExecutor | None = None


def _forget_pool() -> None:
    global _pool
    _pool = None  # its threads do not exist in a forked child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def thread_count() -> int:
    """How many threads may be used."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(tasks: Sequence[Callable[[], Any]]) -> None:
    """Runs the tasks at once, the first of them in this thread. Raises what one of them raised when all have ended."""
    global _pool
    if len(tasks) > 1 and _pool is None:
        from concurrent.futures import ThreadPoolExecutor

        _pool = ThreadPoolExecutor(max(thread_count() - 1, 1), thread_name_prefix="chainrule")
    waiting = [_pool.submit(task) for task in tasks[1:]] if _pool is not None else []
    try:
        tasks[0]()
    finally:
        errors = [future.exception() for future in waiting]
    for error in errors:
        if error is not None:
            raise error


_THREADS_OF_BLAS = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),  # in NumPy's wheels
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
    ("bli_thread_get_num_threads", "bli_thread_set_num_threads"),
)
"""The functions that tell and set the number of threads, in the libraries that NumPy may be linked with."""


@cache
def _blas() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """The pair of these functions that belongs to the BLAS which NumPy uses; None if it has none."""
    try:  # a name is looked up in the library itself and in those it was linked with
        library = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None
    for get, set_ in _THREADS_OF_BLAS:
        if hasattr(library, get) and hasattr(library, set_):
            return getattr(library, get), getattr(library, set_)
    return None


_lock = Lock()
_inside = 0
_before = 0


@contextmanager
def one_blas_thread() -> Iterator[bool]:
    """Inside, a matrix product of NumPy runs in the thread that asked for it: for the whole process, until the last of
    those inside has left. False when BLAS cannot be told so."""
    global _inside, _before
    found = _blas()
    if found is None:
        yield False
        return
    get, set_ = found
    with _lock:
        if not _inside:
            _before = get()
            set_(1)
        _inside += 1
    try:
        yield True
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                set_(_before)


IN_CACHE = 1 << 21
"""Bytes that a thread works with at a time: in the share of the last cache that a core has. In smaller pieces threads
spend as much time on handing the interpreter's lock to one another as they save."""

SMALL = 1 << 21
"""Products of numbers below which threads are not worth starting."""

Work = Callable[[int, int], None]


def in_batches(count: int, memory: int, products: int, make: Callable[[int], Work]) -> None:
    """Goes through the `count` elements of a batch, a few at a time, which stay in the cache, in several threads.

    Args:
        memory: the bytes that each element is worked on with.
        products: how many multiplications each takes.
        make: makes the `work(first, last)` of one thread. It is told how many elements come at a time, at most, so
            that it can lay out memory for them once.
    """
    step = max(min(IN_CACHE // max(memory, 1), count), 1)

    def some(first: int, last: int, work: Work) -> None:
        for k in range(first, last, step):
            work(k, min(k + step, last))

    threads = min(thread_count(), count) if count * products >= SMALL else 1
    if threads > 1:
        with one_blas_thread() as told:
            if told:
                bounds = [count * k // threads for k in range(threads + 1)]
                run_all([partial(some, first, last, make(step)) for first, last in pairwise(bounds)])
                return
    some(0, count, make(step))


__all__ = ["in_batches", "one_blas_thread", "run_all", "thread_count"]
