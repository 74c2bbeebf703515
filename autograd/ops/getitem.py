"""`x[index]`, and `x` with `x[index]` replaced.

How an index is read stands in `index.py`: first a view, then integer arrays or a mask that pick from it.

Index arrays are inputs of their ops, so that backward notices when one was changed in place; since their number
varies, `by_arrays` declares the ops for each number when it is first met.
"""

from __future__ import annotations

from functools import cache
from math import isfinite, prod
from typing import Any, NamedTuple

from ...backends import Array, backend_of, dtypes, is_array
from ..errors import DtypeError
from ..op import OpCall, op
from ..tensor import Tensor, as_array
from .comparison import choose
from .index import ALL, arrays_alone, plain, resolve
from .shape import reshape

# Integers, slices, `...` and None.


def _placed(xp: Any, x: Array, *, shape: tuple[int, ...], index: tuple[Any, ...]) -> Array:
    out = xp.zeros(shape, dtype=x.dtype)
    out[index] = x
    return out


place = op("place", _placed, vjp=lambda g, index: at(g, index=index), linear=True, doc="Zeros but for `x` at an index.")
at = op(
    "getitem",
    lambda xp, x, *, index: x[index],
    vjp=lambda g, x_shape, index: place(g, shape=x_shape, index=index),
    linear=True,
    view=True,
    doc="`x[index]` for integers, slices, None and `...`, which must be there: it makes NumPy answer with a view where "
    "it would with a scalar.",
)

# Integer arrays. `dims` says which dimension each of them indexes.


def _index(dims: tuple[int, ...], arrays: tuple[Array, ...]) -> tuple[Any, ...]:
    items: list[Any] = [slice(None)] * (dims[-1] + 1)
    for dim, array in zip(dims, arrays, strict=True):
        items[dim] = array
    return tuple(items)


def _picked(x: Array, dims: tuple[int, ...], arrays: tuple[Array, ...]) -> Array:
    return x.take(arrays[0], axis=dims[0]) if len(arrays) == 1 else x[_index(dims, arrays)]


def _spread(xp: Any, x: Array, shape: tuple[int, ...], dims: tuple[int, ...], arrays: tuple[Array, ...]) -> Array:
    out = xp.zeros(shape, dtype=x.dtype)
    xp.scatter_add(out, _index(dims, arrays), x)
    return out


def with_added(xp: Any, x: Array, index: tuple[Any, ...], values: Any) -> Array:
    """A copy of `x` with the values added at the index, duplicates accumulated; for booleans "added" means "or"."""
    if x.dtype.kind == "b":
        count = x.astype(xp.int32)
        xp.scatter_add(count, index, values.astype(xp.int32) if hasattr(values, "astype") else int(values))
        return count != 0
    out = xp.array(x)
    xp.scatter_add(out, index, values)
    return out


def _apart(xp: Any, value: Any, x: Array) -> Any:
    """`value`, copied if it lies in the memory that is about to be written: a device writes while it reads."""
    return xp.array(value) if hasattr(value, "dtype") and xp.may_share_memory(value, x) else value


def _assign(xp: Any, x: Array, value: Any, basic: Any, index: Any, ndim: int, fresh: bool) -> Array:
    """Writes `value` to `x[basic][index]`, which has `ndim` dimensions; to a copy of `x` if `fresh`."""
    value = value if fresh else _apart(xp, value, x)
    out = xp.array(x) if fresh else x
    region = out if basic is None else out[basic]
    extra = getattr(value, "ndim", 0) - ndim
    if extra > 0 and prod(value.shape[:extra]) == 1:
        value = value.reshape(value.shape[extra:])
    if index is ...:
        region[index] = value
    else:
        xp.scatter_set(region, index, value)
    return out


def _assigned(
    xp: Any, x: Array, value: Any, basic: Any, dims: tuple[int, ...], arrays: tuple[Array, ...], fresh: bool
) -> Array:
    ndim = (x if basic is None else x[basic]).ndim - len(arrays) + max(a.ndim for a in arrays)
    return _assign(xp, x, value, basic, _index(dims, arrays), ndim, fresh)


def _looked(g: Any, basic: Any) -> Any:
    return g if basic is None else at(g, index=basic)


def _aligned(g: Any, shape: tuple[int, ...]) -> Any:
    """Puts back the leading dimensions of size 1 that an assigned value had more than its place."""
    extra = len(shape) - g.ndim
    return reshape(g, (1,) * extra + tuple(g.shape)) if extra > 0 else g


