"""Distances and similarities of vectors."""

from __future__ import annotations

import math

from .rows import Kink, Row, Sample, T

F = "nn.functional."

ROWS = [
    Row(
        "cosine_similarity",
        Sample(T(3, 4), T(3, 4)),
        Sample(T(3, 4), T(4), dim=-1),
        Sample(T(2, 1, 3), T(4, 3), dim=0),
        Sample(T(values=[[3e-3, 4e-3]]), T(1, 2)),
        Kink(T(values=[[0.0, 0.0]]), T(1, 2)),
    ),
    Row(
        "pairwise_distance",
        Sample(T(3, 4), T(3, 4)),
        Sample(T(4), T(3, 4), p=1.0, eps=0.1, keepdim=True),
        Sample(T(3, 4), T(3, 4), p=math.inf),
    ),
    Row("dist", Sample(T(3, 4), T(4)), Sample(T(3), T(3), 3.5), Kink(T(values=[1.0, 2.0]), T(values=[1.0, 2.0]))),
    Row(
        "cdist",
        Sample(T(3, 4), T(5, 4)),
        Sample(T(2, 1, 3, 4), T(3, 5, 4), 2.0, "use_mm_for_euclid_dist"),
        Sample(T(2, 3, 4), T(5, 4), 1.0),
        Sample(T(3, 4), T(5, 4), math.inf),
        Sample(T(26, 2), T(3, 2)),
        Sample(T(0, 4), T(5, 4), 2.0, "use_mm_for_euclid_dist"),
        Kink(T(values=[[1.0, 2.0], [3.0, 4.0]]), T(values=[[1.0, 2.0]]), 2.0, "use_mm_for_euclid_dist"),
        gradgrad=True,
    ),
    Row(
        F + "pdist", Sample(T(4, 3)), Sample(T(4, 3), 1.5), Sample(T(3, 2), math.inf), Sample(T(1, 2)), Sample(T(3, 0))
    ),
]
