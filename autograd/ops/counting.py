"""What is found and counted, without a gradient: different values, histograms, places in sorted sequences, indices.

Where the shape of the answer depends on the values, the host waits for a device.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, prod
from typing import Any, NamedTuple

from ...backends import Array, backend_of, dtypes, resolve
from ..errors import DtypeError, ShapeError
from ..op import op
from ..tensor import Tensor, from_array
from .creation import born
from .dims import canonical_dim, integer, ndim_of, sizes_of
from .indexing import index_on, nonzero


def _array_of(x: Any) -> Array:
    return x._array if isinstance(x, Tensor) else x


def _like(x: Any, array: Array) -> Any:
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
    x = _array_of(input)
    xp = backend_of(x).xp
    if dim is None:
        flat = x.reshape(-1)
        order = xp.argsort(flat, kind="stable")
        ranked = flat[order]
        new = ranked[1:] != ranked[:-1]
    else:
        dim = canonical_dim("unique", dim, ndim)
        rows = xp.moveaxis(x, dim, 0) if ndim else x.reshape(1)
        flat = rows.reshape(rows.shape[0], -1)
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
    x = _array_of(input)
    xp = backend_of(x).xp
    if dim is None or not ndim:
        rows = flat = x.reshape(-1)
        new = flat[1:] != flat[:-1]
    else:
        dim = canonical_dim("unique_consecutive", dim, ndim)
        rows = xp.moveaxis(x, dim, 0)
        flat = rows.reshape(rows.shape[0], -1)
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


def _asked(like: Any, values: Array, inverse: Any, counts: Any) -> Any:
    found = tuple([_like(like, part) for part in (values, inverse, counts) if part is not False])
    return found if len(found) > 1 else found[0]


# Histograms.


class Histogram(NamedTuple):
    """What is counted in each bin, and the edges of the bins."""

    hist: Any
    bin_edges: Any


class HistogramDD(NamedTuple):
    """What is counted in each bin, and for each dimension the edges of the bins."""

    hist: Any
    bin_edges: tuple[Any, ...]


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of the numbers 0, 1, ... occurs, int64; or the sum of the weights of each, float64.

    Args:
        input: 1-d, non-negative integers.
        weights: of the same shape.
        minlength: how many numbers to count at least.

    Raises:
        RuntimeError: the input is not 1-d, not of integers, or has a negative one; the weights do not fit.
    """
    x = _array_of(input)
    if ndim_of("bincount", x) != 1 or x.dtype.kind not in "iu" or integer("bincount", "minlength", minlength) < 0:
        raise ShapeError(
            f"bincount: expected 1-d integers and minlength >= 0, got {x.dtype} {tuple(x.shape)} and {minlength}"
        )
    if weights is not None and tuple(weights.shape) != tuple(x.shape):
        raise ShapeError(f"bincount: {x.shape[0]} numbers need as many weights, got shape {tuple(weights.shape)}")
    if x.size and int(x.min()) < 0:
        raise ShapeError(f"bincount: numbers must not be negative, got {int(x.min())}")
    found = backend_of(x).xp.bincount(x, None if weights is None else _array_of(weights), minlength)
    return _like(input, found if weights is not None else found.astype(dtypes.int64))


def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:
    """How many elements lie in each of `bins` bins of equal width from `min` to `max`, in the dtype of the input. What
    lies outside is not counted; `max` belongs to the last bin.

    Args:
        min, max: if both are equal, those of the input.

    Raises:
        RuntimeError: there are no bins, the input is not floating, or the bounds are not finite or not in order.
    """
    x = _array_of(input)
    if ndim_of("histc", x) >= 0 and x.dtype.kind not in "f":
        raise DtypeError(f"histc: the input must be floating, got {x.dtype}")
    if integer("histc", "bins", bins) < 1:
        raise ShapeError(f"histc: expected one bin or more, got {bins}")
    low, high = _bounds("histc", x, (min, max) if min != max else None)
    counts = _counted(backend_of(x).xp, x.reshape(-1), _edges(x, low, high, bins), None)
    return _like(input, counts.astype(x.dtype))


