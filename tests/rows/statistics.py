"""Samples for `autograd/ops/statistics.py`."""

from __future__ import annotations

from math import nan

from .rows import Kink, Row, Sample, T

WITH_NAN = T(values=[[1.0, nan, -2.0, 5.0], [nan, nan, nan, nan], [4.0, 2.0, 0.0, 1.0]])
LEVELS = T(2, low=0.1, high=0.9)
QUANTILES = (
    Sample(T(3, 4, distinct=True), 0.3),
    Sample(T(3, 4, distinct=True), 0.3, 0, True),
    Sample(T(2, 3, 5, distinct=True), LEVELS, 1),
    Sample(T(2, 3, distinct=True), LEVELS, keepdim=True),
    Sample(T(), 0.5),
    Sample(T(3, 6, distinct=True), T(values=0.45), 1),
    *[Sample(T(3, 6, distinct=True), 0.45, 1, interpolation=way) for way in ("lower", "higher", "midpoint", "nearest")],
    Kink(WITH_NAN, 0.3, 1),
    Kink(T(values=[1.0, 2.0, 3.0]), T(values=[0.0, 0.5, 1.0])),
)
REPEATED = T(values=[[2.0, 3.0, 2.0, 3.0, 1.0], [0.0, -1.0, 5.0, 5.0, 5.0]])

COUNTS = T(values=[1, 3, 2, 4], dtype="int64")
WEIGHTS = T(4, low=0.1, high=1.0)

ROWS = [
    Row("quantile", *QUANTILES),
    Row("nanquantile", *QUANTILES),
    Row(
        "mode",
        Sample(T(3, 4, distinct=True)),
        Sample(T(3, 4, distinct=True), 0, True),
        Sample(T()),
        Kink(REPEATED, 1),
        Sample(T(values=[[1, 2, 2, 1], [3, 0, 0, 0]], dtype="int32"), 1),
    ),
    Row(
        "cov",
        Sample(T(3, 4)),
        Sample(T(5)),
        Sample(T(1, 5), correction=0),
        Sample(T(3, 4), fweights=COUNTS),
        Sample(T(3, 4), correction=0, aweights=WEIGHTS),
        Sample(T(3, 4), fweights=COUNTS, aweights=WEIGHTS),
        Kink(T(2, 1)),
    ),
    Row("corrcoef", Sample(T(3, 4)), Sample(T(5))),
]
