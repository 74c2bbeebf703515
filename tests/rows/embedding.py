"""Rows of a table, and bags of them. What changes the gradient alone is no derivative: it is compared with PyTorch."""

from __future__ import annotations

from .rows import Kink, Row, Sample, T

F = "nn.functional."
INDEX = T(values=[[0, 2, 2], [4, 0, 1]], dtype="int64")
FLAT = T(values=[0, 2, 2, 4, 0, 1], dtype="int64")
OFFSETS = T(values=[0, 2, 2, 5], dtype="int64")

ROWS = [
    Row(
        F + "embedding",
        Sample(INDEX, T(5, 3)),
        Sample(T(values=3, dtype="int32"), T(5, 3)),
        Sample(T(0, 2, dtype="int64"), T(5, 3)),
        Kink(INDEX, T(5, 3), padding_idx=2),
        Kink(INDEX, T(5, 3), padding_idx=-5, scale_grad_by_freq=True),
    ),
    Row(
        F + "embedding_bag",
        *[Sample(FLAT, T(5, 3), OFFSETS, mode=mode) for mode in ("mean", "sum", "max")],
        *[Sample(INDEX, T(5, 3), mode=mode, padding_idx=2) for mode in ("mean", "sum", "max")],
        Sample(INDEX, T(5, 3), mode="sum", per_sample_weights=T(2, 3)),
        Sample(FLAT, T(5, 3), T(values=[0, 2, 6], dtype="int64"), include_last_offset=True, padding_idx=-3),
        Sample(T(0, dtype="int64"), T(5, 3), T(values=[0, 0], dtype="int64"), mode="max"),
    ),
]
