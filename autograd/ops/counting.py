"""What is found, without a gradient: different values, places in sorted sequences, indices.

Where the shape of the answer depends on the values, the host waits for a device.
"""

from __future__ import annotations

from math import prod
from typing import Any

from ...backends import Array, backend_of, dtypes, resolve
from ..errors import ShapeError
from ..op import op
from ..tensor import Tensor, from_array
from .comparison import ordered
from .creation import born
from .dims import canonical_dim, integer, ndim_of
from .indexing import index_on


def array_of(x: Any) -> Array:
    return x._array if isinstance(x, Tensor) else x


def like(x: Any, array: Array) -> Any:
    """`array` as a tensor where `x` is one."""
    return from_array(array) if isinstance(x, Tensor) else array


# Different values.


def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The different elements in ascending order; with `dim`, the different slices along it, in lexicographic order.

    Args:
        sorted: they always are.
        return_inverse: also, for each element (or slice), which of them it is.
        return_counts: also how often each occurs.

    Returns:
        The elements, or a tuple of what was asked for.

    Raises:
        IndexError: there is no such dimension.
    """
    ndim = ndim_of("unique", input)
    x = array_of(input)
    xp = backend_of(x).xp
    if dim is None:
        flat = x.reshape(-1)
        order = xp.argsort(flat, kind="stable")
        ranked = flat[order]
        new = ranked[1:] != ranked[:-1]
    else:
        dim = canonical_dim("unique", dim, ndim)
        rows = xp.moveaxis(x, dim, 0) if ndim else x.reshape(1)
        flat = rows.reshape(rows.shape[0], prod(rows.shape[1:]))
        order = xp.arange(rows.shape[0])
        if flat.shape[1] and rows.shape[0]:
            order = xp.lexsort(flat.T[::-1].copy())
        ranked = flat[order]
        new = (ranked[1:] != ranked[:-1]).any(axis=1)
    starts, group = _runs(xp, new, order.size)
    values = ranked[starts]
    if dim is not None:
        values = xp.moveaxis(values.reshape((-1, *rows.shape[1:])), 0, dim) if ndim else values.reshape(-1)
    inverse = xp.empty(order.size, dtype=dtypes.int64)
    inverse[order] = group
    if dim is None:
        inverse = inverse.reshape(x.shape)
    return _asked(input, values, return_inverse and inverse, return_counts and _lengths(xp, starts, order.size))


def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements without those that equal the one before; with `dim`, the slices along it.

    Args, returns and errors: as `unique`.
    """
    ndim = ndim_of("unique_consecutive", input)
    x = array_of(input)
    xp = backend_of(x).xp
    if dim is None or not ndim:
        rows = flat = x.reshape(-1)
        new = flat[1:] != flat[:-1]
    else:
        dim = canonical_dim("unique_consecutive", dim, ndim)
        rows = xp.moveaxis(x, dim, 0)
        flat = rows.reshape(rows.shape[0], prod(rows.shape[1:]))
        new = (flat[1:] != flat[:-1]).any(axis=1)
    starts, inverse = _runs(xp, new, rows.shape[0])
    values = rows[starts]
    if dim is not None and ndim:
        values = xp.moveaxis(values, 0, dim)
    else:
        inverse = inverse.reshape(x.shape)
    return _asked(input, values, return_inverse and inverse, return_counts and _lengths(xp, starts, rows.shape[0]))


def _runs(xp: Any, new: Array, size: int) -> tuple[Array, Array]:
    """Where each run of equal elements begins, and to which run each element belongs, from where a new one begins."""
    first = xp.ones(size, dtype=bool)
    first[1:] = new
    return xp.nonzero(first)[0], xp.cumsum(first) - 1


def _lengths(xp: Any, starts: Array, size: int) -> Array:
    ends = xp.empty(starts.shape, dtype=starts.dtype)
    if starts.size:
        ends[:-1], ends[-1] = starts[1:], size
    return ends - starts


