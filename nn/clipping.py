"""Gradient clipping: the gradients of many parameters, kept from being too large."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..autograd.modes import no_grad
from ..autograd.ops.creation import tensor
from ..autograd.ops.joining import stack
from ..autograd.ops.norm import norm
from ..autograd.tensor import Tensor, tensors_of
from ..autograd.versions import record_change


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [p.grad for p in tensors_of("clip_grad", "parameters", parameters) if p.grad is not None]


@no_grad()
def get_total_norm(
    tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0, error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:  # fmt: skip
    """The norm of all elements of several tensors taken together, as a 0-d tensor; 0 of none.

    Args:
        norm_type: the p of the norm; `math.inf` for the largest magnitude.
        error_if_nonfinite: whether to look if it is finite, which waits for the device.
        foreach: has no meaning here; PyTorch's code gives it.

    Raises:
        RuntimeError: it is not finite, if asked to look.
    """
    given = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not given:
        return tensor(0.0)
    home = given[0].device
    total = norm(stack([norm(t, norm_type).to(home) for t in given]), norm_type)
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"the total norm of order {norm_type} is {total.item()}, so gradients cannot be scaled by it; "
            f"with error_if_nonfinite=False they are all the same"
        )
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scales the gradients in place by `max_norm / total_norm` if that is below 1, without waiting to see whether it
    is. Arguments as for `clip_grad_norm_`; `total_norm` comes from `get_total_norm`."""
    scale = (max_norm / (total_norm + 1e-6)).clamp(max=1.0)
    for gradient in _gradients(parameters):
        array = gradient._array
        array *= scale.to(gradient.device, gradient.dtype)._array
        record_change(array, "gradient clipping")


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:  # fmt: skip
    """Scales the gradients of `parameters` in place, all by one factor, so that the norm of all of them together is at
    most `max_norm` (Pascanu et al. 2013).

    Args:
        parameters: a tensor or several; those without a gradient do not count.
        norm_type, error_if_nonfinite, foreach: as for `get_total_norm`.

    Returns:
        The norm before, a 0-d tensor.

    Raises:
        RuntimeError: the norm is not finite, if asked to look. Nothing is changed then.
    """
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    total = get_total_norm(_gradients(given), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(given, max_norm, total)
    return total


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Moves every element of the gradients of `parameters` into [-clip_value, clip_value], in place."""
    for gradient in _gradients(parameters):
        array = gradient._array
        gradient.backend.xp.clip(array, -clip_value, clip_value, out=array)
        record_change(array, "gradient clipping")


__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]