class ByArrays(NamedTuple):
    """The ops for an index of a given number of integer arrays.

    Attributes:
        read: `x` at the index.
        spread: its transpose, zeros to which values are added at the index.
        add: `x` with values added at the index; duplicates accumulate.
        write: `x` with a value at the index (of its view `basic`). Of several values for one element the last stays
            on NumPy and any one on a device; the gradient goes to all of them, as PyTorch's does.
    """

    read: OpCall
    spread: OpCall
    add: OpCall
    write: OpCall


@cache
def by_arrays(count: int) -> ByArrays:
    """The ops for `count` index arrays."""
    i = ", ".join(f"i{k}" for k in range(count))
    none = (None,) * count
    scope = {**globals(), "by": lambda: by_arrays(count)}

    def function(text: str) -> Any:
        return eval(f"lambda {text}", scope)

    return ByArrays(
        read=op(
            "index",
            function(f"xp, x, {i}, *, dims: _picked(x, dims, ({i},))"),
            vjp=(function(f"g, {i}, x_shape, dims: by().spread(g, {i}, shape=x_shape, dims=dims)"), *none),
        ),
        spread=op(
            "index_spread",
            function(f"xp, x, {i}, *, shape, dims: _spread(xp, x, shape, dims, ({i},))"),
            vjp=(function(f"g, {i}, dims: by().read(g, {i}, dims=dims)"), *none),
        ),
        add=op(
            "index_add",
            function(f"xp, x, values, {i}, *, dims: with_added(xp, x, _index(dims, ({i},)), values)"),
            vjp=(
                lambda g: g,
                function(f"g, {i}, dims, values_shape: _aligned(by().read(g, {i}, dims=dims), values_shape)"),
                *none,
            ),
        ),
        write=op(
            "setitem",
            function(f"xp, x, value, {i}, *, basic, dims, fresh: _assigned(xp, x, value, basic, dims, ({i},), fresh)"),
            vjp=(
                function(f"g, {i}, basic, dims: by().write(g, 0, {i}, basic=basic, dims=dims, fresh=True)"),
                function(
                    f"g, {i}, basic, dims, value_shape: "
                    f"_aligned(by().read(_looked(g, basic), {i}, dims=dims), value_shape)"
                ),
                *none,
            ),
        ),
    )


def number_for(x: Any, value: Any) -> Any:
    """A Python number of a kind that the dtype of `x` holds: 2.7 becomes 2 for integers.

    Raises:
        DtypeError: it is NaN or infinite, and `x` holds integers.
    """
    if x.dtype.kind in "iu" and isinstance(value, float) and not isfinite(value):
        raise DtypeError(f"a {x.dtype} tensor cannot hold {value}; convert it with .to(cr.float32)")
    return {"b": bool, "i": int, "u": int}.get(x.dtype.kind, lambda number: number)(value)


# A boolean mask, over the dimensions from `dim` on.


def _mask_placed(xp: Any, x: Array, mask: Array, *, shape: tuple[int, ...], dim: int) -> Array:
    out = xp.zeros(shape, dtype=x.dtype)
    out[ALL * dim + (mask,)] = x
    return out


mask_place = op("mask_place", _mask_placed, vjp=(lambda g, mask, dim: mask_read(g, mask, dim=dim), None))
mask_read = op(
    "masked_select",
    lambda xp, x, mask, *, dim: x[ALL * dim + (mask,)],
    vjp=(lambda g, mask, x_shape, dim: mask_place(g, mask, shape=x_shape, dim=dim), None),
    doc="The elements of `x` where the mask is true; the host waits for their number.",
)


def _mask_assigned(xp: Any, x: Array, value: Any, mask: Array, *, basic: Any, dim: int, fresh: bool) -> Array:
    if getattr(value, "size", 1) != 1:
        view = x if basic is None else x[basic]
        return _assign(xp, x, value, basic, ALL * dim + (mask,), view.ndim - mask.ndim + 1, fresh)
    # One value needs no count of the true elements, for which a device would make the host wait.
    value = value.reshape(()).astype(x.dtype) if hasattr(value, "dtype") else number_for(x, value)
    if fresh and basic is None:
        return xp.where(_over(mask, x.ndim, dim), value, x)
    out = xp.array(x) if fresh else x
    region = out if basic is None else out[basic]
    region[...] = xp.where(_over(mask, region.ndim, dim), value, region)
    return out


def _over(mask: Any, ndim: int, dim: int) -> Any:
    """The mask with dimensions of size 1 behind, so that it broadcasts from `dim` on to `ndim` dimensions."""
    return reshape(mask, tuple(mask.shape) + (1,) * (ndim - dim - mask.ndim))


