"""Tensors made from nothing, from numbers and from arrays. Where they are born: see `backends/config.py`."""

from __future__ import annotations

from typing import Any

from ...backends import Backend, backend_for_device, dtypes, get_default_dtype, resolve
from ..op import op
from ..tensor import Tensor, as_array, from_array, to_device


def shape_of(size: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape from `f(2, 3)`, `f((2, 3))` or `f([2, 3])`.

    Raises:
        TypeError: an entry is no integer.
        RuntimeError: an entry is negative.
    """
    entries = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    shape = tuple(int(n.__index__()) if hasattr(n, "__index__") else _refuse(n) for n in entries)
    if any(n < 0 for n in shape):
        raise RuntimeError(f"a shape has no negative sizes, got {shape}")
    return shape


def _refuse(entry: Any) -> int:
    raise TypeError(f"a shape is made of integers, got {type(entry).__name__} {entry!r}")


def _finish(array: Any, home: Backend, place: str | None, requires_grad: bool) -> Tensor:
    tensor = from_array(home.asarray(array, None, place))
    return tensor.requires_grad_() if requires_grad else tensor


def tensor(data: Any, *, dtype: Any = None, device: object = None, backend: str | None = None,
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """A new tensor holding a copy of `data`: a number, nested sequences, an array of any backend, or a tensor.

    Python floats get the default dtype (float32), integers int64, arrays keep theirs. It is born on `device` or
    `backend` if given, where the data is if that is an array, else where the configuration says.

    Raises:
        TypeError: the data is not numeric.
        ValueError: nested sequences of unequal lengths, or an unknown device or backend.
        RuntimeError: `requires_grad` with a dtype that cannot hold a gradient.
    """
    made = Tensor(data, dtype=dtype, device=device, backend=backend)
    given = data._array if isinstance(data, Tensor) else data
    home = made.backend
    if hasattr(given, "dtype") and type(given) in (home.array_type, *home.scalar_types):
        made._array = home.copy(made._array)
    return made.requires_grad_() if requires_grad else made


def as_tensor(data: Any, dtype: Any = None, device: object = None, backend: str | None = None) -> Tensor:
    """`data` as a tensor: itself if it is one that fits, sharing memory with an array that fits, else a copy."""
    if isinstance(data, Tensor):
        moved = (device is not None and str(device) != data.device) or backend is not None
        recast = dtype is not None and dtypes.as_dtype(dtype) != data.dtype
        return data.to(device, dtype) if moved or recast else data
    return from_array(as_array(data, dtype, device, backend))


def from_numpy(array: Any) -> Tensor:
    """A tensor that shares memory with a NumPy array."""
    return from_array(as_array(array, None, None, "numpy"))


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: object = None, backend: str | None = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`fill_value` everywhere; its dtype is that of the value (the default one for a float) unless given."""
    home, place = resolve(device, backend)
    if dtype is None:
        kinds = {bool: dtypes.bool, int: dtypes.int64, float: get_default_dtype()}
        wanted = kinds.get(type(fill_value)) or as_array(fill_value, None, None, "numpy").dtype
    else:
        wanted = dtypes.as_dtype(dtype)
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return _finish(home.xp.full(shape_of((size,)), value, dtype=wanted), home, place, requires_grad)


def zeros(*size: Any, dtype: Any = None, device: object = None, backend: str | None = None,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """0 everywhere, of the default dtype unless given."""
    return full(shape_of(size), 0, dtype=dtype or get_default_dtype(), device=device, backend=backend,
                requires_grad=requires_grad)  # fmt: skip


def ones(*size: Any, dtype: Any = None, device: object = None, backend: str | None = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """1 everywhere, of the default dtype unless given."""
    return full(shape_of(size), 1, dtype=dtype or get_default_dtype(), device=device, backend=backend,
                requires_grad=requires_grad)  # fmt: skip


def empty(*size: Any, dtype: Any = None, device: object = None, backend: str | None = None,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Whatever was in memory, of the default dtype unless given."""
    home, place = resolve(device, backend)
    wanted = get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    return _finish(home.xp.empty(shape_of(size), dtype=wanted), home, place, requires_grad)


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, device: object = None,
              requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`fill_value` everywhere, with the shape, dtype and device of `input` unless given."""
    return full(input.shape, fill_value, dtype=dtype or input.dtype, device=device or input.device,
                requires_grad=requires_grad)  # fmt: skip


def zeros_like(input: Tensor, **options: Any) -> Tensor:
    """0 everywhere, with the shape, dtype and device of `input` unless given."""
    return full_like(input, 0, **options)


def ones_like(input: Tensor, **options: Any) -> Tensor:
    """1 everywhere, with the shape, dtype and device of `input` unless given."""
    return full_like(input, 1, **options)


def empty_like(input: Tensor, *, dtype: Any = None, device: object = None, requires_grad: bool = False) -> Tensor:
    """Whatever was in memory, with the shape, dtype and device of `input` unless given."""
    return empty(input.shape, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)


def arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: object = None,
           backend: str | None = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`start, start + step, ...` up to `end`, which is left out; `arange(end)` starts from 0. int64 for integers."""
    if end is None:
        start, end = 0, start
    home, place = resolve(device, backend)
    if dtype is None:
        wanted = get_default_dtype() if any(isinstance(v, float) for v in (start, end, step)) else dtypes.int64
    else:
        wanted = dtypes.as_dtype(dtype)
    if step == 0 or (end - start) / step < 0:
        raise RuntimeError(f"arange: cannot go from {start} to {end} in steps of {step}")
    return _finish(home.xp.arange(start, end, step, dtype=wanted), home, place, requires_grad)


def linspace(start: float, end: float, steps: int, *, dtype: Any = None, device: object = None,
             backend: str | None = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`steps` numbers evenly spaced from `start` to `end`, both included."""
    home, place = resolve(device, backend)
    wanted = get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    return _finish(home.xp.linspace(start, end, steps, dtype=wanted), home, place, requires_grad)


def logspace(start: float, end: float, steps: int, base: float = 10.0, **options: Any) -> Tensor:
    """`base` to the powers `linspace(start, end, steps)`."""
    powers = linspace(start, end, steps, **{**options, "requires_grad": False})
    made = from_array(powers.backend.xp.power(base, powers._array).astype(powers.dtype))
    return made.requires_grad_() if options.get("requires_grad") else made


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: object = None, backend: str | None = None,
        requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The n x m matrix (n x n if m is left out) with 1 on the diagonal and 0 elsewhere."""
    home, place = resolve(device, backend)
    wanted = get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    return _finish(home.xp.eye(n, n if m is None else m, dtype=wanted), home, place, requires_grad)


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Each class index as a row with a 1 in its place, int64.

    Args:
        input: integers of any shape, in [0, num_classes).
        num_classes: by default one more than the greatest index (which waits for the device).

    Raises:
        RuntimeError: the input is not of an integer dtype.
    """
    if input.dtype.kind not in "iu":
        raise RuntimeError(f"one_hot: class indices are integers, got {input.dtype}")
    xp = input.backend.xp
    count = int(input._array.max()) + 1 if num_classes == -1 else num_classes
    hot = input._array[..., None] == xp.arange(count, dtype=input.dtype)
    return from_array(hot.astype(dtypes.int64))


_transfer = op(
    "to",
    lambda xp, x, *, device, home: to_device(x, device),
    vjp=lambda g, device, home: _transfer(g, device=home, home=device),
    linear=True,
)


def moved(input: Tensor, device: object) -> Tensor:
    """`input` on another device or backend, itself if it is there already. A tensor in a graph stays in it."""
    home = input.device
    if str(device) in (home, home.type):
        return input
    backend_for_device(str(device))  # its errors tell the user what to do; the op would only wrap them
    return _transfer(input, device=str(device), home=str(home))


__all__ = ["arange", "as_tensor", "empty", "empty_like", "eye", "from_numpy", "full", "full_like", "linspace",
           "logspace", "ones", "ones_like", "tensor", "zeros", "zeros_like"]  # fmt: skip
