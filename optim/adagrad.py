"""Adagrad: the gradient divided by the root of the sum of its squares so far."""

from __future__ import annotations

from typing import Any

from ..autograd.ops.creation import full_like, zeros
from ..backends import Array, dtypes
from .optimizer import Optimizer, Params, decayed, refuse_unless


class Adagrad(Optimizer):
    """`p -= lr / (1 + (step - 1) * lr_decay) * g / (sqrt(sum) + eps)`, with `sum` that of the gradient's squares (Duchi
    et al. 2011).

    Args:
        params: see `Optimizer`.
        lr: the learning rate.
        lr_decay: how fast it falls.
        weight_decay: adds `weight_decay * p` to the gradient.
        initial_accumulator_value: where the sum starts.
        eps: keeps the divisor from 0.
        maximize: go up the gradient.
        foreach, fused: have no meaning here; PyTorch's code gives them.

    The state is `step` and `sum`; it is there from the start.

    Raises:
        ValueError: a setting is out of its range.
    """

    def __init__(
        self, params: Params, lr: float = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
        maximize: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        settings = dict(
            lr=lr,
            lr_decay=lr_decay,
            eps=eps,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            maximize=maximize,
        )
        super().__init__(params, settings)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        start = group["initial_accumulator_value"]
        for p in group["params"]:
            total = full_like(p.detach(), complex(start, start) if p.is_complex() else start)
            self.state[p] = {"step": zeros((), dtype=dtypes.float32, device="cpu"), "sum": total}

    def check(self, group: dict[str, Any]) -> None:
        names = ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")
        refuse_unless("Adagrad", **{name: (group[name], group[name] >= 0) for name in names})

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("sum",)

    def numbers(self, group: dict[str, Any], step: float) -> tuple[float, ...]:
        return float(group["lr"]) / (1 + (step - 1) * group["lr_decay"]), group["eps"], group["weight_decay"]

    def update(
        self, xp: Any, group: dict[str, Any], n: tuple[Array, ...], p: Array, g: Array, states: tuple[Array, ...],
        temporaries: tuple[Array, ...],
    ) -> None:  # fmt: skip
        rate, eps, weight_decay = n
        (total,), (t, u) = states, temporaries
        g = decayed(xp, g, p, weight_decay if group["weight_decay"] else None, group["maximize"], u)
        xp.multiply(g, g, t)
        xp.add(total, t, total)
        xp.sqrt(total, t)
        xp.add(t, eps, t)
        xp.divide(g, t, t)
        xp.multiply(t, rate, t)
        xp.subtract(p, t, p)


__all__ = ["Adagrad"]