def histogram(
    input: Any, bins: Any, *, range: tuple[float, float] | None = None, weight: Any = None, density: bool = False
) -> Histogram:
    """How many elements, or the sum of what weights, lie in each bin, in the dtype of the input.

    Args:
        bins: their number, or a 1-d tensor of their edges in ascending order. The last bin holds both its edges.
        range: from where to where bins of equal width reach; by default from the smallest to the largest element.
        weight: of the shape of the input.
        density: divide by the total and by each bin's width, so that the integral is 1.

    Raises:
        RuntimeError: input, bins, range or weight do not fit.
    """
    x = _array_of(input)
    xp = backend_of(x).xp
    edges = _edges_of("histogram", x, bins, range)
    weights = _weights("histogram", x.shape, weight)
    counts = _counted(xp, x.reshape(-1), edges, weights).astype(x.dtype)
    if density:
        counts = counts / (counts.sum() * (edges[1:] - edges[:-1]))
    return Histogram(_like(input, counts), _like(input, edges))


def histogramdd(
    input: Any, bins: Any, *, range: Sequence[float] | None = None, weight: Any = None, density: bool = False
) -> HistogramDD:
    """`histogram` of points in several dimensions.

    Args:
        input: points of D coordinates, (..., D).
        bins: for each dimension the number of bins, or their edges; or one number for all.
        range: `(low, high)` for each dimension, one after the other.
        weight: of shape (...).

    Raises: as `histogram`.
    """
    x = _array_of(input)
    shape = sizes_of("histogramdd", x)
    if len(shape) < 2:
        raise ShapeError(f"histogramdd: expected points (..., D), got shape {shape}")
    xp, width = backend_of(x).xp, shape[-1]
    listed = list(bins) if isinstance(bins, (tuple, list)) else [bins] * width
    if len(listed) != width or (range is not None and len(range) != 2 * width):
        raise ShapeError(f"histogramdd: {width} dimensions need as many bins, and twice as many numbers in range")
    points = x.reshape(-1, width)
    reach = [None if range is None else (range[2 * k], range[2 * k + 1]) for k in _range(width)]
    edges = [_edges_of("histogramdd", points[:, k], listed[k], reach[k]) for k in _range(width)]
    sizes = tuple([e.shape[0] - 1 for e in edges])
    place, inside = xp.zeros(points.shape[0], dtype=dtypes.int64), xp.ones(points.shape[0], dtype=bool)
    for k, edge in enumerate(edges):
        bin, held = _bin_of(xp, points[:, k], edge)
        place, inside = place * sizes[k] + bin, inside & held
    weights = _weights("histogramdd", shape[:-1], weight)
    counts = _tallied(xp, place, inside, weights, prod(sizes)).astype(x.dtype).reshape(sizes)
    if density:
        counts = counts / counts.sum()
        for k, edge in enumerate(edges):
            counts = counts / (edge[1:] - edge[:-1]).reshape((-1,) + (1,) * (width - k - 1))
    return HistogramDD(_like(input, counts), tuple([_like(input, edge) for edge in edges]))


_range = range  # which a parameter hides


def _bounds(function: str, x: Array, given: tuple[float, float] | None) -> tuple[float, float]:
    low, high = given or ((float(x.min()), float(x.max())) if x.size else (0.0, 0.0))
    if not (isfinite(low) and isfinite(high)) or low > high:
        raise ShapeError(f"{function}: expected finite bounds in ascending order, got {low} and {high}")
    return (low - 1, high + 1) if low == high and function == "histc" else (
        (low - 0.5, high + 0.5) if low == high else (low, high)
    )  # fmt: skip


def _edges(x: Array, low: float, high: float, bins: int) -> Array:
    return backend_of(x).xp.linspace(low, high, bins + 1, dtype=x.dtype)


def _edges_of(function: str, x: Array, bins: Any, reach: tuple[float, float] | None) -> Array:
    if x.dtype.kind != "f":
        raise DtypeError(f"{function}: the input must be floating, got {x.dtype}")
    if hasattr(bins, "dtype"):
        edges = _array_of(bins)
        if edges.ndim != 1 or not edges.size or edges.dtype != x.dtype:
            raise ShapeError(f"{function}: bins must be a 1-d {x.dtype} tensor, got {edges.dtype} {tuple(edges.shape)}")
        return edges
    if integer(function, "bins", bins) < 1:
        raise ShapeError(f"{function}: expected one bin or more, got {bins}")
    return _edges(x, *_bounds(function, x, reach), bins)


def _weights(function: str, shape: tuple[int, ...], weight: Any) -> Array | None:
    if weight is None:
        return None
    if tuple(weight.shape) != tuple(shape):
        raise ShapeError(f"{function}: a weight of shape {tuple(weight.shape)} does not fit shape {tuple(shape)}")
    return _array_of(weight).reshape(-1)


