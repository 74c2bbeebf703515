"""NumPy's reductions and scans on tensors: sums, means, spreads, extremes, order statistics, running sums.

`axis` is None for all, an int, or a tuple of ints, of which the empty one reduces nothing. `where` and `initial` are
written out: what the mask leaves out counts as the neutral element.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..ops.dims import canonical_dims
from .operands import Later, as_dtype, as_floating, choose, constant, home_of, operands
from .values import on_values

reduction, extremum = ops.reduction, ops.extremum
running, statistics = Later("running"), Later("statistics")


def _over(reduce: Callable[..., Any], a: Any, axis: Any, keepdims: Any) -> Any:
    """`reduce(a, dim, keepdim)` over NumPy's `axis`."""
    if isinstance(axis, (tuple, list)):
        axis = tuple([int(k) for k in axis])
        if not axis:
            return reduce(a[None], 0, False)
    elif axis is not None:
        axis = int(axis)
    return reduce(a, axis, bool(keepdims))


def _masked(a: Any, where: Any, neutral: float) -> Any:
    return a if where is None or where is True else choose(where, a, neutral)


def _sum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
         where: Any = None) -> Any:  # fmt: skip
    result = _over(reduction.sum, _masked(as_dtype(a, dtype), where, 0), axis, keepdims)
    return result if initial is None else result + initial


def _prod_over(a: Any, dim: Any, keepdim: bool) -> Any:
    if not isinstance(dim, tuple):
        if dim is None and keepdim:
            return ops.shape.reshape(reduction.prod(a), (1,) * a.ndim)
        return reduction.prod(a, dim, keepdim)
    for d in sorted(canonical_dims("np.prod", dim, a.ndim), reverse=True):
        a = reduction.prod(a, d, keepdim)
    return a


def _prod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
          where: Any = None) -> Any:  # fmt: skip
    result = _over(_prod_over, _masked(as_dtype(a, dtype), where, 1), axis, keepdims)
    return result if initial is None else result * initial


def _extreme(reduce: Any, pair: Any) -> Callable[..., Any]:
    def extreme(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
                where: Any = None) -> Any:  # fmt: skip
        if where is not None and where is not True and initial is None:
            raise ValueError("np.max, np.min: where= needs initial=, the result where nothing is selected")
        result = _over(reduce, a if initial is None else _masked(a, where, initial), axis, keepdims)
        return result if initial is None else pair(result, initial)

    return extreme


_max = _extreme(extremum.amax, ops.elementwise.maximum)
_min = _extreme(extremum.amin, ops.elementwise.minimum)


def _count(a: Any, axis: Any, keepdims: Any, where: Any) -> Any:
    """How many elements are reduced to each result: a number, or with a mask an array of them."""
    if where is None or where is True:
        axes = range(a.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
        return math.prod([a.shape[k] for k in axes])
    values = _masked(on_values(np.ones_like, (a,)), where, 0)
    return _over(reduction.sum, values, axis, keepdims)


def _mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
          *, where: Any = None) -> Any:  # fmt: skip
    a = as_floating(a, dtype)
    if where is None or where is True:
        return _over(reduction.mean, a, axis, keepdims)
    return _sum(a, axis, None, None, keepdims, None, where) / _count(a, axis, keepdims, where)


def _squared(x: Any) -> Any:
    return ops.complex.real(x * ops.complex.conj(x))


def _ddof(ddof: float, correction: Any) -> float:
    if correction is not None and ddof != 0:
        raise ValueError("np.var, np.std: give ddof or correction, not both")
    return ddof if correction is None else correction


def _var(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False,
         *, where: Any = None, mean: Any = None, correction: Any = None) -> Any:  # fmt: skip
    ddof = _ddof(ddof, correction)
    a = as_floating(a, dtype)
    if where is None and mean is None:
        return _over(lambda x, d, k: reduction.var(x, d, correction=ddof, keepdim=k), a, axis, keepdims)
    selected = _masked(a, where, 0)
    centre = _mean(selected if where is None else a, axis, None, None, True, where=where) if mean is None else mean
    away = _masked(selected - centre, where, 0)
    return _sum(_squared(away), axis, None, None, keepdims) / (_count(a, axis, keepdims, where) - ddof)


