"""Stochastic gradient descent, with momentum if wanted."""

from __future__ import annotations

from typing import Any

from ..backends import Array
from .optimizer import Optimizer, Params, decayed, refuse_unless


class SGD(Optimizer):
    """`p -= lr * g`; with momentum, `b = momentum * b + (1 - dampening) * g` takes the place of `g`, and in Nesterov's
    form `g + momentum * b` (Sutskever et al. 2013, with the learning rate outside as in PyTorch). `b` starts as `g`.

    Args:
        params: see `Optimizer`.
        lr: the learning rate.
        momentum, dampening, nesterov: as above.
        weight_decay: adds `weight_decay * p` to the gradient.
        maximize: go up the gradient.
        foreach, fused: have no meaning here; PyTorch's code gives them.

    The state is `momentum_buffer`, with momentum.

    Raises:
        ValueError: a setting is out of its range, or Nesterov's form without momentum or with dampening.
    """

    _counts = False

    def __init__(
        self, params: Params, lr: float = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None, fused: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(params, dict(lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
                                      nesterov=nesterov, maximize=maximize))  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        refuse_unless("SGD", **{name: (group[name], group[name] >= 0) for name in ("lr", "momentum", "weight_decay")})
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("SGD: Nesterov's form needs a momentum, and no dampening")

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def numbers(self, group: dict[str, Any], step: float) -> tuple[float, ...]:
        share = 1.0 if step == 1 else 1 - group["dampening"]
        return float(group["lr"]), group["momentum"], share, group["weight_decay"]

    def update(
        self, xp: Any, group: dict[str, Any], n: tuple[Array, ...], p: Array, g: Array, states: tuple[Array, ...],
        temporaries: tuple[Array, ...],
    ) -> None:  # fmt: skip
        lr, momentum, share, weight_decay = n
        t, u = temporaries
        g = decayed(xp, g, p, weight_decay if group["weight_decay"] else None, group["maximize"], u)
        if states:
            (b,) = states
            xp.multiply(b, momentum, b)
            xp.add(b, xp.multiply(g, share, t) if group["dampening"] else g, b)
            g = xp.add(xp.multiply(b, momentum, t), g, t) if group["nesterov"] else b
        xp.subtract(p, xp.multiply(g, lr, t), p)


__all__ = ["SGD"]
