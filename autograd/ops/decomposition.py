"""Matrix decompositions: Cholesky, QR, eigenvalues and eigenvectors, singular values and vectors.

Their formulas are those of M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), and M. Seeger et al., "Auto-differentiating linear algebra" (2017), for complex matrices as
well. Eigenvectors and singular vectors are determined up to a factor (a sign, or e^(i phi) when complex), and within a
subspace of equal eigenvalues or singular values up to a rotation: the gradient is that of a function which does not
depend on these. Where values coincide and the vectors are asked for, it is infinite or NaN.

The literature writes them for cotangents that pair as `Re tr(g^H dA)`. Those of the engine pair as `Re tr(g^T dA)`:
they are conjugated when a formula begins, and its result when it ends. (Real ones stay as they are.)
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ...backends import Array, LinAlgError, NumpyLinAlgError
from ..errors import ShapeError
from ..op import op
from .arithmetic import cast
from .comparison import allclose
from .complex import adjoint, conj, real
from .elimination import failures, first_failure
from .joining import cat
from .matmul import matmul
from .matrices import half_lower, matrices, nothing_like, quotient, skew, square, unless_it_fails
from .rearrange import diag_embed, diagonal, tril, triu
from .shape import unsqueeze
from .solve import solve, solve_triangular

QR = namedtuple("QR", ("Q", "R"))
Eig = namedtuple("Eig", ("eigenvalues", "eigenvectors"))
Eigh = namedtuple("Eigh", ("eigenvalues", "eigenvectors"))
SVD = namedtuple("SVD", ("U", "S", "Vh"))
CholeskyEx = namedtuple("CholeskyEx", ("L", "info"))

# Cholesky: A = L L^H


def _lower_factor(xp: Any, A: Array) -> Array:
    try:
        return xp.linalg.cholesky(A)
    except NumpyLinAlgError:
        which, minor = first_failure(_info(xp, A))
        raise LinAlgError(
            f"{which} is not positive-definite: its leading minor of order {minor} is not positive; cholesky_ex tells "
            f"without raising"
        ) from None


def _info(xp: Any, A: Array) -> Array:
    return failures(A, xp.linalg.cholesky, _failed_minors(xp, A))


def _failed_minors(xp: Any, A: Array) -> Array:
    """The order of the first leading minor of each matrix that is not positive, else 0: int32. Column by column."""
    rest = xp.array(A)
    info = xp.zeros(A.shape[:-2], dtype=xp.int32)
    for k in range(A.shape[-1]):
        pivot = rest[..., k, k].real
        info = xp.where((info == 0) & ~(pivot > 0), xp.int32(k + 1), info)
        column = rest[..., k:, k] / xp.where(pivot > 0, xp.sqrt(xp.abs(pivot)), 1)[..., None]
        rest[..., k:, k:] -= column[..., :, None] * xp.conj(column)[..., None, :]
    return info


def _cholesky_vjp(g: Any, out: Any) -> Any:
    # Giles 2008, section 2.3.4, for dA Hermitian as A is: L^-H Phi(L^H g) L^-1 with Phi(X) the lower triangle of X and
    # half of its diagonal.
    phi = half_lower(matmul(adjoint(out), tril(conj(g))))
    inner = (phi + adjoint(phi)) * 0.5
    half = solve_triangular(adjoint(out), inner, upper=True)
    return conj(solve_triangular(out, half, upper=False, left=False))


_cholesky = op("cholesky", _lower_factor, vjp=_cholesky_vjp)


def cholesky(A: Any, *, upper: bool = False) -> Any:
    """The Cholesky factor of Hermitian positive-definite matrices: lower triangular L with `A = L L^H`.

    Args:
        A: of shape (*, n, n). Only its lower triangle is read (with `upper`, the upper one).
        upper: return the upper triangular `L^H` instead.

    Raises:
        LinAlgError: a matrix is not positive-definite, or not square.
        RuntimeError: the dtype is not floating or complex.
    """
    square("linalg.cholesky", A)
    return adjoint(_cholesky(adjoint(A))) if upper else _cholesky(A)


_cholesky_info = op("cholesky_ex", _info)


def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> CholeskyEx:
    """`cholesky` that does not raise for a matrix that is not positive-definite.

    Returns:
        `(L, info)`: `info`, int32, of shape (*), is 0, or the order of the first leading minor that is not positive;
        such a matrix has NaN for its factor.

    Raises:
        LinAlgError: a matrix is not square; with `check_errors` also if one is not positive-definite.
    """
    square("linalg.cholesky_ex", A)
    H = adjoint(A) if upper else A
    L, info = unless_it_fails(_cholesky, H, _cholesky_info, check_errors)
    return CholeskyEx(adjoint(L) if upper else L, info)


# QR: A = Q R


def _qr_vjp(g: Any, Q: Any, R: Any) -> Any:
    # Seeger et al. 2017, section 4.3, for m >= n: (gQ + Q (H + H^H)) R^-H, H the upper triangle of gR R^H - Q^H gQ with
    # half of the diagonal.
    g_Q, g_R = map(conj, g)
    upper = adjoint(half_lower(adjoint(matmul(g_R, adjoint(R)) - matmul(adjoint(Q), g_Q))))
    return conj(solve_triangular(adjoint(R), g_Q + matmul(Q, upper + adjoint(upper)), upper=False, left=False))


_qr = op("qr", lambda xp, A: tuple(xp.linalg.qr(A)), vjp=_qr_vjp, outputs=("Q", "R"))


def _qr_complete_vjp(g: Any) -> Any:
    raise RuntimeError("linalg.qr: with mode='complete' the last columns of Q are arbitrary where A has more rows than "
                       "columns, and there is no gradient; use mode='reduced'")  # fmt: skip


_qr_complete = op("qr", lambda xp, A: tuple(xp.linalg.qr(A, "complete")), vjp=_qr_complete_vjp, outputs=("Q", "R"))


def qr(A: Any, mode: str = "reduced") -> QR:
    """The QR decomposition `A = Q R`: Q with orthonormal columns, R upper triangular.

    Args:
        A: of shape (*, m, n); k = min(m, n). For a gradient its first k columns must be independent.
        mode: `"reduced"`, Q of shape (*, m, k) and R (*, k, n); `"complete"`, (*, m, m) and (*, m, n), without a
            gradient if m > n, where the last columns of Q are arbitrary; `"r"`, an empty Q and the reduced R.

    Raises:
        RuntimeError: there is no such mode; the dtype is not floating or complex.
        LinAlgError: `A` is no matrix.
    """
    m, n = matrices("linalg.qr", A).shape[-2:]
    if mode not in ("reduced", "complete", "r"):
        raise ShapeError(f"linalg.qr: mode must be 'reduced', 'complete' or 'r', got {mode!r}")
    if mode == "complete" and m > n:
        return QR(*_qr_complete(A))
    if m < n:  # Q is that of the first m columns, and the others are rotated by it
        Q, R = _qr(A[..., :m])
        R = cat([R, matmul(adjoint(Q), A[..., m:])], -1)
    else:
        Q, R = _qr(A)
    return QR(nothing_like(A, dtype=A.dtype) if mode == "r" else Q, R)


# Eigenvalues of Hermitian matrices: A = V diag(w) V^H


def _expect_free_of_phase(name: str, phase: Any, opposite: Any = None) -> None:
    """Raises where a gradient says that its function depends on the factor e^(i phi) of a complex vector, which is
    arbitrary: unless `phase` is about `opposite`, or 0."""
    if not allclose(phase, phase * 0 if opposite is None else opposite, rtol=1e-2, atol=1e-2):
        raise RuntimeError(
            f"{name}: complex vectors are determined up to a factor e^(i phi), and the function differentiated depends "
            f"on it, so that it has no gradient; make it of products that do not, such as v v^H or abs(v)"
        )


def _without_diagonal(x: Any) -> Any:
    return tril(x, -1) + triu(x, 1)


def _gaps(values: Any) -> Any:
    """The differences of each pair: `values[j] - values[i]` in row i and column j."""
    return unsqueeze(values, -2) - unsqueeze(values, -1)


def _eigh_vjp(g: Any, w: Any, V: Any) -> Any:
    # Giles 2008, section 3.1: V (diag(gw) + (V^H gV) / E) V^H with E_ij = w_j - w_i, and of that the Hermitian part.
    g_w, g_V = map(conj, g)
    turned = skew(matmul(adjoint(V), g_V))
    if V.dtype.kind == "c":
        _expect_free_of_phase("linalg.eigh", diagonal(turned, 0, -2, -1))
        turned = _without_diagonal(turned)
    inner = quotient(turned * 0.5, _gaps(w)) + diag_embed(g_w)
    return conj(matmul(V, matmul(inner, adjoint(V))))


def _eigvalsh_vjp(g: Any, A: Any, uplo: str) -> Any:
    _, V = _eigh(A, uplo=uplo)
    return conj(matmul(V * unsqueeze(g, -2), adjoint(V)))


_eigh = op("eigh", lambda xp, A, *, uplo: tuple(xp.linalg.eigh(A, uplo)), vjp=_eigh_vjp, outputs=("w", "V"))
_eigvalsh = op("eigvalsh", lambda xp, A, *, uplo: xp.linalg.eigvalsh(A, uplo), vjp=_eigvalsh_vjp)


def _triangle(name: str, A: Any, UPLO: str) -> str:
    square(name, A)
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise ShapeError(f"{name}: UPLO must be 'L' or 'U', got {UPLO!r}")
    return UPLO.upper()


def eigh(A: Any, UPLO: str = "L") -> Eigh:
    """Eigenvalues, in ascending order, and orthonormal eigenvectors (the columns) of Hermitian matrices.

    The gradient is Hermitian: that along Hermitian changes of `A`.

    Args:
        A: of shape (*, n, n).
        UPLO: which triangle of it is read, `"L"` or `"U"`.

    Raises:
        LinAlgError: `A` is no square matrix, or the values do not converge.
        RuntimeError: the dtype is not floating or complex; `UPLO` is neither.
    """
    return Eigh(*_eigh(A, uplo=_triangle("linalg.eigh", A, UPLO)))


def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """The eigenvalues alone of Hermitian matrices; see `eigh`. Their gradient is finite where they coincide too."""
    return _eigvalsh(A, uplo=_triangle("linalg.eigvalsh", A, UPLO))


# Eigenvalues of square matrices: A V = V diag(w)


def _eigenpairs(xp: Any, A: Array) -> tuple[Array, Array]:
    w, V = xp.linalg.eig(A)
    kind = xp.result_type(A.dtype, xp.complex64)
    return w.astype(kind, copy=False), V.astype(kind, copy=False)


def _eig_vjp(g: Any, w: Any, V: Any, A_dtype: Any) -> Any:
    # Giles 2008, section 3.1, for columns of norm 1: V^-H (diag(gw) + (V^H gV - V^H V diag(Re(V^H gV))) / conj(E)) V^H.
    g_w, g_V = map(conj, g)
    turned = matmul(adjoint(V), g_V)
    along = diagonal(turned, 0, -2, -1)
    _expect_free_of_phase("linalg.eig", along - conj(along))
    turned = turned - matmul(adjoint(V), V * unsqueeze(real(along), -2))
    inner = quotient(_without_diagonal(turned), conj(_gaps(w))) + diag_embed(g_w)
    return cast(conj(solve(adjoint(V), matmul(inner, adjoint(V)))), dtype=A_dtype)


def _eigvals_vjp(g: Any, A: Any) -> Any:
    _, V = _eig(A)
    return cast(conj(solve(adjoint(V), unsqueeze(conj(g), -1) * adjoint(V))), dtype=A.dtype)


_eig = op("eig", _eigenpairs, vjp=_eig_vjp, outputs=("w", "V"))
_eigvals = op(
    "eigvals",
    lambda xp, A: xp.linalg.eigvals(A).astype(xp.result_type(A.dtype, xp.complex64), copy=False),
    vjp=_eigvals_vjp,
)


def eig(A: Any) -> Eig:
    """Eigenvalues and eigenvectors (the columns, of norm 1) of square matrices, complex also where `A` is real; in no
    particular order. The matrices must be diagonalisable to have a gradient.

    Args:
        A: of shape (*, n, n).

    Raises:
        LinAlgError: `A` is no square matrix, or the values do not converge.
        RuntimeError: the dtype is not floating or complex.
    """
    return Eig(*_eig(square("linalg.eig", A)))


def eigvals(A: Any) -> Any:
    """The eigenvalues alone, complex, of square matrices; see `eig`."""
    return _eigvals(square("linalg.eigvals", A))


# Singular values: A = U diag(S) V^H


def _svd_vjp(g: Any, U: Any, S: Any, Vh: Any) -> Any:
    # Seeger et al. 2017, section 4.4; complex as in Z.-Q. Wan and S.-X. Zhang, "Automatic differentiation for complex
    # valued SVD" (2019).
    g_U, g_S, g_Vh = map(conj, g)
    m, n, k = U.shape[-2], Vh.shape[-1], S.shape[-1]
    if U.shape[-1] > k:  # the columns that complete U turn against the first ones
        U, rest, g_U, g_rest = U[..., :k], U[..., k:], g_U[..., :k], g_U[..., k:]
        g_U = g_U - matmul(rest, matmul(adjoint(g_rest), U))
    if Vh.shape[-2] > k:
        Vh, rest, g_Vh, g_rest = Vh[..., :k, :], Vh[..., k:, :], g_Vh[..., :k, :], g_Vh[..., k:, :]
        g_Vh = g_Vh - matmul(matmul(Vh, adjoint(g_rest)), rest)
    s, s_row = unsqueeze(S, -1), unsqueeze(S, -2)
    turned_U, turned_V = matmul(adjoint(U), g_U), matmul(Vh, adjoint(g_Vh))
    left, right = skew(turned_U), skew(turned_V)
    inner = diag_embed(g_S)
    if U.dtype.kind == "c":
        phase = diagonal(left, 0, -2, -1)
        _expect_free_of_phase("linalg.svd", phase, -diagonal(right, 0, -2, -1))
        inner = inner + diag_embed(phase / (S + S))
        left, right = _without_diagonal(left), _without_diagonal(right)
    gaps = (s_row - s) * (s_row + s)
    result = matmul(U, quotient(left, gaps) * s_row + quotient(right, gaps) * s + inner)
    if m > k:
        result = result + quotient(g_U - matmul(U, turned_U), s_row)
    result = matmul(result, Vh)
    if n > k:
        result = result + matmul(U, quotient(g_Vh - matmul(adjoint(turned_V), Vh), s))
    return conj(result)


def _svdvals_vjp(g: Any, A: Any) -> Any:
    U, _, Vh = _svd(A, full=False)
    return conj(matmul(U * unsqueeze(g, -2), Vh))


_svd = op("svd", lambda xp, A, *, full: tuple(xp.linalg.svd(A, full)), vjp=_svd_vjp, outputs=("U", "S", "Vh"))
_svdvals = op("svdvals", lambda xp, A: xp.linalg.svd(A, False, False), vjp=_svdvals_vjp)


def svd(A: Any, full_matrices: bool = True) -> SVD:
    """The singular value decomposition `A = U diag(S) Vh`, S in descending order.

    Args:
        A: of shape (*, m, n); k = min(m, n). A gradient of U and Vh needs distinct singular values, and none of them 0
            unless `A` is square.
        full_matrices: U of shape (*, m, m) and Vh (*, n, n); else (*, m, k) and (*, k, n).

    Raises:
        LinAlgError: `A` is no matrix, or the values do not converge.
        RuntimeError: the dtype is not floating or complex.
    """
    return SVD(*_svd(matrices("linalg.svd", A), full=bool(full_matrices)))


def svdvals(A: Any) -> Any:
    """The singular values alone, in descending order; see `svd`. Their gradient is finite where they coincide too."""
    return _svdvals(matrices("linalg.svdvals", A))


__all__ = ["cholesky", "cholesky_ex", "eig", "eigh", "eigvals", "eigvalsh", "qr", "svd", "svdvals"]
