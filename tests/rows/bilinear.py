"""The bilinear map."""

from __future__ import annotations

from .rows import Row, Sample, T

ROWS = [
    Row(
        "nn.functional.bilinear",
        Sample(T(4, 2), T(4, 3), T(5, 2, 3), T(5)),
        Sample(T(2, 4, 2), T(2, 4, 3), T(1, 2, 3)),
        Sample(T(2), T(3), T(5, 2, 3), T(5)),
        Sample(T(0, 2), T(0, 3), T(5, 2, 3)),
    ),
]