def _asked(input: Any, values: Array, inverse: Any, counts: Any) -> Any:
    found = tuple([like(input, part) for part in (values, inverse, counts) if part is not False])
    return found if len(found) > 1 else found[0]


# Places in sorted sequences.


def searchsorted(
    sorted_sequence: Any, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None,
    sorter: Any = None,
) -> Any:  # fmt: skip
    """Where each value would be put into a sorted sequence so that it stays sorted: before equal elements, or after
    them if `right`.

    Args:
        sorted_sequence: 1-d, or sequences in the last dimension, one for each row of `input`.
        input: values of any shape; a number if the sequence is 1-d.
        out_int32: indices of int32 in place of int64.
        side: `"left"` or `"right"`, in place of `right`.
        sorter: indices that sort the sequence, of its shape, if it is not sorted.

    Raises:
        RuntimeError: the shapes do not fit, or `side` is neither.
    """
    keys = ordered(array_of(sorted_sequence))
    xp = backend_of(keys).xp
    if side not in (None, "left", "right") or (side == "left" and right):
        raise ShapeError(f"searchsorted: side must be 'left' or 'right', and agree with right, got {side!r}")
    values = ordered(array_of(input) if hasattr(input, "dtype") else xp.asarray(input))
    if keys.ndim != 1 and (values.ndim != keys.ndim or values.shape[:-1] != keys.shape[:-1]):
        raise ShapeError(
            f"searchsorted: values of shape {tuple(values.shape)} need a 1-d sequence, or one for each row; got "
            f"{tuple(keys.shape)}"
        )
    if sorter is not None:
        order = array_of(sorter)
        if tuple(order.shape) != tuple(keys.shape) or order.dtype.kind not in "iu":
            raise ShapeError("searchsorted: sorter must hold indices, and have the shape of the sequence")
        keys = xp.take_along_axis(keys, order, -1)
    where = "right" if right or side == "right" else "left"
    if keys.ndim == 1:
        found = xp.searchsorted(keys, values, side=where)
    else:
        found = _places_in_rows(xp, keys, values, where == "right")
    return like(sorted_sequence, xp.asarray(found).astype(dtypes.int32 if out_int32 else dtypes.int64))


def _places_in_rows(xp: Any, keys: Array, values: Array, right: bool) -> Array:
    """`searchsorted` of each row: the binary digits of all places, the highest first."""
    *batch, count = keys.shape
    flat = keys.reshape(-1)
    rows = (xp.arange(prod(batch)) * count).reshape(*batch, 1)
    place = xp.zeros(values.shape, dtype=dtypes.int64)
    for bit in reversed(range(count.bit_length())):
        farther = place + (1 << bit)
        key = flat.take(rows + (xp.minimum(farther, count) - 1))
        behind = ~((key > values) if right else (key >= values))  # a NaN too, whose place is the end
        place = xp.where(behind & (farther <= count), farther, place)
    return place


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """Which bucket each value falls into: `searchsorted(boundaries, input)`.

    Raises:
        RuntimeError: `boundaries` is not 1-d.
    """
    if ndim_of("bucketize", boundaries) != 1:
        raise ShapeError(f"bucketize: boundaries must be 1-d, got shape {tuple(boundaries.shape)}")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


