"""Normalisation of activations. Running values, which change, are tried in test_normalization.py."""

from __future__ import annotations

from .rows import Row, Sample, T

F = "nn.functional."
GIVEN = (T(3, grad=False), T(3, low=0.5, grad=False))

ROWS = [
    Row(
        F + "layer_norm",
        Sample(T(4, 3, 2), (2,), T(2), T(2)),
        Sample(T(4, 3, 2), (3, 2), T(3, 2), None, 0.1),
        Sample(T(4, 3), (3,)),
        Sample(T(0, 3), (3,), T(3), T(3)),
        Sample(T(2, 0), (0,), T(0), T(0)),
    ),
    Row(F + "rms_norm", Sample(T(4, 3, 2), (2,), T(2)), Sample(T(4, 3, 2), (3, 2), None, 0.1), Sample(T(0, 3), (3,))),
    Row(
        F + "group_norm",
        Sample(T(2, 6, 4), 3, T(6), T(6)),
        Sample(T(2, 6), 2, T(6), None, 0.1),
        Sample(T(2, 4, 3, 2), 4, T(4)),
        Sample(T(2, 4, 3, 2), 1),
    ),
    Row(
        F + "batch_norm",
        Sample(T(4, 3, 5), None, None, T(3), T(3), True),
        Sample(T(4, 3), None, None, T(3), None, True, eps=0.1),
        Sample(T(2, 3, 2, 2), None, None, training=True),
        Sample(T(4, 3, 5), *GIVEN, T(3), T(3)),
        Sample(T(4, 3), *GIVEN),
    ),
    Row(
        F + "instance_norm",
        Sample(T(4, 3, 5), weight=T(3), bias=T(3)),
        Sample(T(2, 3, 2, 2), eps=0.1),
        Sample(T(4, 3, 5), *GIVEN, T(3), T(3), use_input_stats=False),
    ),
    Row(
        F + "local_response_norm",
        Sample(T(2, 5, 3), 3, alpha=0.5),
        Sample(T(2, 5, 2, 2), 2, alpha=0.5, beta=0.5, k=2.0),
        Sample(T(2, 2, 3), 7),
    ),
]
