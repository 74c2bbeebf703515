"""Samples for `autograd/ops/lu.py`."""

from __future__ import annotations

from typing import Any

from .rows import Row, Sample, T

C = "complex128"
SHAPES = (Sample(T(3, 3)), Sample(T(2, 2, 4)), Sample(T(2, 4, 2)), Sample(T(0, 3, 2)), Sample(T(3, 3, dtype=C)))


def solved(lib: Any, A: Any, B: Any, **options: Any) -> Any:
    return lib.linalg.lu_solve(*lib.linalg.lu_factor(A), B, **options)


def unpacked(lib: Any, A: Any, **options: Any) -> Any:
    return lib.lu_unpack(*lib.linalg.lu_factor(A), **options)


ROWS = [
    Row("linalg.lu_factor", *SHAPES),
    Row("linalg.lu_factor_ex", *SHAPES[:2]),
    Row("linalg.lu", *SHAPES),
    Row(
        "linalg.lu_factor",
        Sample(T(values=[[3.0, 1.0, 2.0], [1.0, -4.0, 0.5], [0.3, 1.0, 2.0]]), pivot=False),
        torch=False,
    ),
    Row(
        "linalg.lu_solve",
        Sample(T(3, 3), T(3, 2)),
        Sample(T(2, 3, 3), T(3, 2), adjoint=True),
        Sample(T(3, 3), T(2, 3), left=False),
        Sample(T(3, 3, dtype=C), T(2, 3, dtype=C), left=False, adjoint=True),
        Sample(T(3, 3, dtype=C), T(3, 2, dtype=C), adjoint=True),
        call=solved,
        torch=solved,
    ),
    Row(
        "lu_unpack",
        Sample(T(2, 3)),
        Sample(T(3, 2), unpack_pivots=False),
        call=unpacked,
        torch=unpacked,
    ),
]
