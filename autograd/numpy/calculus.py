"""NumPy's mathematical functions on tensors that are no ufuncs: rounding, products, differences, interpolation,
convolution, polynomials, statistics of several variables.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...backends import dtypes
from .. import ops
from .operands import Later, as_array, as_dtype, as_floating, choose, home_of, lifted, operands, raw
from .ufuncs import conjugate
from .values import on_values

shape, joining, arithmetic, elementwise = ops.shape, ops.joining, ops.arithmetic, ops.elementwise
bessel, calculus, products = Later("bessel"), Later("calculus"), Later("products")
sinc, statistics = Later("sinc"), Later("statistics")


# Element by element


def _round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    return arithmetic.round(a, decimals=decimals)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None) -> Any:
    if (min is not None or max is not None) and (a_min is not None or a_max is not None):
        raise ValueError("np.clip: give a_min and a_max, or min and max")
    a, low, high = (lifted(x, home_of((a, a_min, a_max, min, max))) for x in
                    (a, a_min if min is None else min, a_max if max is None else max))  # fmt: skip
    if low is None and high is None:
        return shape.clone(a)
    numbers = all(x is None or type(x) in (int, float) for x in (low, high))
    if numbers and hasattr(a, "dtype"):
        return elementwise.clamp(a, low, high)
    if low is not None:
        a = _larger(a, low)
    return a if high is None else -_larger(-a, -high)


def _larger(a: Any, bound: Any) -> Any:
    """`maximum`, where at a tie `a` has the gradient, as where both bounds are numbers. A NaN stays one."""
    return choose((a < bound) | (bound != bound), bound, a)


def _nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    if not copy:
        raise TypeError("np.nan_to_num: tensors take no copy=False; use t.nan_to_num_() to change one in place")
    return elementwise.nan_to_num(x, nan, posinf, neginf)


def _imag(val: Any) -> Any:
    return ops.complex.imag(val) if val.dtype.kind == "c" else on_values(np.zeros_like, (val,))


def _angle(z: Any, deg: bool = False) -> Any:
    result = ops.complex.angle(as_floating(z))
    return result * (180 / math.pi) if deg else result


def _real_if_close(a: Any, tol: float = 100) -> Any:
    if a.dtype.kind != "c":
        return a
    kept = on_values(np.real_if_close, (a,), tol=tol)
    return a if kept.dtype.kind == "c" else ops.complex.real(a)


def _unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * math.pi) -> Any:
    p = as_floating(p)
    turned = on_values(np.unwrap, (p,), discont=discont, axis=axis, period=period)
    return p + (turned - p.detach())  # whole periods, which are constant


# Products


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    a, b = operands(a, b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if b.ndim == 1 or (a.ndim <= 2 and b.ndim == 2):
        return ops.matmul.matmul(a, b)
    return ops.einsum.tensordot(a, b, ((-1,), (-2,)))


def _vdot(a: Any, b: Any, /) -> Any:
    a, b = operands(a, b)
    return ops.einsum.inner(conjugate(shape.ravel(a)), shape.ravel(b))


def _outer(a: Any, b: Any, out: Any = None) -> Any:
    a, b = operands(a, b)
    return shape.reshape(a, (-1, 1)) * shape.reshape(b, (1, -1))


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = operands(a, b)
    if not isinstance(axes, (int, np.integer)):
        of_a, of_b = axes
        axes = tuple([tuple(k) if isinstance(k, (tuple, list)) else (k,) for k in (of_a, of_b)])
    return ops.einsum.tensordot(a, b, axes)


def _einsum(*operands: Any, out: Any = None, optimize: Any = False) -> Any:
    home = home_of(operands)
    if isinstance(operands[0], str):
        return ops.einsum.einsum(operands[0], *[as_array(x, home) for x in operands[1:]])
    return ops.einsum.einsum(
        *[
            x if k % 2 or (k == len(operands) - 1 and len(operands) % 2) else as_array(x, home)
            for k, x in enumerate(operands)
        ]
    )


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    a, b = operands(a, b)
    if axis is not None:
        axisa = axisb = axisc = axis
    product = products.linalg_cross(shape.moveaxis(a, axisa, -1), shape.moveaxis(b, axisb, -1))
    return shape.moveaxis(product, -1, axisc)


# Differences and integrals


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    (a,) = operands(a)
    ends = []
    for end in (prepend, append):
        if end is not None:
            _, end = operands(a, end)
            if end.ndim == 0:
                end = shape.broadcast_to(end, tuple([1 if k == axis % a.ndim else n for k, n in enumerate(a.shape)]))
        ends.append(end)
    return calculus.diff(a, n, axis, *ends)


def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    (ary,) = operands(ary)
    parts = [_diff(shape.ravel(ary))]
    if to_begin is not None:
        parts.insert(0, shape.ravel(operands(ary, to_begin)[1]))
    if to_end is not None:
        parts.append(shape.ravel(operands(ary, to_end)[1]))
    return joining.cat(parts) if len(parts) > 1 else parts[0]


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f, *spacings = operands(f, *varargs)
    axes = tuple(range(f.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(spacings) == 1 and spacings[0].ndim == 0:
        spacings *= len(axes)
    if spacings and len(spacings) != len(axes):
        raise TypeError(f"np.gradient: expected no, one or {len(axes)} spacings, got {len(varargs)}")
    found = calculus.gradient(as_floating(f), spacing=spacings or 1, dim=axes, edge_order=edge_order)
    return found if len(found) > 1 else found[0]


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y, dx, *places = operands(y, dx, *(() if x is None else (x,)))
    return calculus.trapezoid(as_floating(y), *places, dx=None if places else dx, dim=axis)


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    if period is not None:
        raise TypeError("np.interp: tensors take no period=; wrap x and repeat xp and fp at both ends")
    x, xp, fp = (as_floating(v) for v in operands(x, xp, fp))
    n = xp.shape[0]
    after = raw(on_values(np.clip, (on_values(np.searchsorted, (xp, x), side="right"), 1, max(n - 1, 1))))
    if n == 1:
        result = fp[0] + x * 0
    else:
        x0, y0 = xp[after - 1], fp[after - 1]
        result = y0 + (x - x0) * ((fp[after] - y0) / (xp[after] - x0))
    result = choose(x < xp[0], fp[0] if left is None else left, result)
    result = choose(x > xp[-1], fp[-1] if right is None else right, result)
    return choose(x == xp[-1], fp[-1], result)


# Convolution


def _slid(name: str, a: Any, v: Any, mode: str) -> Any:
    """The sums of products of `v` with what of `a` it lies over, at every place (and zeros beyond the ends of `a`)."""
    if a.ndim != 1 or v.ndim != 1 or not a.shape[0] or not v.shape[0]:
        raise ValueError(f"np.{name}: expected two 1-d tensors of one element at least")
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"np.{name}: mode must be 'full', 'same' or 'valid', got {mode!r}")
    n, m = a.shape[0], v.shape[0]
    beyond = 0 if mode == "valid" else m - 1
    windows = ops.rearrange.unfold(ops.padding.pad(a, (beyond, beyond)), 0, m, 1)
    if mode == "same":  # the middle of "full"
        windows = windows[(m - 1) // 2 : (m - 1) // 2 + n]
    return ops.matmul.matmul(windows, v)


def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = operands(a, v)
    if a.ndim == v.ndim == 1 and v.shape[0] > a.shape[0]:
        a, v = v, a
    return _slid("convolve", a, ops.rearrange.flip(v, 0), mode)


def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = operands(a, v)
    return _convolve(a, ops.rearrange.flip(conjugate(v), 0), mode)


# Polynomials, the highest power first


def _polyval(p: Any, x: Any) -> Any:
    p, x = operands(p, x)
    result = x * 0
    for k in range(p.shape[0]):
        result = result * x + p[k]
    return result


def _polyadd(a1: Any, a2: Any, sign: int = 1) -> Any:
    a1, a2 = (shape.atleast_1d(a) for a in operands(a1, a2))
    n = max(a1.shape[0], a2.shape[0])
    a1, a2 = (ops.padding.pad(a, (n - a.shape[0], 0)) for a in (a1, a2))
    return a1 + a2 if sign > 0 else a1 - a2


def _polyder(p: Any, m: int = 1) -> Any:
    for _ in range(m):
        n = p.shape[0] - 1
        p = p[:-1] * home_of((p,)).asarray(np.arange(n, 0, -1.0).astype(p.dtype))
    return p


def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    (p,) = operands(p)
    constants = [0.0] * m if k is None else [k] * m if np.ndim(k) == 0 else list(k)
    for constant in constants:
        powers = home_of((p,)).asarray(np.arange(p.shape[0], 0, -1.0).astype(p.dtype))
        p = joining.cat([p / powers, shape.reshape(operands(p, constant)[1], (1,))])
    return p


# Ranges


def _linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
              axis: int = 0) -> Any:  # fmt: skip
    start, stop = (as_floating(x) for x in operands(start, stop))
    parts = num - 1 if endpoint else num
    step = (stop - start) / parts if parts > 0 else (stop - start) * math.nan
    places = np.arange(num) / (parts if parts > 0 else 1)
    ndim = max(start.ndim, stop.ndim)
    share = home_of((start, stop)).asarray(places.reshape((-1,) + (1,) * ndim))
    result = start * (1 - share) + stop * share
    result = as_dtype(shape.moveaxis(result, 0, axis) if axis else result, dtype)
    return (result, step) if retstep else result


def _logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None,
              axis: int = 0) -> Any:  # fmt: skip
    start, stop, base = operands(start, stop, base)
    exponents = _linspace(start, stop, num, endpoint)
    return as_dtype(shape.moveaxis(arithmetic.pow(base, exponents), 0, axis), dtype)


def _geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    start, stop = operands(start, stop)
    sign = on_values(np.sign, (start,))
    logs = _linspace(arithmetic.log(start * sign), arithmetic.log(stop * sign), num, endpoint)
    return as_dtype(shape.moveaxis(elementwise.exp(logs) * sign, 0, axis), dtype)


# Statistics of several variables


def _variables(m: Any, y: Any, rowvar: bool, dtype: Any) -> Any:
    """The variables as rows."""
    given = operands(m) if y is None else operands(m, y)
    rows = []
    for x in given:
        by_columns = not rowvar and x.ndim == 2
        x = as_floating(shape.atleast_2d(x), dtype)
        rows.append(shape.transpose(x, 0, 1) if by_columns else x)
    return joining.cat(rows, 0)


def _cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, fweights: Any = None,
         aweights: Any = None, *, dtype: Any = None) -> Any:  # fmt: skip
    x = _variables(m, y, rowvar, dtype)
    counts = None if fweights is None else operands(x, fweights)[1]
    weights = None if aweights is None else as_floating(operands(x, aweights)[1])
    correction = (0 if bias else 1) if ddof is None else ddof
    return statistics.cov(x, correction=correction, fweights=counts, aweights=weights)


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    return statistics.corrcoef(_variables(x, y, rowvar, dtype))


def _bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    if weights is None:
        return on_values(np.bincount, (x,), minlength=minlength)
    x, weights = operands(x, weights)
    length = max(int(x.max()) + 1 if x.shape[0] else 0, minlength)
    weights = as_dtype(weights, dtypes.float64)
    zeros = on_values(np.zeros_like, (weights,), shape=(length,))
    return ops.indexing.index_add(zeros, 0, x, weights)


# Functions of functions


def _apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    (arr,) = operands(arr)
    axis = axis % arr.ndim
    moved = shape.moveaxis(arr, axis, -1)
    lead = tuple(moved.shape[:-1])
    rows = shape.reshape(moved, (-1, moved.shape[-1]))
    results = joining.stack([operands(rows, func1d(row, *args, **kwargs))[1] for row in joining.unbind(rows, 0)])
    rest = tuple(results.shape[1:])
    results = shape.reshape(results, (*lead, *rest))
    for k in range(len(rest)):
        results = shape.moveaxis(results, len(lead) + k, axis + k)
    return results


def _apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        axis = axis % a.ndim
        result = func(a, axis)
        a = result if result.ndim == a.ndim else shape.unsqueeze(result, axis)
    return a


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    (x,) = operands(x)
    conditions = list(condlist) if isinstance(condlist, (list, tuple)) else [condlist]
    conditions = [operands(x, c)[1] for c in conditions]
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        rest = ~conditions[0]
        for c in conditions[1:]:
            rest = rest & ~c
        conditions.append(rest)
    elif len(functions) != len(conditions):
        raise ValueError(f"np.piecewise: {len(conditions)} conditions and {len(functions)} functions")
    result = on_values(np.zeros_like, (x,))
    for condition, function in zip(conditions, functions, strict=True):
        # Only what a condition selects is given to its function, so that no other place can spoil a gradient.
        value = function(x[condition], *args, **kw) if callable(function) else function
        _, value = operands(x, value)
        result = ops.getitem.setitem(result, condition, as_dtype(value, x.dtype))
    return result


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.angle: _angle,
    np.apply_along_axis: _apply_along_axis,
    np.apply_over_axes: _apply_over_axes,
    np.around: _round,
    np.bincount: _bincount,
    np.clip: _clip,
    np.convolve: _convolve,
    np.corrcoef: _corrcoef,
    np.correlate: _correlate,
    np.cov: _cov,
    np.cross: _cross,
    np.diff: _diff,
    np.dot: _dot,
    np.ediff1d: _ediff1d,
    np.einsum: _einsum,
    np.fix: lambda x, out=None: arithmetic.trunc(x),
    np.geomspace: _geomspace,
    np.gradient: _gradient,
    np.i0: lambda x: bessel.i0(as_floating(x)),
    np.imag: _imag,
    np.inner: lambda a, b, /: ops.einsum.inner(*operands(a, b)),
    np.interp: _interp,
    np.kron: lambda a, b: products.kron(*operands(a, b)),
    np.linspace: _linspace,
    np.logspace: _logspace,
    np.nan_to_num: _nan_to_num,
    np.outer: _outer,
    np.piecewise: _piecewise,
    np.polyadd: lambda a1, a2: _polyadd(a1, a2),
    np.polyder: _polyder,
    np.polyint: _polyint,
    np.polymul: lambda a1, a2: _convolve(*[shape.atleast_1d(a) for a in operands(a1, a2)]),
    np.polysub: lambda a1, a2: _polyadd(a1, a2, -1),
    np.polyval: _polyval,
    np.real: lambda val: ops.complex.real(val),
    np.real_if_close: _real_if_close,
    np.round: _round,
    np.sinc: lambda x: sinc.sinc(as_floating(x)),
    np.tensordot: _tensordot,
    np.trapezoid: _trapezoid,
    np.unwrap: _unwrap,
    np.vdot: _vdot,
}
