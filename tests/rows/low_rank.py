"""Samples for `autograd/ops/low_rank.py`: of the low rank asked for, so that what is found is exact."""

from __future__ import annotations

from typing import Any

from .rows import Row, Sample, T


def found(lib: Any, a: Any, b: Any, M: Any = None) -> Any:
    U, S, V = lib.svd_lowrank(a @ b if M is None else a @ b + M, q=a.shape[-1], M=M)
    return (U * S.unsqueeze(-2)) @ V.mH, S


def principal(lib: Any, a: Any, b: Any) -> Any:
    U, S, V = lib.pca_lowrank(a @ b, q=a.shape[-1])
    return (U * S.unsqueeze(-2)) @ V.mH, S


ROWS = [
    Row(
        "svd_lowrank",
        Sample(T(5, 2), T(2, 3)),
        Sample(T(2, 3, 2), T(2, 2, 6)),
        Sample(T(4, 1), T(1, 3), T(4, 3)),
        call=found,
        torch=found,
    ),
    Row("pca_lowrank", Sample(T(6, 2), T(2, 3)), call=principal, torch=principal),
]