def _std(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False,
         *, where: Any = None, mean: Any = None, correction: Any = None) -> Any:  # fmt: skip
    a = as_floating(a, dtype)
    if where is None and mean is None:
        ddof = _ddof(ddof, correction)
        return _over(lambda x, d, k: reduction.std(x, d, correction=ddof, keepdim=k), a, axis, keepdims)
    variance = _var(a, axis, None, None, ddof, keepdims, where=where, mean=mean, correction=correction)
    flat = variance == 0  # where nothing spreads the derivative is taken for 0
    return choose(flat, 0.0, ops.elementwise.sqrt(choose(flat, 1.0, variance)))


def _ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    return _max(a, axis, None, keepdims) - _min(a, axis, None, keepdims)


def _average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    if weights is None:
        (a,) = operands(a)
        result = _mean(a, axis, None, None, keepdims)
        total = on_values(np.full_like, (result, a.shape and _count(a, axis, keepdims, None)))
        return (result, total) if returned else result
    a, weights = operands(a, weights)
    a = as_floating(a)
    if weights.shape != a.shape:
        if axis is None:
            raise TypeError("np.average: an axis must be given when the shapes of a and weights differ")
        axes = [k % a.ndim for k in (axis if isinstance(axis, tuple) else (axis,))]
        if tuple(weights.shape) != tuple(a.shape[k] for k in axes):
            raise ValueError(
                f"np.average: weights of shape {tuple(weights.shape)} do not fit axis {axis} of {tuple(a.shape)}"
            )
        order = sorted(range(len(axes)), key=axes.__getitem__)
        weights = ops.shape.permute(weights, tuple(order))
        weights = ops.shape.reshape(weights, tuple([n if k in axes else 1 for k, n in enumerate(a.shape)]))
    weights = ops.shape.broadcast_to(weights, tuple(a.shape))
    total = _sum(weights, axis, None, None, keepdims)
    result = _sum(a * weights, axis, None, None, keepdims) / total
    return (result, total) if returned else result


# What is not a number counts as nothing.


def _present(a: Any) -> Any:
    """Where `a` is a number, and None for integers, which all are."""
    return None if a.dtype.kind in "biu" else a == a


def _nan_extreme(extreme: Any, worst: float) -> Callable[..., Any]:
    def found(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None,
              where: Any = None) -> Any:  # fmt: skip
        present = _present(a)
        if present is None:
            return extreme(a, axis, None, keepdims, initial, where)
        result = extreme(choose(present, a, worst), axis, None, keepdims, initial, where)
        if initial is not None:
            return result
        return choose(on_values(np.any, (present,), axis=axis, keepdims=bool(keepdims)), result, math.nan)

    return found


def _both(a: Any, where: Any) -> Any:
    present = _present(a)
    return present if where is None or where is True else present & operands(present, where)[1]


def _nan_variance(variance: Any) -> Callable[..., Any]:
    def spread(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: Any = False,
               *, where: Any = None, mean: Any = None, correction: Any = None) -> Any:  # fmt: skip
        present = _both(a, where)
        a = choose(present, a, 0.0)
        return variance(a, axis, dtype, None, ddof, keepdims, where=present, mean=mean, correction=correction)

    return spread


# Order statistics: the sorted values, and between them a straight line.

_CONTINUOUS = {
    "linear": (1, 1), "hazen": (0.5, 0.5), "weibull": (0, 0), "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8), "interpolated_inverted_cdf": (0, 1),
}  # fmt: skip
"""Hyndman and Fan's family, "Sample quantiles in statistical packages", The American Statistician 50 (1996): the
parameters alpha and beta of the place `n q + alpha + q (1 - alpha - beta) - 1` among the sorted values."""

_ROUNDED: dict[str, Any] = {"lower": np.floor, "higher": np.ceil, "nearest": np.round}


def _places(n: int, q: Any, method: str) -> Any:
    if method in _CONTINUOUS:
        alpha, beta = _CONTINUOUS[method]
        return np.clip(n * q + alpha + q * (1 - alpha - beta) - 1, 0, n - 1)
    exact = (n - 1) * q
    if method == "midpoint":
        return (np.floor(exact) + np.ceil(exact)) / 2
    if method in _ROUNDED:
        return _ROUNDED[method](exact)
    known = ", ".join([*_CONTINUOUS, *_ROUNDED, "midpoint"])
    raise ValueError(f"np.quantile: method must be one of {known}, got {method!r}")


