"""Samples for `autograd/ops/masked.py`."""

from __future__ import annotations

from math import inf, nan

from .rows import Kink, Row, Sample, T

MATRIX = T(3, 4, distinct=True)
MASK = T(values=[[True, False, True, True], [False, True, True, False], [True, True, False, True]], dtype="bool")
COLUMNS = T(values=[True, True, False, True], dtype="bool")
NOTHING = T(values=[[True, False, True, True], [False] * 4, [True, True, False, True]], dtype="bool")
# What is left out may hold anything.
SPOILT = T(values=[[1.0, nan, 2.0, 0.5], [inf, 3.0, 0.0, -inf], [-1.0, 2.5, nan, 1.5]])

REDUCED = (
    Sample(MATRIX),
    Sample(MATRIX, mask=MASK),
    Sample(MATRIX, 1, keepdim=True, mask=COLUMNS),
    Sample(T(2, 3, 4, distinct=True), (0, 2), mask=MASK),
    Sample(SPOILT, 1, mask=MASK),
    Kink(MATRIX, 1, mask=NOTHING),
)
# Where PyTorch's var and std give NaN gradients, ours are 0.
UNDEFINED = (
    Sample(T(values=SPOILT.values, grad=False), 1, mask=MASK),
    Sample(T(3, 4, grad=False), 1, mask=NOTHING),
)
ALONG = (Sample(MATRIX, 0), Sample(MATRIX, 1, mask=MASK), Sample(SPOILT, 1, mask=MASK))


def _row(name: str, *samples: Sample) -> Row:
    return Row(f"masked.{name}", *samples)


ROWS = [
    *[_row(name, *REDUCED) for name in ("sum", "prod", "mean", "amax", "amin")],
    _row("logsumexp", *REDUCED[:5]),
    *[
        Row(
            f"masked.{name}",
            Sample(MATRIX),
            Sample(MATRIX, mask=MASK),
            Sample(MATRIX, 1, keepdim=True, mask=COLUMNS),
            Sample(SPOILT, 1, mask=MASK),
            Sample(T(3, 4, dtype="int32"), 0, mask=MASK),
            grad=False,
        )
        for name in ("argmax", "argmin")
    ],
    _row(
        "var",
        *REDUCED[:4],
        *UNDEFINED,
        Sample(MATRIX, 1, False, mask=MASK),
        Sample(MATRIX, 0, correction=0.5, mask=MASK),
    ),
    _row("std", *REDUCED[:4], *UNDEFINED, Sample(MATRIX, 1, False, mask=MASK)),
    _row("median", Sample(MATRIX), Sample(MATRIX, 0, mask=MASK), Sample(SPOILT, 1, mask=MASK)),
    _row("norm", *[Sample(MATRIX, ord, 1, mask=MASK) for ord in (2.0, 1, inf, -inf)], Sample(SPOILT, 2, mask=MASK)),
    *[_row(name, *ALONG) for name in ("cumsum", "cumprod", "softmax", "softmin")],
    _row("log_softmax", *[Kink(*s.args, **s.kwargs) for s in ALONG]),
    _row("normalize", Sample(MATRIX, 2.0, 1), Sample(MATRIX, 1.0, 0, mask=MASK), Sample(SPOILT, 2.0, 1, mask=MASK)),
    _row("sum", Sample(T(3, 4, dtype="int32"), 1, mask=MASK)),
    _row("amax", Sample(T(3, 4, dtype="uint8"), 1, mask=NOTHING)),
    _row("amin", Sample(T(3, 4, dtype="int32"), 1, mask=NOTHING)),
    _row("logaddexp", Sample(T(3, 4), T(3, 4)), Kink(T(3, 4), T(4), input_mask=MASK, other_mask=COLUMNS)),
]
