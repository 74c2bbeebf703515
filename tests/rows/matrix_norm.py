"""Samples for `autograd/ops/matrix_norm.py`."""

from __future__ import annotations

from math import inf

from .rows import Kink, Row, Sample, T

WITH_ZEROS = T(values=[[0.0, 0.0, 0.0], [3.0, 0.0, -4.0], [-2.0, 2.0, 1.0]])
ORDERS = ("fro", "nuc", 1, -1, 2, -2, inf, -inf)

ROWS = [
    Row(
        "linalg.vector_norm",
        Sample(T(3, 4)),
        Sample(T(3, 4), 3.5, 0),
        Sample(T(2, 3, 4), 1, (0, 2), True),
        Sample(T(2, 3, distinct=True, low=0.2), inf),
        Sample(T()),
        Sample(T(0, 3), inf, 1),
        Kink(WITH_ZEROS, -1, 1),
    ),
    Row(
        "linalg.matrix_norm",
        *[Sample(T(3, 4), ord) for ord in ORDERS],
        *[Sample(T(2, 3, 4), ord, (2, 0), keepdim=True) for ord in ORDERS[:3]],
        Sample(T(0, 3, grad=False), inf),
        Kink(WITH_ZEROS, inf),
    ),
    Row(
        "linalg.norm",
        Sample(T(2, 3, 4)),
        Sample(T(3, 4), "nuc"),
        Sample(T(5), 3),
        Sample(T(2, 3, 4), 1, 1),
        Sample(T(2, 3, 4), -1, (0, 1), True),
    ),
]
