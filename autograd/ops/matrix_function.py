"""Powers, the exponential, and chains of products of matrices, made of products and solutions: none has a rule of its
own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ...backends import Array, backend_of
from ..errors import DtypeError, ShapeError
from ..op import op
from ..tensor import Tensor
from .dims import integer
from .indexing import where
from .matmul import matmul
from .matrices import identity_like, square
from .shape import clone, squeeze, unsqueeze
from .solve import inv, solve

# Powers


def matrix_power(A: Any, n: int) -> Any:
    """Square matrices to an integer power, by repeated squaring; negative powers are those of the inverse.

    Args:
        A: of shape (*, m, m), of integers too where the exponent is not negative.
        n: the exponent.

    Raises:
        LinAlgError: `A` is not square; or singular, and `n` negative.
        RuntimeError: the dtype is not floating or complex.
    """
    rest = integer("linalg.matrix_power", "n", n)
    square("linalg.matrix_power", A, integers=rest >= 0)
    base = inv(A) if rest < 0 else A
    if rest == 0:
        identity = identity_like(A, A.shape[-1])
        return where(identity == identity, identity, A)  # a part of the graph, with a gradient of 0
    rest, result = abs(rest), None
    while True:
        if rest & 1:
            result = base if result is None else matmul(result, base)
        rest >>= 1
        if not rest:
            return clone(result) if result is A else result
        base = matmul(base, base)


# The exponential

# Degrees of diagonal Pade approximants with the 1-norms up to which they, and their derivatives, are exact to double
# precision: A. Al-Mohy and N. Higham, "Computing the Frechet derivative of the matrix exponential, with an application
# to condition number estimation" (2009), table 6.1. Differentiating the steps is their algorithm for the derivative.
_BOUNDS = {3: 1.08e-2, 5: 2.00e-1, 7: 7.83e-1, 9: 1.78, 13: 4.74}


def _coefficients(degree: int) -> list[float]:
    """Of the numerator of the diagonal Pade approximant to exp, divided by the first."""
    found = [1.0]
    for k in range(1, degree + 1):
        found.append(found[-1] * (degree - k + 1) / (k * (2 * degree - k + 1)))
    return found


_PADE = {degree: _coefficients(degree) for degree in _BOUNDS}


def _halvings(xp: Any, A: Array) -> Array:
    """How often each matrix is halved to come below the last bound."""
    norm = xp.abs(A).sum(-2).max(-1) / _BOUNDS[13]
    return xp.ceil(xp.log2(xp.where((norm > 1) & xp.isfinite(norm), norm, 1))).astype(xp.int32)


_halvings_of = op("halvings", _halvings)
_norms_of = op("norm", lambda xp, A: xp.abs(A).sum(-2).max(-1))


def _largest(x: Any) -> float:
    array = x._array if isinstance(x, Tensor) else x
    return float(backend_of(array).to_host(array).max())


def _pade(A: Any, degree: int) -> Any:
    b = _PADE[degree]
    identity = identity_like(A, A.shape[-1])
    A2 = matmul(A, A)
    if degree == 13:
        A4 = matmul(A2, A2)
        A6 = matmul(A4, A2)
        odd = matmul(A6, A6 * b[13] + A4 * b[11] + A2 * b[9]) + A6 * b[7] + A4 * b[5] + A2 * b[3] + identity * b[1]
        even = matmul(A6, A6 * b[12] + A4 * b[10] + A2 * b[8]) + A6 * b[6] + A4 * b[4] + A2 * b[2] + identity
    else:
        odd, even, power = identity * b[1] + A2 * b[3], identity + A2 * b[2], A2
        for k in range(4, degree, 2):
            power = matmul(power, A2)
            odd, even = odd + power * b[k + 1], even + power * b[k]
    odd = matmul(A, odd)
    return solve(even - odd, even + odd)


def matrix_exp(A: Any) -> Any:
    """The exponential of square matrices, `I + A + A^2 / 2 + A^3 / 6 + ...`, by scaling and squaring (N. Higham, "The
    scaling and squaring method for the matrix exponential revisited", 2005). Waits for the device, to see how large
    the matrices are.

    Args:
        A: of shape (*, n, n).

    Raises:
        LinAlgError: `A` is not square.
        RuntimeError: the dtype is not floating or complex.
    """
    square("linalg.matrix_exp", A)
    if 0 in A.shape:
        return clone(A)
    largest = _largest(_norms_of(A))
    for degree, bound in _BOUNDS.items():
        if largest <= bound:
            return _pade(A, degree)
    halvings = _halvings_of(A)
    each = unsqueeze(unsqueeze(halvings, -1), -1)
    X = _pade(A * _half_to(each, dtype=A.dtype), 13)
    for k in range(int(_largest(halvings))):
        X = where(each > k, matmul(X, X), X) if A.ndim > 2 else matmul(X, X)
    return X


_half_to = op("half_to", lambda xp, k, *, dtype: (0.5**k).astype(dtype))


# Chains


def _order_of_products(sizes: list[int]) -> list[list[int]]:
    """Where to split each part of a chain so that the products cost least, by dynamic programming: T. Cormen et al.,
    "Introduction to Algorithms", section 15.2."""
    n = len(sizes) - 1
    cost = [[0] * n for _ in range(n)]
    split = [[0] * n for _ in range(n)]
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i][j], split[i][j] = min(
                (cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )
    return split


def multi_dot(tensors: Sequence[Any]) -> Any:
    """The product of matrices, in the order that costs least.

    Args:
        tensors: at least two; all 2-d but for the first and the last, which may be 1-d: a row, and a column.

    Raises:
        RuntimeError: there are fewer than two, or their shapes or dtypes do not fit.
    """
    chain = list(tensors)
    if len(chain) < 2:
        raise ShapeError(f"linalg.multi_dot: expected at least two tensors, got {len(chain)}")
    for k, x in enumerate(chain):
        if x.ndim != 2 and not (x.ndim == 1 and k in (0, len(chain) - 1)):
            raise ShapeError(
                f"linalg.multi_dot: tensor {k} must be 2-d (only the first and the last may be 1-d), got shape "
                f"{tuple(x.shape)}"
            )
        if x.dtype != chain[0].dtype:
            raise DtypeError(f"linalg.multi_dot: the tensors must have one dtype, got {chain[0].dtype} and {x.dtype}")
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    chain[0] = unsqueeze(chain[0], 0) if row else chain[0]
    chain[-1] = unsqueeze(chain[-1], 1) if column else chain[-1]
    for k, (a, b) in enumerate(pairwise(chain)):
        if a.shape[1] != b.shape[0]:
            raise ShapeError(
                f"linalg.multi_dot: tensors {k} and {k + 1}, of shapes {tuple(tensors[k].shape)} and "
                f"{tuple(tensors[k + 1].shape)}, do not multiply"
            )
    split = _order_of_products([chain[0].shape[0], *[x.shape[1] for x in chain]])

    def product(i: int, j: int) -> Any:
        return chain[i] if i == j else matmul(product(i, split[i][j]), product(split[i][j] + 1, j))

    result = product(0, len(chain) - 1)
    result = squeeze(result, -1) if column else result
    return squeeze(result, 0) if row else result


__all__ = ["matrix_exp", "matrix_power", "multi_dot"]
