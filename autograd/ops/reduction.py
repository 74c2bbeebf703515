"""Reductions: sums, means, products and spreads over dimensions, and the counting of what is true.

An op's `dims` are those it reduces, None for all. What a reduction loses, its derivative spreads out again.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array, dtypes
from ..op import op
from .arithmetic import cast
from .complex import conj
from .dims import Dims, canonical_dim, kept_shape, reduced_dims, reduced_size, renamed
from .scan import product_of_others
from .shape import reshape

_SMALL = 1 << 14
"""Up to this many elements a filled array is made sooner than a broadcast view."""


def _wide(xp: Any, x: Array) -> Any:
    """The dtype to add in: single precision for half."""
    return xp.float32 if x.dtype.itemsize == 2 and x.dtype.kind not in "iu" else None


_ROWS = 1 << 11
"""From this many elements on, the sums of short rows are faster as a product with ones."""

_SHORT = 1 << 10
"""Rows of up to this many elements are short. Longer ones want NumPy's sum, which adds up in pairs."""


def sum_of_array(xp: Any, x: Array, dims: Dims, keepdim: bool, dtype: Any = None) -> Array:
    """The sum over dimensions, added up in `dtype`. NumPy's reductions start anew for every row, which costs more than
    a short row itself; a product with ones does not."""
    if dims != (x.ndim - 1,) or x.size < _ROWS or x.dtype.char not in "fd" or dtype is not None:
        return xp.add.reduce(x, dims, dtype, None, keepdim)
    n = x.shape[-1]
    if n > _SHORT or not x.flags.c_contiguous:
        return xp.add.reduce(x, dims, None, None, keepdim)
    sums = xp.matmul(x.reshape((-1, n)), xp.ones(n, x.dtype))
    return sums.reshape(kept_shape(x.shape, dims) if keepdim else x.shape[:-1])


_FEW = 32


def extreme(xp: Any, function: Any, x: Array, dims: Dims, keepdim: bool) -> Array:
    """`xp.max` or `xp.min` over dimensions; of short rows as columns, which are compared with one another as wholes."""
    if dims != (x.ndim - 1,) or x.size < _ROWS or x.shape[-1] > _FEW:
        return function(x, axis=dims, keepdims=keepdim)
    columns = xp.ascontiguousarray(x.reshape((-1, x.shape[-1])).T)
    return function(columns, axis=0).reshape(kept_shape(x.shape, dims) if keepdim else x.shape[:-1])


def _input_size(out_shape: tuple[int, ...], x_shape: tuple[int, ...]) -> int:
    return math.prod(x_shape)


# Sums and means


def _spread(xp: Any, x: Array, *, shape: tuple[int, ...], dims: Dims, keepdim: bool) -> Array:
    if dims is not None and not keepdim:
        x = x.reshape(kept_shape(shape, dims))
    if math.prod(shape) > _SMALL:
        return xp.broadcast_to(x, shape)
    out = xp.empty(shape, x.dtype)
    out[...] = x
    return out


spread = op(
    "spread", _spread, vjp=lambda g, dims, keepdim: add_up(g, dims=dims, keepdim=keepdim), linear=True, view=True,
    doc="The reverse of a sum over `dims`: every element of `shape` gets what its sum became.",
)  # fmt: skip


def _sum(xp: Any, x: Array, *, dims: Dims, keepdim: bool, dtype: Any = None) -> Array:
    if x.dtype.itemsize == 2 and dtype is None:
        return xp.add.reduce(x, dims, _wide(xp, x), None, keepdim).astype(x.dtype)
    return sum_of_array(xp, x, dims, keepdim, dtype)


add_up = op(
    "sum",
    _sum,
    vjp=lambda g, x_shape, dims, keepdim: spread(g, shape=x_shape, dims=dims, keepdim=keepdim),
    linear=True,
    flops=_input_size,
)


def restore(x: Any, shape: tuple[int, ...], dims: Dims, keepdim: bool) -> Any:
    """`x`, a reduction of something of `shape`, in a shape that broadcasts against it."""
    return x if keepdim or dims is None else reshape(x, kept_shape(shape, dims))


def _as(input: Any, dtype: Any) -> tuple[Any, Any]:
    """The input in the dtype asked for, and the dtype to add integers and booleans in: that one, or else int64."""
    if dtype is not None:
        input = cast(input, dtype=dtype)
        return input, input.dtype if input.dtype.kind in "biu" else None
    return input, dtypes.int64 if input.dtype.kind in "biu" else None


def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **numpy_names: Any) -> Any:
    """The sum over dimensions.

    Args:
        dim: an int, a tuple of ints, or None for all.
        keepdim: keep the reduced dimensions, with size 1.
        dtype: what to cast the input to first. Without it integers and booleans add up in int64. (Half precision adds
            up in single precision.)

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
    """
    if numpy_names:
        return renamed(sum, locals())
    dims = reduced_dims("sum", input, dim)
    input, wide = _as(input, dtype)
    return add_up(input, dims=dims, keepdim=keepdim, dtype=wide)


