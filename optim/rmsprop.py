"""RMSprop: the gradient divided by a running measure of its size."""

from __future__ import annotations

from typing import Any

from ..backends import Array
from .optimizer import Optimizer, Params, decayed, refuse_unless


class RMSprop(Optimizer):
    """`p -= lr * g / (sqrt(v) + eps)`, with `v` the running mean of the gradient's square (Hinton's lecture 6e, 2012);
    centered, `v` less the square of the running mean of the gradient: its variance (Graves 2013). With momentum,
    `b = momentum * b + g / (sqrt(v) + eps)` and `p -= lr * b`.

    Args:
        params: see `Optimizer`.
        lr: the learning rate.
        alpha: what part of the running means stays at each step.
        eps: keeps the divisor from 0.
        weight_decay: adds `weight_decay * p` to the gradient.
        momentum, centered: as above.
        maximize: go up the gradient.
        capturable, foreach: have no meaning here; PyTorch's code gives them.

    The state is `step`, `square_avg` (v), and `momentum_buffer` and `grad_avg` where they are used.

    Raises:
        ValueError: a setting is out of its range.
    """

    def __init__(
        self, params: Params, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
        momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, dict(lr=lr, momentum=momentum, alpha=alpha, eps=eps, centered=centered,
                                      weight_decay=weight_decay, maximize=maximize))  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        refuse_unless("RMSprop", **{name: (group[name], group[name] >= 0)
                             for name in ("lr", "eps", "momentum", "weight_decay", "alpha")})  # fmt: skip

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        momentum = ("momentum_buffer",) if group["momentum"] > 0 else ()
        return ("square_avg", *momentum, *(("grad_avg",) if group["centered"] else ()))

    def numbers(self, group: dict[str, Any], step: float) -> tuple[float, ...]:
        alpha = group["alpha"]
        return float(group["lr"]), alpha, 1 - alpha, group["eps"], group["momentum"], group["weight_decay"]

    def update(
        self, xp: Any, group: dict[str, Any], n: tuple[Array, ...], p: Array, g: Array, states: tuple[Array, ...],
        temporaries: tuple[Array, ...],
    ) -> None:  # fmt: skip
        lr, alpha, rest, eps, momentum, weight_decay = n
        v, t, u = states[0], *temporaries
        g = decayed(xp, g, p, weight_decay if group["weight_decay"] else None, group["maximize"], u)
        xp.multiply(g, g, t)
        xp.multiply(t, rest, t)
        xp.multiply(v, alpha, v)
        xp.add(v, t, v)
        if group["centered"]:
            mean = states[-1]
            xp.subtract(g, mean, t)
            xp.multiply(t, rest, t)
            xp.add(mean, t, mean)
            xp.multiply(mean, mean, t)
            xp.subtract(v, t, t)
            xp.sqrt(t, t)
        else:
            xp.sqrt(v, t)
        xp.add(t, eps, t)
        xp.divide(g, t, t)
        if group["momentum"] > 0:
            b = states[1]
            xp.multiply(b, momentum, b)
            xp.add(b, t, b)
            t = xp.multiply(b, lr, t)
        else:
            xp.multiply(t, lr, t)
        xp.subtract(p, t, p)


__all__ = ["RMSprop"]
