"""Samples for `autograd/ops/matrix_function.py`."""

from __future__ import annotations

from .rows import Row, Sample, T

C = "complex128"

ROWS = [
    Row(
        "linalg.matrix_power",
        *(Sample(T(3, 3), n) for n in (0, 1, 2, 5, -3)),
        Sample(T(2, 2, 2, dtype=C), 3),
        *(Sample(T(2, 3, 3, dtype="int32"), n) for n in (0, 3)),
    ),
    # Small, middling and large norms: every approximant, and squaring. (For norms about 0.04 PyTorch is off by 3e-11.)
    Row(
        "linalg.matrix_exp",
        *(Sample(T(3, 3, low=-bound, high=bound)) for bound in (1e-3, 0.07, 0.2, 0.4, 1.0, 5.0)),
        Sample(T(2, 3, 3, low=-4, high=4)),
        Sample(T(values=[[[0.0, 1.0], [0.0, 0.0]], [[9.0, -20.0], [3.0, -9.0]]])),
        Sample(T(0, 0)),
        Sample(T(2, 2, dtype=C)),
    ),
    Row(
        "linalg.multi_dot",
        Sample([T(3, 4), T(4, 2), T(2, 5), T(5, 1)]),
        Sample([T(4), T(4, 2), T(2)]),
        Sample([T(3, 4), T(4)]),
    ),
]
