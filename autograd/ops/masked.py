"""Reductions and normalisations that leave out what a mask excludes: the functions of `torch.masked`.

Each fills the places left out with what makes no difference to it, and is then the function without a mask. What is
left out gets no gradient, whatever it holds.

Of all: `mask` is a boolean tensor that broadcasts to the input's shape, True where an element counts; None leaves out
nothing. `dim` is an int, a tuple of ints, or None for all. `keepdim` keeps the reduced dimensions, with size 1. `dtype`
is the result's. Dimensions that do not exist raise an IndexError, masks that do not fit a ValueError.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import dtypes
from . import elementwise, extremum, matrix_norm, reduction, scan, softmax as exponentials, sorting
from .arithmetic import cast
from .comparison import choose
from .complex import conj
from .dims import canonical_dim, ndim_of, reduced_dims, reduced_size
from .shape import broadcast_to


def _whole(input: Any, mask: Any) -> Any:
    """The mask in the input's shape."""
    mask = mask if mask.dtype.kind == "b" else mask != 0
    return mask if mask.shape == input.shape else broadcast_to(mask, tuple(input.shape))


def _filled(name: str, input: Any, mask: Any, value: float) -> Any:
    """The input with `value` where it is left out; an infinite value becomes an integer dtype's bound."""
    ndim_of(f"masked.{name}", input)
    if mask is None:
        return input
    if math.isinf(value) and input.dtype.kind in "iu":
        bits = 8 * input.dtype.itemsize - (input.dtype.kind == "i")
        value = (1 << bits) - 1 if value > 0 else -(1 << bits) if input.dtype.kind == "i" else 0
    return choose(_whole(input, mask), input, value)


def _as(result: Any, dtype: Any) -> Any:
    return result if dtype is None else cast(result, dtype=dtype)


# Reductions


