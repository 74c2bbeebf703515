"""What the ops of linear algebra share: matrices as they expect them, and the small functions of their formulas.

A tensor of shape (*, m, n) is a batch of m x n matrices; `*` is any number of dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...backends import LinAlgError
from ..errors import DtypeError
from ..op import op
from .complex import adjoint
from .dims import ndim_of
from .indexing import where
from .rearrange import tril
from .shape import unsqueeze


def matrices(name: str, x: Any, what: str = "A", integers: bool = False) -> Any:
    """`x` if it is a batch of matrices of floating or complex numbers, or also of `integers`.

    Raises:
        LinAlgError: it has fewer than two dimensions.
        DtypeError: its dtype is another.
    """
    if ndim_of(name, x) < 2:
        raise LinAlgError(f"{name}: {what} must be a matrix or a batch of them, (*, m, n), got shape {tuple(x.shape)}")
    if not (integers and x.dtype.kind in "iu"):
        floating(name, x, what)
    return x


def floating(name: str, x: Any, what: str = "A") -> None:
    """Raises a DtypeError unless `x` is of a dtype that has linear algebra."""
    if x.dtype.char not in "fdFD":
        raise DtypeError(
            f"{name}: {what} must be float32, float64, complex64 or complex128, got {x.dtype}; convert it, with "
            f"{what}.double() for instance"
        )


def square(name: str, x: Any, what: str = "A", integers: bool = False) -> Any:
    """`x` if it is a batch of square matrices; errors as for `matrices`."""
    if matrices(name, x, what, integers).shape[-1] != x.shape[-2]:
        raise LinAlgError(f"{name}: {what} must be a square matrix or a batch of them, got shape {tuple(x.shape)}")
    return x


def skew(x: Any) -> Any:
    """Twice the skew-Hermitian part."""
    return x - adjoint(x)


def half_lower(x: Any) -> Any:
    """The lower triangle, with half of the diagonal: what has `x` for its Hermitian sum with its own adjoint."""
    return (tril(x) + tril(x, -1)) * 0.5


def quotient(a: Any, b: Any) -> Any:
    """`a / b`, where 0 / 0 is 0."""
    return a / (b + ((a == 0) & (b == 0)))


_identity = op("identity", lambda xp, x, *, shape: xp.eye(*shape, dtype=x.dtype))


def identity_like(x: Any, rows: int, columns: int | None = None) -> Any:
    """A matrix of 1 on the diagonal and 0 elsewhere, square unless `columns` is given, of the dtype of `x`."""
    return _identity(x, shape=(rows, rows if columns is None else columns))


nothing_like = op(
    "nothing", lambda xp, x, *, dtype: xp.zeros((0,), dtype=dtype), doc="An empty tensor, where a result is left out."
)
_no_failure = op("info", lambda xp, A: xp.zeros(A.shape[:-2], dtype=xp.int32))


def unless_it_fails(
    compute: Callable[[Any], Any], A: Any, find: Callable[[Any], Any], check_errors: bool
) -> tuple[Any, Any]:
    """`compute(A)`, with NaN for a matrix of the batch that makes it raise a LinAlgError, and `info`: 0, or what `find`
    tells of that matrix. With `check_errors` the error is raised."""
    try:
        return compute(A), _no_failure(A)
    except LinAlgError:
        if check_errors:
            raise
    info = find(A)
    failed = unsqueeze(unsqueeze(info, -1), -1) != 0
    sound = where(failed, identity_like(A, A.shape[-1]), A)
    return where(failed, float("nan"), compute(sound)), info
