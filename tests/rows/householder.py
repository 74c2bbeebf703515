"""Samples for `autograd/ops/householder.py`."""

from __future__ import annotations

from .rows import Row, Sample, T

C = "complex128"

ROWS = [
    Row("geqrf", Sample(T(4, 3)), Sample(T(2, 2, 3)), grad=False),
    Row(
        "linalg.householder_product",
        Sample(T(4, 3), T(3)),
        Sample(T(2, 3, 3), T(2, 2)),
        Sample(T(3, 2, dtype=C), T(2, dtype=C)),
    ),
    Row("orgqr", Sample(T(4, 3), T(3))),
    Row(
        "ormqr",
        Sample(T(4, 2), T(2), T(4, 3)),
        Sample(T(2, 3, 2), T(2, 2), T(2, 2, 3), left=False, transpose=True),
        Sample(T(2, 4), T(2), T(2, 3)),
        Sample(T(3, 2, dtype=C), T(2, dtype=C), T(3, 3, dtype=C), transpose=True),
    ),
]
