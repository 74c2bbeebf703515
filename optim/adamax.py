"""Adamax: Adam with the greatest gradient in place of the root of the mean square."""

from __future__ import annotations

from typing import Any

from ..backends import Array
from .optimizer import Optimizer, Params, decayed, refuse_unless


class Adamax(Optimizer):
    """`p -= lr / (1 - beta1**step) * m / u`, with `m` the running mean of the gradient and
    `u = max(beta2 * u, |g| + eps)` (Kingma and Ba 2015, algorithm 2; `eps` inside as in PyTorch).

    Args:
        params: see `Optimizer`.
        lr: the learning rate.
        betas: what part of `m` and of `u` stays at each step.
        eps: keeps the divisor from 0.
        weight_decay: adds `weight_decay * p` to the gradient.
        maximize: go up the gradient.
        foreach, capturable: have no meaning here; PyTorch's code gives them.

    The state is `step`, `exp_avg` (m) and `exp_inf` (u).

    Raises:
        ValueError: a setting is out of its range.
    """

    def __init__(
        self, params: Params, lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False, capturable: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize))

    def check(self, group: dict[str, Any]) -> None:
        b1, b2 = group["betas"]
        refuse_unless("Adamax", lr=(group["lr"], group["lr"] >= 0), eps=(group["eps"], group["eps"] >= 0),
               betas=(group["betas"], 0 <= b1 < 1 and 0 <= b2 < 1),
               weight_decay=(group["weight_decay"], group["weight_decay"] >= 0))  # fmt: skip

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_inf")

    def numbers(self, group: dict[str, Any], step: float) -> tuple[float, ...]:
        b1, b2 = group["betas"]
        return b1, 1 - b1, b2, group["eps"], float(group["lr"]) / (1 - b1**step), group["weight_decay"]

    def update(
        self, xp: Any, group: dict[str, Any], n: tuple[Array, ...], p: Array, g: Array, states: tuple[Array, ...],
        temporaries: tuple[Array, ...],
    ) -> None:  # fmt: skip
        b1, rest, b2, eps, rate, weight_decay = n
        (m, greatest), (t, u) = states, temporaries
        g = decayed(xp, g, p, weight_decay if group["weight_decay"] else None, group["maximize"], u)
        xp.multiply(g, rest, t)
        xp.multiply(m, b1, m)
        xp.add(m, t, m)
        xp.abs(g, t)
        xp.add(t, eps, t)
        xp.multiply(greatest, b2, greatest)
        xp.maximum(greatest, t, out=greatest)
        xp.divide(m, greatest, t)
        xp.multiply(t, rate, t)
        xp.subtract(p, t, p)


__all__ = ["Adamax"]
