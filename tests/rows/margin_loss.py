"""Losses that are zero beyond a margin."""

from __future__ import annotations

from .rows import Kink, Row, Sample, T

F = "nn.functional."
SIGNS = T(values=[1.0, -1.0, -1.0, 1.0], grad=False)
CLASSES = T(values=[0, 2, 1, 2], dtype="int64")


def _each(*arguments: T, **settings: object) -> list[Sample]:
    """The call with each reduction."""
    return [Sample(*arguments, **settings, reduction=reduction) for reduction in ("mean", "sum", "none")]


ROWS = [
    Row(
        F + "hinge_embedding_loss",
        *_each(T(3, 4), SIGNS),
        Sample(T(4), T(values=[1, -1, -1, 1], dtype="int64"), margin=0.3),
        Kink(T(values=[1.0, 2.0]), T(values=[-1.0, -1.0], grad=False)),
    ),
    Row(
        F + "margin_ranking_loss",
        *_each(T(4), T(4), SIGNS, margin=0.5),
        Sample(T(3, 1), T(1, 4), T(values=[[-1.0]], grad=False)),
        Sample(T(), T(), T(values=-1.0, grad=False), margin=3.0),
    ),
    Row(
        F + "cosine_embedding_loss",
        *_each(T(4, 3), T(4, 3), SIGNS, margin=0.1),
        Sample(T(3), T(3), T(values=-1.0, grad=False), margin=-1.0),
        Sample(T(values=[[0.01, 0.02]]), T(1, 2), T(values=[1.0], grad=False)),
    ),
    Row(
        F + "multi_margin_loss",
        *_each(T(4, 3), CLASSES),
        *_each(T(4, 3), CLASSES, p=2, margin=0.5, weight=T(values=[0.5, 1.0, 2.0], grad=False)),
        Sample(T(3), T(values=1, dtype="int64"), reduction="none"),
        Sample(T(3), T(values=[1], dtype="int64"), reduction="none"),
    ),
    Row(
        F + "multilabel_margin_loss",
        *_each(T(3, 4), T(values=[[1, 2, -1, 0], [-1, 0, 1, 2], [3, 0, 1, 2]], dtype="int64")),
        Sample(T(4), T(values=[2, 2, -1, 3], dtype="int64"), reduction="none"),
    ),
    Row(
        F + "triplet_margin_loss",
        *_each(T(4, 3), T(4, 3), T(4, 3), margin=2.0),
        Sample(T(4, 3), T(1, 3), T(4, 3), p=3.0, swap=True),
        Sample(T(3), T(3), T(3), eps=0.1, p=1.0),
    ),
    Row(
        F + "triplet_margin_with_distance_loss",
        *_each(T(4, 3), T(4, 3), T(4, 3), margin=2.0, swap=True),
        Sample(T(4, 3), T(4, 3), T(4, 3), distance_function=lambda x, y: ((x - y) ** 4).sum(-1)),
    ),
]
