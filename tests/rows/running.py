"""Samples for `autograd/ops/running.py`."""

from __future__ import annotations

from math import inf, nan

from .rows import Kink, Row, Sample, T

TIES = T(values=[[1.0, 3.0, 3.0, 2.0, 3.0, 0.0], [5.0, 5.0, 1.0, 1.0, 7.0, 7.0]])
WITH_NAN = T(values=[[1.0, nan, 3.0, nan, 5.0], [-inf, 2.0, inf, 1.0, inf]])
SAMPLES = (
    Sample(T(3, 7, distinct=True), 1),
    Sample(T(4, 3, 2, distinct=True), -3),
    Sample(T(), 0),
    Sample(T(0, 3, grad=False), 0),
    Sample(T(2, 5, dtype="int32"), 1),
    Kink(TIES, 1),
    Kink(WITH_NAN, 1),
)

ROWS = [
    Row("cummax", *SAMPLES),
    Row("cummin", *SAMPLES),
    Row(
        "logcumsumexp",
        Sample(T(3, 7), 1),
        Sample(T(4, 3, 2), -3),
        Sample(T(), 0),
        Sample(T(0, 3), 0),
        Sample(T(values=[[1000.0, 1001.0, 3.0], [-1000.0, -1001.0, 800.0]]), 1),
        Kink(T(values=[[-inf, -inf, 1.0, -inf], [0.5, -inf, 2.0, 1.0]], grad=False), 1),
    ),
]
