"""The backends by name, and which one an array belongs to.

Built-in backends are made on first use; others come from the entry-point group `chainrule.backends` (each entry
names a `Backend` subclass) or from `register_backend`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .base import Array, Backend

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

NAMESPACES: dict[type, ModuleType] = {}
"""Array class -> the namespace its functions live in. The one look-up on the path of every op."""

BACKENDS: dict[type, Backend] = {}
"""Array class -> its backend."""

SCALARS: set[type] = set()
"""Classes that functions of some backend return in place of a 0-d array."""

_BUILT_IN = {"numpy": ".numpy:NumpyBackend", "cupy": ".cupy:CupyBackend", "standin": ".standin:StandinBackend"}
_loaded: dict[str, Backend] = {}
_loading = RLock()
_factories: dict[str, Callable[[], Backend]] = {}


class BackendUnavailable(RuntimeError):
    """A backend was asked for that cannot work here; the message says what is missing and how to get it."""


class MixedBackends(TypeError):
    """Arrays of two backends met in one operation."""


def register_backend(name: str, factory: Callable[[], Backend]) -> None:
    """Makes `name` known; `factory` (a Backend subclass, say) is called on first use.

    Raises:
        TypeError: the name is no string, or the factory cannot be called.
        ValueError: the name is taken, or empty.
    """
    if not isinstance(name, str) or not callable(factory):
        raise TypeError(
            f"register_backend: expected a name and a function that makes a Backend, got {name!r}, {factory!r}"
        )
    if not name:
        raise ValueError("register_backend: the name is empty")
    if name in _BUILT_IN or name in _factories or name == "auto":
        raise ValueError(f"the backend name {name!r} is taken")
    _factories[name] = factory


def backend_names() -> list[str]:
    """Every name that can be asked for, whether it can work here or not."""
    plugins = [entry.name for entry in _entry_points()]
    return list(dict.fromkeys([*_BUILT_IN, *_factories, *plugins]))


def _entry_points(**selected: Any) -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points  # a tenth of what importing NumPy takes, and rarely needed

    return entry_points(group="chainrule.backends", **selected)


def _factory(name: str) -> Callable[[], Backend]:
    if name in _BUILT_IN:
        module, attribute = _BUILT_IN[name].split(":")
        return getattr(import_module(module, __package__), attribute)
    if name in _factories:
        return _factories[name]
    for entry in _entry_points(name=name):
        try:
            return entry.load()
        except Exception as error:  # whatever a plugin does while it is imported
            raise BackendUnavailable(
                f"the {name} backend cannot be used here: loading {entry.value!r}: {type(error).__name__}: {error}"
            ) from error
    raise ValueError(f"no backend is called {name!r}; there are {', '.join(backend_names())}, and 'auto'")


def get_backend_by_name(name: str) -> Backend:
    """The backend called `name`, ready to use.

    Raises:
        ValueError: no backend has that name, or its arrays are another backend's.
        BackendUnavailable: it cannot work here; the message says why and what to do.
    """
    backend = _loaded.get(name)
    return _load(name) if backend is None else backend


def _load(name: str) -> Backend:
    with _loading:
        if name in _loaded:
            return _loaded[name]
        if name == "auto":
            _loaded[name] = get_backend_by_name("cupy" if unavailable("cupy") is None else "numpy")
            return _loaded[name]
        factory = _factory(name)
        try:
            backend = factory()
            reason = backend.unavailable()
            namespace: Any = None
            kinds: tuple[type, ...] = ()
            if reason is None:
                namespace, kinds = backend.xp, (backend.array_type, *backend.scalar_types)
        except Exception as error:  # of a plugin: what it cannot do must not keep the others from being used
            raise BackendUnavailable(
                f"the {name} backend cannot be used here: making it: {type(error).__name__}: {error}"
            ) from error
        if reason is not None:
            raise BackendUnavailable(f"the {name} backend cannot be used here: {reason}")
        for kind in kinds:
            if kind in BACKENDS:
                raise ValueError(f"{kind.__qualname__} arrays belong to the {BACKENDS[kind].name} backend already")
        _loaded[name] = backend
        SCALARS.update(backend.scalar_types)
        for kind in kinds:
            NAMESPACES[kind] = namespace
            BACKENDS[kind] = backend
        return backend


def unavailable(name: str) -> str | None:
    """Why the backend called `name` cannot be used here, or None if it can."""
    try:
        get_backend_by_name(name)
    except BackendUnavailable as error:
        return str(error)
    return None


def available_backends() -> dict[str, str]:
    """Each backend's name and `'available'` with its devices, or the reason why it is not."""
    report = {}
    for name in backend_names():
        try:
            reason = unavailable(name)
            report[name] = reason or f"available: {', '.join(get_backend_by_name(name).devices())}"
        except Exception as error:  # of one backend, which must not hide the others
            report[name] = f"the {name} backend cannot be used here: {type(error).__name__}: {error}"
    return report


def backend_of(array: Array) -> Backend:
    """The backend an array belongs to.

    Raises:
        TypeError: it is no array of any backend in use.
    """
    backend = BACKENDS.get(type(array))
    if backend is None:
        backend = _claim(array)
    return backend


def is_array(value: Any) -> bool:
    """Whether `value` is an array (or array scalar) of some backend, even one not in use yet."""
    if type(value) in BACKENDS:
        return True
    try:
        _claim(value)
    except TypeError:
        return False
    return True


def _claim(array: Any) -> Backend:
    """Finds the backend of an array whose class was not met before: a subclass, or a CuPy array of the user's."""
    kind = type(array)
    if kind.__module__.partition(".")[0] == "cupy":
        return get_backend_by_name("cupy")
    for known, backend in list(BACKENDS.items()):
        if isinstance(array, known):
            return backend
    raise TypeError(f"{kind.__module__}.{kind.__qualname__} is not an array of any backend in use")


def backend_for_device(device: str) -> Backend:
    """The backend behind a device name: `cpu` is NumPy, `cuda` and `cuda:1` are CuPy, else a backend whose
    `device_type` it is.

    Raises:
        ValueError: no backend has such devices.
        BackendUnavailable: its backend cannot work here.
    """
    kind = device.partition(":")[0]
    name = {"cpu": "numpy", "cuda": "cupy"}.get(kind)
    if name is None:
        matches = [b.name for b in _loaded.values() if b.device_type == kind]
        name = matches[0] if matches else kind
        if name not in backend_names() or name == "auto":
            raise ValueError(f"no backend has a device {device!r}; devices are 'cpu', 'cuda', 'cuda:0', ...")
    backend = get_backend_by_name(name)
    if ":" in device and device not in backend.devices():
        raise ValueError(f"there is no device {device!r}; the {name} backend has {', '.join(backend.devices())}")
    return backend


get_backend_by_name("numpy")
