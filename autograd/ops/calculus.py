"""Calculus on samples: finite differences, derivatives by differences, integrals by the trapezoidal rule.

All are written with other ops: slices, sums and products.
"""

from __future__ import annotations

from typing import Any

from ..errors import PlaceError, ShapeError
from .comparison import bitwise_xor
from .dims import canonical_dim, canonical_dims, integer, ndim_of, sizes_of
from .joining import cat, narrow
from .reduction import sum
from .scan import cumsum
from .shape import reshape


def _pair(x: Any, dim: int) -> tuple[Any, Any]:
    """All but the last element along `dim`, and all but the first."""
    count = max(x.shape[dim] - 1, 0)
    return narrow(x, dim, 0, count), narrow(x, dim, x.shape[dim] - count, count)


# Differences.


def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """The n-th difference along a dimension: `x[k + 1] - x[k]`, n times over. Of booleans, whether they differ.

    Args:
        prepend, append: what comes before and after; of the shape of `input` but for `dim`.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the input is 0-d, n is negative, or `prepend` or `append` do not fit.
    """
    dim = canonical_dim("diff", dim, ndim_of("diff", input))
    if not input.ndim:
        raise ShapeError("diff: expected a tensor of one dimension or more, got a 0-d one")
    if integer("diff", "n", n) < 0:
        raise ShapeError(f"diff: n must not be negative, got {n}")
    if n == 0:
        return input
    parts = [part for part in (prepend, input, append) if part is not None]
    if any(ndim_of("diff", part) != input.ndim for part in parts):
        shapes = [tuple(part.shape) for part in parts]
        raise ShapeError(f"diff: prepend and append must have as many dimensions as the input, got shapes {shapes}")
    x = cat(parts, dim) if len(parts) > 1 else input
    for _ in range(n):
        earlier, later = _pair(x, dim)
        x = bitwise_xor(later, earlier) if x.dtype.kind == "b" else later - earlier
    return x


# Derivatives.


def gradient(input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> tuple[Any, ...]:
    """The derivative along each dimension of a function known at points: central differences inside, one-sided ones at
    the two ends, exact for polynomials of degree 2 inside and of degree `edge_order` at the ends.

    Args:
        spacing: the distance between points, a number for all dimensions or one for each; or for each the points'
            coordinates, a 1-d tensor.
        dim: an int or several, by default all.
        edge_order: 1 or 2.

    Returns:
        A tuple of tensors of the shape of `input`, one for each dimension.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension has `edge_order` points or fewer; spacings do not fit the dimensions; the edge order
            is neither 1 nor 2.
    """
    shape = sizes_of("gradient", input)
    dims = canonical_dims("gradient", dim, len(shape))
    if edge_order not in (1, 2):
        raise ShapeError(f"gradient: edge_order must be 1 or 2, got {edge_order!r}")
    if spacing is None:
        spacing = 1
    listed = isinstance(spacing, (tuple, list))
    if listed or (hasattr(spacing, "shape") and len(spacing.shape)):
        steps = list(spacing) if listed else [spacing]
        if len(steps) != len(dims):
            raise ShapeError(f"gradient: {len(dims)} dimensions need as many spacings, got {len(steps)}")
    else:
        steps = [spacing] * len(dims)
    found = []
    for d, step in zip(dims, steps, strict=True):
        if shape[d] <= edge_order:
            raise ShapeError(
                f"gradient: dimension {d} of shape {shape} needs {edge_order + 1} points for edge_order={edge_order}"
            )
        if getattr(step, "ndim", 0) and tuple(step.shape) != (shape[d],):
            raise ShapeError(f"gradient: coordinates of shape {tuple(step.shape)} for dimension {d} of shape {shape}")
        found.append(_derivative(input, step, d, edge_order))
    return tuple(found)


def _derivative(x: Any, step: Any, dim: int, edge_order: int) -> Any:
    """From the slopes between neighbours: each end's slope, and inside their mean, weighted by the other's distance."""
    earlier, later = _pair(x, dim)
    count = x.shape[dim] - 1
    if getattr(step, "ndim", 0):
        before, after = _pair(step, 0)
        gap = reshape(after - before, (1,) * dim + (-1,) + (1,) * (x.ndim - dim - 1))
        slope = (later - earlier) / gap
        left, right = _pair(gap, dim)
        weight = left / (left + right)
    else:
        slope, weight = (later - earlier) / step, 0.5
    first, second = _pair(slope, dim)
    inside = first + (second - first) * weight  # the slope of the parabola through three points, at the middle one
    head, tail = narrow(slope, dim, 0, 1), narrow(slope, dim, count - 1, 1)
    if edge_order == 2:  # the parabola's slope at its ends: as far from the middle one as the chord's, beyond it
        head, tail = head * 2 - narrow(inside, dim, 0, 1), tail * 2 - narrow(inside, dim, count - 2, 1)
    return cat([head, inside, tail], dim)


# Integrals.


def _areas(function: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """Those of the trapezoids between neighbours along `dim`, and that dimension."""
    dim = canonical_dim(function, dim, ndim_of(function, y))
    if not y.ndim:
        raise PlaceError(f"{function}: a 0-d tensor has no dimension to integrate along")
    if x is not None and dx is not None:
        raise ShapeError(f"{function}: give the distances either as x or as dx")
    if x is None:
        lower, upper = _pair(y, dim)
        return (lower + upper) * (0.5 if dx is None else dx / 2), dim
    x = reshape(x, (-1,) + (1,) * (y.ndim - dim - 1)) if ndim_of(function, x) == 1 else x
    place = x.ndim - (y.ndim - dim)  # counted from the right, it is the same dimension
    if place < 0 or x.shape[place] != y.shape[dim]:
        raise ShapeError(f"{function}: x of shape {tuple(x.shape)} does not fit y of shape {tuple(y.shape)}")
    (lower, upper), (before, after) = _pair(y, dim), _pair(x, place)
    areas = (after - before) * (lower + upper) / 2
    return areas, dim + areas.ndim - y.ndim


def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The integral along a dimension by the trapezoidal rule.

    Args:
        x: the points, 1-d or of a shape that broadcasts with `y`.
        dx: the distance between points, by default 1.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: both `x` and `dx` are given, or `x` does not fit.
    """
    areas, dim = _areas("trapezoid", y, x, dx, dim)
    return sum(areas, dim)


def trapz(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """See `trapezoid`."""
    return trapezoid(y, x, dx=dx, dim=dim)


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The integral up to each point but the first along a dimension by the trapezoidal rule.

    Args and errors: as `trapezoid`.
    """
    areas, dim = _areas("cumulative_trapezoid", y, x, dx, dim)
    return cumsum(areas, dim)


__all__ = ["cumulative_trapezoid", "diff", "gradient", "trapezoid", "trapz"]
