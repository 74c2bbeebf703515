"""Samples for `autograd/ops/decomposition.py`.

Vectors are determined up to a sign or a phase, so what is compared is made of them and does not depend on it.
"""

from __future__ import annotations

from typing import Any

from .rows import Row, Sample, T

C = "complex128"


def both(function: Any) -> dict[str, Any]:
    """The same call of chainrule and of PyTorch."""
    return {"call": function, "torch": function}


def positive(x: Any) -> Any:
    return x @ x.mH


def qr(lib: Any, x: Any, mode: str = "reduced") -> Any:
    return lib.linalg.qr(x, mode)


def spectral(lib: Any, x: Any, **options: Any) -> Any:
    """Eigenvalues, and a product that holds every eigenvector with its eigenvalue's tanh."""
    w, V = lib.linalg.eigh(x + x.mH, **options)
    return w, (V * lib.tanh(w).unsqueeze(-2)) @ V.mH, lib.abs(V)


def eigen(lib: Any, x: Any) -> Any:
    w, V = lib.linalg.eig(x)
    return (w * w).sum(-1), lib.linalg.solve(V.mT, (V * lib.exp(w * 0.3).unsqueeze(-2)).mT).mT


def singular(lib: Any, x: Any) -> Any:
    U, S, Vh = lib.linalg.svd(x, False)
    return U @ Vh, S, lib.abs(U)


def complete(lib: Any, x: Any) -> Any:
    """What completes the vectors to a basis."""
    U, S, Vh = lib.linalg.svd(x)
    k = S.shape[-1]
    return U[..., k:] @ U[..., k:].mH, Vh[..., k:, :].mH @ Vh[..., k:, :]


MATRICES = (Sample(T(3, 3)), Sample(T(2, 4, 3)), Sample(T(2, 5)), Sample(T(0, 3)), Sample(T(3, 2, dtype=C)))

ROWS = [
    Row(
        "linalg.cholesky",
        Sample(T(3, 5)),
        Sample(T(2, 2, 4)),
        Sample(T(3, 4, dtype=C)),
        **both(lambda lib, x: (lib.linalg.cholesky(positive(x)), lib.linalg.cholesky(positive(x), upper=True))),
    ),
    Row(
        "linalg.cholesky_ex",
        Sample(T(3, 5)),
        Sample(T(0, 2, 3)),
        **both(lambda lib, x: lib.linalg.cholesky_ex(positive(x))),
    ),
    Row("linalg.qr", *MATRICES, Sample(T(2, 3, 2, 2)), **both(qr)),
    Row("linalg.qr", Sample(T(2, 4), mode="complete"), Sample(T(3, 3, dtype=C), mode="complete"), **both(qr)),
    Row("linalg.qr", Sample(T(4, 2), mode="complete"), Sample(T(4, 2), mode="r"), grad=False, **both(qr)),
    Row(
        "linalg.eigh",
        Sample(T(3, 3)),
        Sample(T(2, 4, 4), UPLO="U"),
        Sample(T(0, 0)),
        Sample(T(3, 3, dtype=C)),
        **both(spectral),
    ),
    Row(
        "linalg.eigvalsh",
        Sample(T(3, 3)),
        Sample(T(2, 3, 3, dtype=C)),
        **both(lambda lib, x: lib.linalg.eigvalsh(x + x.mH)),
    ),
    Row("linalg.eig", Sample(T(3, 3)), Sample(T(2, 3, 3)), Sample(T(3, 3, dtype=C)), **both(eigen)),
    Row(
        "linalg.eigvals",
        Sample(T(3, 3)),
        Sample(T(2, 3, 3, dtype=C)),
        **both(lambda lib, x: (lib.linalg.eigvals(x) ** 3).sum(-1)),
    ),
    Row("linalg.svd", *MATRICES, Sample(T(2, 3, 3, dtype=C)), **both(singular)),
    Row("linalg.svd", Sample(T(2, 4)), Sample(T(2, 4, 2)), Sample(T(4, 3, dtype=C)), torch=False, call=complete),
    Row("linalg.svdvals", *MATRICES),
]