_isin = op("isin", lambda xp, elements, test, *, invert: xp.isin(elements, test, invert=invert))


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each element is among the test elements, or is not (`invert`)."""
    home = array_of(elements if hasattr(elements, "dtype") else test_elements)
    made = [v if hasattr(v, "dtype") else backend_of(home).asarray(v) for v in (elements, test_elements)]
    return _isin(*made, invert=invert)


# Indices.


def nonzero_static(input: Any, *, size: int, fill_value: int = -1) -> Any:
    """`nonzero` in a shape known beforehand: the first `size` rows, or as many as there are and `fill_value` in the
    rest.

    Raises:
        RuntimeError: the size is negative.
    """
    if integer("nonzero_static", "size", size) < 0:
        raise ShapeError(f"nonzero_static: size must not be negative, got {size}")
    ndim_of("nonzero_static", input)
    x = array_of(input)
    xp = backend_of(x).xp
    found = x.reshape(-1) != 0
    first = _true_first(xp, found, size)
    out = xp.full((size, x.ndim), fill_value, dtype=dtypes.int64)
    for k, index in enumerate(_unraveled(first, x.shape)):
        out[: first.shape[0], k] = xp.where(found[first], index, fill_value)
    return like(input, out)


def _true_first(xp: Any, condition: Array, count: int) -> Array:
    """The first `count` places in the order: where the condition holds, then the others. A device is not asked how
    many hold."""
    return xp.argsort((~condition).astype(dtypes.int8), kind="stable")[:count]


def _unraveled(flat: Array, shape: tuple[int, ...]) -> list[Array]:
    """Indices into a flattened array as one index for each dimension."""
    found = []
    for size in shape[::-1]:
        found.append(flat % max(size, 1))
        flat = flat // max(size, 1)
    return found[::-1]


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Indices into a flattened tensor as one index for each dimension of its shape.

    Raises:
        ValueError: an index is out of range.
    """
    array = array_of(index_on("unravel_index", indices, indices))
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (integer("unravel_index", "shape", shape),)
    home = backend_of(array)
    total = prod(sizes)
    if home.device_type == "cpu" and array.size and not -total <= int(array.min()) <= int(array.max()) < total:
        raise ShapeError(f"unravel_index: an index is out of range for shape {sizes}")
    found = _unraveled(array % max(total, 1), sizes)
    return tuple([like(indices, home.xp.asarray(index).astype(dtypes.int64)) for index in found])


def _triangle(function: str, row: int, col: int, offset: int, lower: bool, options: dict[str, Any]) -> Tensor:
    rows, columns = integer(function, "row", row), integer(function, "col", col)
    if rows < 0 or columns < 0:
        raise ShapeError(f"{function}: sizes must not be negative, got {rows} and {columns}")
    home, place = resolve(options.pop("device", None), options.pop("backend", None))
    dtype = dtypes.as_dtype(options.pop("dtype", None) or dtypes.int64)
    if options:
        raise TypeError(f"{function}: unexpected argument {next(iter(options))!r}")
    found = triangle(home.xp, rows, columns, offset, lower)
    return born(home.xp.stack(found).astype(dtype), home, place, False)


def triangle(xp: Any, rows: int, columns: int, offset: int, lower: bool) -> tuple[Array, ...]:
    """The indices of a triangle's elements, in row-major order. (Their number is known, so a device is not asked.)"""
    end = offset + lower  # of row 0, what lies before it is on the lower side
    i, j = xp.arange(rows).reshape(-1, 1), xp.arange(columns).reshape(1, -1)
    held = j < i + end if lower else j >= i + end
    before = sum(min(max(k + end, 0), columns) for k in range(rows))
    count = before if lower else rows * columns - before
    return tuple(_unraveled(_true_first(xp, held.reshape(-1), count), held.shape))


def tril_indices(row: int, col: int, offset: int = 0, **options: Any) -> Tensor:
    """The indices of the elements on and below a diagonal of a `row` x `col` matrix: (2, N), rows and columns.

    Args:
        offset: the diagonal; 0 is the main one, positive ones lie above it.
        options: `dtype` (int64), `device`, `backend`.

    Raises:
        RuntimeError: a size is negative.
    """
    return _triangle("tril_indices", row, col, offset, True, options)


def triu_indices(row: int, col: int, offset: int = 0, **options: Any) -> Tensor:
    """The indices of the elements on and above a diagonal of a `row` x `col` matrix; as `tril_indices`."""
    return _triangle("triu_indices", row, col, offset, False, options)


__all__ = ["bucketize", "isin", "nonzero_static", "searchsorted", "tril_indices", "triu_indices", "unique",
           "unique_consecutive", "unravel_index"]  # fmt: skip
