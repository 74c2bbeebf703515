"""Where new tensors are born, and of which dtype.

The data decides where an operation runs; this decides where tensors made from Python numbers go. Strongest first: an
argument (`device=`, `backend=`), a `with use_backend(...)` block, `set_backend()`, the environment
(`CHAINRULE_BACKEND`, `CHAINRULE_DTYPE`), a file (`chainrule.toml`, or `[tool.chainrule]` in `pyproject.toml`, in the
working directory or the nearest one above it), the default: NumPy, float32.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from . import dtypes
from .base import Backend
from .registry import BackendUnavailable, backend_for_device, get_backend_by_name

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ("backend", "dtype")

_block: ContextVar[Backend | None] = ContextVar("chainrule_backend", default=None)
_called: Backend | None = None
_called_dtype: dtypes.DType | None = None
_deterministic: str = ""  # or "warn", or "raise"
_settings: dict[str, tuple[str, str]] | None = None
_configured_dtype: dtypes.DType | None = None


class ConfigError(ValueError):
    """A configuration file or variable says something that cannot be followed."""


def _read_file(directory: Path) -> tuple[Path, dict[str, object]] | None:
    """The nearest configuration at or above `directory`, and its table."""
    import tomllib  # here, and pathlib below, because programs that set everything themselves never need them

    for folder in (directory, *directory.parents):
        path = folder / "chainrule.toml"
        if path.is_file():
            try:
                return path, tomllib.loads(path.read_text(encoding="utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ConfigError(f"{path} is not valid TOML: {error}") from None
            except OSError as error:
                raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
        path = folder / "pyproject.toml"
        if path.is_file():
            try:
                tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool")
            except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError):
                continue  # a broken pyproject.toml is for its own tools to report
            if not isinstance(tools, dict) or "chainrule" not in tools:
                continue
            table = tools["chainrule"]
            if not isinstance(table, dict):
                raise ConfigError(f"{path}: [tool.chainrule] must be a table, got {table!r}")
            return path, table
    return None


def _read_settings(directory: Path) -> dict[str, tuple[str, str]]:
    """What is set, and where it was said, for the messages."""
    settings: dict[str, tuple[str, str]] = {}
    found = _read_file(directory)
    if found is not None:
        path, table = found
        for key, value in table.items():
            if key not in KEYS:
                raise ConfigError(f"{path}: unknown key {key!r}; the keys are {', '.join(KEYS)}")
            if not isinstance(value, str):
                raise ConfigError(f"{path}: {key} must be a string, got {value!r}")
            settings[key] = value, str(path)
    for key in KEYS:
        variable = f"CHAINRULE_{key.upper()}"
        if os.environ.get(variable):
            settings[key] = os.environ[variable], f"the environment variable {variable}"
    return settings


def load_settings(directory: str | os.PathLike[str] = ".") -> dict[str, str]:
    """What the environment and the configuration file say, environment first.

    Raises:
        ConfigError: a file that is no TOML, an unknown key, or a value that is not a string.
    """
    from pathlib import Path

    return {key: value for key, (value, _) in _read_settings(Path(directory).resolve()).items()}


def _setting(key: str, default: str) -> tuple[str, str]:
    global _settings
    if _settings is None:
        from pathlib import Path

        _settings = _read_settings(Path.cwd())
    return _settings.get(key, (default, "the default"))


def _configured_backend() -> Backend:
    name, source = _setting("backend", "numpy")
    try:
        return get_backend_by_name(name)
    except BackendUnavailable as error:
        raise BackendUnavailable(f"{error} (asked for by {source})") from None
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from None


def reload_settings() -> None:
    """Forgets what was read from the environment and the file, so that the next use reads them again."""
    global _settings, _configured_dtype
    _settings = _configured_dtype = None


def get_backend() -> Backend:
    """The backend that new tensors are born on.

    Raises:
        BackendUnavailable: the one asked for cannot work here.
        ConfigError: the environment or the file names no backend, or has an unknown key.
    """
    return _block.get() or _called or _configured_backend()


def set_backend(name: str | None) -> None:
    """From now on new tensors are born on the backend called `name` (`'numpy'`, `'cupy'`, `'auto'`, ...). None goes
    back to the environment, the file or the default.

    Raises:
        ValueError: no backend has that name.
        BackendUnavailable: it cannot work here. What was set before stays.
    """
    global _called
    _called = None if name is None else get_backend_by_name(name)


@contextmanager
def use_backend(name: str) -> Iterator[Backend]:
    """`with use_backend("cupy"): ...`: new tensors are born on that backend inside the block, in this thread or
    asyncio task. Raises as `set_backend` does."""
    backend = get_backend_by_name(name)
    token = _block.set(backend)
    try:
        yield backend
    finally:
        _block.reset(token)


def resolve(device: object = None, backend: str | None = None) -> tuple[Backend, str | None]:
    """The backend and device that the arguments `device=` and `backend=` of a creation function ask for.

    Raises:
        ValueError: they name nothing that exists, or contradict each other.
        BackendUnavailable: what they name cannot work here.
    """
    if device is not None:
        found = backend_for_device(str(device))
        if backend is not None and get_backend_by_name(backend) is not found:
            raise ValueError(f"device {str(device)!r} belongs to the {found.name} backend, not to {backend!r}")
        return found, str(device)
    return (get_backend_by_name(backend) if backend is not None else get_backend()), None


def get_default_dtype() -> dtypes.DType:
    """The dtype that Python floats get: float32 unless set.

    Raises:
        ConfigError: the environment or the file names no floating dtype.
    """
    return _called_dtype or _configured_dtype or _configure_dtype()


def _configure_dtype() -> dtypes.DType:
    global _configured_dtype
    name, source = _setting("dtype", "float32")
    try:
        _configured_dtype = _floating(name)
    except TypeError as error:
        raise ConfigError(f"{source}: {error}") from None
    return _configured_dtype


def set_default_dtype(dtype: dtypes.DTypeLike | None) -> None:
    """From now on Python floats become `dtype`. None goes back to the environment, the file or float32.

    Raises:
        TypeError: it is no floating dtype. What was set before stays.
    """
    global _called_dtype
    _called_dtype = None if dtype is None else _floating(dtype)


def _floating(dtype: dtypes.DTypeLike) -> dtypes.DType:
    found = dtypes.as_dtype(dtype)
    if found.kind != "f" and found.name != "bfloat16":
        raise TypeError(f"the default dtype must be a floating one, got {found}")
    return found


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """From now on, the same program on the same machine gives the same bits each time.

    On the host it always does. On a device, sums into elements that are named several times (`index_add`,
    `scatter_add`, gradients of indexing and of embeddings) are added up in order rather than as they come, and of
    several values assigned to one element the last stays; both take longer. What has no such form raises.

    Args:
        mode: True for the same bits, False for the fastest form.
        warn_only: warn where there is no such form, rather than raise.

    Raises:
        TypeError: `mode` or `warn_only` is no bool.
    """
    global _deterministic
    for name, value in (("mode", mode), ("warn_only", warn_only)):
        if not isinstance(value, bool):
            raise TypeError(f"use_deterministic_algorithms: {name} is True or False, got {value!r}")
    _deterministic = ("warn" if warn_only else "raise") if mode else ""


def are_deterministic_algorithms_enabled() -> bool:
    """Whether `use_deterministic_algorithms` was asked for."""
    return bool(_deterministic)


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether it was asked for with `warn_only`."""
    return _deterministic == "warn"


def alert_not_deterministic(what: str, backend: Backend, alternative: str) -> None:
    """Called by what has no deterministic form on a device.

    Raises:
        RuntimeError: `use_deterministic_algorithms` was asked for, and `backend` is not the host.
    """
    if not _deterministic or backend.device_type == "cpu":
        return
    message = f"{what} has no deterministic form on {backend.device_type}; {alternative}"
    if _deterministic == "raise":
        raise RuntimeError(f"{message}, or use cr.use_deterministic_algorithms(True, warn_only=True)")
    warnings.warn(message, stacklevel=3)
