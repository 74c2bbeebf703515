"""LU factors with partial pivoting, `A = P L U`: L lower triangular with 1 on its diagonal, U upper triangular, P a
permutation; and what is solved with them.

`LU` holds both triangles in one array, as LAPACK does; `pivots`, int32 of shape (*, k), tells that at step i the rows i
and `pivots[i] - 1` were exchanged.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ...backends import Array, LinAlgError
from ..errors import DtypeError, ShapeError
from ..op import op
from .complex import conj
from .elimination import factor, first_zero, permutation
from .joining import cat
from .matmul import matmul
from .matrices import identity_like, matrices, nothing_like, square
from .rearrange import tril, triu
from .shape import broadcast_shapes
from .solve import solve_triangular

LUFactor = namedtuple("LUFactor", ("LU", "pivots"))
LUFactorEx = namedtuple("LUFactorEx", ("LU", "pivots", "info"))
LU = namedtuple("LU", ("P", "L", "U"))
LUUnpack = namedtuple("LUUnpack", ("P", "L", "U"))


def _rows_taken(xp: Any, x: Array, order: Array) -> Array:
    batch = broadcast_shapes(x.shape[:-2], order.shape[:-1])
    x = xp.broadcast_to(x, (*batch, *x.shape[-2:]))
    return xp.take_along_axis(x, xp.broadcast_to(order[..., None], x.shape), -2)


_take_rows = op(
    "take_rows", _rows_taken, vjp=(lambda g, order: _take_rows(g, _inverse_order(order)), None), multilinear=True
)
_order = op("order", lambda xp, pivots, *, rows: permutation(xp, pivots, rows))
_inverse_order = op("inverse_order", lambda xp, order: xp.argsort(order, -1))
_permutation_matrix = op(
    "permutation",
    lambda xp, order, *, dtype: (xp.arange(order.shape[-1])[:, None] == order[..., None, :]).astype(dtype),
)
_first_zero = op("first_zero", lambda xp, LU: first_zero(xp, LU))


def _lu_vjp(g: Any, LU: Any, pivots: Any) -> Any:
    """For the k leading rows and columns, once rows are exchanged, L^-T (tril(L^T gL, -1) + triu(gU U^T)) U^-T: from
    `L^-1 dA U^-1 = L^-1 dL + dU U^-1`, a strictly lower and an upper triangle. What stands to the right of them is
    `L U2`, what stands below `L2 U`: each is solved for its part of A, and hands on to L or U what it owes them.
    """
    g = g[0]
    k = min(LU.shape[-2:])
    head, g_head = LU[..., :k, :k], g[..., :k, :k]
    g_right = g_below = None
    if LU.shape[-1] > k:
        g_right = solve_triangular(head.mT, g[..., :k, k:], upper=True, unitriangular=True)
        g_head = g_head - tril(matmul(g_right, LU[..., :k, k:].mT), -1)
    if LU.shape[-2] > k:
        g_below = solve_triangular(head.mT, g[..., k:, :k], upper=False, left=False)
        g_head = g_head - triu(matmul(LU[..., k:, :k].mT, g_below))
    lower = tril(head, -1) + identity_like(head, k)
    inner = tril(matmul(lower.mT, tril(g_head, -1)), -1) + triu(matmul(triu(g_head), triu(head).mT))
    half = solve_triangular(head.mT, inner, upper=True, unitriangular=True)
    result = solve_triangular(head.mT, half, upper=False, left=False)
    if g_right is not None:
        result = cat([result, g_right], -1)
    if g_below is not None:
        result = cat([result, g_below], -2)
    return _take_rows(result, _inverse_order(_order(pivots, rows=LU.shape[-2])))


_factor = op("lu_factor", lambda xp, A, *, pivot: factor(xp, A, pivot), vjp=_lu_vjp, outputs=("LU", "pivots"))


def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False) -> LUFactorEx:
    """`lu_factor`, with `info`, int32 of shape (*): 0, or the first pivot that is 0.

    Raises:
        LinAlgError: `A` is no matrix; with `check_errors` also if a pivot is 0.
        RuntimeError: the dtype is not floating or complex.
    """
    packed, pivots = _factor(matrices("linalg.lu_factor_ex", A), pivot=bool(pivot))
    info = _first_zero(packed)
    if check_errors and bool((info != 0).any()):
        raise LinAlgError(f"linalg.lu_factor_ex: a pivot is 0, so that U has no inverse; info is {info}")
    return LUFactorEx(packed, pivots, info)


def lu_factor(A: Any, *, pivot: bool = True) -> LUFactor:
    """The LU factors of matrices in one tensor, and the rows exchanged: what `lu_solve` takes.

    Args:
        A: of shape (*, m, n); k = min(m, n). For a gradient its leading k x k part, rows exchanged, must be regular.
        pivot: exchange rows, so that every pivot is the largest that is left in its column; without it the result may
            be inaccurate, or infinite.

    Raises:
        LinAlgError: `A` is no matrix.
        RuntimeError: the dtype is not floating or complex.
    """
    return LUFactor(*_factor(matrices("linalg.lu_factor", A), pivot=bool(pivot)))


def _parts(packed: Any) -> tuple[Any, Any]:
    m, n = packed.shape[-2:]
    k = min(m, n)
    return tril(packed[..., :k], -1) + identity_like(packed, m, k), triu(packed[..., :k, :])


def _exchanges(packed: Any, pivots: Any) -> Any:
    """`P`."""
    return _permutation_matrix(_order(pivots, rows=packed.shape[-2]), dtype=packed.dtype)


def lu(A: Any, *, pivot: bool = True) -> LU:
    """The LU factors `(P, L, U)` of matrices, of shapes (*, m, m), (*, m, k) and (*, k, n); `A = P L U`. Without
    `pivot`, `P` is empty. Arguments and errors as for `lu_factor`."""
    packed, pivots = _factor(matrices("linalg.lu", A), pivot=bool(pivot))
    return LU(_exchanges(packed, pivots) if pivot else nothing_like(packed, dtype=A.dtype), *_parts(packed))


def _expect_pivots(name: str, packed: Any, pivots: Any) -> None:
    if pivots.dtype.kind not in "iu" or pivots.dtype.itemsize != 4:
        raise DtypeError(f"{name}: the pivots must be int32, as lu_factor gives them, got {pivots.dtype}")
    if pivots.shape != (*packed.shape[:-2], min(packed.shape[-2:])):
        raise ShapeError(f"{name}: LU of shape {tuple(packed.shape)} does not go with pivots {tuple(pivots.shape)}")


def lu_unpack(LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True) -> LUUnpack:
    """`(P, L, U)` of what `lu_factor` returned; what is not asked for is empty.

    Raises:
        RuntimeError: the shapes or dtypes do not fit.
    """
    matrices("lu_unpack", LU_data, "LU_data")
    if unpack_pivots:
        _expect_pivots("lu_unpack", LU_data, LU_pivots)
        P = _exchanges(LU_data, LU_pivots)
    else:
        P = nothing_like(LU_data, dtype=LU_data.dtype)
    if unpack_data:
        return LUUnpack(P, *_parts(LU_data))
    return LUUnpack(P, *[nothing_like(LU_data, dtype=LU_data.dtype) for _ in "LU"])


def lu_solve(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False) -> Any:
    """The solution of `A X = B`, given `lu_factor(A)`.

    Args:
        LU, pivots: of shapes (*, n, n) and (*, n).
        B: of shape (*, n, k); the batch dimensions broadcast.
        left: False solves `X A = B` instead, with B of shape (*, k, n).
        adjoint: take the conjugate transpose of `A` in its place.

    Raises:
        LinAlgError: `U` has a 0 on its diagonal, or `LU` is not square.
        RuntimeError: the shapes or dtypes do not fit.
    """
    square("linalg.lu_solve", LU, "LU")
    _expect_pivots("linalg.lu_solve", LU, pivots)
    matrices("linalg.lu_solve", B, "B")
    order = _order(pivots, rows=LU.shape[-1])
    M = conj(LU) if adjoint else LU
    X = B if left else B.mT
    if adjoint == left:  # the transposed system
        X = solve_triangular(M.mT, X, upper=False)
        X = solve_triangular(M.mT, X, upper=True, unitriangular=True)
        X = _take_rows(X, _inverse_order(order))
    else:
        X = solve_triangular(M, _take_rows(X, order), upper=False, unitriangular=True)
        X = solve_triangular(M, X, upper=True)
    return X if left else X.mT


__all__ = ["lu", "lu_factor", "lu_factor_ex", "lu_solve", "lu_unpack"]