def sum(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    """The sum over dimensions; 0 of nothing."""
    return reduction.sum(_filled("sum", input, mask, 0), dim, keepdim, dtype=dtype)


def prod(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    """The product over dimensions; 1 of nothing."""
    x = _filled("prod", input, mask, 1)
    dims = reduced_dims("masked.prod", input, dim)
    for d in range(input.ndim)[::-1] if dims is None else dims[::-1]:
        x = reduction.prod(x, d, keepdim, dtype=dtype)
    return x if input.ndim else reduction.prod(x, dtype=dtype)


def amax(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    """The largest element over dimensions; -inf of nothing, or the smallest integer. Equal ones share the gradient."""
    return _as(extremum.amax(_filled("amax", input, mask, -math.inf), dim, keepdim), dtype)


def amin(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    """The smallest element over dimensions; inf of nothing, or the largest integer. Equal ones share the gradient."""
    return _as(extremum.amin(_filled("amin", input, mask, math.inf), dim, keepdim), dtype)


def argmax(input: Any, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    """The index of the largest element along a dimension, or into the flattened input; the first among equals, and 0 of
    nothing. Its dtype, unless one is asked for, is the input's, as in PyTorch."""
    found = extremum.argmax(_filled("argmax", input, mask, -math.inf), dim, keepdim)
    return cast(found, dtype=input.dtype if dtype is None else dtype)


def argmin(input: Any, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    """The index of the smallest element; all else as for `argmax`."""
    found = extremum.argmin(_filled("argmin", input, mask, math.inf), dim, keepdim)
    return cast(found, dtype=input.dtype if dtype is None else dtype)


def _count(input: Any, dim: Any, keepdim: bool, mask: Any, dtype: Any) -> Any:
    """How many elements each result is made of."""
    if mask is None:
        return reduced_size(tuple(input.shape), reduced_dims("masked", input, dim))
    return cast(reduction.sum(_whole(input, mask), dim, keepdim), dtype=dtype)


def _floating(name: str, input: Any, dtype: Any) -> Any:
    input = _as(input, dtype)
    if input.dtype.kind in "biu":
        raise ValueError(f"masked.{name}: the input must be floating, got {input.dtype}; pass dtype=cr.float32")
    return input


def mean(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    """The mean over dimensions; NaN of nothing.

    Raises:
        ValueError: the dtype is not floating.
    """
    input = _floating("mean", input, dtype)
    return sum(input, dim, keepdim=keepdim, mask=mask) / _count(input, dim, keepdim, mask, input.dtype)


def median(input: Any, dim: int = -1, *, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    """The element in the middle along a dimension, the lower one of two. NaNs are left out as well; NaN of nothing.

    Raises:
        ValueError: the dtype is not floating.
    """
    input = _floating("median", input, dtype)
    return sorting.nanmedian(_filled("median", input, mask, math.nan), dim, keepdim).values


def _spread(
    name: str, input: Any, dim: Any, unbiased: Any, correction: Any, keepdim: bool, dtype: Any, mask: Any
) -> Any:
    if unbiased is not None and correction is not None:
        raise ValueError(f"masked.{name}: give unbiased or correction, not both (unbiased=True is correction=1)")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    input = _floating(name, input, dtype)
    away = _filled(name, input, mask, 0) - mean(input, dim, keepdim=True, mask=mask)
    total = sum(away * conj(away), dim, keepdim=keepdim, mask=mask)
    count = _count(input, dim, keepdim, mask, dtypes.real_dtype(input.dtype)) - correction
    return total / (max(count, 0) if mask is None else elementwise.clamp(count, min=0))


def var(
    input: Any, dim: Any = None, unbiased: bool | None = None, *, correction: float | None = None,
    keepdim: bool = False, dtype: Any = None, mask: Any = None,
) -> Any:  # fmt: skip
    """The variance over dimensions; `unbiased` and `correction` as for `cr.var`. NaN or infinite of too few.

    Raises:
        ValueError: the dtype is not floating, or both `unbiased` and `correction` are given.
    """
    return _spread("var", input, dim, unbiased, correction, keepdim, dtype, mask)


def std(
    input: Any, dim: Any = None, unbiased: bool | None = None, *, correction: float | None = None,
    keepdim: bool = False, dtype: Any = None, mask: Any = None,
) -> Any:  # fmt: skip
    """The square root of `var`, with the same arguments and errors."""
    return elementwise.sqrt(_spread("std", input, dim, unbiased, correction, keepdim, dtype, mask))


def norm(
    input: Any, ord: float = 2, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None
) -> Any:
    """The vector norm over dimensions, of an order as for `linalg.vector_norm`; 0 of nothing, inf for order -inf."""
    x = _filled("norm", input, mask, math.inf if ord == -math.inf else 0)
    return matrix_norm.vector_norm(x, ord, dim, keepdim, dtype=dtype)


def logsumexp(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None, mask: Any = None) -> Any:
    """`log(sum(exp(x)))` over dimensions; -inf of nothing."""
    return _as(exponentials.logsumexp(_filled("logsumexp", input, mask, -math.inf), dim, keepdim), dtype)


# What keeps the input's shape


def cumsum(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The running sum along a dimension."""
    return scan.cumsum(_filled("cumsum", input, mask, 0), dim, dtype=dtype)


def cumprod(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """The running product along a dimension."""
    return scan.cumprod(_filled("cumprod", input, mask, 1), dim, dtype=dtype)


def softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """`cr.softmax` along a dimension; 0 where an element is left out, NaN where all are."""
    return exponentials.softmax(_filled("softmax", input, mask, -math.inf), dim, dtype)


def log_softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """`cr.log_softmax` along a dimension; -inf where an element is left out, NaN where all are."""
    return exponentials.log_softmax(_filled("log_softmax", input, mask, -math.inf), dim, dtype)


def softmin(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """`softmax` of `-input`."""
    return exponentials.softmin(_filled("softmin", input, mask, math.inf), dim, dtype)


def normalize(input: Any, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None, mask: Any = None) -> Any:
    """`x / max(norm(x), eps)` along a dimension; 0 where an element is left out."""
    length = norm(input, ord, canonical_dim("masked.normalize", dim, input.ndim), keepdim=True, dtype=dtype, mask=mask)
    return _filled("normalize", input, mask, 0) / elementwise.maximum(length, eps)


def logaddexp(input: Any, other: Any, *, dtype: Any = None, input_mask: Any = None, other_mask: Any = None) -> Any:
    """`log(exp(input) + exp(other))`, where each may leave out elements; -inf where both do."""
    a = _filled("logaddexp", input, input_mask, -math.inf)
    return _as(elementwise.logaddexp(a, _filled("logaddexp", other, other_mask, -math.inf)), dtype)


__all__ = ["amax", "amin", "argmax", "argmin", "cumprod", "cumsum", "log_softmax", "logaddexp", "logsumexp", "mean",
           "median", "norm", "normalize", "prod", "softmax", "softmin", "std", "sum", "var"]  # fmt: skip
