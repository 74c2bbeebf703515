"""Samples for `autograd/ops/classic_linalg.py`."""

from __future__ import annotations

from typing import Any

from .rows import Row, Sample, T


def singular(lib: Any, x: Any, **options: Any) -> Any:
    U, S, V = lib.svd(x, **options)
    return S, (U[..., :2] * S.unsqueeze(-2)) @ V[..., :2].mH


def positive(lib: Any, x: Any) -> Any:
    return lib.cholesky(x @ x.mT), lib.cholesky(x @ x.mT, upper=True)


def solved(lib: Any, A: Any, b: Any) -> Any:
    return lib.lu_solve(b, *lib.lu(A))


ROWS = [
    Row("cholesky", Sample(T(3, 5)), call=positive, torch=positive),
    Row("qr", Sample(T(4, 3)), Sample(T(3, 3), some=False)),
    Row("svd", Sample(T(4, 2)), Sample(T(2, 2, 3), some=False), call=singular, torch=singular),
    Row("svd", Sample(T(3, 2), compute_uv=False)),
    Row("lu", Sample(T(3, 3)), Sample(T(3, 2), get_infos=True)),
    Row("lu_solve", Sample(T(3, 3), T(3, 2)), call=solved, torch=solved),
    Row("pinverse", Sample(T(3, 2))),
    Row("chain_matmul", Sample(T(3, 4), T(4, 2), T(2, 3)), Sample(T(2, 2))),
]
