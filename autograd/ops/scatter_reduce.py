"""Sums, products, means and extremes of groups of elements, told by an index or as consecutive segments.

All but the extremes are written with other ops. Ties among extremes share the gradient, as in PyTorch.
"""

from __future__ import annotations

from math import inf, nan, prod
from typing import Any

from ...backends import Array, backend_of
from ..errors import PlaceError, ShapeError
from ..op import op
from ..tensor import Tensor
from .arithmetic import cast, div
from .comparison import ordered
from .dims import canonical_dim, ndim_of, sizes_of
from .getitem import at, by_arrays
from .indexing import along, checked, gather, index_on, row_index, row_source, scatter, scatter_add, take, where
from .shape import expand, reshape


def _raw(x: Any) -> Array:
    return x._array if isinstance(x, Tensor) else x


def scatter_reduce(input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Any:
    """A copy of `input` where the elements that `index` names (as in `gather`) are the sum, product, mean or extreme of
    what is scattered there from `src`, and of what was there.

    Args:
        index: integers, with as many dimensions as `input`; no larger than `src`, nor than `input` outside `dim`.
        src: of the dtype of `input`.
        reduce: `"sum"`, `"prod"`, `"mean"`, `"amax"` or `"amin"`.
        include_self: whether what was there counts.

    Raises:
        IndexError: an index is out of range, or there is no such dimension.
        RuntimeError: index or src are of the wrong dtype or shape.
        ValueError: there is no such reduction.
    """
    _expect("scatter_reduce", reduce, ("sum", "prod", "mean", "amax", "amin"))
    return _reduced("scatter_reduce", input, dim, index, src, reduce, include_self)


def index_reduce(input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True) -> Any:
    """A copy of `input` where the slices along `dim` that the 1-d `index` names are the product, mean or extreme of the
    slices of `source` that go there, and of what was there.

    Args:
        source: of the dtype of `input` and its shape, but for `dim`, where it is as long as `index`.
        reduce: `"prod"`, `"mean"`, `"amax"` or `"amin"`; for sums there is `index_add`.
        include_self: whether what was there counts.

    Raises: as `scatter_reduce`.
    """
    _expect("index_reduce", reduce, ("prod", "mean", "amax", "amin"))
    x, dim, index = row_index("index_reduce", input, dim, index)
    source = row_source("index_reduce", x, dim, index, source)
    spread = expand(reshape(index, (1,) * dim + (-1,) + (1,) * (x.ndim - dim - 1)), tuple(source.shape))
    out = _reduced("index_reduce", x, dim, spread, source, reduce, include_self)
    return out if input.ndim else reshape(out, ())


def _expect(function: str, reduce: Any, known: tuple[str, ...]) -> None:
    if reduce not in known:
        raise ShapeError(f"{function}: reduce must be one of {', '.join(map(repr, known))}, got {reduce!r}")


def _reduced(function: str, input: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool) -> Any:
    x, dim, index = checked(function, input, dim, index, src)
    src = src if src.ndim else reshape(src, (1,))
    if not prod(index.shape):
        # Of any shape, it names nothing.
        index = at(reshape(index, (-1,) + (1,) * (x.ndim - 1)), index=(slice(0, 0), ...))
    if tuple(src.shape) != tuple(index.shape):
        src = at(src, index=(*[slice(size) for size in index.shape], ...))
    if reduce in ("amax", "amin"):
        out = _extreme(x, src, index, dim=dim, largest=reduce == "amax", include_self=include_self)
    else:
        start = x if include_self else scatter(x, dim, index, 1 if reduce == "prod" else 0)
        out = _product(start, src, index, dim) if reduce == "prod" else scatter_add(start, dim, index, src)
        if reduce == "mean":
            count = _count(x, index, dim, include_self)
            out = div(out, count, rounding_mode=None if x.dtype.kind in "fc" else "floor")
    return out if input.ndim else reshape(out, ())


def _count(x: Any, index: Any, dim: int, include_self: bool) -> Array:
    """How many numbers are reduced to each element: at least 1."""
    raw, places = _raw(x), _raw(index)
    xp = backend_of(raw).xp
    kind = raw.dtype if raw.dtype.kind != "c" else raw.real.dtype
    count = scatter_add(xp.full(raw.shape, include_self, dtype=kind), dim, places, xp.ones(places.shape, dtype=kind))
    return xp.maximum(count, xp.ones((), dtype=kind))


# The largest or smallest.


def _extremes(xp: Any, x: Array, src: Array, index: Array, *, dim: int, largest: bool, include_self: bool) -> Array:
    # A device compares atomically integers of 32 bits or more.
    short = x.dtype.kind in "biu" and x.dtype.itemsize < 4
    out, places = xp.array(ordered(x), dtype=xp.int32 if short else x.dtype), along(xp, index, dim)
    try:
        if not include_self:
            out[places] = _farthest(xp, x.dtype, largest)
        (xp.maximum if largest else xp.minimum).at(out, places, src)
    except IndexError as error:
        raise PlaceError(str(error)) from None
    return out.astype(x.dtype, copy=False)


def _farthest(xp: Any, dtype: Any, largest: bool) -> Any:
    """What every number of the dtype is at least as large, or small, as."""
    if dtype.kind == "f":
        return -inf if largest else inf
    if dtype.kind == "b":
        return not largest
    return xp.iinfo(dtype).min if largest else xp.iinfo(dtype).max


def _shared(
    g: Any, needs: tuple[bool, ...], x: Any, src: Any, index: Any, out: Any, dim: int, include_self: bool
) -> tuple[Any, Any, None]:
    """The gradient goes in equal parts to all that are as large (or small) as the result."""
    mine = cast(x == out, dtype=g.dtype)
    if not include_self:
        mine = scatter(mine, dim, index, 0)
    theirs = cast(src == gather(out, dim, index), dtype=g.dtype)
    part = g / scatter_add(mine, dim, index, theirs)
    return (mine * part if needs[0] else None), (theirs * gather(part, dim, index) if needs[1] else None), None


_extreme = op("scatter_reduce", _extremes, vjp=_shared)


# The product: pairs of one group are multiplied until there are none, so the derivative divides by nothing.


def _product(x: Any, src: Any, index: Any, dim: int) -> Any:
    """`x` times what is scattered to each place. The host waits for the size of the largest group, again and again."""
    places, size = _raw(index), x.shape[dim]
    home = backend_of(places)
    xp = home.xp
    if home.device_type == "cpu" and places.size and not -size <= int(places.min()) <= int(places.max()) < size:
        raise PlaceError(f"scatter_reduce: an index is out of range for dimension {dim} of shape {tuple(x.shape)}")
    flat = xp.zeros(places.shape, dtype=places.dtype)
    for k, part in enumerate(along(xp, places, dim)):
        flat = flat + part % max(x.shape[k], 1) * prod(x.shape[k + 1 :])
    group = flat.reshape(-1)
    order = xp.argsort(group, kind="stable")
    group, values = group[order], take(src, order)
    while group.size > 1 and bool((group[1:] == group[:-1]).any()):
        place = xp.arange(group.size) - xp.searchsorted(group, group)  # in its group
        first = xp.nonzero(place % 2 == 0)[0]
        second = xp.minimum(first + 1, group.size - 1)
        paired = (group[second] == group[first]) & (second > first)
        values = take(values, first) * where(paired, take(values, second), 1)
        group = group[first]
    ones = xp.ones(prod(x.shape), dtype=x.dtype)
    factors = by_arrays(1).write(ones, values, group, basic=None, dims=(0,), fresh=True)
    return x * reshape(factors, tuple(x.shape))


# Consecutive segments.


def segment_reduce(
    data: Any, reduce: str, *, lengths: Any = None, indices: Any = None, offsets: Any = None, axis: int = 0,
    unsafe: bool = False, initial: float | None = None,
) -> Any:  # fmt: skip
    """The sum, product, mean or extreme of consecutive segments of `axis`.

    Args:
        reduce: `"sum"`, `"prod"`, `"mean"`, `"max"` or `"min"`.
        lengths: the segments' lengths, of shape `(*data.shape[:axis], segments)`; in each row they add up to the size
            of `axis`.
        offsets: in their place, where each segment begins, and the size of `axis` at the end.
        indices: not here, as not in PyTorch.
        unsafe: do not check the lengths.
        initial: what the reduction starts from, and what an empty segment gives. By default empty segments give 0, 1,
            NaN, -inf and inf for sum, prod, mean, max and min.

    Returns:
        A tensor in which `axis` is as long as there are segments.

    Raises:
        RuntimeError: there are neither lengths nor offsets, their shape does not fit, they are negative or do not add
            up; there is no such reduction; the data are not floating.
    """
    names = {"max": "amax", "min": "amin", "sum": "sum", "mean": "mean", "prod": "prod"}
    _expect("segment_reduce", reduce, tuple(names))
    if indices is not None or (lengths is None) == (offsets is None):
        raise ShapeError("segment_reduce: give the segments either as lengths or as offsets")
    axis = canonical_dim("segment_reduce", axis, ndim_of("segment_reduce", data))
    shape = sizes_of("segment_reduce", data)
    raw = _raw(data)
    if raw.dtype.kind != "f" or not shape:
        raise ShapeError(f"segment_reduce: expected floating data of one dimension or more, got {raw.dtype} {shape}")
    xp = backend_of(raw).xp
    given = _raw(index_on("segment_reduce", data, offsets if lengths is None else lengths))
    lead, rest, length = shape[:axis], shape[axis + 1 :], shape[axis]
    if given.ndim != axis + 1 or given.shape[:-1] != lead or (lengths is None and not given.shape[-1]):
        raise ShapeError(
            f"segment_reduce: {'offsets' if lengths is None else 'lengths'} of shape {given.shape} do not fit data of "
            f"shape {shape} along dimension {axis}"
        )
    ends = xp.cumsum(given, axis=-1) if offsets is None else given[..., 1:]
    counts = given if offsets is None else given[..., 1:] - given[..., :-1]
    segments, rows = counts.shape[-1], prod(lead)
    if not unsafe and not _cover(counts, ends, length):
        raise ShapeError(f"segment_reduce: lengths must not be negative, and add up to {length} in each row")
    places = (ends.reshape(rows, segments) + xp.arange(rows).reshape(rows, 1) * length).reshape(-1)
    group = xp.searchsorted(places, xp.arange(rows * length), side="right")
    flat = reshape(data, (rows * length, *rest))
    if unsafe and segments:  # they may leave out a beginning and an end
        each, last = xp.arange(rows * length).reshape(rows, length), places.reshape(rows, segments)
        begin = last[:, :1] - counts.reshape(rows, segments)[:, :1]
        kept = xp.nonzero(((each >= begin) & (each < last[:, -1:])).reshape(-1))[0]
        flat, group = by_arrays(1).read(flat, kept, dims=(0,)), group[kept]
    start = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "max": -inf, "min": inf}[reduce]
    begun = xp.full((rows * segments, *rest), start, dtype=raw.dtype)
    if reduce in ("sum", "mean"):
        out = by_arrays(1).add(begun, flat, group, dims=(0,))
    else:
        out = index_reduce(begun, 0, group, flat, names[reduce])
    if initial is not None:
        if reduce == "prod":
            out = out * initial
        elif reduce in ("sum", "mean"):
            out = out + initial
        else:
            least = xp.asarray(initial, dtype=raw.dtype)
            out = where(out >= least if reduce == "max" else out <= least, out, least)
    if reduce == "mean":
        size = counts.reshape((-1,) + (1,) * len(rest)).astype(raw.dtype)
        out = out / xp.maximum(size, xp.ones((), dtype=raw.dtype))
        if initial is None:
            out = where(size == 0, xp.asarray(nan, dtype=raw.dtype), out)
    return reshape(out, (*lead, segments, *rest))


def _cover(counts: Array, ends: Array, length: int) -> bool:
    """Whether the segments follow each other from the beginning to the end. The host waits."""
    return bool((counts >= 0).all()) and (bool((ends[..., -1] == length).all()) if ends.shape[-1] else length == 0)


__all__ = ["index_reduce", "scatter_reduce", "segment_reduce"]
