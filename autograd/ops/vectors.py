"""Of a batch of vectors the dot products, and of a batch of matrices the diagonals, as vectors."""

from __future__ import annotations

from typing import Any

from ..errors import DtypeError
from . import rearrange
from .complex import conj
from .reduction import sum as total


def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """The dot products of the vectors along a dimension, `sum(conj(x) * y, dim)`; the others broadcast.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the dtypes differ, or are integers; the shapes do not broadcast.
    """
    if x.dtype != y.dtype or x.dtype.kind not in "fc":
        raise DtypeError(f"linalg.vecdot: expected one floating or complex dtype, got {x.dtype} and {y.dtype}")
    return total(conj(x) * y, dim)


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """`cr.diagonal` of the last two dimensions."""
    return rearrange.diagonal(A, offset, dim1, dim2)


__all__ = ["diagonal", "vecdot"]
