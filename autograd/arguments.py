"""The arguments of an op when they are not all tensors of one backend, and the error when the arrays do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..backends import (
    BACKENDS,
    NAMESPACES,
    SCALARS,
    Backend,
    LinAlgError,
    MixedBackends,
    NumpyLinAlgError,
    backend_of,
    get_backend,
    is_array,
)
from .errors import DtypeError, PlaceError, ShapeError
from .tensor import Tensor

if TYPE_CHECKING:
    from .op import Op

_NUMBERS = (bool, int, float, complex)
_REAL = {int, float}
_KEPT: tuple[type[Exception], ...] = (
    MemoryError, LinAlgError, PlaceError, IndexError, DtypeError, TypeError, ShapeError, ImportError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
"""Classes of a backend's errors that ours have too."""
_BECOMES: dict[type[Exception], type[Exception]] = {NumpyLinAlgError: LinAlgError, ValueError: ShapeError}
"""What another ValueError becomes."""


def reconcile(op: Op, given: tuple[Any, ...], arrays: tuple[Any, ...]) -> tuple[type, tuple[Any, ...]] | None:
    """The array class and the arguments made to fit it; None when there is no array among them.

    Python numbers stay what they are: the backend's own promotion gives them the array's dtype. None stands for an
    input left out, where one may be.

    Raises:
        MixedBackends: arrays of two backends.
        TypeError: something that is neither tensor, array, number nor None.
    """
    if op.elementwise and len(arrays) == 2:  # x * 2.0, 1 - x, ...: the common case, kept short
        a, b = arrays
        if type(b) in _REAL and type(a) in BACKENDS:
            return type(a), (a, BACKENDS[type(a)].operand(b, a.dtype))
        if type(a) in _REAL and type(b) in BACKENDS:
            return type(b), (BACKENDS[type(b)].operand(a, b.dtype), b)
    backend: Backend | None = None
    scalar: Any = None  # a NumPy scalar is a number, which goes with the arrays of any backend
    for k, (argument, value) in enumerate(zip(given, arrays, strict=True)):
        if type(value) in _NUMBERS or (value is None and not op.variadic and op.inputs[k] in op.defaults):
            continue
        if type(value) in SCALARS:
            scalar = value
            continue
        if type(value) not in NAMESPACES and not is_array(value):
            raise TypeError(
                f"{op.name}: expected tensors, arrays or Python numbers, got {type(argument).__name__}; "
                f"cr.tensor(...) makes a tensor of nested numbers"
            )
        found = backend_of(value)
        if backend is None:
            backend = found
        elif found is not backend:
            raise mixed(op.name, given)
    if backend is None:
        if scalar is None:
            return None
        backend = backend_of(scalar)
    plain = (backend.array_type, *backend.scalar_types)
    fitting = tuple(v if v is None or type(v) in _NUMBERS or type(v) in plain else backend.asarray(v) for v in arrays)
    return backend.array_type, fitting


def mixed(name: str, given: tuple[Any, ...]) -> MixedBackends:
    """The error for arrays of two backends in one op."""
    where = []
    for argument in given:
        array = argument._array if isinstance(argument, Tensor) else argument
        if is_array(array):
            kind = "a tensor" if isinstance(argument, Tensor) else "an array"
            backend = backend_of(array)
            where.append(f"{kind} on {backend.device_of(array)} ({backend.name})")
    return MixedBackends(
        f"{name}: inputs live on different backends: {', '.join(where)}. Move one first: t.cpu(), t.cuda(), "
        f"t.to(other.device), or cr.tensor(array, device=...)"
    )


def numbers_only(op: Op, *numbers: Any, **attributes: Any) -> Any:
    """The op on Python numbers alone: they become tensors where new tensors are born."""
    backend = get_backend()
    return op.call(*[v if v is None else Tensor(v, backend=backend.name) for v in numbers], **attributes)


def describe(value: Any) -> str:
    """`float32 (3, 4)` for an array, the value itself for a number."""
    return f"{value.dtype} {tuple(value.shape)}" if hasattr(value, "dtype") else repr(value)


def explain(op: Op, arrays: tuple[Any, ...], attributes: tuple[tuple[str, Any], ...], error: Exception) -> Exception:
    """The backend's error with the op, the shapes and dtypes, and what was expected; its class is kept."""
    inputs = ", ".join(
        f"{name} {describe(value)}" for name, value in zip(_input_names(op, len(arrays)), arrays, strict=True)
    )
    said = [(name, value) for name, value in attributes if value is not None and value is not False]
    given = "".join(f", {name}={_short(value)}" for name, value in said)
    kind: type[Exception]
    for kind in (*_KEPT, *_BECOMES):
        if isinstance(error, kind):
            kind = _BECOMES.get(kind, kind)
            break
    else:
        kind = type(error) if type(error) in (ZeroDivisionError, OverflowError, AttributeError) else RuntimeError
    hint = _hint(op, arrays, error)
    numbers = {type(a) for a in arrays}.intersection(_NUMBERS)
    if not op.elementwise and ((kind is AttributeError and numbers) or (kind is TypeError and numbers - {complex})):
        kind, hint = TypeError, "expected tensors or arrays, not numbers"
    elif kind is TypeError and op.elementwise and not attributes:
        hint = _dtype_hint(op, arrays)
        kind = TypeError if hint is None else DtypeError
    text = hint or str(error).removeprefix(f"{op.name}: ")
    return kind(f"{op.name}({inputs}{given}): {text}")


def _input_names(op: Op, count: int) -> tuple[str, ...]:
    return tuple(f"{op.inputs[0]}[{k}]" for k in range(count)) if op.variadic else op.inputs


def _short(value: Any) -> str:
    text = describe(value) if hasattr(value, "dtype") else repr(value)
    if isinstance(value, tuple) and any(item is ... or isinstance(item, slice) for item in value):
        text = f"[{', '.join(map(_index_text, value))}]"
    return text if len(text) <= 80 else text[:77] + "..."


def _index_text(item: Any) -> str:
    """An item of an index as one writes it."""
    if not isinstance(item, slice):
        return "..." if item is ... else repr(item)
    bounds = (item.start, item.stop) if item.step is None else (item.start, item.stop, item.step)
    return ":".join("" if bound is None else repr(bound) for bound in bounds)


def _dtype_hint(op: Op, arrays: tuple[Any, ...]) -> str | None:
    """What an elementwise op that refuses its inputs' dtypes would take, as far as that can be told in general."""
    found = sorted({str(a.dtype) for a in arrays if hasattr(a, "dtype")})
    if not found:
        return None
    expected = "; expected integers or booleans" if op.name.startswith("bitwise_") else ""
    if found == ["bool"]:
        expected = "; of booleans there are ~, ^, logical_not and logical_xor"
    return f"not defined for {' and '.join(found)}{expected}"


def _hint(op: Op, arrays: tuple[Any, ...], error: Exception) -> str | None:
    """What an elementwise op expected of its shapes, in words."""
    shapes = [tuple(a.shape) for a in arrays if hasattr(a, "shape")]
    if not op.elementwise or not isinstance(error, ValueError) or len(shapes) < 2:
        return None
    width = max(len(s) for s in shapes)
    aligned = [(1,) * (width - len(s)) + s for s in shapes]
    for axis in range(1, width + 1):
        sizes = {s[-axis] for s in aligned} - {1}
        if len(sizes) > 1:
            return (
                f"shapes {' and '.join(map(str, shapes))} do not broadcast: counted from the right, dimension -{axis} "
                f"has sizes {' and '.join(str(s[-axis]) for s in aligned)}; they must be equal, or 1"
            )
    return None
