"""The softmax family, shifted by the largest element so that nothing overflows.

One op each, whose derivative needs the result alone (`logsumexp`: and its input). Half precision is computed in single
precision.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array, get_default_dtype
from ..op import op
from .arithmetic import cast
from .dims import Dims, canonical_dim, kept_shape, ndim_of, reduced_dims, reduced_size
from .elementwise import exp
from .reduction import add_up, restore
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
    return (g - _dot_along(g, out, dim=dim)) * out


_softmax = op(
    "softmax",
    lambda xp, x, *, dim: xp.softmax(x, dim),
    vjp=_softmax_vjp,
    flops=lambda out, x: 4 * math.prod(x),
)
_log_softmax = op(
    "log_softmax",
    lambda xp, x, *, dim: xp.softmax(x, dim, True),
    vjp=lambda g, out, dim: g - exp(out) * add_up(g, dims=(dim,), keepdim=True),
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
        largest = xp.real(wide).max(axis=dims, keepdims=True)
        largest = xp.where(xp.isfinite(largest), largest, 0)
        out = xp.log(xp.add.reduce(xp.exp(wide - largest), dims, None, None, True)) + largest
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
