"""Samples for `autograd/ops/matmul.py`."""

from __future__ import annotations

from .rows import Row, Sample, T

MATRICES = Sample(T(3, 4), T(4, 2))
ROW_AND_COLUMN = Sample(T(3, 1), T(1, 4))  # an outer product

ROWS = [
    Row(
        "matmul",
        MATRICES,
        ROW_AND_COLUMN,
        Sample(T(1, 4), T(4, 1)),
        Sample(T(4), T(4)),
        Sample(T(4), T(4, 2)),
        Sample(T(3, 4), T(4)),
        Sample(T(4), T(2, 4, 3)),
        Sample(T(5, 2, 3, 4), T(4)),
        Sample(T(4), T(5, 2, 4, 3)),
        Sample(T(2, 3, 4), T(4, 5)),
        Sample(T(2, 2, 3, 4), T(4, 5)),
        Sample(T(3, 4), T(2, 4, 5)),
        Sample(T(2, 3, 4), T(2, 4, 5)),
        Sample(T(2, 1, 3, 4), T(5, 4, 2)),
        Sample(T(1, 3, 4), T(2, 4, 5)),
        Sample(T(1), T(1)),
        Sample(T(3, 0), T(0, 2)),
        Sample(T(0, 3), T(3, 2)),
        Sample(T(0), T(0)),
        Sample(T(2, 0, 3), T(3, 4)),
        Sample(T(0, 2, 3), T(3)),
        Sample(T(3, 4, dtype="int64"), T(4, 2, dtype="int64")),
    ),
    Row("mm", MATRICES, ROW_AND_COLUMN, Sample(T(2, 0), T(0, 3))),
    Row("bmm", Sample(T(2, 3, 4), T(2, 4, 5)), Sample(T(0, 3, 4), T(0, 4, 5)), Sample(T(2, 3, 1), T(2, 1, 5))),
    Row("mv", Sample(T(3, 4), T(4)), Sample(T(0, 4), T(4))),
    Row("dot", Sample(T(4), T(4)), Sample(T(0), T(0))),
    Row("vdot", Sample(T(4), T(4))),
    Row("outer", Sample(T(3), T(4)), Sample(T(0), T(4)), Sample(T(1), T(1)), covers=("ger",)),
    Row(
        "addmm",
        Sample(T(3, 2), *MATRICES.args),
        Sample(T(2), *MATRICES.args, beta=0.5, alpha=2),
        Sample(T(3, 1), *MATRICES.args, alpha=-1.5),
        Sample(T(), *MATRICES.args, beta=2),
        Sample(T(values=[float("nan")] * 2, grad=False), *MATRICES.args, beta=0),
    ),
    Row("addmv", Sample(T(3), T(3, 4), T(4)), Sample(T(1), T(3, 4), T(4), beta=2, alpha=0.5)),
    Row("addr", Sample(T(3, 4), T(3), T(4)), Sample(T(4), T(3), T(4), beta=2, alpha=0.5)),
    Row("baddbmm", Sample(T(2, 3, 5), T(2, 3, 4), T(2, 4, 5)), Sample(T(5), T(2, 3, 4), T(2, 4, 5), beta=2, alpha=0.5)),
    Row("addbmm", Sample(T(3, 5), T(2, 3, 4), T(2, 4, 5)), Sample(T(5), T(2, 3, 4), T(2, 4, 5), beta=2, alpha=0.5)),
    Row(
        "linear",
        Sample(T(3, 4), T(2, 4), T(2)),
        Sample(T(3, 4), T(2, 4)),
        Sample(T(1, 4), T(3, 4), T(3)),
        Sample(T(4), T(2, 4), T(2)),
        Sample(T(4), T(2, 4)),
        Sample(T(2, 5, 3, 4), T(2, 4), T(2)),
        Sample(T(5, 3, 4), T(2, 4)),
        Sample(T(3, 4), T(4)),
        Sample(T(2, 3, 4), T(4), T()),
        Sample(T(4), T(4), T()),
        Sample(T(0, 4), T(2, 4), T(2)),
        Sample(T(3, 0), T(2, 0), T(2)),
        Sample(T(0, 5, 4), T(2, 4), T(2)),
        Sample(T(3, 4, grad=False), T(2, 4), T(2)),
        torch="nn.functional.linear",
    ),
]
