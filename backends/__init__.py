"""Array backends: who computes, where new tensors are born, how to add another.

Depends on nothing else in the package. NumPy is always there; CuPy is imported when it is first asked for.
"""

from __future__ import annotations

from . import dtypes
from .base import Array, Backend, Generator, LinAlgError, NumpyLinAlgError
from .config import (
    ConfigError,
    get_backend,
    get_default_dtype,
    load_settings,
    reload_settings,
    resolve,
    set_backend,
    set_default_dtype,
    use_backend,
)
from .registry import (
    BACKENDS,
    NAMESPACES,
    SCALARS,
    BackendUnavailable,
    MixedBackends,
    available_backends,
    backend_for_device,
    backend_names,
    backend_of,
    get_backend_by_name,
    is_array,
    register_backend,
    unavailable,
)

__all__ = [
    "Array", "BACKENDS", "Backend", "BackendUnavailable", "ConfigError", "Generator", "LinAlgError", "MixedBackends",
    "NAMESPACES", "NumpyLinAlgError", "SCALARS", "available_backends", "backend_for_device", "backend_names",
    "backend_of", "dtypes", "get_backend", "get_backend_by_name", "get_default_dtype", "is_array", "load_settings",
    "register_backend", "reload_settings", "resolve", "set_backend", "set_default_dtype", "unavailable", "use_backend",
]  # fmt: skip
