"""PyTorch's older names of linear algebra, which stand beside `torch.linalg` with arguments, defaults and results of
their own."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from . import decomposition, least_squares, lu as factors
from .complex import adjoint
from .creation import zeros
from .matrix_function import multi_dot

QR = namedtuple("QR", ("Q", "R"))
SVD = namedtuple("SVD", ("U", "S", "V"))


def cholesky(input: Any, upper: bool = False) -> Any:
    """`linalg.cholesky`."""
    return decomposition.cholesky(input, upper=upper)


def qr(input: Any, some: bool = True) -> QR:
    """`linalg.qr`, reduced if `some`, else complete."""
    return QR(*decomposition.qr(input, "reduced" if some else "complete"))


def svd(input: Any, some: bool = True, compute_uv: bool = True) -> SVD:
    """`(U, S, V)`: `linalg.svd` with V itself in place of its conjugate transpose, reduced if `some`. Without
    `compute_uv` U and V are square and 0."""
    if not compute_uv:
        S = decomposition.svdvals(input)
        *batch, m, n = input.shape
        U, V = [zeros(*batch, k, k, dtype=input.dtype, device=input.device) for k in (m, n)]
        return SVD(U, S, V)
    U, S, Vh = decomposition.svd(input, not some)
    return SVD(U, S, adjoint(Vh))


def lu(A: Any, pivot: bool = True, get_infos: bool = False) -> tuple[Any, ...]:
    """`(LU, pivots)` of `linalg.lu_factor`, with `get_infos` the `info` of `linalg.lu_factor_ex` behind."""
    found = factors.lu_factor_ex(A, pivot=pivot)
    return tuple(found) if get_infos else tuple(found)[:2]


def lu_solve(b: Any, LU_data: Any, LU_pivots: Any) -> Any:
    """`linalg.lu_solve`, with the right side first."""
    return factors.lu_solve(LU_data, LU_pivots, b)


def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """`linalg.pinv` with `rcond` for its `rtol`."""
    return least_squares.pinv(input, rtol=rcond)


def chain_matmul(*matrices: Any) -> Any:
    """`linalg.multi_dot`; of one matrix, that matrix."""
    return multi_dot(matrices) if len(matrices) != 1 else matrices[0]


__all__ = ["chain_matmul", "cholesky", "lu", "lu_solve", "pinverse", "qr", "svd"]
