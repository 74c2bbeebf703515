"""The p-norm of what stands along dimensions, taken as a vector."""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array
from ..op import op
from .arithmetic import cast
from .dims import Dims, reduced_dims, reduced_size
from .elementwise import abs, sign
from .extremum import amax, amin
from .reduction import restore


def _power(xp: Any, x: Array, p: float) -> Array:
    if p == 0:
        return x != 0
    if p == 1:
        return xp.abs(x)
    return x * x if p == 2 else xp.abs(x) ** p


def _power_norm(xp: Any, x: Array, *, p: float, dims: Dims, keepdim: bool) -> Array:
    narrow = x.dtype
    if narrow.itemsize == 2:
        x = x.astype(xp.float32)
    if x.dtype.kind == "c":
        x = xp.abs(x)
    total = xp.add.reduce(_power(xp, x, p), dims, x.dtype, None, keepdim)
    total = xp.sqrt(total) if p == 2 else total if p in (0, 1) else total ** (1 / p)
    return total.astype(narrow) if narrow.itemsize == 2 else total


def _power_norm_vjp(g: Any, x: Any, out: Any, p: float, dims: Dims, keepdim: bool) -> Any:
    # The norm is not differentiable at 0, nor for p < 1 where an element is 0: there the gradient is 0.
    if p == 0 or p == 1:
        return sign(x) * restore(g * p, x.shape, dims, keepdim)
    nonzero = out + (out == 0)
    if p == 2:
        return x * restore(g / nonzero, x.shape, dims, keepdim)
    scaled = (abs(x) + (x == 0)) / restore(nonzero, x.shape, dims, keepdim)
    return sign(x) * scaled ** (p - 1) * restore(g * (out != 0), x.shape, dims, keepdim)


_norm = op("norm", _power_norm, vjp=_power_norm_vjp, flops=lambda out, x: 2 * math.prod(x))


def norm(
    input: Any, p: float | str | None = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The p-norm over dimensions, `sum(abs(x) ** p) ** (1 / p)`. Where it has no derivative the gradient is 0.

    Args:
        p: a number; `inf` or `-inf` for the largest or smallest magnitude; 0 for the number of elements that are not
            0; `"fro"` or None for 2. The nuclear norm is not here.
        dim: an int, a tuple of ints, or None for all.
        keepdim: keep the reduced dimensions, with size 1.
        dtype: what to cast the input to first.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the dtype is not floating; or over no elements, of which there is no norm with p < 0 or infinite.
        ValueError: `p` is none of these.
    """
    dims = reduced_dims("norm", input, dim)
    if dtype is not None:
        input = cast(input, dtype=dtype)
    if input.dtype.kind in "biu":
        raise RuntimeError(f"norm: the input must be floating, got {input.dtype}; convert it with .float()")
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str) or p != p:
        raise ValueError(f"norm: p must be a number, inf, -inf or 'fro', got {p!r}")
    if (p < 0 or p == math.inf) and reduced_size(input.shape, dims) == 0:
        raise RuntimeError(f"norm: of no elements there is no norm with p={p}; the input has shape {input.shape}")
    if p == math.inf:
        return amax(abs(input), dims, keepdim)
    if p == -math.inf:
        return amin(abs(input), dims, keepdim)
    return _norm(input, p=p, dims=dims, keepdim=keepdim)


__all__ = ["norm"]
