"""Samples for `autograd/ops/reduction.py`."""

from __future__ import annotations

from math import nan

from .rows import Row, Sample, T

HALF = T(2, 3, dtype="float16", grad=False)
INTEGERS, BOOLEANS, BYTES = T(3, 4, dtype="int32"), T(3, 4, dtype="bool"), T(3, 4, dtype="uint8")

SHAPES = (
    Sample(T(3, 4)),
    Sample(T()),
    Sample(T(), 0),
    Sample(T(), -1, True),
    Sample(T(3, 4), 0),
    Sample(T(3, 4), -1, keepdim=True),
    Sample(T(2, 3, 4), (0, 2)),
    Sample(T(2, 3, 4), (2, -3), True),
    Sample(T(2, 3, 4), (0, 1, 2), keepdim=True),
    Sample(T(2, 3), ()),
    Sample(T(1, 5, 1), 1),
    Sample(T(130, 140), 1),
)
EMPTY = (Sample(T(0, 3)), Sample(T(0, 3), 0), Sample(T(0, 3), 1, True), Sample(T(3, 0, 2), (1, 2)))
WITH_NAN = T(values=[[1.0, nan, -2.0], [nan, nan, 4.0]])

# The variance takes its dims, and 0 and 1 elements, as it takes everything else.
SPREADS = (
    *SHAPES[0:1],
    *SHAPES[4:],
    Sample(T(3, 4), correction=0),
    Sample(T(3, 4), 1, correction=2),
    Sample(T(3, 4), 1, True, True),
    Sample(T(3, 4), dim=0, unbiased=False, keepdim=True),
    Sample(T(3, 4), False),
    Sample(T(5), correction=0.5),
)

ROWS = [
    Row(
        "sum",
        *SHAPES,
        *EMPTY,
        Sample(INTEGERS),
        Sample(INTEGERS, 1),
        Sample(BOOLEANS, 0),
        Sample(BYTES),
        Sample(T(3, 4, dtype="int64"), dtype="float64"),
        Sample(T(3, 4), 1, dtype="float32"),
    ),
    Row("mean", *SHAPES, *EMPTY, Sample(INTEGERS, dtype="float64"), Sample(T(3, 4), (0,), dtype="float32")),
    Row("nansum", *SHAPES[:9], *EMPTY, Sample(WITH_NAN), Sample(WITH_NAN, 1), Sample(INTEGERS, 1), gradgrad=False),
    Row("nanmean", *SHAPES[:9], Sample(WITH_NAN), Sample(WITH_NAN, 0, True)),
]