def _rows(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """What is to be ordered as the first dimension, and the shape that is left with `keepdims`."""
    axes = tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted(k % a.ndim for k in axes))
    kept = tuple([1 if k in axes else n for k, n in enumerate(a.shape)])
    rows = ops.shape.permute(a, (*axes, *[k for k in range(a.ndim) if k not in axes]))
    rows = ops.shape.reshape(rows, (math.prod(rows.shape[: len(axes)]), *rows.shape[len(axes) :]))
    if not rows.shape[0]:
        raise ValueError(f"of no elements there is no quantile; a has shape {tuple(a.shape)}")
    return rows, kept


def _levels(name: str, q: Any) -> Any:
    levels = np.asarray(constant(name, "q", q), dtype=np.float64)
    if levels.size and not (0 <= levels.min() and levels.max() <= 1):
        raise ValueError(f"{name}: quantiles lie between 0 and 1 (percentiles between 0 and 100), got {q}")
    return levels


def _quantile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
              method: str = "linear", keepdims: Any = False) -> Any:  # fmt: skip
    levels = _levels("np.quantile", q)
    a = as_floating(operands(a)[0])
    rows, kept = _rows(a, axis)
    n = rows.shape[0]
    ordered = ops.sorting.sort(rows, 0)[0]
    places = _places(n, levels.reshape(-1), method)
    low = np.floor(places).astype(np.int64)
    home = home_of((a,))
    share = home.asarray((places - low).astype(a.dtype).reshape((-1,) + (1,) * (rows.ndim - 1)))
    below, above = ordered[home.asarray(low)], ordered[home.asarray(np.minimum(low + 1, n - 1))]
    result = below + choose(share == 0, 0.0, (above - below) * share)
    last = ordered[-1:]  # NaNs are sorted to the end
    result = choose(last != last, last, result)
    return ops.shape.reshape(result, (*levels.shape, *(kept if keepdims else rows.shape[1:])))


def _nanquantile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
                 method: str = "linear", keepdims: Any = False) -> Any:  # fmt: skip
    if method not in (*_ROUNDED, "linear", "midpoint"):
        raise ValueError(f"np.nanquantile: method must be linear, lower, higher, midpoint or nearest, got {method!r}")
    levels = _levels("np.nanquantile", q)
    a = as_floating(operands(a)[0])
    rows, kept = _rows(a, axis)
    given = home_of((a,)).asarray(levels.reshape(-1).astype(a.dtype))
    result = statistics.nanquantile(rows, given, 0, interpolation=method)
    return ops.shape.reshape(result, (*levels.shape, *(kept if keepdims else rows.shape[1:])))


def _percentile(quantile: Callable[..., Any]) -> Callable[..., Any]:
    def percentile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
                   method: str = "linear", keepdims: Any = False) -> Any:  # fmt: skip
        q = np.true_divide(constant("np.percentile", "q", q), 100)
        return quantile(a, q, axis, None, False, method, keepdims)

    return percentile


def _median(quantile: Callable[..., Any]) -> Callable[..., Any]:
    def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
        return quantile(a, 0.5, axis, None, False, "linear", keepdims)

    return median


def _sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    if order is not None:
        raise ValueError("np.sort: order= names fields, and tensors have none")
    if axis is None:
        a, axis = ops.shape.ravel(a), -1
    return ops.sorting.sort(a, axis, stable=bool(stable) or kind in ("stable", "mergesort"))[0]


def _partition(a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None) -> Any:
    if order is not None:
        raise ValueError("np.partition: order= names fields, and tensors have none")
    if axis is None:
        a, axis = ops.shape.ravel(a), -1
    return ops.indexing.take_along_dim(a, on_values(np.argpartition, (a, kth), axis=axis), axis)


# Running sums and products.


def _flat(a: Any, axis: Any) -> tuple[Any, int]:
    return (ops.shape.ravel(a), 0) if axis is None else (a, int(axis))