def _average(xp: Any, x: Array, *, dims: Dims, keepdim: bool) -> Array:
    wide = _wide(xp, x)
    added = sum_of_array(xp, x, dims, keepdim, wide)
    n = reduced_size(x.shape, dims)
    mean = added / n if n else added * math.nan
    return mean if wide is None else mean.astype(x.dtype)


average = op(
    "mean",
    _average,
    vjp=lambda g, x_shape, dims, keepdim: spread(
        g / (reduced_size(x_shape, dims) or 1), shape=x_shape, dims=dims, keepdim=keepdim
    ),
    linear=True,
    flops=_input_size,
)


def _floating(name: str, input: Any, dtype: Any = None) -> Any:
    """The input in the dtype asked for.

    Raises:
        RuntimeError: it is not floating.
    """
    if dtype is not None:
        input = cast(input, dtype=dtype)
    if input.dtype.kind in "biu":
        remedy = "pass dtype=cr.float32, or " if name == "mean" else ""
        raise RuntimeError(f"{name}: the input must be floating, got {input.dtype}; {remedy}convert it with .float()")
    return input


def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **numpy_names: Any) -> Any:
    """The mean over dimensions; NaN over no elements. Half precision adds up in single precision.

    Args:
        dim: an int, a tuple of ints, or None for all.
        keepdim: keep the reduced dimensions, with size 1.
        dtype: what to cast the input to first.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the dtype is not floating, or a dimension is named twice.
    """
    if numpy_names:
        return renamed(mean, locals())
    dims = reduced_dims("mean", input, dim)
    return average(_floating("mean", input, dtype), dims=dims, keepdim=keepdim)


_nansum = op(
    "nansum",
    lambda xp, x, *, dims, keepdim: xp.nansum(x, axis=dims, dtype=_wide(xp, x), keepdims=keepdim).astype(
        x.dtype, copy=False
    ),
    vjp=lambda g, x, dims, keepdim: restore(g, x.shape, dims, keepdim) * (x == x),
    flops=_input_size,
)


def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **numpy_names: Any) -> Any:
    """The sum over dimensions, where NaN counts as 0. Arguments and errors as for `sum`."""
    if numpy_names:
        return renamed(nansum, locals())
    dims = reduced_dims("nansum", input, dim)
    input, wide = _as(input, dtype)
    if wide is not None:
        return add_up(input, dims=dims, keepdim=keepdim, dtype=wide)
    return _nansum(input, dims=dims, keepdim=keepdim)


def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, **numpy_names: Any) -> Any:
    """The mean over dimensions of what is not NaN. Arguments and errors as for `mean`."""
    if numpy_names:
        return renamed(nanmean, locals())
    dims = reduced_dims("nanmean", input, dim)
    input = _floating("nanmean", input, dtype)
    counted = cast(add_up(input == input, dims=dims, keepdim=keepdim, dtype=dtypes.int64), dtype=input.dtype)
    return _nansum(input, dims=dims, keepdim=keepdim) / counted


# Products


_product = op(
    "prod",
    lambda xp, x, *, dim, keepdim, dtype=None: xp.multiply.reduce(x, dim, dtype, None, keepdim),
    vjp=lambda g, x, dim, keepdim: restore(g, x.shape, (dim,), keepdim) * product_of_others(x, dim),
    flops=_input_size,
)


