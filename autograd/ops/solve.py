"""Linear systems: square, triangular, and those of a Cholesky factor; inverses; and tensors taken as matrices.

From `A X = B` follows `A dX = dB - dA X`: the gradient of `B` solves the transposed system, and that of `A` is its
product with `X` (M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008, section 2.3.1).
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Sequence
from typing import Any

from ...backends import Array, NumpyLinAlgError
from ..errors import DtypeError, ShapeError
from ..op import op
from .complex import adjoint
from .dims import canonical_dims, integer, ndim_of
from .elimination import singular, substitute, zero_pivots
from .matmul import matmul
from .matrices import floating, identity_like, matrices, square, unless_it_fails
from .rearrange import tril, triu
from .shape import broadcast_shapes, clone, permute, reshape, squeeze, unsqueeze

InvEx = namedtuple("InvEx", ("inverse", "info"))
SolveEx = namedtuple("SolveEx", ("result", "info"))
TriangularSolve = namedtuple("TriangularSolve", ("solution", "cloned_coefficient"))

# A X = B


def _alike(xp: Any, A: Array, B: Array) -> tuple[Array, Array]:
    """`A` and `B` with the same batch dimensions."""
    if A.shape[:-2] == B.shape[:-2]:
        return A, B
    batch = broadcast_shapes(A.shape[:-2], B.shape[:-2])
    return xp.broadcast_to(A, (*batch, *A.shape[-2:])), xp.broadcast_to(B, (*batch, *B.shape[-2:]))


def _solution(xp: Any, A: Array, B: Array) -> Array:
    try:
        return xp.linalg.solve(*_alike(xp, A, B))
    except NumpyLinAlgError:
        raise singular(xp, A) from None


def _solve_vjp(g: Any, needs: tuple[bool, ...], A: Any, out: Any) -> tuple[Any, Any]:
    g_B = _solve(A.mT, g)
    return -matmul(g_B, out.mT) if needs[0] else None, g_B


def _inverse(xp: Any, A: Array) -> Array:
    try:
        return xp.linalg.inv(A)
    except NumpyLinAlgError:
        raise singular(xp, A) from None


_solve = op("solve", _solution, vjp=_solve_vjp)
_inv = op("inv", _inverse, vjp=lambda g, out: -matmul(out.mT, matmul(g, out.mT)))
_zero_pivot = op("zero_pivot", lambda xp, A: zero_pivots(xp, A))


def _expect_fitting(name: str, A: Any, B: Any, left: bool) -> None:
    """Raises unless `B` is a batch of matrices that makes a system with `A`."""
    matrices(name, B, "B")
    if B.shape[-2 if left else -1] != A.shape[-1]:
        form = "(*, n, k)" if left else "(*, k, n)"
        raise ShapeError(
            f"{name}: A of shape {tuple(A.shape)}, (*, n, n), needs B of shape {form}, got {tuple(B.shape)}"
        )
    if A.dtype != B.dtype:
        raise DtypeError(f"{name}: A and B must have the same dtype, got {A.dtype} and {B.dtype}")
    try:
        broadcast_shapes(A.shape[:-2], B.shape[:-2])
    except ValueError:
        raise ShapeError(
            f"{name}: the batches of A and B, of shapes {tuple(A.shape)} and {tuple(B.shape)}, do not broadcast"
        ) from None


def _columns(name: str, A: Any, B: Any, left: bool) -> tuple[Any, bool]:
    """`B` as a batch of matrices, and whether it was one of vectors: those have the batch dimensions of `A`."""
    floating(name, B, "B")
    vectors = left and (B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1]))
    B = unsqueeze(B, -1) if vectors else B
    _expect_fitting(name, A, B, left)
    return B, vectors


def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """The solution of `A X = B`.

    Args:
        A: of shape (*, n, n).
        B: of shape (*, n, k), or (*, n) with the batch dimensions of `A`; those of matrices broadcast.
        left: False solves `X A = B` instead, with B of shape (*, k, n).

    Raises:
        LinAlgError: a matrix is singular, or `A` is not square.
        RuntimeError: the shapes do not fit; the dtypes differ, or are not floating or complex.
    """
    square("linalg.solve", A)
    B, vectors = _columns("linalg.solve", A, B, left)
    X = _solve(A, B) if left else _solve(A.mT, B.mT).mT
    return squeeze(X, -1) if vectors else X


def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> SolveEx:
    """`solve` that does not raise where a matrix is singular.

    Returns:
        `(result, info)`: `info`, int32, of the shape of the batch of `A`, is 0, or tells the first pivot that is 0;
        NaN is then the result.

    Raises:
        RuntimeError: the shapes or dtypes do not fit; with `check_errors` also if a matrix is singular.
    """
    square("linalg.solve_ex", A)
    B, vectors = _columns("linalg.solve_ex", A, B, left)
    X, info = unless_it_fails(
        lambda M: _solve(M, B) if left else _solve(M.mT, B.mT).mT, A, _zero_pivot, check_errors
    )  # fmt: skip
    return SolveEx(squeeze(X, -1) if vectors else X, info)


def inv(A: Any) -> Any:
    """The inverse of square matrices, of shape (*, n, n). To multiply by it, `solve` is faster and more accurate.

    Raises:
        LinAlgError: a matrix is singular, or not square.
        RuntimeError: the dtype is not floating or complex.
    """
    return _inv(square("linalg.inv", A))


def inv_ex(A: Any, *, check_errors: bool = False) -> InvEx:
    """`inv` that does not raise where a matrix is singular; returns `(inverse, info)` as `solve_ex` does."""
    return InvEx(*unless_it_fails(_inv, square("linalg.inv_ex", A), _zero_pivot, check_errors))


inverse = inv

# Triangular systems


def _triangular_vjp(
    g: Any, needs: tuple[bool, ...], A: Any, out: Any, upper: bool, unit: bool
) -> tuple[Any, Any]:  # fmt: skip
    g_B = _triangular(A.mT, g, upper=not upper, unit=unit)
    if not needs[0]:
        return None, g_B
    g_A = -matmul(g_B, out.mT)
    return triu(g_A, int(unit)) if upper else tril(g_A, -int(unit)), g_B


_triangular = op(
    "solve_triangular",
    lambda xp, A, B, *, upper, unit: substitute(xp, *_alike(xp, A, B), upper, unit),
    vjp=_triangular_vjp,
)


def solve_triangular(A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """The solution of `A X = B` with triangular `A`.

    Args:
        A: of shape (*, n, n). Only one triangle of it is read.
        B: of shape (*, n, k); the batch dimensions broadcast.
        upper: which triangle, and so whether `A` is upper or lower triangular.
        left: False solves `X A = B` instead, with B of shape (*, k, n).
        unitriangular: take the diagonal of `A` for 1, without reading it.

    Raises:
        LinAlgError: there is a 0 on a diagonal, or `A` is not square.
        RuntimeError: the shapes do not fit; the dtypes differ, or are not floating or complex.
    """
    square("linalg.solve_triangular", A)
    _expect_fitting("linalg.solve_triangular", A, B, left)
    if left:
        return _triangular(A, B, upper=bool(upper), unit=bool(unitriangular))
    return _triangular(A.mT, B.mT, upper=not upper, unit=bool(unitriangular)).mT


def triangular_solve(
    b: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> TriangularSolve:
    """`solve_triangular`, by its older name: `(solution, cloned_coefficient)`, the second a copy of `A`."""
    matrices("triangular_solve", b, "b")
    square("triangular_solve", A)
    T = A.mT if transpose else A
    solution = solve_triangular(T, b, upper=bool(upper) != bool(transpose), unitriangular=unitriangular)
    return TriangularSolve(solution, clone(A))


# A = L L^H


def cholesky_solve(B: Any, L: Any, upper: bool = False) -> Any:
    """The solution of `A X = B`, given the Cholesky factor of `A`: `A = L L^H`, or `L^H L` if it is `upper`.

    Args:
        B: of shape (*, n, k).
        L: of shape (*, n, n). Only one triangle of it is read.

    Raises:
        LinAlgError, RuntimeError: as `solve_triangular`.
    """
    square("cholesky_solve", L, "L")
    matrices("cholesky_solve", B, "B")
    lower = adjoint(L) if upper else L
    half = solve_triangular(lower, B, upper=False)
    return solve_triangular(adjoint(lower), half, upper=True)


def cholesky_inverse(L: Any, upper: bool = False) -> Any:
    """The inverse of `A`, given its Cholesky factor; see `cholesky_solve`."""
    square("cholesky_inverse", L, "L")
    return cholesky_solve(identity_like(L, L.shape[-1]), L, upper)


# Tensors taken as matrices


def tensorinv(A: Any, ind: int = 2) -> Any:
    """The inverse of the map that `tensordot(A, X, X.ndim)` is: `A` taken as a matrix whose rows are its first `ind`
    dimensions.

    Args:
        A: its first `ind` sizes have the same product as the others.

    Returns:
        A tensor with the sizes of `A` behind the first `ind` of them, then the first `ind`.

    Raises:
        LinAlgError: the map has no inverse.
        RuntimeError: the products differ, or `ind` is not positive.
    """
    floating("linalg.tensorinv", A)
    if integer("linalg.tensorinv", "ind", ind) < 1:
        raise ShapeError(f"linalg.tensorinv: ind must be positive, got {ind}")
    rows, columns = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    if math.prod(rows) != math.prod(columns):
        raise ShapeError(
            f"linalg.tensorinv: A of shape {tuple(A.shape)} is no square matrix with ind={ind}: the products of "
            f"{rows} and {columns} differ"
        )
    size = math.prod(rows)
    return reshape(_inv(reshape(A, (size, size))), (*columns, *rows))


def tensorsolve(A: Any, B: Any, dims: Sequence[int] | None = None) -> Any:
    """The `X` with `tensordot(A, X, X.ndim) = B`.

    Args:
        A: of shape `B.shape + X.shape`; both have the same number of elements.
        B: the right side.
        dims: dimensions of `A` to move to its end first.

    Raises:
        LinAlgError: `A`, taken as a matrix, is singular.
        RuntimeError: the shapes do not fit; the dtypes differ, or are not floating or complex.
    """
    floating("linalg.tensorsolve", A)
    if dims is not None:
        last = canonical_dims("linalg.tensorsolve", dims, ndim_of("linalg.tensorsolve", A))
        A = permute(A, (*[d for d in range(A.ndim) if d not in last], *last))
    shape = tuple(A.shape[B.ndim :])
    size = math.prod(B.shape)
    if math.prod(A.shape) != size * size or math.prod(shape) != size:
        raise ShapeError(
            f"linalg.tensorsolve: A of shape {tuple(A.shape)} must have the dimensions of B, {tuple(B.shape)}, and "
            f"then as many elements once more"
        )
    X = solve(reshape(A, (size, size)), reshape(B, (size,)))
    return reshape(X, shape)


__all__ = ["cholesky_inverse", "cholesky_solve", "inv", "inv_ex", "inverse", "solve", "solve_ex", "solve_triangular",
           "tensorinv", "tensorsolve", "triangular_solve"]  # fmt: skip
