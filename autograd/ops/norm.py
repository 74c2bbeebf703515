"""The p-norm of what stands along dimensions, taken as a vector."""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array
from ..errors import ShapeError
from ..op import op
from .arithmetic import cast
from .dims import Dims, canonical_dim, ndim_of, reduced_dims, reduced_size, renamed
from .elementwise import abs, sign
from .extremum import amax, amin
from .indexing import where
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
    total = xp.add.reduce(_power(xp, x, p), dims, x.dtype, None, keepdim)
    total = xp.sqrt(total) if p == 2 else total if p in (0, 1) else total ** (1 / p)
    return total.astype(narrow) if narrow.itemsize == 2 else total


# Where the norm is 0 its gradient is set to 0; of that gradient there is none in the input, and it is NaN.
_per_norm = op(
    "div", lambda xp, g, norm: xp.where(norm == 0, g * 0, g / (norm + (norm == 0))),
    vjp=(lambda g, norm: _per_norm(g, norm), lambda g, norm, out: -g * out / norm), elementwise=True,
)  # fmt: skip


def _power_norm_vjp(g: Any, x: Any, out: Any, p: float, dims: Dims, keepdim: bool) -> Any:
    # The norm is not differentiable at 0, nor for p < 1 where an element is 0: there the gradient is 0.
    if p == 0 or p == 1:
        return sign(x) * restore(g * p, x.shape, dims, keepdim)
    if p == 2:
        return x * restore(_per_norm(g, out), x.shape, dims, keepdim)
    nonzero = out + (out == 0)
    scaled = (abs(x) + (x == 0)) / restore(nonzero, x.shape, dims, keepdim)
    share = _per_norm(g, out) * nonzero if p < 1 else g * (out != 0)
    return sign(x) * scaled ** (p - 1) * restore(share, x.shape, dims, keepdim)


_norm = op("norm", _power_norm, vjp=_power_norm_vjp, flops=lambda out, x: 2 * math.prod(x))


def power_norm(name: str, x: Any, p: float, dims: Dims, keepdim: bool) -> Any:
    """The p-norm over `dims`, for the function called `name`."""
    if (p < 0 or p == math.inf) and reduced_size(x.shape, dims) == 0:
        raise RuntimeError(f"{name}: of no elements there is no norm with p={p}; the input has shape {x.shape}")
    if x.dtype.kind == "c":
        x = abs(x)
    if p == math.inf:
        return amax(abs(x), dims, keepdim)
    if p == -math.inf:
        return amin(abs(x), dims, keepdim)
    return _norm(x, p=p, dims=dims, keepdim=keepdim)


def floating(name: str, input: Any, dtype: Any) -> Any:
    """The input in the dtype asked for.

    Raises:
        RuntimeError: it is not floating.
    """
    if dtype is not None:
        input = cast(input, dtype=dtype)
    if input.dtype.kind in "biu":
        raise RuntimeError(f"{name}: the input must be floating, got {input.dtype}; convert it with .float()")
    return input


def norm(
    input: Any,
    p: float | str | None = "fro",
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
    **numpy_names: Any,
) -> Any:
    """The p-norm over dimensions, `sum(abs(x) ** p) ** (1 / p)`. Where it has no derivative the gradient is 0.

    Args:
        p: a number; `inf` or `-inf` for the largest or smallest magnitude; 0 for the number of elements that are not
            0; `"fro"` or None for 2; `"nuc"` for the nuclear norm of matrices (`linalg.matrix_norm`).
        dim: an int, a tuple of ints (two of them for `"nuc"`), or None for all.
        keepdim: keep the reduced dimensions, with size 1.
        dtype: what to cast the input to first.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the dtype is not floating; or over no elements, of which there is no norm with p < 0 or infinite.
        ValueError: `p` is none of these.
    """
    if numpy_names:
        return renamed(norm, locals())
    dims = reduced_dims("norm", input, dim)
    input = floating("norm", input, dtype)
    if p == "nuc":
        from .matrix_norm import matrix_norm

        return matrix_norm(input, "nuc", range(input.ndim) if dim is None else dim, keepdim)
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str) or p != p:
        raise ValueError(f"norm: p must be a number, inf, -inf, 'fro' or 'nuc', got {p!r}")
    return power_norm("norm", input, p, dims, keepdim)


def renorm(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    """A copy in which each slice along `dim` whose p-norm exceeds `maxnorm` is scaled down to it.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the input has fewer than two dimensions, `p` is not positive, or `maxnorm` is negative.
    """
    if ndim_of("renorm", input) < 2:
        raise ShapeError(f"renorm: expected at least 2 dimensions, got shape {tuple(input.shape)}")
    if not (p > 0 and maxnorm >= 0):
        raise ShapeError(f"renorm: expected p > 0 and maxnorm >= 0, got {p} and {maxnorm}")
    dim = canonical_dim("renorm", dim, input.ndim)
    length = norm(input, p, tuple([k for k in range(input.ndim) if k != dim]), True)
    return input * where(length > maxnorm, maxnorm / (length + 1e-7), 1.0)  # PyTorch's guard against 0


__all__ = ["norm", "renorm"]