def _scan(scan: Any) -> Callable[..., Any]:
    def running(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return scan(*_flat(as_dtype(a, dtype), axis))

    return running


def _nan_scan(scan: Any, neutral: float) -> Callable[..., Any]:
    def running(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        a = as_dtype(a, dtype)
        return scan(*_flat(choose(_present(a), a, neutral), axis))

    return running


def _cumulative(scan: Any, first: float) -> Callable[..., Any]:
    def running(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Any:
        if axis is None and x.ndim != 1:
            raise ValueError(f"an axis must be given for a tensor of shape {tuple(x.shape)}")
        axis = 0 if axis is None else int(axis) % x.ndim
        result = scan(as_dtype(x, dtype), axis)
        if not include_initial:
            return result
        start = on_values(np.full_like, (result[(slice(None),) * axis + (slice(0, 1),)], first))
        return ops.joining.cat([start, result], axis)

    return running


def _logsumexp(a: Any, axis: Any, dtype: Any = None, keepdims: Any = False, initial: Any = None,
               where: Any = None) -> Any:  # fmt: skip
    a = _masked(as_dtype(a, dtype), where, -math.inf)
    every = tuple(range(a.ndim))
    result = _over(lambda x, d, k: ops.softmax.logsumexp(x, every if d is None else d, k), a, axis, keepdims)
    return result if initial is None else ops.elementwise.logaddexp(result, initial)


def _extreme_of(extreme: Any) -> Callable[..., Any]:
    def reduce(
        a: Any, axis: Any, dtype: Any = None, keepdims: Any = False, initial: Any = None, where: Any = None
    ) -> Any:
        return extreme(as_dtype(a, dtype), axis, None, keepdims, initial, where)

    return reduce


_nanmax, _nanmin = _nan_extreme(_max, -math.inf), _nan_extreme(_min, math.inf)

REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: _sum,
    np.fmax: _extreme_of(_nanmax),
    np.fmin: _extreme_of(_nanmin),
    np.logaddexp: _logsumexp,
    np.maximum: _extreme_of(_max),
    np.minimum: _extreme_of(_min),
    np.multiply: _prod,
}
"""What `ufunc.reduce` is; of the others, one slice after the other."""

SCANS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: ops.scan.cumsum,
    np.logaddexp: lambda a, axis: running.logcumsumexp(a, axis),
    np.maximum: lambda a, axis: running.cummax(a, axis).values,
    np.minimum: lambda a, axis: running.cummin(a, axis).values,
    np.multiply: ops.scan.cumprod,
}
"""What `ufunc.accumulate` is; of the others, one slice after the other."""

FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.amax: _max,
    np.amin: _min,
    np.average: _average,
    np.cumprod: _scan(ops.scan.cumprod),
    np.cumsum: _scan(ops.scan.cumsum),
    np.cumulative_prod: _cumulative(ops.scan.cumprod, 1),
    np.cumulative_sum: _cumulative(ops.scan.cumsum, 0),
    np.max: _max,
    np.mean: _mean,
    np.median: _median(_quantile),
    np.min: _min,
    np.nancumprod: _nan_scan(ops.scan.cumprod, 1),
    np.nancumsum: _nan_scan(ops.scan.cumsum, 0),
    np.nanmax: _nanmax,
    np.nanmean: lambda a, axis=None, dtype=None, out=None, keepdims=False, *, where=None: _mean(
        as_dtype(choose(_present(a), a, 0.0), dtype), axis, None, None, keepdims, where=_both(a, where)
    ),
    np.nanmedian: _median(_nanquantile),
    np.nanmin: _nanmin,
    np.nanpercentile: _percentile(_nanquantile),
    np.nanprod: lambda a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None: _prod(
        choose(_present(a), a, 1.0), axis, dtype, None, keepdims, initial, where
    ),
    np.nanquantile: _nanquantile,
    np.nanstd: _nan_variance(_std),
    np.nansum: lambda a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=None: _sum(
        choose(_present(a), a, 0.0), axis, dtype, None, keepdims, initial, where
    ),
    np.nanvar: _nan_variance(_var),
    np.partition: _partition,
    np.percentile: _percentile(_quantile),
    np.prod: _prod,
    np.ptp: _ptp,
    np.quantile: _quantile,
    np.sort: _sort,
    np.std: _std,
    np.sum: _sum,
    np.var: _var,
}
