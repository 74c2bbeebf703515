"""Samples for `autograd/ops/reduction.py`."""

from __future__ import annotations

from math import nan

from .rows import Kink, Row, Sample, T

INTEGERS, BYTES = T(3, 4, dtype="int32"), T(3, 4, dtype="uint8")
BOOLEANS = T(values=[[True, False, True], [False, False, True]], dtype="bool")
WITH_NAN = T(values=[[1.0, nan, -2.0], [nan, nan, 4.0]])
WITH_ZEROS = T(values=[[1.5, 0.0, -2.0], [0.0, 0.0, 4.0], [3.0, 1.0, 2.0], [0.0, 0.0, 0.0]])

# Every way to name the dimensions; the last is past what is filled and what is broadcast to.
SHAPES = (
    Sample(T(3, 4)),
    Sample(T(3, 4), 0),
    Sample(T(3, 4), -1, keepdim=True),
    Sample(T(3, 4), dim=None, keepdim=True),
    Sample(T(2, 3, 4), (0, 2)),
    Sample(T(2, 3, 4), (2, -3), True),
    Sample(T(2, 3, 4), [0, 1, 2], keepdim=True),
    Sample(T(2, 3), ()),
    Sample(T(150, 130), 1),
)
SCALARS = (Sample(T()), Sample(T(), 0), Sample(T(), -1, True), Sample(T(1, 5, 1), 1))
EMPTY = (Sample(T(0, 3)), Sample(T(0, 3), 0), Sample(T(0, 3), 1, True), Sample(T(3, 0, 2), (1, 2)))

CAST = (
    Sample(T(3, 4, dtype="int64"), 1, dtype="float64"),
    Kink(T(3, 4), 1, dtype="float32"),
)
NARROW = (Sample(T(3, 4, dtype="int64"), 1, dtype="int32"), Sample(BYTES, dtype="uint8"))
HALVES = Sample(T(values=[[1.0, -0.5]] * 3000, dtype="float16", grad=False), 0)  # in half precision 2048 + 1 is 2048

CONSTANT = T(values=[[2.0, 2.0, 2.0], [1.0, 2.0, 4.0]])
SPREADS = (
    *SHAPES[:7],  # of dims () PyTorch gets the gradient wrong
    SHAPES[8],
    Sample(T(3, 4), correction=0),
    Sample(T(3, 4), 1, correction=2),
    Sample(T(3, 4), 1, True, True),
    Sample(T(3, 4), dim=0, unbiased=False, keepdim=True),
    Sample(T(3, 4), False),
    Sample(T(5), correction=0.5),
    Sample(T(0, 3), 1),
)
# Too few elements for the correction: NaN, or infinite.
UNDEFINED = (Kink(T(1)), Kink(T()), Kink(T(3, 2), 1, correction=2), Kink(T(0)))

TRUTHS = (
    Sample(T(2, 3)),
    Sample(BOOLEANS),
    Sample(BOOLEANS, 0),
    Sample(BOOLEANS, -1, True),
    Sample(T(values=[[0.0, nan], [0.0, 0.0]])),
    Sample(T(values=[[0.0, nan], [0.0, 0.0]]), 1),
    Sample(T(2, 3, 4, dtype="int32"), (0, 2)),
    Sample(T(2, 3), ()),
    Sample(T(), 0),
    Sample(T(0, 3)),
    Sample(T(0, 3), 0),
)

ROWS = [
    Row(
        "sum",
        *SHAPES,
        *SCALARS,
        *EMPTY,
        Sample(INTEGERS),
        Sample(INTEGERS, 1),
        Sample(BOOLEANS, 0),
        Sample(BYTES),
    ),
    Row("sum", *CAST, *NARROW, HALVES, float32=False),
    Row("mean", *SHAPES, *SCALARS),
    Row("mean", *CAST, float32=False),
    Row("mean", *[Kink(*sample.args) for sample in EMPTY]),
    Row("nansum", *SHAPES, *SCALARS, *EMPTY, Sample(INTEGERS, 1), Kink(WITH_NAN), Kink(WITH_NAN, 1)),
    Row("nansum", *NARROW, HALVES, float32=False),
    Row("nanmean", HALVES, float32=False),
    Row("nanmean", *SHAPES, *SCALARS, Kink(WITH_NAN), Kink(WITH_NAN, 0, True), Kink(T(values=[nan, nan]))),
    Row(
        "prod",
        Sample(T(3, 4)),
        Sample(T(3, 4), 0),
        Sample(T(2, 3, 4), -2, keepdim=True),
        Sample(T(7)),
        Sample(T(1)),
        *SCALARS,
        *EMPTY[:3],
        Sample(WITH_ZEROS),
        Sample(WITH_ZEROS, 1),
        Sample(WITH_ZEROS, 0, True),
        Sample(T(values=[0.0, 2.0, -1.5, 3.0])),
        Sample(T(values=[2.0, 0.0, -1.5, 0.0])),
        Sample(INTEGERS, 1),
        Sample(T(values=[2, 3, 4], dtype="int32")),
        Sample(BOOLEANS, 1),
    ),
    Row("prod", CAST[0], *NARROW, float32=False),
    Row("var", *SPREADS, Sample(CONSTANT, 1), *UNDEFINED),
    Row("std", *SPREADS, Kink(CONSTANT, 1), *UNDEFINED),
    Row("var_mean", *SPREADS, *UNDEFINED),
    Row("std_mean", *SPREADS, Kink(CONSTANT, 1), *UNDEFINED),
    Row("any", *TRUTHS),
    Row("all", *TRUTHS),
    Row(
        "count_nonzero",
        Sample(WITH_ZEROS),
        Sample(WITH_ZEROS, 0),
        Sample(WITH_ZEROS, (0, 1)),
        Sample(BOOLEANS, 1),
        Sample(INTEGERS),
        Sample(T(0, 3), 0),
        Sample(T()),
    ),
]
