"""Losses of class scores."""

from __future__ import annotations

from .rows import Row, Sample, T

F = "nn.functional."


def _classes(*values: object) -> T:
    return T(values=list(values), dtype="int64")


def _each(*arguments: T, **settings: object) -> list[Sample]:
    """The call with each reduction."""
    return [Sample(*arguments, **settings, reduction=reduction) for reduction in ("mean", "sum", "none")]


WEIGHT = T(values=[0.5, 1.0, 2.0], grad=False)
INDICES = [
    *_each(T(4, 3), _classes(0, 2, 1, 2)),
    *_each(T(4, 3), _classes(0, -100, 1, -100)),
    *_each(T(4, 3), _classes(0, 2, 1, 2), weight=WEIGHT),
    *_each(T(4, 3), _classes(0, 2, -100, 2), weight=WEIGHT),
    *_each(T(4, 3), _classes(0, 2, 1, 2), ignore_index=2),
    Sample(T(3), T(values=1, dtype="int64")),
    Sample(T(3), T(values=1, dtype="int64"), reduction="none", weight=WEIGHT),
    *_each(T(2, 3, 2, 2), _classes([[0, 1], [2, -100]], [[1, 1], [0, 2]])),
    Sample(T(2, 3, 4), _classes([0, 1, 2, 0], [1, 1, 0, 2]), weight=WEIGHT),
    Sample(T(0, 3), T(0, dtype="int64"), reduction="sum"),
]

ROWS = [
    Row(
        F + "cross_entropy",
        *INDICES,
        Sample(T(values=[[800.0, 0.0, -800.0], [-1e4, -1e4, -1e4]]), _classes(2, 1)),
        *_each(T(4, 3), _classes(0, 2, 1, 2), label_smoothing=0.2),
        *_each(T(4, 3), _classes(0, -100, 1, 2), label_smoothing=0.2, weight=WEIGHT),
        *_each(T(2, 3, 4), _classes([0, 1, 2, 0], [1, -100, 0, 2]), label_smoothing=0.5),
        *_each(T(4, 3), T(4, 3, low=0.0, high=1.0)),
        *_each(T(4, 3), T(4, 3, low=0.0, high=1.0), weight=WEIGHT, label_smoothing=0.3),
        *_each(T(2, 3, 2), T(2, 3, 2, low=0.0, high=1.0), weight=WEIGHT),
        Sample(T(3), T(3, low=0.0, high=1.0)),
    ),
    Row(F + "nll_loss", *INDICES),
    Row(
        F + "linear_cross_entropy",
        *_each(T(4, 2), T(3, 2), _classes(0, 2, -100, 2), linear_bias=T(3), weight=WEIGHT),
        Sample(T(2), T(3, 2), T(values=1, dtype="int64"), label_smoothing=0.3),
        Sample(T(2, 3), T(3, 4, 3), _classes([0, 2, 1, 1], [2, 2, 0, 1]), linear_bias=T(3, 4), ignore_index=1),
        Sample(T(4, 2), T(3, 2), T(4, 3, low=0.0, high=1.0), reduction="sum"),
    ),
]
