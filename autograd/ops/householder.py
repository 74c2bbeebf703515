"""Products of Householder reflections, as `geqrf` leaves them: reflection i is `I - tau_i v_i v_i^H`, with 0 above the
i-th element of `v_i`, and 1 there.

Their product is `I - V T V^H` with an upper triangular T (R. Schreiber and C. Van Loan, "A storage-efficient WY
representation for products of Householder transformations", 1989): a few products of matrices, and no rule of its own.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ...backends import Array
from ..errors import DtypeError, ShapeError
from ..op import op
from .complex import adjoint
from .matmul import matmul
from .matrices import identity_like, matrices
from .rearrange import diag_embed, tril, triu
from .shape import unsqueeze
from .solve import solve_triangular

Geqrf = namedtuple("Geqrf", ("a", "tau"))


def _raw(xp: Any, A: Array) -> tuple[Array, Array]:
    h, tau = xp.linalg.qr(A, "raw")
    return h.mT, tau


_geqrf = op("geqrf", _raw, outputs=("a", "tau"))


def geqrf(input: Any) -> Geqrf:
    """The QR decomposition as LAPACK leaves it: R in the upper triangle of `a`, and below the diagonal, with `tau`, the
    reflections whose product Q is; see `householder_product`. No gradient: `linalg.qr` has one.

    Raises:
        LinAlgError: the input is no matrix.
        RuntimeError: the dtype is not floating or complex.
    """
    return Geqrf(*_geqrf(matrices("geqrf", input, "input")))


def _reflections(name: str, A: Any, tau: Any) -> tuple[Any, Any]:
    """`V` and `T`."""
    m, n = matrices(name, A).shape[-2:]
    k = tau.shape[-1] if tau.ndim else -1
    if not 0 <= k <= min(m, n) or tuple(tau.shape[:-1]) != tuple(A.shape[:-2]):
        raise ShapeError(
            f"{name}: reflections of shape (*, m, n) need tau of shape (*, k), k no larger than m and n; got "
            f"{tuple(A.shape)} and {tuple(tau.shape)}"
        )
    if A.dtype != tau.dtype:
        raise DtypeError(f"{name}: both must have the same dtype, got {A.dtype} and {tau.dtype}")
    V = tril(A[..., :k], -1) + identity_like(A, m, k)
    # T^-1 = diag(1 / tau) + triu(V^H V, 1), written without the division.
    inverse = identity_like(A, k) + unsqueeze(tau, -1) * triu(matmul(adjoint(V), V), 1)
    return V, solve_triangular(inverse, diag_embed(tau), upper=True, unitriangular=True)


def householder_product(A: Any, tau: Any) -> Any:
    """The first n columns of a product of Householder reflections: the Q of `geqrf`.

    Args:
        A: of shape (*, m, n), m >= n: the reflections are below the diagonal of the first k columns.
        tau: of shape (*, k), k <= n.

    Returns:
        A tensor of shape (*, m, n).

    Raises:
        RuntimeError: the shapes do not fit; the dtypes differ, or are not floating or complex.
    """
    V, T = _reflections("linalg.householder_product", A, tau)
    n = A.shape[-1]
    if A.shape[-2] < n:
        raise ShapeError(f"linalg.householder_product: A must have no more columns than rows, got {tuple(A.shape)}")
    return identity_like(A, *A.shape[-2:]) - matmul(V, matmul(T, adjoint(V[..., :n, :])))


def ormqr(input: Any, tau: Any, other: Any, left: bool = True, transpose: bool = False) -> Any:
    """`Q C`, where Q, of shape (*, m, m), is the whole product of Householder reflections.

    Args:
        input: the reflections, of shape (*, m, l), as `geqrf` gives them.
        tau: of shape (*, k), k no larger than m and l.
        other: C, of shape (*, m, n), or (*, n, m) if not `left`.
        left: False for `C Q`.
        transpose: the conjugate transpose of Q in its place.

    Raises:
        RuntimeError: the shapes do not fit; the dtypes differ, or are not floating or complex.
    """
    V, T = _reflections("ormqr", input, tau)
    matrices("ormqr", other, "other")
    if other.shape[-2 if left else -1] != V.shape[-2] or tuple(other.shape[:-2]) != tuple(input.shape[:-2]):
        raise ShapeError(
            f"ormqr: reflections of shape {tuple(input.shape)} do not go with other of shape {tuple(other.shape)}"
        )
    T = adjoint(T) if transpose else T
    if left:
        return other - matmul(V, matmul(T, matmul(adjoint(V), other)))
    return other - matmul(matmul(matmul(other, V), T), adjoint(V))


orgqr = householder_product

__all__ = ["geqrf", "householder_product", "orgqr", "ormqr"]
