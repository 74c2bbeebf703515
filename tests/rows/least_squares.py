"""Samples for `autograd/ops/least_squares.py`."""

from __future__ import annotations

import math
from typing import Any

from .rows import Row, Sample, T

C = "complex128"


def low_rank(lib: Any, a: Any, b: Any) -> Any:
    """Changes that keep the rank are those of the factors."""
    return lib.linalg.pinv(a @ b)


def symmetric(lib: Any, x: Any) -> Any:
    return lib.linalg.pinv(x + x.mH, hermitian=True)


def by_inverse(torch: Any, x: Any, p: Any) -> Any:
    return torch.linalg.matrix_norm(x, p) * torch.linalg.matrix_norm(torch.linalg.inv(x), p)


ROWS = [
    Row("linalg.pinv", Sample(T(3, 3)), Sample(T(2, 4, 2)), Sample(T(2, 4)), Sample(T(0, 3)), Sample(T(3, 2, dtype=C))),
    Row("linalg.pinv", Sample(T(4, 2), T(2, 3)), Sample(T(3, 1), T(1, 4)), call=low_rank, torch=low_rank),
    Row("linalg.pinv", Sample(T(3, 3)), Sample(T(2, 2, dtype=C)), call=symmetric, torch=symmetric),
    Row(
        "linalg.lstsq",
        Sample(T(4, 2), T(4, 3), driver="gels"),
        Sample(T(2, 4, 2), T(2, 4), driver="gelsd"),
        Sample(T(2, 3), T(2, 2)),
        Sample(T(3, 2, dtype=C), T(3, 2, dtype=C), driver="gels"),
    ),
    Row(
        "linalg.matrix_rank",
        Sample(T(values=[[1.0, 2.0], [2.0, 4.0]])),
        Sample(T(2, 3, 4)),
        Sample(T(values=[[3.0, 0.0], [0.0, 1e-3]]), atol=0.1),
        Sample(T(values=[[3.0, 0.0], [0.0, -1.0]]), hermitian=True, rtol=0.5),
        grad=False,
    ),
    Row(
        "linalg.cond",
        Sample(T(3, 3)),
        Sample(T(2, 3, 2)),
        Sample(T(3, 3), p=-2),
        Sample(T(2, 0, 0, grad=False)),
        Sample(T(0, 3, 3, grad=False), p=1),
    ),
    Row(  # PyTorch cannot differentiate its own
        "linalg.cond",
        Sample(T(3, 3), "fro"),
        Sample(T(3, 3), 1),
        Sample(T(2, 2), -math.inf),
        torch=by_inverse,
    ),
]
