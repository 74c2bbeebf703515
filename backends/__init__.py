"""Array backends: who computes, where new tensors are born, how to add another.

Depends on nothing else in the package. NumPy is always there; CuPy is imported when it is first asked for.
"""

from __future__ import annotations

from . import dtypes
from .base import Array, Backend, Generator, LinAlgError, NumpyLinAlgError
from .config import (
    ConfigError,
    alert_not_deterministic,
    are_deterministic_algorithms_enabled,
    get_backend,
    get_default_dtype,
    is_deterministic_algorithms_warn_only_enabled,
    load_settings,
    reload_settings,
    resolve,
    set_backend,
    set_default_dtype,
    use_backend,
    use_deterministic_algorithms,
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
    "NAMESPACES", "NumpyLinAlgError", "SCALARS", "alert_not_deterministic", "are_deterministic_algorithms_enabled",
    "available_backends", "backend_for_device", "backend_names", "backend_of", "dtypes", "get_backend",
    "get_backend_by_name", "get_default_dtype", "is_array", "is_deterministic_algorithms_warn_only_enabled",
    "load_settings", "register_backend", "reload_settings", "resolve", "set_backend", "set_default_dtype",
    "unavailable", "use_backend", "use_deterministic_algorithms",
]  # fmt: skip
