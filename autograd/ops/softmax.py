"""The softmax family, shifted by the largest element so that nothing overflows.

One op each, whose derivative needs the result alone (`logsumexp`: and its input). Half precision is computed in single
precision.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array, backend_of, get_default_dtype
from ..op import op
from ..tensor import Tensor
from .arithmetic import cast
from .dims import Dims, canonical_dim, kept_shape, ndim_of, reduced_dims, reduced_size
from .elementwise import exp
from .reduction import add_up, extreme, restore, sum_of_array
from .shape import reshape


def _dot(xp: Any, a: Array, b: Array, *, dim: int) -> Array:
    if a.dtype.itemsize == 2:
        return _dot(xp, a.astype(xp.float32), b.astype(xp.float32), dim=dim).astype(a.dtype)
    return xp.expand_dims(xp.dot_along(a, b, axis=dim), dim)


_dot_along = op(
    "dot_along", _dot, vjp=(lambda g, b: g * b, lambda g, a: g * a), multilinear=True,
    doc="The sum of `a * b`, which have the same shape, along `dim`, which stays with size 1.",
)  # fmt: skip


def _softmax_vjp(g: Any, out: Any, dim: int) -> Any:
    if _by_rows(g, dim):
        return _softmax_vjp_of_rows(g, out)
    return (g - _dot_along(g, out, dim=dim)) * out


def _log_softmax_vjp(g: Any, out: Any, dim: int) -> Any:
    if _by_rows(g, dim):
        return _log_softmax_vjp_of_rows(g, out)
    return g - exp(out) * add_up(g, dims=(dim,), keepdim=True)


_SMALL = 1 << 14
"""Up to this many elements the formulas are as fast as what goes through the rows."""


def _by_rows(g: Any, dim: int) -> bool:
    """Whether `g` is a large array of rows."""
    return not isinstance(g, Tensor) and dim == g.ndim - 1 and g.size > _SMALL and g.dtype.itemsize > 2


def _softmax_vjp_of_rows(g: Array, out: Array) -> Array:
    xp, shape = backend_of(out).xp, (-1, out.shape[-1])
    g_rows, rows, result = g.reshape(shape), out.reshape(shape), xp.empty(out.shape, out.dtype)
    into = result.reshape(shape)

    def work(first: int, last: int) -> None:
        along = xp.dot_along(g_rows[first:last], rows[first:last], axis=1)[:, None]
        xp.subtract(g_rows[first:last], along, out=into[first:last])
        xp.multiply(into[first:last], rows[first:last], out=into[first:last])

    xp.in_batches(len(rows), 3 * shape[1] * out.itemsize, 4 * shape[1], lambda most: work)
    return result


def _log_softmax_vjp_of_rows(g: Array, out: Array) -> Array:
    xp, shape = backend_of(out).xp, (-1, out.shape[-1])
    g_rows, rows, result = g.reshape(shape), out.reshape(shape), xp.empty(out.shape, out.dtype)
    into, ones = result.reshape(shape), xp.ones((shape[1], 1), out.dtype)

    def work(first: int, last: int) -> None:
        xp.exp(rows[first:last], out=into[first:last])
        xp.multiply(into[first:last], xp.matmul(g_rows[first:last], ones), out=into[first:last])
        xp.subtract(g_rows[first:last], into[first:last], out=into[first:last])

    xp.in_batches(len(rows), 3 * shape[1] * out.itemsize, 12 * shape[1], lambda most: work)
    return result


_softmax = op(
    "softmax",
    lambda xp, x, *, dim: xp.softmax(x, dim),
    vjp=_softmax_vjp,
    flops=lambda out, x: 4 * math.prod(x),
)
_log_softmax = op(
    "log_softmax",
    lambda xp, x, *, dim: xp.softmax(x, dim, True),
    vjp=_log_softmax_vjp,
    flops=lambda out, x: 5 * math.prod(x),
)


def _normalised(name: str, function: Any, input: Any, dim: Any, dtype: Any) -> Any:
    ndim = ndim_of(name, input)
    dim = canonical_dim(name, dim, ndim)
    if dtype is not None:
        input = cast(input, dtype=dtype)
    if input.dtype.kind in "biuc":
        raise NotImplementedError(f"{name}: the input must be floating, got {input.dtype}; pass dtype=cr.float32")
    if ndim == 0:
        return reshape(function(reshape(input, (1,)), dim=0), ())
    return function(input, dim=dim)


def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """`exp(x) / sum(exp(x))` along a dimension: positive numbers that sum to 1.

    Args:
        dim: an int.
        dtype: what to cast the input to first.

    Raises:
        IndexError: there is no such dimension.
        NotImplementedError: the dtype is not floating.
    """
    return _normalised("softmax", _softmax, input, dim, dtype)


def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """`x - log(sum(exp(x)))` along a dimension: the logarithm of `softmax`, accurate where that is near 0 or 1.
    Arguments and errors as for `softmax`."""
    return _normalised("log_softmax", _log_softmax, input, dim, dtype)


def softmin(input: Any, dim: int, dtype: Any = None) -> Any:
    """`softmax(-input)`: the smallest element weighs most. Arguments and errors as for `softmax`."""
    return _normalised("softmin", _softmax, -input, dim, dtype)


def _logsumexp_forward(xp: Any, x: Array, *, dims: Dims, keepdim: bool) -> Array:
    shape = kept_shape(x.shape, dims)
    if not reduced_size(x.shape, dims):
        out = xp.full(shape, -math.inf, x.dtype)
    else:
        wide = x.astype(xp.float32) if x.dtype.itemsize == 2 else x
        largest = extreme(xp, xp.max, xp.real(wide), dims, True)
        largest = xp.where(xp.isfinite(largest), largest, 0)
        out = xp.log(sum_of_array(xp, xp.exp(wide - largest), dims, True)) + largest
        out = out.astype(x.dtype, copy=False)
    if keepdim:
        return out
    return out.reshape(() if dims is None else tuple([n for k, n in enumerate(x.shape) if k not in dims]))


_logsumexp = op(
    "logsumexp",
    _logsumexp_forward,
    vjp=lambda g, x, out, dims, keepdim: (
        restore(g, x.shape, dims, keepdim) * exp(x - restore(out, x.shape, dims, keepdim))
    ),
    flops=lambda out, x: 4 * math.prod(x),
)


def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """`log(sum(exp(x)))` over dimensions, -inf over no elements.

    Args:
        dim: an int or a tuple of ints.
        keepdim: keep the reduced dimensions, with size 1.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
    """
    dims = reduced_dims("logsumexp", input, dim)
    if input.dtype.kind in "biu":
        input = cast(input, dtype=get_default_dtype())
    return _logsumexp(input, dims=dims, keepdim=keepdim)


__all__ = ["log_softmax", "logsumexp", "softmax", "softmin"]
