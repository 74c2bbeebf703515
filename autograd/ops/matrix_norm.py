"""The norms of `linalg`: of vectors, of matrices, and the one that takes what it is given for either."""

from __future__ import annotations

import math
from typing import Any

from .dims import canonical_dim, kept_shape, ndim_of, reduced_dims
from .elementwise import abs
from .extremum import amax, amin
from .norm import floating, power_norm
from .reduction import sum as total
from .shape import movedim, reshape


def vector_norm(x: Any, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The p-norm of what stands along dimensions, taken as a vector: `sum(abs(x) ** p) ** (1 / p)`.

    Args:
        ord: p, a number; `inf` or `-inf` for the largest or smallest magnitude; 0 for the number of elements that are
            not 0.
        dim: an int, a tuple of ints, or None for all.
        keepdim: keep the reduced dimensions, with size 1.
        dtype: what to cast the input to first.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the dtype is not floating; or over no elements, of which there is no norm with p < 0 or infinite.
        TypeError: `ord` is not a number.
    """
    dims = reduced_dims("linalg.vector_norm", x, dim)
    if isinstance(ord, str) or ord != ord:
        raise TypeError(f"linalg.vector_norm: ord must be a number, inf or -inf, got {ord!r}")
    return power_norm("linalg.vector_norm", floating("linalg.vector_norm", x, dtype), ord, dims, keepdim)


def _extreme(name: str, x: Any, ord: Any, dim: int, keepdim: bool) -> Any:
    """The largest for a positive order, 0 of no elements; the smallest for a negative one."""
    if x.shape[dim]:
        return (amax if ord > 0 else amin)(x, dim, keepdim)
    if ord < 0:
        raise RuntimeError(f"{name}: of no elements there is no norm of order {ord}")
    return total(x, dim, keepdim)


def matrix_norm(
    A: Any, ord: float | str = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """A norm of matrices.

    Args:
        ord: `"fro"`, the square root of the sum of squares; `"nuc"`, the sum of the singular values; 2 or -2, the
            largest or smallest of them; 1 or -1, the largest or smallest sum of magnitudes in a column; `inf` or
            `-inf`, in a row.
        dim: the dimensions of rows and of columns.
        keepdim: keep them, with size 1.
        dtype: what to cast the input to first.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: fewer than two dimensions; the dtype is not floating; `dim` does not name two dimensions; there is
            no such norm, or none of a matrix without elements.
    """
    name = "linalg.matrix_norm"
    ndim = ndim_of(name, A)
    A = floating(name, A, dtype)
    if ndim < 2:
        raise RuntimeError(f"{name}: expected a tensor of two or more dimensions, got shape {tuple(A.shape)}")
    given = tuple(dim) if isinstance(dim, (tuple, list, range)) else (dim,)
    rows, columns = [canonical_dim(name, d, ndim) for d in given] if len(given) == 2 else (0, 0)
    if rows == columns:
        raise RuntimeError(f"{name}: dim must name two different dimensions, got {dim}")
    dims = (min(rows, columns), max(rows, columns))
    if ord == "fro":
        return power_norm(name, A, 2, dims, keepdim)
    if ord not in ("nuc", 1, -1, 2, -2, math.inf, -math.inf):
        raise RuntimeError(f"{name}: ord must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, got {ord!r}")
    if ord in ("nuc", 2, -2):
        from .decomposition import svdvals

        values = svdvals(movedim(A, (rows, columns), (-2, -1)))
        found = total(values, -1) if ord == "nuc" else _extreme(name, values, ord, -1, False)
        return reshape(found, kept_shape(A.shape, dims)) if keepdim else found
    along, across = (rows, columns) if ord in (1, -1) else (columns, rows)
    found = _extreme(name, total(abs(A), along, True), ord, across, True)
    return found if keepdim else reshape(found, tuple([n for k, n in enumerate(A.shape) if k not in dims]))


def norm(A: Any, ord: float | str | None = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """`vector_norm` or `matrix_norm`.

    Args:
        ord: as there. None for the square root of the sum of squares, of any shape if `dim` is None too.
        dim: an int for vectors, two for matrices; None for a matrix or a vector, as `A` is one.
        keepdim: keep the reduced dimensions, with size 1.
        dtype: what to cast the input to first.

    Raises:
        as these, and RuntimeError: `dim` names more than two dimensions, or `A` is neither matrix nor vector.
    """
    ndim = ndim_of("linalg.norm", A)
    dims = dim if dim is None or isinstance(dim, (tuple, list)) else (dim,)
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"linalg.norm: dim must name one dimension or two, got {dim}")
    if ord is None:
        return vector_norm(A, 2, dims, keepdim, dtype=dtype)
    if dims is None:
        if ndim not in (1, 2):
            raise RuntimeError(f"linalg.norm: with ord and no dim, expected a vector or a matrix, got shape {A.shape}")
        dims = tuple(range(ndim))
    if len(dims) == 2 or isinstance(ord, str):
        return matrix_norm(A, ord, dims, keepdim, dtype=dtype)
    return vector_norm(A, ord, dims, keepdim, dtype=dtype)


__all__ = ["matrix_norm", "norm", "vector_norm"]