def prod(input: Any, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None, **numpy_names: Any) -> Any:
    """The product over one dimension, or over all. Its derivatives of any order hold at zeros too.

    Args:
        dim: an int, or None for all.
        keepdim: keep the reduced dimension, with size 1; only with a `dim`.
        dtype: what to cast the input to first. Without it integers and booleans multiply in int64.

    Raises:
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(prod, locals())
    reduced_dims("prod", input, dim)
    input, wide = _as(input, dtype)
    if dim is None or input.ndim == 0:
        return _product(reshape(input, (-1,)), dim=0, keepdim=False, dtype=wide)
    return _product(input, dim=canonical_dim("prod", dim, input.ndim), keepdim=keepdim, dtype=wide)


# Variance


def _squared_spread(xp: Any, x: Array, dims: Dims, correction: float, keepdim: bool) -> Array:
    """The squared distances from the mean, summed and divided by their number less `correction`. Of half precision, in
    single."""
    wide = _wide(xp, x)
    n = reduced_size(x.shape, dims)
    centre = sum_of_array(xp, x, dims, True, wide)
    centre /= max(n, 1)
    away = x - centre
    if away.dtype.kind == "c":
        away = xp.real(away * xp.conj(away))
    else:
        away *= away
    squares = sum_of_array(xp, away, dims, keepdim)
    if n > correction:
        return squares / (n - correction)
    return squares * (math.inf if n > 1 else math.nan)


def _variance_vjp(g: Any, x: Any, dims: Dims, correction: float, keepdim: bool) -> Any:
    n = reduced_size(x.shape, dims)
    scale = 2 / (n - correction) if n > correction else math.inf
    return conj(x - average(x, dims=dims, keepdim=True)) * (restore(g, x.shape, dims, keepdim) * scale)


_variance = op(
    "var",
    lambda xp, x, *, dims, correction, keepdim: _squared_spread(xp, x, dims, correction, keepdim).astype(
        dtypes.real_dtype(x.dtype), copy=False
    ),
    vjp=_variance_vjp,
    flops=lambda out, x: 4 * math.prod(x),
)
_deviation = op(
    "std",
    lambda xp, x, *, dims, correction, keepdim: xp.sqrt(_squared_spread(xp, x, dims, correction, keepdim)).astype(
        dtypes.real_dtype(x.dtype), copy=False
    ),
    # Where the deviation is 0 there is nothing away from the mean, and the gradient is 0.
    vjp=lambda g, x, out, dims, correction, keepdim: _variance_vjp(
        g / (out + out + (out == 0)), x, dims, correction, keepdim
    ),
    flops=lambda out, x: 4 * math.prod(x),
)


def _variance_arguments(
    name: str, input: Any, dim: Any, unbiased: bool | None, correction: float | None
) -> tuple[Dims, float]:
    if type(dim) is bool:  # var(input, unbiased)
        if unbiased is not None:
            raise TypeError(f"{name}: dim must be an int, a tuple of ints or None, got {dim}")
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}: give unbiased or correction, not both (unbiased=True is correction=1)")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    dims = reduced_dims(name, input, dim)
    _floating(name, input)
    return dims, correction


def var(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    **numpy_names: Any,
) -> Any:
    """The variance over dimensions: the mean squared distance from the mean.

    Args:
        dim: an int, a tuple of ints, or None for all. A bool here is `unbiased`.
        unbiased: `correction` 1 or 0.
        keepdim: keep the reduced dimensions, with size 1.
        correction: what is taken from the number of elements before dividing by it; 1 unless given (Bessel's). With
            no more elements than this the result is NaN, or infinite.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the dtype is not floating, or a dimension is named twice.
        TypeError: both `unbiased` and `correction` are given.
    """
    if numpy_names:
        return renamed(var, locals())
    dims, correction = _variance_arguments("var", input, dim, unbiased, correction)
    return _variance(input, dims=dims, correction=correction, keepdim=keepdim)


def std(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    **numpy_names: Any,
) -> Any:
    """The standard deviation over dimensions, the square root of `var`, with the same arguments and errors. Its
    gradient where all elements are equal is 0."""
    if numpy_names:
        return renamed(std, locals())
    dims, correction = _variance_arguments("std", input, dim, unbiased, correction)
    return _deviation(input, dims=dims, correction=correction, keepdim=keepdim)


def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    **numpy_names: Any,
) -> tuple[Any, Any]:
    """`(var, mean)` over the same dimensions; arguments and errors as for `var`."""
    if numpy_names:
        return renamed(var_mean, locals())
    dims, correction = _variance_arguments("var_mean", input, dim, unbiased, correction)
    spread_of = _variance(input, dims=dims, correction=correction, keepdim=keepdim)
    return spread_of, average(input, dims=dims, keepdim=keepdim)


def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    **numpy_names: Any,
) -> tuple[Any, Any]:
    """`(std, mean)` over the same dimensions; arguments and errors as for `var`."""
    if numpy_names:
        return renamed(std_mean, locals())
    dims, correction = _variance_arguments("std_mean", input, dim, unbiased, correction)
    spread_of = _deviation(input, dims=dims, correction=correction, keepdim=keepdim)
    return spread_of, average(input, dims=dims, keepdim=keepdim)


# What is true

_any = op("any", lambda xp, x, *, dims, keepdim: xp.any(x, axis=dims, keepdims=keepdim), flops=_input_size)
_all = op("all", lambda xp, x, *, dims, keepdim: xp.all(x, axis=dims, keepdims=keepdim), flops=_input_size)


def any(input: Any, dim: Any = None, keepdim: bool = False, **numpy_names: Any) -> Any:
    """Whether one element over the dimensions is not zero: a boolean tensor.

    Args:
        dim: an int, a tuple of ints, or None for all. The empty tuple reduces nothing, other than elsewhere.
        keepdim: keep the reduced dimensions, with size 1.

    Raises:
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(any, locals())
    if dim == ():
        return input != 0
    return _any(input, dims=reduced_dims("any", input, dim), keepdim=keepdim)


def all(input: Any, dim: Any = None, keepdim: bool = False, **numpy_names: Any) -> Any:
    """Whether every element over the dimensions is not zero; arguments and errors as for `any`."""
    if numpy_names:
        return renamed(all, locals())
    if dim == ():
        return input != 0
    return _all(input, dims=reduced_dims("all", input, dim), keepdim=keepdim)


def count_nonzero(input: Any, dim: Any = None, **numpy_names: Any) -> Any:
    """How many elements over the dimensions are not zero, int64. `dim` as for `any`."""
    if numpy_names:
        return renamed(count_nonzero, locals())
    dims = reduced_dims("count_nonzero", input, dim)
    return add_up(input != 0, dims=dims, keepdim=False, dtype=dtypes.int64)


__all__ = ["all", "any", "count_nonzero", "mean", "nanmean", "nansum", "prod", "std", "std_mean", "sum", "var",
           "var_mean"]  # fmt: skip