def _mask_taken(g: Any, mask: Any, basic: Any, dim: int, value_shape: tuple[int, ...]) -> Any:
    region = _looked(g, basic)
    if prod(value_shape) == 1:
        return _aligned(choose(_over(mask, region.ndim, dim), region, 0.0), value_shape)
    return _aligned(mask_read(region, mask, dim=dim), value_shape)


mask_write = op(
    "setitem",
    _mask_assigned,
    vjp=(
        lambda g, mask, basic, dim: mask_write(g, 0, mask, basic=basic, dim=dim, fresh=True),
        lambda g, mask, basic, dim, value_shape: _mask_taken(g, mask, basic, dim, value_shape),
        None,
    ),
)

_write = op(
    "setitem",
    lambda xp, x, value, *, basic, fresh: _assign(xp, x, value, basic, ..., x[basic].ndim, fresh),
    vjp=(
        lambda g, basic: _write(g, 0, basic=basic, fresh=True),
        lambda g, basic, value_shape: _aligned(at(g, index=basic), value_shape),
    ),
)


def getitem(input: Any, index: Any) -> Any:
    """`input[index]`, differentiable.

    Args:
        index: integers, slices (of negative step too), None, `...`, integer or boolean tensors, arrays and lists, alone
            or in a tuple. uint8 tensors are integers, not masks.

    Returns:
        A view where there are only integers, slices, None and `...`; else a copy. A 0-d integer tensor on the host is
        an integer; on a device, where its value is not known without waiting, it gives a copy.

    Raises:
        IndexError: an index is out of range (on a device, index arrays wrap around instead), has too many entries, or
            is of the wrong type.
    """
    basic = plain(index)
    if basic is not None:
        return at(input, index=basic)
    arrays = arrays_alone(input, index)
    if arrays is not None:
        return by_arrays(len(arrays)).read(input, *arrays, dims=tuple(range(len(arrays))))
    found = resolve(input, index)
    view = _looked(input, found.basic)
    if found.masked:
        return mask_read(view, found.arrays[0], dim=found.dims[0])
    if found.arrays:
        return by_arrays(len(found.arrays)).read(view, *found.arrays, dims=found.dims)
    return at(input, index=(...,)) if view is input else view


def setitem(input: Any, index: Any, value: Any) -> Any:
    """A copy of `input` with `value` at `index`: what `input[index] = value` does, out of place and differentiable.

    Args:
        index: as in `getitem`.
        value: a tensor, array, nested list or number that broadcasts to what the index selects; it is cast to the
            dtype of `input`.

    Raises:
        IndexError: as `getitem`.
        ValueError: the value's shape does not fit.
        TypeError: the value requires a gradient, and `input` is of an integer dtype.
    """
    return _set(input, index, value, fresh=True)


def overwrite(input: Any, index: Any, value: Any) -> Any:
    """`setitem` into the memory of `input` itself. The tensor returned shares that memory, and its place in the graph
    is that of the changed values: the caller gives it to `input`, and notes the change in the memory's version."""
    return _set(input, index, value, fresh=False)


def _set(x: Any, index: Any, value: Any, fresh: bool) -> Any:
    value = _fitting_value(x, value)
    basic = plain(index)
    if basic is not None:
        return _write(x, value, basic=basic, fresh=fresh)
    found = resolve(x, index)
    if found.masked:
        return mask_write(x, value, found.arrays[0], basic=found.basic, dim=found.dims[0], fresh=fresh)
    if found.arrays:
        write = by_arrays(len(found.arrays)).write
        return write(x, value, *found.arrays, basic=found.basic, dims=found.dims, fresh=fresh)
    return _write(x, value, basic=found.basic or (...,), fresh=fresh)


def _fitting_value(x: Any, value: Any) -> Any:
    if isinstance(value, Tensor):
        if value._requires and not dtypes.is_differentiable(x.dtype):
            raise TypeError(
                f"setitem: a {x.dtype} tensor cannot hold a value that requires a gradient; detach() the value, or "
                f"convert the tensor with .to(cr.float32)"
            )
        return value
    home = backend_of(x._array if isinstance(x, Tensor) else x)
    if isinstance(value, (list, tuple)):
        return as_array(value, x.dtype, None, home.name)
    if is_array(value) and backend_of(value) is not home and backend_of(value).device_type == "cpu":
        return home.asarray(value)
    return value


__all__ = ["getitem", "setitem"]
