"""Samples for `autograd/ops/extremum.py`."""

from __future__ import annotations

from math import inf, nan

from .rows import Kink, Row, Sample, T

INTEGERS, BOOLEANS = T(3, 4, dtype="int32"), T(3, 4, dtype="bool")
TIED = T(values=[[3.0, 1.0, 3.0, 2.0], [1.0, 1.0, 1.0, 1.0], [0.0, -2.0, -2.0, 0.0]])
WITH_NAN = T(values=[[1.0, nan, 3.0, nan], [-inf, 2.0, inf, 2.0]])

OVER_DIMS = (
    Sample(T(3, 4, distinct=True)),
    Sample(T(3, 4, distinct=True), 0),
    Sample(T(3, 4, distinct=True), -1, True),
    Sample(T(3, 4, distinct=True), dim=None, keepdim=True),
    Sample(T(2, 3, 4, distinct=True), (0, 2)),
    Sample(T(2, 3, 4, distinct=True), (1, -1), keepdim=True),
    Sample(T(2, 3, distinct=True), ()),
    Sample(T()),
    Sample(T(), 0),
    Sample(T(), -1, True),
    Sample(T(0, 3), 1),
    Sample(INTEGERS),
    Sample(INTEGERS, 1),
    Sample(BOOLEANS, 0),
    Kink(TIED),
    Kink(TIED, 0),
    Kink(TIED, 1, True),
)
ALONG = (
    Sample(T(3, 4, distinct=True)),
    Sample(T(3, 4, distinct=True), 0),
    Sample(T(3, 4, distinct=True), -1, keepdim=True),
    Sample(T(2, 3, 4, distinct=True), dim=1),
    Sample(T()),
    Sample(T(), 0),
    Sample(T(), -1, True),
    Sample(T(0, 3), 1),
    Sample(INTEGERS),
    Sample(T(2, 3, dtype="int64", distinct=True), 1),
    Sample(T(3, dtype="bool")),
    Kink(TIED),
    Kink(TIED, 0),
    Kink(TIED, 1, True),
    Kink(WITH_NAN),
    Kink(WITH_NAN, 1),
    # another tensor in the place of a dim
    Sample(T(3, 4, distinct=True), T(3, 4)),
    Sample(T(3, 1, distinct=True), T(4)),
    Sample(T(3, distinct=True), other=T(1)),
    Kink(T(values=[1.0, 2.0, 3.0]), T(values=[1.0, 3.0, 3.0])),
)
PLACES = (
    Sample(T(3, 4)),
    Sample(T(3, 4), 0),
    Sample(T(3, 4), -1, True),
    Sample(T(3, 4), None, keepdim=True),
    Sample(T()),
    Sample(T(), 0, True),
    Sample(T(0, 3), 1),
    Sample(INTEGERS, 1),
    Sample(TIED),
    Sample(TIED, 1),
    Sample(WITH_NAN, 1),
)

ROWS = [
    Row("amax", *OVER_DIMS),
    Row("amin", *OVER_DIMS),
    Row(
        "aminmax",
        Sample(T(3, 4, distinct=True)),
        Sample(T(3, 4, distinct=True), dim=1, keepdim=True),
        Kink(TIED, dim=0),
    ),
    Row("max", *ALONG),
    Row("min", *ALONG),
    Row("argmax", *PLACES),
    Row("argmin", *PLACES),
]
