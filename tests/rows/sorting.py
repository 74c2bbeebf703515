"""Samples for `autograd/ops/sorting.py`."""

from __future__ import annotations

from math import inf, nan

from .rows import Kink, Row, Sample, T

MATRIX = T(3, 4, distinct=True)
TIED = T(values=[[3.0, 1.0, 3.0, 2.0, 1.0], [1.0, 1.0, 1.0, 1.0, 1.0], [0.0, -2.0, -2.0, 0.0, 5.0]])
WITH_NAN = T(values=[[1.0, nan, 3.0, nan], [-inf, 2.0, inf, 2.0]])

ORDERED = (
    Sample(MATRIX),
    Sample(MATRIX, 0),
    Sample(MATRIX, -1, True),
    Sample(T(2, 3, 4, distinct=True), dim=1, descending=True),
    Sample(T(40, distinct=True)),
    Sample(T()),
    Sample(T(), 0, True),
    Sample(T(0, 3), 0),
    Sample(T(3, 0), 1, True),
    Sample(T(2, 6, dtype="int64", distinct=True)),
    Kink(TIED, dim=1, stable=True),
    Kink(TIED, dim=0, descending=True, stable=True),
    Kink(WITH_NAN, stable=True),
    Kink(WITH_NAN, dim=1, descending=True, stable=True),
)
MIDDLES = (
    Sample(MATRIX),
    Sample(T(3, 5, distinct=True), 1),
    Sample(MATRIX, 0, True),
    Sample(MATRIX, dim=-1, keepdim=True),
    Sample(T()),
    Sample(T(), 0),
    Sample(T(0, 3), 1),
    Sample(T(5, dtype="int64", distinct=True)),
    Sample(T(2, 4, dtype="int64", distinct=True), 1),
    Kink(T(0)),
    Kink(TIED),
    Kink(WITH_NAN),
    Kink(T(values=[[1.0, nan, 3.0], [5.0, 2.0, inf]]), 1),
)

ROWS = [
    Row("sort", *ORDERED),
    Row("argsort", *ORDERED),
    Row("msort", Sample(MATRIX), Sample(T(5, distinct=True)), Sample(T())),
    Row(
        "topk",
        Sample(MATRIX, 2),
        Sample(MATRIX, 2, 0),
        Sample(MATRIX, 3, 1, False),
        Sample(MATRIX, 4, dim=1),
        Sample(MATRIX, 0),
        Sample(T(2, 50, distinct=True), 3),
        Sample(T(50, 2, distinct=True), 3, 0, False),
        Sample(T(), 1),
        Sample(T(0, 3), 2),
        Sample(T(20, dtype="int64", distinct=True), 2),
        Kink(T(values=[1.0, nan, 3.0]), 2),
    ),
    Row(
        "kthvalue",
        Sample(MATRIX, 2),
        Sample(MATRIX, 3, 0),
        Sample(MATRIX, 1, 1, True),
        Sample(T(), 1),
        Sample(T(0, 3), 2),
        Sample(T(7, dtype="int64", distinct=True), 4),
    ),
    Row("median", *MIDDLES),
    Row(
        "nanmedian",
        Sample(T(3, 5, distinct=True)),
        Sample(T(3, 4, distinct=True), 1),
        Sample(T(3, 4, distinct=True), 0, True),
        Sample(T(), 0),
        Kink(T(0)),
        Sample(T(5, dtype="int64", distinct=True)),
        Kink(T(values=[[1.0, nan, 3.0, 2.0, 2.5], [nan, nan, nan, nan, 7.0]]), 1),
        Kink(T(values=[nan, 3.0, 2.0, 2.0, 5.0])),
        Kink(T(values=[nan, nan])),
    ),
]
