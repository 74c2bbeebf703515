"""Activations as networks use them: the op of the table, in place on request, softmax with a dimension of its own.

With `inplace=True` an activation changes its input, and returns it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ...autograd import inplace as in_place
from ...autograd.ops import activation, piecewise, softmax as softmaxes
from ...autograd.tensor import Tensor


def _applied(name: str, function: Callable[..., Any], input: Tensor, inplace: bool, *settings: float) -> Tensor:
    if inplace:
        return in_place.change(input, f"{name}_", function, *settings)
    return function(input, *settings)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """`max(x, 0)`; the gradient at 0 is 0."""
    return _applied("relu", activation.relu, input, inplace)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """`min(max(x, 0), 6)`."""
    return _applied("relu6", activation.relu6, input, inplace)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """`x * sigmoid(x)`, also called swish (Elfwing et al. 2017)."""
    return _applied("silu", activation.silu, input, inplace)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """`x` where positive, `negative_slope * x` elsewhere."""
    return _applied("leaky_relu", activation.leaky_relu, input, inplace, negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """`x` where positive, `alpha * (exp(x) - 1)` elsewhere (Clevert et al. 2015)."""
    return _applied("elu", activation.elu, input, inplace, alpha)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Moves each element into [min_val, max_val]; the gradient at both ends is 0.

    Raises:
        ValueError: `min_val` is above `max_val`.
    """
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val cannot be above max_val, got {min_val} and {max_val}")
    return _applied("hardtanh", activation.hardtanh, input, inplace, min_val, max_val)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """`x` where positive, `alpha * (exp(x / alpha) - 1)` elsewhere (Barron 2017).

    Raises:
        RuntimeError: `alpha` is 0.
    """
    return _applied("celu", activation.celu, input, inplace, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`elu` with the slope and scale that keep mean 0 and variance 1 from layer to layer (Klambauer et al. 2017)."""
    return _applied("selu", activation.selu, input, inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """`x * tanh(softplus(x))` (Misra 2019)."""
    return _applied("mish", activation.mish, input, inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """`relu6(x + 3) / 6`: three straight pieces in the shape of a sigmoid (Howard et al. 2019)."""
    return _applied("hardsigmoid", piecewise.hardsigmoid, input, inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """`x * hardsigmoid(x)` (Howard et al. 2019)."""
    return _applied("hardswish", piecewise.hardswish, input, inplace)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """`x` where it is above `threshold`, `value` elsewhere."""
    return _applied("threshold", piecewise.threshold, input, inplace, threshold, value)


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """`x` where positive, elsewhere `x` times a slope (Xu et al. 2015): in training drawn for each element, uniformly
    between `lower` and `upper`, from the seeded stream of the input's backend; else the middle of that range.

    Raises:
        RuntimeError: `lower` is above `upper`.
    """
    return _applied("rrelu", piecewise.rrelu, input, inplace, lower, upper, training)


def _changing(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The function with `inplace=True`, under its name with an underscore."""

    def change(*args: Any, **kwargs: Any) -> Tensor:
        return function(*args, **kwargs, inplace=True)

    change.__name__ = change.__qualname__ = f"{function.__name__}_"
    change.__doc__ = f"`{function.__name__}` in place."
    return change


relu_, leaky_relu_, rrelu_ = _changing(relu), _changing(leaky_relu), _changing(rrelu)
elu_, celu_, selu_ = _changing(elu), _changing(celu), _changing(selu)
hardtanh_, threshold_ = _changing(hardtanh), _changing(threshold)


def _softmax_dim(name: str, ndim: int) -> int:
    dim = 0 if ndim in (0, 1, 3) else 1
    warnings.warn(f"{name}: write dim={dim}, which is what is taken for {ndim} dimensions", stacklevel=3)
    return dim


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """`exp(x) / sum(exp(x))` along a dimension: positive numbers that sum to 1.

    Args:
        dim: an int. Left out, it is 0 for a tensor with 0, 1 or 3 dimensions, else 1; with a warning.
        dtype: what to cast the input to first.

    Raises:
        IndexError: there is no such dimension.
    """
    return softmaxes.softmax(input, _softmax_dim("softmax", input.ndim) if dim is None else dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`, accurate where that is near 0 or 1. Arguments and errors as for `softmax`."""
    return softmaxes.log_softmax(input, _softmax_dim("log_softmax", input.ndim) if dim is None else dim, dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Tensor:
    """`softmax(-input)`: the smallest element weighs most. Arguments and errors as for `softmax`."""
    return softmaxes.softmin(input, _softmax_dim("softmin", input.ndim) if dim is None else dim, dtype)


__all__ = [
    "celu", "celu_", "elu", "elu_", "hardsigmoid", "hardswish", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_",
    "log_softmax", "mish", "relu", "relu6", "relu_", "rrelu", "rrelu_", "selu", "selu_", "silu", "softmax", "softmin",
    "threshold", "threshold_",
]  # fmt: skip
