"""Samples for `autograd/ops/scan.py`."""

from __future__ import annotations

from .rows import Row, Sample, T

WITH_ZEROS = T(values=[[1.5, 0.0, -2.0, 3.0], [0.0, 0.0, 4.0, 1.0], [3.0, 1.0, 2.0, 0.0]])

ALONG = (
    Sample(T(3, 4), 0),
    Sample(T(3, 4), -1),
    Sample(T(2, 7, 3), 1),
    Sample(T(9), dim=0),
    Sample(T(1), 0),
    Sample(T(), 0),
    Sample(T(0, 3), 0),
    Sample(T(0, 3), 1),
    Sample(T(2, 3, dtype="int32"), 1),
    Sample(T(4, dtype="bool"), 0),
)
CAST = (Sample(T(3, dtype="int64"), 0, dtype="float64"), Sample(T(3, dtype="int64"), 0, dtype="int32"))
HALVES = Sample(T(values=[[1.0, -0.5]] * 3000, dtype="float16", grad=False), 0)  # in half precision 2048 + 1 is 2048

ROWS = [
    Row("cumsum", *ALONG),
    Row("cumsum", *CAST, HALVES, float32=False),
    Row(
        "cumprod",
        *ALONG,
        Sample(WITH_ZEROS, 0),
        Sample(WITH_ZEROS, 1),
        Sample(T(values=[2.0, 0.0, 3.0, 0.0, 1.0]), 0),
    ),
    Row("cumprod", *CAST, float32=False),
]
