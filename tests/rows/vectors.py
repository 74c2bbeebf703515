"""Samples for `autograd/ops/vectors.py`."""

from __future__ import annotations

from .rows import Row, Sample, T

C = "complex128"

ROWS = [
    Row("linalg.vecdot", Sample(T(3, 4), T(4)), Sample(T(3, 2), T(3, 1), dim=0), Sample(T(3, dtype=C), T(3, dtype=C))),
    Row("linalg.diagonal", Sample(T(2, 3, 4)), Sample(T(3, 4, 2), offset=1, dim1=0, dim2=1)),
]
