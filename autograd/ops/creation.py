"""Tensors made from nothing, from numbers and from arrays. Where they are born: see `backends/config.py`."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from ...backends import Backend, backend_for_device, dtypes, get_default_dtype, is_array, resolve
from ..errors import ShapeError
from ..op import op
from ..tensor import Tensor, as_array, from_array, to_device
from .dims import integer


def shape_of(function: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape from `f(2, 3)`, `f((2, 3))` or `f([2, 3])`.

    Args:
        function: what the errors call it.

    Raises:
        TypeError: an entry is no integer.
        RuntimeError: an entry is negative.
    """
    entries = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    shape = tuple([integer(function, "every size", n) for n in entries])
    if any(n < 0 for n in shape):
        raise RuntimeError(f"{function}: no size can be negative, got {shape}")
    return shape


def _expect_numbers(function: str, **given: Any) -> None:
    """Raises unless all are finite numbers, or 0-d tensors."""
    for name, value in given.items():
        if isinstance(value, Real) and not math.isfinite(value):
            raise RuntimeError(f"{function}: {name} must be finite, got {value}")
        if not isinstance(value, Real) and not hasattr(value, "__index__"):
            raise TypeError(f"{function}: {name} must be a number, got {value!r} of type {type(value).__name__}")


def born(array: Any, home: Backend, place: str | None, requires_grad: bool) -> Tensor:
    """The tensor over an array just made, on the device asked for."""
    tensor = from_array(home.asarray(array, None, place))
    return tensor.requires_grad_(requires_grad) if requires_grad else tensor


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
    made = from_array(as_array(data, dtype, device, backend))
    given = data._array if isinstance(data, Tensor) else data
    home = made.backend
    if hasattr(given, "dtype") and type(given) in (home.array_type, *home.scalar_types):
        made._array = home.copy(made._array)
    return made.requires_grad_(requires_grad) if requires_grad else made


def as_tensor(data: Any, dtype: Any = None, device: object = None, backend: str | None = None) -> Tensor:
    """`data` as a tensor: itself if it is one that fits, sharing memory with an array that fits, else a copy."""
    if isinstance(data, Tensor):
        moved = (device is not None and str(device) != data.device) or backend is not None
        recast = dtype is not None and dtypes.as_dtype(dtype) != data.dtype
        return data.to(device, dtype) if moved or recast else data
    return from_array(as_array(data, dtype, device, backend))


def from_numpy(array: Any) -> Tensor:
    """A tensor that shares memory with a NumPy array. (Bytes in another order than this machine's are copied.)

    Raises:
        TypeError: it is no array.
    """
    if not is_array(array):
        kind = type(array).__name__
        raise TypeError(f"from_numpy: expected an array, got {kind}; cr.tensor(...) makes a tensor of it")
    return from_array(as_array(array, None, None, "numpy"))


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: object = None, backend: str | None = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`fill_value` everywhere; its dtype is that of the value (the default one for a float) unless given.

    Raises:
        TypeError: `fill_value` is no number, or a size no integer.
        RuntimeError: a size is negative.
    """
    shape = shape_of("full", (size,))
    if not isinstance(fill_value, (int, float, complex)) and getattr(fill_value, "ndim", 1) != 0:
        raise TypeError(f"full: fill_value must be a number or a 0-d tensor, got {type(fill_value).__name__}")
    home, place = resolve(device, backend)
    if dtype is None:
        kinds = {bool: dtypes.bool, int: dtypes.int64, float: get_default_dtype()}
        wanted = kinds.get(type(fill_value)) or as_array(fill_value, None, None, "numpy").dtype
    else:
        wanted = dtypes.as_dtype(dtype)
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return born(home.xp.full(shape, value, dtype=wanted), home, place, requires_grad)


def zeros(*size: Any, dtype: Any = None, device: object = None, backend: str | None = None,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """0 everywhere, of the default dtype unless given."""
    return full(shape_of("zeros", size), 0, dtype=dtype or get_default_dtype(), device=device, backend=backend,
                requires_grad=requires_grad)  # fmt: skip


def ones(*size: Any, dtype: Any = None, device: object = None, backend: str | None = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """1 everywhere, of the default dtype unless given."""
    return full(shape_of("ones", size), 1, dtype=dtype or get_default_dtype(), device=device, backend=backend,
                requires_grad=requires_grad)  # fmt: skip


def empty(*size: Any, dtype: Any = None, device: object = None, backend: str | None = None,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Whatever was in memory, of the default dtype unless given."""
    home, place = resolve(device, backend)
    wanted = get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    return born(home.xp.empty(shape_of("empty", size), dtype=wanted), home, place, requires_grad)


def _expect_tensor(function: str, input: Any) -> None:
    if not isinstance(input, Tensor):
        raise TypeError(f"{function}: expected a tensor, got {type(input).__name__}")


