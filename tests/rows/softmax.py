"""Samples for `autograd/ops/softmax.py`."""

from __future__ import annotations

from math import inf

from .rows import Kink, Row, Sample, T

SHAPES = (
    Sample(T(3, 4), 0),
    Sample(T(3, 4), -1),
    Sample(T(2, 3, 4), dim=1),
    Sample(T(5), 0),
    Sample(T(1), 0),
    Sample(T(), 0),
    Sample(T(0, 3), 0),
    Sample(T(0, 3), 1),
    Sample(T(values=[[1000.0, 1001.0, -1000.0], [0.0, -800.0, 800.0]]), 1),
    Kink(T(values=[[-inf, 0.5, 1.0], [-inf, -inf, 2.0]]), 1),
)
CAST = Sample(T(2, 3, dtype="int64"), 1, dtype="float64")

ROWS = [
    Row("softmax", *SHAPES),
    Row("softmax", CAST, float32=False),
    Row("log_softmax", *SHAPES),
    Row("log_softmax", CAST, float32=False),
    Row("softmin", *SHAPES[:9], torch="nn.functional.softmin"),
    Row(
        "logsumexp",
        Sample(T(3, 4), 0),
        Sample(T(3, 4), -1, True),
        Sample(T(2, 3, 4), (0, 2)),
        Sample(T(2, 3, 4), (1, 2), keepdim=True),
        Sample(T(2, 3), (0, 1)),
        Sample(T(), 0),
        Sample(T(0, 3), 0),
        Sample(T(0, 3), 1),
        Sample(T(values=[[1000.0, 1001.0], [-1000.0, -1001.0]]), 1),
        Kink(T(values=[[-inf, 1.0], [-inf, 2.0]]), 1),
        Kink(T(values=[[-inf, -inf], [inf, 2.0]], grad=False), 1),
        Sample(T(2, 3, dtype="int64"), 1),
    ),
]
