"""`chainrule.func`: functional transforms, with `torch.func`'s names and meaning, and rules of one's own."""

from __future__ import annotations

from .autograd.custom import custom_jvp, custom_vjp
from .autograd.transforms import (
    grad,
    grad_and_value,
    hessian,
    hvp,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)

__all__ = [
    "custom_jvp", "custom_vjp", "grad", "grad_and_value", "hessian", "hvp", "jacfwd", "jacrev", "jvp", "linearize",
    "value_and_grad", "vjp",
]  # fmt: skip
