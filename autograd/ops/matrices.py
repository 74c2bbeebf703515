"""What the ops of linear algebra share: matrices as they expect them, and the small functions their formulas are made of.

A tensor of shape (*, m, n) is a batch of m x n matrices; `*` is any number of dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ...backends import LinAlgError
from ..errors import DtypeError
from ..op import op
from .complex import conj
from .dims import ndim_of
from .rearrange import tril


def matrices(name: str, x: Any, what: str = "A") -> Any:
    """`x` if it is a batch of matrices of floating or complex numbers.

    Raises:
        LinAlgError: it has fewer than two dimensions.
        DtypeError: its dtype is another.
    """
    if ndim_of(name, x) < 2:
        raise LinAlgError(f"{name}: {what} must be a matrix or a batch of them, (*, m, n), got shape {tuple(x.shape)}")
    floating(name, x, what)
    return x


def floating(name: str, x: Any, what: str = "A") -> None:
    """Raises a DtypeError unless `x` is of a dtype that has linear algebra."""
    if x.dtype.char not in "fdFD":
        raise DtypeError(
            f"{name}: {what} must be float32, float64, complex64 or complex128, got {x.dtype}; convert it, with "
            f"{what}.double() for instance"
        )


def square(name: str, x: Any, what: str = "A") -> Any:
    """`x` if it is a batch of square matrices; errors as for `matrices`."""
    if matrices(name, x, what).shape[-1] != x.shape[-2]:
        raise LinAlgError(f"{name}: {what} must be a square matrix or a batch of them, got shape {tuple(x.shape)}")
    return x


def adjoint(x: Any) -> Any:
    """The conjugate transpose of each matrix."""
    return conj(x).mT


def skew(x: Any) -> Any:
    """Twice the skew-Hermitian part."""
    return x - adjoint(x)


def half_lower(x: Any) -> Any:
    """The lower triangle, with half of the diagonal: what has `x` for its Hermitian sum with its own adjoint."""
    return (tril(x) + tril(x, -1)) * 0.5


def quotient(a: Any, b: Any) -> Any:
    """`a / b`, where 0 / 0 is 0."""
    return a / (b + ((a == 0) & (b == 0)))


identity_like = op(
    "identity", lambda xp, x, *, size: xp.eye(size, dtype=x.dtype), doc="The identity matrix, of the dtype of x."
)
no_failure = op(
    "info", lambda xp, A: xp.zeros(A.shape[:-2], dtype=xp.int32), doc="0, no failure, for every matrix of a batch."
)


def hermitian(formula: Callable[..., Any]) -> Callable[..., Any]:
    """A VJP as the literature writes it, for cotangents that pair as `Re tr(g^H dA)`: the engine's, which pair as
    `Re tr(g^T dA)`, are conjugated on the way in, and the result on the way out."""

    @wraps(formula)
    def conjugated(g: Any, *kept: Any, **named: Any) -> Any:
        given = tuple([conj(part) for part in g]) if isinstance(g, tuple) else conj(g)
        return conj(formula(given, *kept, **named))

    return conjugated
