"""`chainrule info`: versions, backends, devices, BLAS and threads."""

from __future__ import annotations

import os
import platform
import sys

from . import backends
from ._version import __version__


def info() -> dict[str, str]:
    """What this installation is and can use, as names and values in the order they are printed."""
    rows = {
        "chainrule": __version__,
        "python": f"{platform.python_version()} ({sys.implementation.name}, {platform.machine()})",
        "processors": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
    }
    rows.update(backends.get_backend_by_name("numpy").describe())
    rows["threads"] = _threads()
    for name, state in backends.available_backends().items():
        rows[f"backend {name}"] = state
    if backends.unavailable("cupy") is None:
        rows.update(backends.get_backend_by_name("cupy").describe())
    rows["default backend"] = _default()
    rows["default dtype"] = str(backends.get_default_dtype())
    return rows


def _default() -> str:
    try:
        return backends.get_backend().name
    except (backends.BackendUnavailable, backends.ConfigError, ValueError) as error:
        return f"error: {error}"


def _threads() -> str:
    """The threads of every library that has a pool of its own, where threadpoolctl can tell."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        named = [f"{n}={os.environ[n]}" for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS") if n in os.environ]
        return ", ".join(named) or "as many as there are processors (threadpoolctl would tell more)"
    pools = [f"{p['internal_api']} {p['num_threads']}" for p in threadpool_info()]
    return ", ".join(pools) or "none"
