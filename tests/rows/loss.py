"""Losses of predictions against targets of the same shape."""

from __future__ import annotations

from .rows import Kink, Row, Sample, T

F = "nn.functional."
P = dict(low=0.05, high=0.95)  # probabilities


def _each(*arguments: T, **settings: object) -> list[Sample]:
    """The call with each reduction."""
    return [Sample(*arguments, **settings, reduction=reduction) for reduction in ("mean", "sum", "none")]


ROWS = [
    Row(
        F + "mse_loss",
        *_each(T(3, 4), T(3, 4)),
        Sample(T(), T()),
        Sample(T(0, 3), T(0, 3), reduction="sum"),
        Sample(T(3, 4), T(3, 4, grad=False)),
        *_each(T(5), T(5), weight=T(5, low=0.1)),
        Sample(T(5), T(5, dtype="int64")),
        dtypes=False,
    ),
    Row(
        F + "l1_loss",
        *_each(T(3, 4), T(3, 4)),
        Sample(T(values=[1.0, 2.0]), T(values=[1.5, -2.0])),
        *_each(T(5), T(5), weight=T(5, low=0.1)),
    ),
    Row(
        F + "smooth_l1_loss",
        *_each(T(3, 4), T(3, 4)),
        Sample(T(values=[0.1, 2.0, -3.0]), T(values=[0.0, 0.0, 0.0]), beta=0.5),
        Sample(T(4), T(4), beta=0.0),
        Sample(T(), T(), beta=3.0),
    ),
    Row(
        F + "huber_loss",
        *_each(T(3, 4), T(3, 4)),
        Sample(T(values=[0.1, 2.0, -3.0]), T(values=[0.0, 0.0, 0.0]), delta=0.5),
        Sample(T(4), T(4), weight=T(4, low=0.1)),
    ),
    Row(
        F + "binary_cross_entropy",
        *_each(T(3, 4, **P), T(3, 4, **P)),
        Sample(T(3, 4, **P), T(3, 4, **P), weight=T(4, low=0.1, grad=False)),
        Sample(T(4, **P), T(values=[0.0, 1.0, 1.0, 0.0], grad=False)),
        Sample(T(0, 2, **P), T(0, 2, **P), reduction="sum"),
    ),
    Row(
        F + "binary_cross_entropy_with_logits",
        *_each(T(3, 4), T(3, 4, **P)),
        Sample(T(values=[-800.0, 800.0, 0.0, 30.0]), T(values=[1.0, 0.0, 0.5, 1.0])),
        Sample(T(3, 4), T(3, 4, **P), weight=T(3, 1, low=0.1, grad=False)),
        Sample(T(3, 4), T(3, 4, **P, grad=False), pos_weight=T(4, low=0.1, grad=False)),
        *_each(T(4), T(4, **P), pos_weight=T(4, low=0.1, grad=False), weight=T(4, low=0.1, grad=False)),
    ),
    Row(
        F + "kl_div",
        *_each(T(3, 4), T(3, 4, **P)),
        Sample(T(3, 4), T(3, 4, **P), reduction="batchmean"),
        Sample(T(3), T(values=[0.0, 0.5, 0.5], grad=False)),
        *_each(T(3, 4), T(3, 4), log_target=True),
    ),
    Row(
        F + "soft_margin_loss",
        *_each(T(3, 4), T(values=[[1.0, -1.0, 1.0, -1.0]] * 3, grad=False)),
        Sample(T(values=[-30.0, 30.0, 0.5]), T(values=[1.0, 1.0, -1.0], grad=False)),
    ),
    Row(
        F + "multilabel_soft_margin_loss",
        *_each(T(3, 4), T(3, 4, **P)),
        Sample(T(4), T(4, **P), weight=T(4, low=0.1, grad=False), reduction="none"),
    ),
    Row(
        F + "poisson_nll_loss",
        *_each(T(3, 4), T(3, 4, low=0.0, high=5.0, grad=False), full=True),
        Sample(T(4, low=0.2), T(values=[0.0, 1.0, 2.0, 3.0], grad=False), log_input=False),
        Sample(T(), T(low=1.5)),
    ),
    Row(
        F + "gaussian_nll_loss",
        *_each(T(3, 4), T(3, 4), T(3, 4, low=0.1)),
        Sample(T(3, 4), T(3, 4), T(3, low=0.1), full=True),
        Sample(T(3, 4), T(3, 1), T(1, 4, low=0.1), reduction="sum"),
        Sample(T(4), T(4), 0.5),
        Kink(T(2), T(2), T(values=[1e-9, 1.0])),
    ),
]