def _bin_of(xp: Any, x: Array, edges: Array) -> tuple[Array, Array]:
    """Which bin each element lies in, and whether it lies in one."""
    last = edges.shape[0] - 2
    place = xp.searchsorted(edges, x, side="right") - 1
    inside = (x >= edges[:1]) & (x <= edges[-1:])
    return xp.clip(place, 0, max(last, 0)), inside


def _counted(xp: Any, x: Array, edges: Array, weights: Array | None) -> Array:
    place, inside = _bin_of(xp, x, edges)
    return _tallied(xp, place, inside, weights, edges.shape[0] - 1)


def _tallied(xp: Any, place: Array, inside: Array, weights: Array | None, bins: int) -> Array:
    shares = inside.astype(dtypes.float64) if weights is None else xp.where(inside, weights, 0)
    out = xp.zeros(bins, dtype=shares.dtype)
    xp.scatter_add(out, place, shares)
    return out


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
    keys = _array_of(sorted_sequence)
    xp = backend_of(keys).xp
    if side not in (None, "left", "right") or (side == "left" and right):
        raise ShapeError(f"searchsorted: side must be 'left' or 'right', and agree with right, got {side!r}")
    values = _array_of(input) if hasattr(input, "dtype") else xp.asarray(input)
    if keys.ndim != 1 and (values.ndim != keys.ndim or values.shape[:-1] != keys.shape[:-1]):
        raise ShapeError(
            f"searchsorted: values of shape {tuple(values.shape)} need a 1-d sequence, or one for each row; got "
            f"{tuple(keys.shape)}"
        )
    if sorter is not None:
        order = _array_of(sorter)
        if tuple(order.shape) != tuple(keys.shape) or order.dtype.kind not in "iu":
            raise ShapeError("searchsorted: sorter must hold indices, and have the shape of the sequence")
        keys = xp.take_along_axis(keys, order, -1)
    where = "right" if right or side == "right" else "left"
    if keys.ndim == 1:
        found = xp.searchsorted(keys, values, side=where)
    else:
        rows, each = keys.reshape(-1, keys.shape[-1]), values.reshape(-1, values.shape[-1])
        found = xp.zeros(each.shape, dtype=dtypes.int64)
        for k in _range(rows.shape[0]):
            found[k] = xp.searchsorted(rows[k], each[k], side=where)
    found = xp.asarray(found).reshape(values.shape).astype(dtypes.int32 if out_int32 else dtypes.int64)
    return _like(sorted_sequence, found)


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
    home = _array_of(elements if hasattr(elements, "dtype") else test_elements)
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
    rows = _array_of(nonzero(input))[:size]
    out = backend_of(rows).xp.full((size, rows.shape[1]), fill_value, dtype=dtypes.int64)
    out[: rows.shape[0]] = rows
    return _like(input, out)


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Indices into a flattened tensor as one index for each dimension of its shape.

    Raises:
        ValueError: an index is out of range.
    """
    array = _array_of(index_on("unravel_index", indices, indices))
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (integer("unravel_index", "shape", shape),)
    xp, home = backend_of(array).xp, backend_of(array)
    total = prod(sizes)
    if home.device_type == "cpu" and array.size and not -total <= int(array.min()) <= int(array.max()) < total:
        raise ShapeError(f"unravel_index: an index is out of range for shape {sizes}")
    found, rest = [], array % max(total, 1)
    for size in sizes[::-1]:
        found.append(_like(indices, xp.asarray(rest % max(size, 1)).astype(dtypes.int64)))
        rest = rest // max(size, 1)
    return tuple(found[::-1])


def _triangle(function: str, row: int, col: int, offset: int, lower: bool, options: dict[str, Any]) -> Tensor:
    rows, columns = integer(function, "row", row), integer(function, "col", col)
    if rows < 0 or columns < 0:
        raise ShapeError(f"{function}: sizes must not be negative, got {rows} and {columns}")
    home, place = resolve(options.pop("device", None), options.pop("backend", None))
    dtype = dtypes.as_dtype(options.pop("dtype", None) or dtypes.int64)
    if options:
        raise TypeError(f"{function}: unexpected argument {next(iter(options))!r}")
    xp = home.xp
    i, j = xp.arange(rows).reshape(-1, 1), xp.arange(columns).reshape(1, -1)
    held = j <= i + offset if lower else j >= i + offset
    return born(xp.stack(xp.nonzero(held)).astype(dtype), home, place, False)


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


__all__ = ["bincount", "bucketize", "histc", "histogram", "histogramdd", "isin",
           "nonzero_static", "searchsorted", "tril_indices", "triu_indices", "unique", "unique_consecutive",
           "unravel_index"]  # fmt: skip
