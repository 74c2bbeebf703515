"""Distances and similarities of vectors: of matching ones, and of all pairs.

A distance is the norm of a difference, so its derivative where two vectors coincide is the norm's at 0, namely 0.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array, backend_of
from ..errors import DtypeError, ShapeError
from ..op import op
from .comparison import choose
from .counting import array_of, triangle
from .dims import ndim_of, sizes_of
from .elementwise import clamp
from .indexing import index_select
from .matmul import matmul
from .norm import norm
from .reduction import add_up, sum as total
from .shape import broadcast_shapes, broadcast_to, transpose, unsqueeze

_PRODUCT_FROM = 25
"""With more vectors than this on a side `cdist` multiplies matrices, where it may; so does PyTorch."""


def _expect_floating(name: str, *given: Any) -> None:
    for x in given:
        if x.dtype.kind != "f" and x.dtype.name != "bfloat16":
            raise DtypeError(f"{name}: the vectors must be floating, got {x.dtype}; convert them with .float()")


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors: `sum(x1 * x2) / (max(|x1|, eps) * max(|x2|, eps))` along a dimension.

    Args:
        x1, x2: broadcast against each other.
        dim: a dimension of the broadcast shape.
        eps: the least length that is divided by.

    Raises:
        DtypeError: they are not floating.
        IndexError: there is no such dimension.
        ShapeError: the shapes do not broadcast.
    """
    shape = broadcast_shapes(sizes_of("cosine_similarity", x1), sizes_of("cosine_similarity", x2))
    _expect_floating("cosine_similarity", x1, x2)
    directions = []
    for x in (x1, x2):
        x = x if tuple(x.shape) == shape else broadcast_to(x, shape)
        directions.append(x / clamp(norm(x, 2, dim, keepdim=True), min=eps))
    return total(directions[0] * directions[1], dim)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """The p-norm of `x1 - x2 + eps` along the last dimension.

    Args:
        x1, x2: of shape (..., D); broadcast against each other.
        eps: added to each difference, so that the distance of equal vectors has a derivative.

    Returns:
        A tensor of shape (...), or (..., 1) with `keepdim`.
    """
    return norm(x1 - x2 + eps, p, -1, keepdim)


def dist(input: Any, other: Any, p: float = 2) -> Any:
    """The p-norm of `input - other`, broadcast, over all dimensions."""
    return norm(input - other, p)


# All pairs


def _euclidean_forward(xp: Any, a: Array, b: Array) -> Array:
    squares = xp.add.reduce(b * b, -1, None, None, True)
    out = xp.matmul(a, xp.swapaxes(b, -1, -2))
    out *= -2
    out += xp.add.reduce(a * a, -1, None, None, True)
    out += xp.swapaxes(squares, -1, -2)
    return xp.sqrt(xp.maximum(out, 0))


def _pull(g: Any, out: Any) -> Any:
    """The cotangent over the distance: 0 where that is 0."""
    return choose(out == 0, 0.0, g) / (out + (out == 0))


def _towards(pull: Any, x: Any, other: Any) -> Any:
    return x * add_up(pull, dims=(pull.ndim - 1,), keepdim=True) - matmul(pull, other)


_euclidean = op(
    "cdist",
    _euclidean_forward,
    vjp=(
        lambda g, a, b, out: _towards(_pull(g, out), a, b),
        lambda g, a, b, out: _towards(transpose(_pull(g, out), -1, -2), b, a),
    ),
    flops=lambda out, a, b: 2 * math.prod(out) * a[-1],
    doc="The distances of all rows of `a` from all rows of `b`, through the product of the two matrices.",
)


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary") -> Any:
    """The p-norm of the difference of every row of `x1` and every row of `x2`.

    Args:
        x1, x2: of shapes (..., P, M) and (..., R, M); the dimensions before the last two broadcast.
        p: not negative; may be infinite.
        compute_mode: whether the 2-norm is computed through a product of matrices, which takes the memory of the
            result alone but is less accurate for vectors that are close: `"use_mm_for_euclid_dist"`,
            `"donot_use_mm_for_euclid_dist"`, or by default with more than 25 rows on a side. Any other norm takes
            the memory of all differences, (..., P, R, M).

    Returns:
        A tensor of shape (..., P, R).

    Raises:
        DtypeError: they are not floating.
        ShapeError: one of them has fewer than two dimensions, their last sizes differ, or they do not broadcast.
        RuntimeError: `p` is negative.
        ValueError: there is no such mode.
    """
    one, two = sizes_of("cdist", x1), sizes_of("cdist", x2)
    if len(one) < 2 or len(two) < 2 or one[-1] != two[-1]:
        raise ShapeError(f"cdist: expected shapes (..., P, M) and (..., R, M), got {one} and {two}")
    _expect_floating("cdist", x1, x2)
    if not p >= 0:
        raise RuntimeError(f"cdist: p cannot be negative, got {p}")
    many = max(one[-2], two[-2]) > _PRODUCT_FROM
    modes = {
        None: many,
        "use_mm_for_euclid_dist_if_necessary": many,
        "use_mm_for_euclid_dist": True,
        "donot_use_mm_for_euclid_dist": False,
    }
    if compute_mode not in modes:
        raise ValueError(f"cdist: there is no compute_mode {compute_mode!r}; there are {', '.join(map(repr, modes))}")
    if p == 2 and modes[compute_mode]:
        return _euclidean(x1, x2)
    difference = unsqueeze(x1, -2) - unsqueeze(x2, -3)
    if p == math.inf and not one[-1]:  # of no elements there is no largest
        return total(difference, -1)
    return norm(difference, p, -1)


def pdist(input: Any, p: float = 2.0) -> Any:
    """The distances of all pairs of rows: the upper triangle of `cdist(input, input, p)`, without its diagonal, row
    by row.

    Args:
        input: of shape (N, M).
        p: not negative; may be infinite.

    Returns:
        A tensor of shape (N * (N - 1) / 2,).

    Raises:
        DtypeError: it is not floating.
        ShapeError: the input is not 2-d.
        RuntimeError: `p` is negative.
    """
    if ndim_of("pdist", input) != 2:
        raise ShapeError(f"pdist: expected a 2-d tensor, got shape {tuple(input.shape)}")
    _expect_floating("pdist", input)
    if not p >= 0:
        raise RuntimeError(f"pdist: p cannot be negative, got {p}")
    count = input.shape[0]
    first, second = triangle(backend_of(array_of(input)).xp, count, count, 1, False)
    difference = index_select(input, 0, first) - index_select(input, 0, second)
    return norm(difference, p, 1) if input.shape[1] else total(difference, 1)


__all__ = ["cdist", "cosine_similarity", "dist", "pairwise_distance", "pdist"]
