"""Determinants and their logarithms. The gradient of a determinant is the cofactor matrix, which singular matrices have
as well: where they occur it comes from the singular values.

A cofactor matrix is that of a product's factors multiplied: `cof(U S V^H) = cof(U) cof(S) cof(V^H)`; for a unitary
matrix it is `det(U) conj(U)`, for a diagonal one it holds the products of the other elements.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ...backends import Array, LinAlgError
from ..op import op
from .complex import adjoint, conj
from .decomposition import svd
from .elementwise import abs, log
from .indexing import where
from .matmul import matmul
from .matrices import identity_like, square
from .rearrange import diag_embed, diagonal
from .reduction import prod, sum as total
from .shape import unsqueeze
from .solve import inv

Slogdet = namedtuple("Slogdet", ("sign", "logabsdet"))

_ILL_CONDITIONED = 1e6


def _each(numbers: Any) -> Any:
    """One number per matrix, in a shape that multiplies the matrices."""
    return unsqueeze(unsqueeze(numbers, -1), -1)


def _cofactors(xp: Any, A: Array) -> Array:
    # G. W. Stewart, "On the adjugate matrix" (1998): det(A) A^-T is accurate however close to singular A is, as long as
    # both come from the same elimination.
    det = xp.linalg.det(A)
    if bool(xp.all(det != 0)):
        return det[..., None, None] * xp.linalg.inv(A).mT
    U, S, Vh = xp.linalg.svd(A)
    others = xp.prod(xp.where(xp.eye(A.shape[-1], dtype=bool), 1, S[..., None, :]), axis=-1)
    unitary = (xp.linalg.det(U) * xp.linalg.det(Vh))[..., None, None]
    return xp.matmul(xp.conj(U) * (unitary * others[..., None, :]), xp.conj(Vh))


def _cofactor_vjp(g: Any, A: Any, out: Any) -> Any:
    try:
        X = inv(A).mT
        if bool((total(abs(A), (-2, -1)) * total(abs(X), (-2, -1)) < _ILL_CONDITIONED).all()):
            return _each(total(g * out, (-2, -1))) * X - matmul(out, matmul(g.mT, X))
    except LinAlgError:
        pass
    # Of diag(s) the cofactor matrix changes by the products of all s but two: those of i and j stand in `pairs`.
    U, S, Vh = svd(A)
    identity = identity_like(S, S.shape[-1])
    chosen = unsqueeze(identity, -2) + unsqueeze(identity, -3) != 0
    pairs = prod(where(chosen, 1.0, unsqueeze(unsqueeze(S, -2), -2)), -1) * (1 - identity)
    inner = matmul(adjoint(U), matmul(g, adjoint(Vh))) * _each(det(U) * det(Vh))
    change = diag_embed(total(pairs * unsqueeze(diagonal(inner, 0, -2, -1), -2), -1)) - pairs * inner.mT
    return matmul(conj(U), matmul(change, conj(Vh)))


_cofactor = op("cofactor", _cofactors, vjp=_cofactor_vjp)
_det = op("det", lambda xp, A: xp.linalg.det(A), vjp=lambda g, A: _each(g) * _cofactor(A))


def _slogdet_vjp(g: Any, A: Any, sign: Any) -> Any:
    # d log det = tr(A^-1 dA): its real part changes logabsdet, its imaginary part turns the sign.
    g_sign, g_log = g
    turned = g_sign * sign if A.dtype.kind == "c" else None
    return _each(g_log if turned is None else g_log + (turned - conj(turned)) * 0.5) * inv(A).mT


_slogdet = op("slogdet", lambda xp, A: tuple(xp.linalg.slogdet(A)), vjp=_slogdet_vjp, outputs=("sign", "logabsdet"))


def det(A: Any) -> Any:
    """The determinants of square matrices, of shape (*, n, n). Singular ones have a gradient too.

    Raises:
        LinAlgError: the matrices are not square.
        RuntimeError: the dtype is not floating or complex.
    """
    return _det(square("linalg.det", A))


def slogdet(A: Any) -> Slogdet:
    """`(sign, logabsdet)` of square matrices: `det(A) = sign * exp(logabsdet)`, without overflow. A singular one gives
    0 and -inf, and has no gradient.

    Raises:
        LinAlgError: the matrices are not square.
        RuntimeError: the dtype is not floating or complex.
    """
    return Slogdet(*_slogdet(square("linalg.slogdet", A)))


def logdet(A: Any) -> Any:
    """The logarithm of the determinants of square matrices: NaN where a real one is negative, -inf where it is 0.

    Raises:
        LinAlgError, RuntimeError: as `slogdet`.
    """
    sign, logabsdet = _slogdet(square("logdet", A))
    return logabsdet + log(sign) if sign.dtype.kind == "c" else where(sign < 0, float("nan"), logabsdet)


__all__ = ["det", "logdet", "slogdet"]
