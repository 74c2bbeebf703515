"""Samples for `autograd/ops/norm.py`."""

from __future__ import annotations

from math import inf

from .rows import Kink, Row, Sample, T

WITH_ZEROS = T(values=[[0.0, 0.0, 0.0], [3.0, 0.0, -4.0], [-2.0, 2.0, 1.0]])
ORDERS = (1, 2, 3, 1.5, 0.5, inf, -inf, 0, -1)

ROWS = [
    Row(
        "norm",
        Sample(T(3, 4)),
        Sample(T(3, 4), None, 0),
        Sample(T(3, 4), "fro", (0, 1), True),
        Sample(T(2, 3, 4), 2, (0, 2)),
        Sample(T()),
        Sample(T(), 2, 0),
        Sample(T(0, 3)),
        Sample(T(0, 3), 1, 0),
        Sample(T(0, 3), 3, 1),
        *[Sample(T(2, 3, distinct=True, low=0.2), p) for p in ORDERS],
        *[Sample(T(2, 3, distinct=True, low=-2.0, high=-0.2), p, 1, keepdim=True) for p in ORDERS],
        *[Kink(WITH_ZEROS, p) for p in ORDERS],
        *[Kink(WITH_ZEROS, p, 1) for p in ORDERS],
    ),
    Row("norm", Sample(T(3, dtype="float32", grad=False), dtype="float64"), float32=False),
    Row(
        "nn.functional.normalize",
        Sample(T(2, 3)),
        Sample(T(2, 3, 4), 1.5, (0, -1)),
        Sample(T(3), float("inf"), 0),
        Sample(T(values=[[0.1, 0.2], [3.0, 4.0]]), eps=10.0),
        Kink(T(values=[[0.0, 0.0]])),
        Sample(T(2, 0, 3)),
    ),
    Row("renorm", Sample(T(3, 4), 2, 0, 1.0), Sample(T(2, 3, 4), 1, -2, 3.0), Sample(T(3, 4), float("inf"), 1, 0.5)),
]
