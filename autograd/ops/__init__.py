"""The op tables: every operation, its derivative beside it, in the file its name suggests."""

from __future__ import annotations

from . import (
    activation,
    arithmetic,
    comparison,
    complex,
    creation,
    einsum,
    elementwise,
    extremum,
    getitem,
    indexing,
    joining,
    matmul,
    norm,
    padding,
    rearrange,
    reduction,
    scan,
    shape,
    softmax,
    sorting,
)

__all__ = [
    "activation",
    "arithmetic",
    "comparison",
    "complex",
    "creation",
    "einsum",
    "elementwise",
    "extremum",
    "getitem",
    "indexing",
    "joining",
    "matmul",
    "norm",
    "padding",
    "rearrange",
    "reduction",
    "scan",
    "shape",
    "softmax",
    "sorting",
]
