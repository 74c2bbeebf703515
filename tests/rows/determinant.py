"""Samples for `autograd/ops/determinant.py`."""

from __future__ import annotations

from .rows import Row, Sample, T

C = "complex128"

ROWS = [
    Row(
        "linalg.det",
        Sample(T(3, 3)),
        Sample(T(2, 2, 2)),
        Sample(T(1, 1)),
        Sample(T(0, 0)),
        Sample(T(3, 3, dtype=C)),
    ),
    # Singular, of ranks 2, 1 and 0: the first derivative is the cofactor matrix, and the second is not 0 at rank 1.
    Row(
        "linalg.det",
        Sample(T(values=[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [5.0, 7.0, 9.0]])),
        Sample(T(values=[[1.0, 2.0, -1.0], [2.0, 4.0, -2.0], [0.0, 0.0, 0.0]])),
        Sample(T(values=[[0.0] * 3] * 3)),
        torch=False,
    ),
    Row("linalg.slogdet", Sample(T(3, 3)), Sample(T(2, 3, 3)), Sample(T(3, 3, dtype=C))),
    Row("logdet", Sample(T(values=[[2.0, 0.5], [-0.3, 1.0]])), Sample(T(2, 2, dtype=C)), Sample(T(0, 3, 3))),
]
