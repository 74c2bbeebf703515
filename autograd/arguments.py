"""The arguments of an op when they are not all tensors of one backend, and the error when the arrays do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..backends import BACKENDS, NAMESPACES, Backend, MixedBackends, backend_of, get_backend, is_array
from .tensor import Tensor

if TYPE_CHECKING:
    from .op import Op

_NUMBERS = (bool, int, float, complex)
_REAL = {int, float}


def reconcile(op: Op, given: tuple[Any, ...], arrays: tuple[Any, ...]) -> tuple[type, tuple[Any, ...]] | None:
    """The array class and the arguments made to fit it; None when there is no array among them.

    Python numbers stay what they are: the backend's own promotion gives them the array's dtype. None stands for an
    input left out.

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
    for argument, value in zip(given, arrays, strict=True):
        if value is None or type(value) in _NUMBERS:
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
        return None
    plain = (backend.array_type, *backend.scalar_types)
    fitting = tuple(v if v is None or type(v) in _NUMBERS or type(v) in plain else backend.asarray(v) for v in arrays)
    return backend.array_type, fitting


def mixed(name: str, given: tuple[Any, ...]) -> MixedBackends:
    """The error for arrays of two backends in one op."""
    where = []
    for argument in given:
        array = argument._array if isinstance(argument, Tensor) else argument
        if is_array(array):
            kind = "tensor" if isinstance(argument, Tensor) else "array"
            backend = backend_of(array)
            where.append(f"a {kind} on {backend.device_of(array)} ({backend.name})")
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
    given = "".join(f", {name}={_short(value)}" for name, value in attributes)
    kind: type[Exception]
    for kind in (MemoryError, IndexError, TypeError, ValueError, NotImplementedError, RuntimeError):
        if isinstance(error, kind):
            break
    else:
        kind = type(error) if type(error) in (ZeroDivisionError, OverflowError, AttributeError) else RuntimeError
    hint = _hint(op, arrays, error)
    return kind(f"{op.name}({inputs}{given}): {hint or error}")


def _input_names(op: Op, count: int) -> tuple[str, ...]:
    return tuple(f"{op.inputs[0]}[{k}]" for k in range(count)) if op.variadic else op.inputs


def _short(value: Any) -> str:
    text = describe(value) if hasattr(value, "dtype") else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


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
