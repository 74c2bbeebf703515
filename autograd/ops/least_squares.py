"""What singular values tell of a matrix, its rank and its condition, and what they give where there is no inverse: the
pseudo-inverse, and the solution of least squares."""

from __future__ import annotations

import math
from collections import namedtuple
from typing import Any

from ...backends import Array, dtypes
from ..errors import DtypeError, ShapeError
from ..modes import no_grad
from ..op import op
from ..tensor import Tensor
from .arithmetic import square as squared
from .complex import adjoint, conj
from .decomposition import eigvalsh, svdvals
from .elementwise import abs
from .indexing import where
from .matmul import matmul
from .matrices import floating, matrices, nothing_like, square
from .matrix_norm import matrix_norm
from .reduction import sum as total
from .shape import reshape, squeeze, unsqueeze
from .solve import inv_ex

Lstsq = namedtuple("Lstsq", ("solution", "residuals", "rank", "singular_values"))


def _cutoff(xp: Any, S: Array, shape: tuple[int, ...], atol: Any, rtol: Any) -> Array:
    """The size, for each matrix of this shape, up to which a singular value counts as 0."""
    if rtol is None:
        given = atol is not None and (atol > 0)
        rtol = xp.where(given, 0.0, 1.0) if hasattr(given, "shape") else float(not given)
        rtol = rtol * (xp.finfo(S.dtype).eps * max(shape[-2:]))
    largest = S.max(-1) if S.shape[-1] else xp.zeros(S.shape[:-1], dtype=S.dtype)
    return xp.maximum(largest * rtol, 0.0 if atol is None else atol).astype(S.dtype)


def _tolerance(value: Any) -> Any:
    """A tolerance as the forwards take it: a number or an array."""
    return value._array if isinstance(value, Tensor) else value


def _pseudo_inverse(xp: Any, A: Array, *, atol: Any, rtol: Any, hermitian: bool) -> Array:
    if hermitian:
        S, U = xp.linalg.eigh(A)
        V = U
    else:
        U, S, Vh = xp.linalg.svd(A, False)
        V = xp.conj(Vh).mT
    large = xp.abs(S) > _cutoff(xp, xp.abs(S), A.shape, atol, rtol)[..., None]
    inverse = large / xp.where(large, S, 1)
    return xp.matmul(V * inverse[..., None, :], xp.conj(U).mT)


def _pinv_vjp(g: Any, A: Any, out: Any) -> Any:
    # G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose
    # variables separate" (1973), equation 4.12, for changes of A that keep its rank, and for a conjugate cotangent.
    g = conj(g)
    wide = A.shape[-2] <= A.shape[-1]

    def product(a: Any, b: Any, c: Any) -> Any:  # by way of the smaller of the two squares
        return matmul(matmul(a, b), c) if wide else matmul(a, matmul(b, c))

    P, Ph, gh = out, adjoint(out), adjoint(g)
    rows, columns = product(gh, P, Ph), product(Ph, P, gh)
    return conj(rows - product(A, P, rows) + columns - product(columns, P, A) - product(Ph, g, Ph))


_pinv = op("pinv", _pseudo_inverse, vjp=_pinv_vjp)


