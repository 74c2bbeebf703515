"""Histograms: how many elements there are of each value, or in each bin. There is no gradient."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, prod
from typing import Any, NamedTuple

from ...backends import Array, alert_not_deterministic, backend_of, dtypes
from ..errors import DtypeError, ShapeError
from .counting import array_of, like
from .dims import integer, ndim_of, sizes_of


class Histogram(NamedTuple):
    """What is counted in each bin, and the edges of the bins."""

    hist: Any
    bin_edges: Any


class HistogramDD(NamedTuple):
    """What is counted in each bin, and for each dimension the edges of the bins."""

    hist: Any
    bin_edges: tuple[Any, ...]


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of the numbers 0, 1, ... occurs, int64; or the sum of the weights of each, float64 but for float32
    weights.

    Args:
        input: 1-d, non-negative integers.
        weights: of the same shape.
        minlength: how many numbers to count at least.

    Raises:
        RuntimeError: the input is not 1-d, not of integers, or has a negative one; the weights do not fit.
    """
    x = array_of(input)
    if ndim_of("bincount", x) != 1 or x.dtype.kind not in "iu" or integer("bincount", "minlength", minlength) < 0:
        raise ShapeError(
            f"bincount: expected 1-d integers and minlength >= 0, got {x.dtype} {tuple(x.shape)} and {minlength}"
        )
    if weights is not None and tuple(weights.shape) != tuple(x.shape):
        raise ShapeError(f"bincount: {x.shape[0]} numbers need as many weights, got shape {tuple(weights.shape)}")
    if x.size and int(x.min()) < 0:
        raise ShapeError(f"bincount: numbers must not be negative, got {int(x.min())}")
    if weights is not None:
        alert_not_deterministic("bincount with weights", backend_of(x), "add them up with scatter_add")
    found = backend_of(x).xp.bincount(x, None if weights is None else array_of(weights), minlength)
    single = weights is not None and weights.dtype == dtypes.float32
    return like(input, found.astype(dtypes.int64 if weights is None else dtypes.float32 if single else dtypes.float64))


def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:
    """How many elements lie in each of `bins` bins of equal width from `min` to `max`, in the dtype of the input. What
    lies outside is not counted; `max` belongs to the last bin.

    Args:
        min, max: if both are equal, those of the input.

    Raises:
        RuntimeError: there are no bins, the input is not floating, or the bounds are not finite or not in order.
    """
    x = array_of(input)
    if ndim_of("histc", x) >= 0 and x.dtype.kind not in "f":
        raise DtypeError(f"histc: the input must be floating, got {x.dtype}")
    if integer("histc", "bins", bins) < 1:
        raise ShapeError(f"histc: expected one bin or more, got {bins}")
    low, high = _bounds("histc", x, (min, max) if min != max else None)
    xp, flat = backend_of(x).xp, x.reshape(-1)
    first, last = [xp.full(1, bound, dtype=x.dtype) for bound in (low, high)]
    inside = (flat >= first) & (flat <= last)
    # Without edges, which are rounded: an element on one falls into the bin that PyTorch counts it in.
    place = ((xp.where(inside, flat, first) - first) / (last - first) * bins).astype(dtypes.int64)
    return like(input, _tallied(xp, xp.minimum(place, bins - 1), inside, None, bins).astype(x.dtype))


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
    x = array_of(input)
    xp = backend_of(x).xp
    edges = _edges_of("histogram", x, bins, range)
    weights = _weights("histogram", x.shape, weight)
    counts = _counted(xp, x.reshape(-1), edges, weights).astype(x.dtype)
    if density:
        counts = counts / (counts.sum() * (edges[1:] - edges[:-1]))
    return Histogram(like(input, counts), like(input, edges))


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
    x = array_of(input)
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
    return HistogramDD(like(input, counts), tuple([like(input, edge) for edge in edges]))


_range = range  # which a parameter hides


def _bounds(function: str, x: Array, given: tuple[float, float] | None) -> tuple[float, float]:
    low, high = given or ((float(x.min()), float(x.max())) if x.size else (0.0, 1.0))
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
        edges = array_of(bins)
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
    return array_of(weight).reshape(-1)


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


__all__ = ["bincount", "histc", "histogram", "histogramdd"]