def full_like(input: Tensor, fill_value: Any, *, dtype: Any = None, device: object = None,
              requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`fill_value` everywhere, with the shape, dtype and device of `input` unless given."""
    _expect_tensor("full_like", input)
    return full(input.shape, fill_value, dtype=dtype or input.dtype, device=device or input.device,
                requires_grad=requires_grad)  # fmt: skip


def zeros_like(input: Tensor, **options: Any) -> Tensor:
    """0 everywhere, with the shape, dtype and device of `input` unless given."""
    _expect_tensor("zeros_like", input)
    return full_like(input, 0, **options)


def ones_like(input: Tensor, **options: Any) -> Tensor:
    """1 everywhere, with the shape, dtype and device of `input` unless given."""
    _expect_tensor("ones_like", input)
    return full_like(input, 1, **options)


def empty_like(input: Tensor, *, dtype: Any = None, device: object = None, requires_grad: bool = False) -> Tensor:
    """Whatever was in memory, with the shape, dtype and device of `input` unless given."""
    _expect_tensor("empty_like", input)
    return empty(input.shape, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)


def arange(start: Any = None, end: Any = None, step: Any = 1, *, dtype: Any = None, device: object = None,
           backend: str | None = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`start, start + step, ...` up to `end`, which is left out; `arange(end)` starts from 0. int64 for integers.

    Raises:
        TypeError: an argument is no number.
        RuntimeError: `end` cannot be reached from `start` in such steps.
    """
    if end is None:
        start, end = None, start
    start = 0 if start is None else start
    _expect_numbers("arange", start=start, end=end, step=step)
    start, end, step = [v.item() if hasattr(v, "item") else v for v in (start, end, step)]
    home, place = resolve(device, backend)
    if dtype is None:
        wanted = get_default_dtype() if any(isinstance(v, float) for v in (start, end, step)) else dtypes.int64
    else:
        wanted = dtypes.as_dtype(dtype)
    if step == 0 or (end - start) / step < 0:
        raise RuntimeError(f"arange: cannot go from {start} to {end} in steps of {step}")
    return born(home.xp.arange(start, end, step, dtype=wanted), home, place, requires_grad)


def linspace(start: float, end: float, steps: int, *, dtype: Any = None, device: object = None,
             backend: str | None = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """`steps` numbers evenly spaced from `start` to `end`, both included.

    Raises:
        TypeError: an argument is no number, or `steps` no integer.
        RuntimeError: `steps` is negative.
    """
    _expect_numbers("linspace", start=start, end=end)
    if integer("linspace", "steps", steps) < 0:
        raise RuntimeError(f"linspace: steps cannot be negative, got {steps}")
    home, place = resolve(device, backend)
    wanted = get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    return born(home.xp.linspace(start, end, steps, dtype=wanted), home, place, requires_grad)


def logspace(start: float, end: float, steps: int, base: float = 10.0, **options: Any) -> Tensor:
    """`base` to the powers `linspace(start, end, steps)`."""
    powers = linspace(start, end, steps, **{**options, "requires_grad": False})
    made = from_array(powers.backend.xp.power(base, powers._array).astype(powers.dtype))
    return made.requires_grad_() if options.get("requires_grad") else made


def eye(n: int, m: int | None = None, *, dtype: Any = None, device: object = None, backend: str | None = None,
        requires_grad: bool = False) -> Tensor:  # fmt: skip
    """The n x m matrix (n x n if m is left out) with 1 on the diagonal and 0 elsewhere.

    Raises:
        TypeError: a size is no integer.
        RuntimeError: a size is negative.
    """
    rows, columns = shape_of("eye", (n, n if m is None else m))
    home, place = resolve(device, backend)
    wanted = get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    return born(home.xp.eye(rows, columns, dtype=wanted), home, place, requires_grad)


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Each class index as a row with a 1 in its place, int64.

    Args:
        input: integers of any shape, in [0, num_classes).
        num_classes: by default one more than the greatest index (which waits for the device).

    Raises:
        TypeError: the input is no tensor.
        RuntimeError: the input is not of an integer dtype.
        IndexError: an index is no class. (On a device, where looking would mean waiting, its row is 0.)
        ValueError: there are no indices to tell the number of classes from.
    """
    _expect_tensor("one_hot", input)
    if input.dtype.kind not in "iu":
        raise RuntimeError(f"one_hot: class indices are integers, got {input.dtype}")
    xp, index = input.backend.xp, input._array
    count = integer("one_hot", "num_classes", num_classes)
    if count == -1:
        if not input.numel():
            raise ShapeError("one_hot: of no indices the number of classes cannot be told; give num_classes")
        count = int(index.max()) + 1
    if input.numel() and input.backend.device_type == "cpu" and not 0 <= int(index.min()) <= int(index.max()) < count:
        wrong = int(index.min() if index.min() < 0 else index.max())
        raise IndexError(f"one_hot: class {wrong} is out of range: expected 0 or more, and less than {count}")
    hot = index.astype(dtypes.int64)[..., None] == xp.arange(count)
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