def pinv(A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Any:
    """The pseudo-inverse (Moore-Penrose inverse) of matrices. Its gradient is that along changes of `A` that keep its
    rank.

    Args:
        A: of shape (*, m, n).
        rcond: an older name of `rtol`.
        hermitian: take `A` for Hermitian, and read its lower triangle alone.
        atol, rtol: a singular value counts as 0 up to the larger of `atol` and `rtol` times the largest; numbers, or
            tensors with one for each matrix. `rtol` is max(m, n) times the precision of the dtype unless it or a
            positive `atol` is given.

    Returns:
        A tensor of shape (*, n, m).

    Raises:
        LinAlgError: `A` is no matrix, or with `hermitian` not square.
        RuntimeError: the dtype is not floating or complex.
    """
    (square if hermitian else matrices)("linalg.pinv", A)
    rtol = rcond if rtol is None else rtol
    return _pinv(A, atol=_tolerance(atol), rtol=_tolerance(rtol), hermitian=bool(hermitian))


_significant = op(
    "significant",
    lambda xp, S, *, shape, atol, rtol: xp.count_nonzero(S > _cutoff(xp, S, shape, atol, rtol)[..., None], axis=-1),
)


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Any:
    """The number of singular values that are not taken for 0, int64. Arguments and errors as for `pinv`; `tol` is an
    older name of `atol` (with an `rtol` of 0)."""
    (square if hermitian else matrices)("linalg.matrix_rank", A)
    if tol is not None:
        atol, rtol = tol, 0.0
    S = abs(eigvalsh(A)) if hermitian else svdvals(A)
    return _significant(S, shape=tuple(A.shape), atol=_tolerance(atol), rtol=_tolerance(rtol))


def cond(A: Any, p: float | str | None = None) -> Any:
    """The condition number of matrices: the norm of `A` times that of its inverse, infinite where there is none.

    Args:
        A: of shape (*, n, n); for `p` None, 2 or -2, which are ratios of singular values, of any shape (*, m, n).
        p: the norm, as for `matrix_norm`; None for 2.

    Raises:
        LinAlgError: `A` is no matrix, or not square where it must be.
        RuntimeError: the dtype is not floating or complex, or there is no such norm.
    """
    if 0 in matrices("linalg.cond", A).shape:
        return total(abs(A), (-2, -1))  # of no elements, 0
    if p is None or p in (2, -2):
        S = svdvals(A)
        largest, smallest = S[..., 0], S[..., -1]
        return smallest / largest if p == -2 else largest / smallest
    inverse, info = inv_ex(square("linalg.cond", A))
    return where(info != 0, math.inf, matrix_norm(A, p) * matrix_norm(inverse, p))


def lstsq(A: Any, B: Any, rcond: float | None = None, *, driver: str | None = None) -> Lstsq:
    """The `X` of least squares, which makes the norm of `A X - B` smallest, column by column; among several the one
    whose own norm is smallest.

    Args:
        A: of shape (*, m, n).
        B: of shape (*, m, k), or (*, m) with the batch dimensions of `A`.
        rcond: the singular values up to this part of the largest count as 0; max(m, n) times the precision of the
            dtype by default.
        driver: LAPACK's routine whose results are imitated: `"gelsy"` (the default), `"gelsd"`, `"gelss"` or `"gels"`.

    Returns:
        `(solution, residuals, rank, singular_values)`. The residuals, `sum(abs(A X - B)**2)` of each column, are there
        where m > n and every matrix has rank n, and not of `gelsy`; the rank of every driver but `gels`; the singular
        values, without a gradient, of `gelsd` and `gelss`. What is left out is empty.

    Raises:
        LinAlgError: `A` is no matrix.
        RuntimeError: the shapes do not fit, the dtypes differ or are not floating or complex, or there is no such
            driver.
    """
    m, n = matrices("linalg.lstsq", A).shape[-2:]
    floating("linalg.lstsq", B, "B")
    driver = "gelsy" if driver is None else driver
    if driver not in ("gels", "gelsd", "gelss", "gelsy"):
        raise ShapeError(f"linalg.lstsq: driver must be 'gels', 'gelsd', 'gelss' or 'gelsy', got {driver!r}")
    if A.dtype != B.dtype:
        raise DtypeError(f"linalg.lstsq: A and B must have the same dtype, got {A.dtype} and {B.dtype}")
    vectors = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    columns = unsqueeze(B, -1) if vectors else B
    if columns.ndim < 2 or columns.shape[-2] != m:
        raise ShapeError(
            f"linalg.lstsq: A of shape {tuple(A.shape)}, (*, m, n), needs B of shape (*, m, k) or (*, m), got "
            f"{tuple(B.shape)}"
        )
    X = matmul(pinv(A, rtol=rcond), columns)
    with no_grad():
        S = svdvals(A)
    rank = _significant(S, shape=(m, n), atol=None, rtol=rcond)
    if m > n and driver != "gelsy" and (driver == "gels" or bool((rank == n).all())):
        residuals = total(squared(abs(matmul(A, X) - columns)), -2)
    else:
        residuals = abs(reshape(X, (-1,))[:0])
    return Lstsq(
        squeeze(X, -1) if vectors else X,
        residuals,
        nothing_like(S, dtype=dtypes.int64) if driver == "gels" else rank,
        S if driver in ("gelsd", "gelss") else nothing_like(S, dtype=S.dtype),
    )


__all__ = ["cond", "lstsq", "matrix_rank", "pinv"]
