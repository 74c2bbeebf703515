"""Samples for `autograd/ops/solve.py`."""

from __future__ import annotations

from typing import Any

from .rows import Row, Sample, T

C = "complex128"
TRIANGULAR = T(values=[[2.0, 0.5, -1.0], [0.3, -1.5, 0.7], [1.0, -0.2, 1.2]])
TRIANGULAR_C = T(values=[[2.0 + 1j, 0.5, -1j], [0.3, -1.5, 0.7 - 0.3j], [1.0, -0.2, 1.2j]], dtype=C)


def lower(lib: Any, B: Any, L: Any, **options: Any) -> Any:
    """PyTorch's gradient is right for triangular changes of the factor alone, so the factor is made triangular."""
    return lib.cholesky_solve(B, lib.tril(L), **options)


ROWS = [
    Row(
        "linalg.solve",
        Sample(T(3, 3), T(3, 2)),
        Sample(T(3, 3), T(3)),
        Sample(T(2, 3, 3), T(2, 3)),
        Sample(T(2, 1, 3, 3), T(3, 3, 2)),
        Sample(T(3, 3), T(2, 3), left=False),
        Sample(T(0, 0), T(0, 2)),
        Sample(T(3, 3, dtype=C), T(3, 2, dtype=C)),
    ),
    Row("linalg.solve_ex", Sample(T(2, 3, 3), T(2, 3)), Sample(T(3, 3), T(2, 3), left=False)),
    Row("linalg.inv", Sample(T(3, 3)), Sample(T(2, 3, 3)), Sample(T(0, 2, 2)), Sample(T(3, 3, dtype=C))),
    Row("inverse", Sample(T(2, 2))),
    Row("linalg.inv_ex", Sample(T(2, 3, 3)), Sample(T(0, 0))),
    Row(
        "linalg.solve_triangular",
        Sample(TRIANGULAR, T(3, 2), upper=True),
        Sample(TRIANGULAR, T(2, 3, 2), upper=False),
        Sample(TRIANGULAR, T(2, 3), upper=True, left=False),
        Sample(TRIANGULAR, T(3, 2), upper=False, unitriangular=True),
        Sample(TRIANGULAR_C, T(2, 3, dtype=C), upper=False, left=False),
    ),
    Row("triangular_solve", Sample(T(3, 2), TRIANGULAR), Sample(T(3, 2), TRIANGULAR, upper=False, transpose=True)),
    Row(
        "cholesky_solve",
        Sample(T(3, 2), TRIANGULAR),
        Sample(T(2, 3, 2), TRIANGULAR),
        Sample(T(3, 2, dtype=C), TRIANGULAR_C),
        call=lower,
        torch=lower,
    ),
    Row(
        "cholesky_inverse",
        Sample(TRIANGULAR),
        call=lambda lib, L: lib.cholesky_inverse(lib.triu(L), upper=True),
        torch=lambda lib, L: lib.cholesky_inverse(lib.triu(L), upper=True),
    ),
    Row("linalg.tensorinv", Sample(T(2, 3, 6)), Sample(T(4, 2, 2), ind=1)),
    Row("linalg.tensorsolve", Sample(T(2, 3, 6), T(2, 3)), Sample(T(2, 6, 3), T(2, 3), dims=(1,))),
]
