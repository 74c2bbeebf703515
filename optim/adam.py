"""Adam, and AdamW, which keeps weight decay apart from the gradient."""

from __future__ import annotations

import math
from typing import Any

from ..backends import Array
from .optimizer import Optimizer, Params, decayed, refuse_unless


class Adam(Optimizer):
    """`p -= lr * m / (sqrt(v) + eps)`, with `m` the running mean of the gradient and `v` that of its square, both
    divided by `1 - beta**step` to undo that they start at 0 (Kingma and Ba 2015, algorithm 1).

    Args:
        params: see `Optimizer`.
        lr: the learning rate.
        betas: what part of `m` and of `v` stays at each step.
        eps: keeps the divisor from 0.
        weight_decay: adds `weight_decay * p` to the gradient.
        amsgrad: divide by the greatest `v` so far (Reddi et al. 2018).
        maximize: go up the gradient.
        decoupled_weight_decay: multiply `p` by `1 - lr * weight_decay` instead: `AdamW`.
        foreach, capturable, fused: have no meaning here; PyTorch's code gives them.

    The state is `step`, `exp_avg` (m), `exp_avg_sq` (v), and `max_exp_avg_sq` with amsgrad.

    Raises:
        ValueError: a setting is out of its range.
    """

    def __init__(
        self, params: Params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False,
        capturable: bool = False, fused: bool | None = None, decoupled_weight_decay: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad,
                                      maximize=maximize, decoupled_weight_decay=decoupled_weight_decay))  # fmt: skip

    def check(self, group: dict[str, Any]) -> None:
        b1, b2 = group["betas"]
        refuse_unless(type(self).__name__, betas=(group["betas"], 0 <= b1 < 1 and 0 <= b2 < 1),
                      **{name: (group[name], group[name] >= 0) for name in ("lr", "eps", "weight_decay")})  # fmt: skip

    def state_names(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")

    def numbers(self, group: dict[str, Any], step: float) -> tuple[float, ...]:
        lr, decay = float(group["lr"]), group["weight_decay"]
        b1, b2 = group["betas"]
        # sqrt(v / c) + eps = (sqrt(v) + eps * sqrt(c)) / sqrt(c), and 1 / sqrt(c) goes into the rate: a pass less.
        root = math.sqrt(1 - b2**step)
        if group["decoupled_weight_decay"]:
            decay = 1 - lr * decay
        return b1, 1 - b1, b2, (1 - b2) / (1 - b1), group["eps"] * root, lr * root / (1 - b1**step), decay

    def update(
        self, xp: Any, group: dict[str, Any], n: tuple[Array, ...], p: Array, g: Array, states: tuple[Array, ...],
        temporaries: tuple[Array, ...],
    ) -> None:  # fmt: skip
        b1, rest, b2, ratio, eps, rate, decay = n
        m, v = states[:2]
        t, u = temporaries
        multiply, add = xp.multiply, xp.add
        penalty = None
        if group["weight_decay"]:
            if group["decoupled_weight_decay"]:
                multiply(p, decay, p)
            else:
                penalty = decay
        g = decayed(xp, g, p, penalty, group["maximize"], u)
        multiply(g, rest, t)
        multiply(m, b1, m)
        add(m, t, m)
        multiply(t, g, t)
        multiply(t, ratio, t)
        multiply(v, b2, v)
        add(v, t, v)
        if group["amsgrad"]:
            v = xp.maximum(states[2], v, out=states[2])
        xp.sqrt(v, t)
        add(t, eps, t)
        xp.divide(m, t, t)
        multiply(t, rate, t)
        xp.subtract(p, t, p)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: `p` is first multiplied by `1 - lr * weight_decay` (Loshchilov
    and Hutter 2019). Arguments as for `Adam`, but that the decay is 0.01 unless given."""

    def __init__(
        self, params: Params, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None,
        capturable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)


__all__ = ["Adam", "AdamW"]
