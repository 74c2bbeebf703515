"""Dimensions as the caller writes them, as non-negative ints: negative ones counted from the end, and checked.

A 0-d tensor is treated as PyTorch treats it: it has one dimension to be named, 0 or -1, and none to be iterated over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from inspect import Parameter, signature
from operator import index
from typing import Any


def canonical_dim(op: str, dim: Any, ndim: int) -> int:
    """`dim` of a tensor with `ndim` dimensions, as an int from 0 to `ndim - 1` (0 for a 0-d tensor).

    Args:
        op: what the error calls the operation.

    Raises:
        IndexError: there is no such dimension.
        TypeError: `dim` is not an integer.
    """
    try:
        found = index(dim)
    except TypeError:
        raise TypeError(f"{op}: dim must be an int, got {dim!r} of type {type(dim).__name__}") from None
    count = ndim or 1
    if not -count <= found < count:
        raise IndexError(
            f"{op}: dimension {found} is out of range for a tensor with {ndim} dimension{'' if ndim == 1 else 's'}: "
            f"expected {-count} to {count - 1}"
        )
    return found + count if found < 0 else found


def canonical_dims(op: str, dims: Any, ndim: int) -> tuple[int, ...]:
    """`dims` (an int, a sequence of ints, or None for all of them) of a tensor with `ndim` dimensions, as a tuple of
    non-negative ints in the order given. Naming the dimension of a 0-d tensor names none of its axes: ().

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
        TypeError: they are not integers.
    """
    if dims is None:
        return tuple(range(ndim))
    given: Sequence[Any] = dims if isinstance(dims, (tuple, list)) else (dims,)
    found = tuple([canonical_dim(op, dim, ndim) for dim in given])
    if len(set(found)) != len(found):
        raise RuntimeError(f"{op}: dim={dims!r} names a dimension of a tensor with {ndim} dimensions more than once")
    return found if ndim else ()


def ndim_of(op: str, input: Any) -> int:
    """The number of dimensions of a tensor or array.

    Raises:
        TypeError: `input` is neither.
    """
    try:
        return input.ndim
    except AttributeError:
        raise TypeError(
            f"{op}: expected a tensor or an array, got {type(input).__name__}; cr.tensor(...) makes a tensor of numbers"
        ) from None


def ordered_ndim(op: str, input: Any) -> int:
    """`ndim_of`, for an operation that compares elements.

    Raises:
        NotImplementedError: they are complex numbers, which have no order.
        TypeError: `input` is neither a tensor nor an array.
    """
    ndim = ndim_of(op, input)
    if input.dtype.kind == "c":
        raise NotImplementedError(f"{op}: complex numbers have no order, got {input.dtype}; take .abs() or .real")
    return ndim


def sizes_of(op: str, input: Any) -> tuple[int, ...]:
    """The shape of a tensor or array.

    Raises:
        TypeError: `input` is neither.
    """
    ndim_of(op, input)
    return tuple(input.shape)


def integer(op: str, name: str, value: Any) -> int:
    """An argument that counts something, as an int.

    Raises:
        TypeError: it is no integer.
    """
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{op}: {name} must be an int, got {value!r} of type {type(value).__name__}") from None


def integers(op: str, name: str, values: Any) -> tuple[int, ...]:
    """An argument that counts several things, as ints; one int stands for itself.

    Raises:
        TypeError: it is neither an int nor a sequence of ints.
    """
    if isinstance(values, str) or not isinstance(values, (Sequence, range)):
        return (integer(op, name, values),)
    return tuple([integer(op, name, value) for value in values])


Dims = tuple[int, ...] | None
"""What an op reduces: non-negative, checked, in order; None for all there is (so also for a 0-d tensor)."""


def reduced_dims(op: str, input: Any, dim: Any) -> Dims:
    """The dimensions that a reduction's `dim` (an int, a sequence, or None or empty for all) names.

    Raises:
        as `canonical_dims`, and `ndim_of`.
    """
    ndim = ndim_of(op, input)
    if dim is None or dim == () or dim == []:
        return None
    found = canonical_dims(op, dim, ndim)
    return None if len(found) == ndim else tuple(sorted(found))


def kept_shape(shape: tuple[int, ...], dims: Dims) -> tuple[int, ...]:
    """The shape that reducing `dims` with `keepdim` leaves of `shape`."""
    return (1,) * len(shape) if dims is None else tuple([1 if k in dims else n for k, n in enumerate(shape)])


def reduced_size(shape: tuple[int, ...], dims: Dims) -> int:
    """How many elements each result of reducing `dims` is made of."""
    return math.prod(shape if dims is None else [shape[k] for k in dims])


_OURS = {"axis": "dim", "keepdims": "keepdim"}


def renamed(function: Callable[..., Any], given: dict[str, Any]) -> Any:
    """The call of `function` with NumPy's names for its parameters, which PyTorch takes as well: `axis` for `dim`,
    `keepdims` for `keepdim`.

    Args:
        given: the parameters of the call, and under `numpy_names` what was given by other names.

    Raises:
        TypeError: a name that is not among them, or a parameter given by both its names.
    """
    arguments = dict(given)
    defaults = {name: p.default for name, p in signature(function).parameters.items()}
    for name, value in arguments.pop("numpy_names").items():
        ours = _OURS.get(name)
        if ours not in defaults:
            raise TypeError(f"{function.__name__}: unexpected argument {name!r}")
        absent = defaults[ours]
        if absent is not Parameter.empty and arguments[ours] is not absent:
            raise TypeError(f"{function.__name__}: {name} and {ours} are one parameter; give it once")
        arguments[ours] = value
    return function(**arguments)


__all__ = ["Dims", "canonical_dim", "canonical_dims", "integer", "integers", "kept_shape", "ndim_of", "ordered_ndim",
           "reduced_dims", "reduced_size", "renamed", "sizes_of"]  # fmt: skip
