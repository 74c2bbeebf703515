"""A few threads for large updates. NumPy releases the interpreter's lock inside its loops, so they do run at once.

There are as many as the process may use cores, or as OMP_NUM_THREADS says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_pool: ThreadPoolExecutor | None = None


def _forget_pool() -> None:
    global _pool
    _pool = None  # its threads do not exist in a forked child


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def thread_count() -> int:
    """How many threads an update may use."""
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_all(tasks: Sequence[Callable[[], Any]]) -> None:
    """Runs the tasks at once, the first of them in this thread. Raises what one of them raised when all have ended."""
    global _pool
    if len(tasks) > 1 and _pool is None:
        _pool = ThreadPoolExecutor(max(thread_count() - 1, 1), thread_name_prefix="chainrule-optim")
    waiting = [_pool.submit(task) for task in tasks[1:]] if _pool is not None else []
    try:
        tasks[0]()
    finally:
        errors = [future.exception() for future in waiting]
    for error in errors:
        if error is not None:
            raise error


__all__ = ["run_all", "thread_count"]
