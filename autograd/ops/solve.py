"""Linear systems: square, triangular, and those of a Cholesky factor; inverses; and tensors taken as matrices.

From `A X = B` follows `A dX = dB - dA X`: the gradient of `B` solves the transposed system, and that of `A` is its
product with `X` (M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", 2008, section 2.3.1).
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Sequence
from typing import Any

from ...backends import Array, LinAlgError
from ..errors import ShapeError
from ..op import op
from .dims import canonical_dims, ndim_of
from .indexing import where
from .matmul import matmul
from .matrices import adjoint, identity_like, matrices, no_failure, square
from .rearrange import tril, triu
from .shape import broadcast_shapes, permute, reshape, squeeze, unsqueeze

InvEx = namedtuple("inv_ex", ("inverse", "info"))
SolveEx = namedtuple("solve_ex", ("result", "info"))

# A X = B


def _alike(xp: Any, A: Array, B: Array) -> tuple[Array, Array]:
    """`A` and `B` with the same batch dimensions, as CuPy wants them."""
    if A.shape[:-2] == B.shape[:-2]:
        return A, B
    batch = broadcast_shapes(A.shape[:-2], B.shape[:-2])
    return xp.broadcast_to(A, (*batch, *A.shape[-2:])), xp.broadcast_to(B, (*batch, *B.shape[-2:]))


def _singular(xp: Any, A: Array) -> LinAlgError:
    """The error for a batch of which a matrix has no inverse, naming the first."""
    info = _zero_pivot(xp, A).ravel()
    first = int((info != 0).argmax())
    which = f"matrix {first} of the batch" if A.ndim > 2 else "the matrix"
    return LinAlgError(
        f"{which} is singular: its elimination meets pivot {int(info[first])}, which is 0. lstsq or pinv give the "
        f"solution of least squares"
    )


def _zero_pivot(xp: Any, A: Array) -> Array:
    """The first pivot that is 0 in the elimination of each matrix, counted from 1; 0 if there is none: int32."""
    pivots = xp.linalg.qr(A)[1].diagonal(0, -2, -1) if False else _pivots(xp, A)
    zero = pivots == 0
    return xp.where(zero.any(-1), zero.argmax(-1) + 1, 0).astype(xp.int32)
