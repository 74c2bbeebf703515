"""The leading singular values and vectors of matrices of low rank, found by multiplying with few random vectors."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ..errors import ShapeError
from ..random import randn
from .complex import adjoint
from .decomposition import qr, svd
from .matmul import matmul
from .matrices import matrices
from .reduction import mean

LowRank = namedtuple("LowRank", ("U", "S", "V"))


def svd_lowrank(A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None) -> LowRank:
    """The `q` leading singular values and vectors of `A - M`, nearly: `(U, S, V)` with `A - M` close to
    `U diag(S) V^H`. N. Halko, P.-G. Martinsson and J. Tropp, "Finding structure with randomness" (2011), algorithms
    4.4 and 5.1. Draws random numbers.

    Args:
        A: of shape (*, m, n).
        q: how many; somewhat more than the rank is best.
        niter: iterations, each of which sharpens the result.
        M: what is subtracted first; broadcasts.

    Raises:
        LinAlgError: `A` is no matrix.
        ValueError: `q` or `niter` is negative, or `q` larger than m or n.
    """
    matrices("svd_lowrank", A)
    q, niter = (6 if q is None else q), (2 if niter is None else niter)
    _expect_possible("svd_lowrank", A, q, niter)
    X = A if M is None else A - M
    if X.shape[-2] < X.shape[-1]:
        V, S, U = _leading(adjoint(X), q, niter)
    else:
        U, S, V = _leading(X, q, niter)
    return LowRank(U, S, V)


def _expect_possible(name: str, A: Any, q: int, niter: int) -> None:
    if not 0 <= q <= min(A.shape[-2:]) or niter < 0:
        raise ShapeError(
            f"{name}: q must be from 0 to {min(A.shape[-2:])} for shape {tuple(A.shape)}, and niter not negative; got "
            f"q={q} and niter={niter}"
        )


def _leading(A: Any, q: int, niter: int) -> tuple[Any, Any, Any]:
    Q = qr(matmul(A, randn(A.shape[-1], q, dtype=A.dtype, device=A.device))).Q
    for _ in range(niter):
        Q = qr(matmul(adjoint(A), Q)).Q
        Q = qr(matmul(A, Q)).Q
    U, S, Vh = svd(matmul(adjoint(Q), A), False)
    return matmul(Q, U), S, adjoint(Vh)


def pca_lowrank(A: Any, q: int | None = None, center: bool = True, niter: int = 2) -> LowRank:
    """`svd_lowrank` of the rows of `A` without their mean: the `q` principal directions are the columns of V. Draws
    random numbers.

    Args:
        A: of shape (*, m, n), a row for each sample.
        q: how many; min(6, m, n) by default.
        center: subtract the mean of the rows.
        niter: see `svd_lowrank`.

    Raises:
        as `svd_lowrank`.
    """
    matrices("pca_lowrank", A)
    q = min(6, *A.shape[-2:]) if q is None else q
    _expect_possible("pca_lowrank", A, q, niter)
    return svd_lowrank(A - mean(A, -2, True) if center else A, q, niter)


__all__ = ["pca_lowrank", "svd_lowrank"]
