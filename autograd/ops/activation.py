"""Activations: what stands between two linear layers. Softmax and its kin, which look along a dimension, stand in
`softmax.py`."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError
from ..op import op
from .comparison import choose, ordered
from .dims import canonical_dim, ndim_of
from .elementwise import abs, clamp, erf, exp, sigmoid, tanh
from .joining import narrow

_SQRT_HALF = 0.7071067811865476
_INV_SQRT_2PI = 0.3989422804014327
_GELU_TANH = 0.7978845608028654  # sqrt(2/pi)
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


relu = op("relu", lambda xp, x: xp.maximum(ordered(x), 0), vjp=lambda g, out: g * (out > 0), elementwise=True,
          doc="max(x, 0); the gradient at 0 is 0.")  # fmt: skip
_leaky_relu = op(
    "leaky_relu", lambda xp, x, *, slope: xp.where(ordered(x) > 0, x, x * slope),
    vjp=lambda g, x, slope: choose(x > 0, g, g * slope), elementwise=True,
)  # fmt: skip
_elu = op(
    "elu", lambda xp, x, *, alpha: xp.where(ordered(x) > 0, x, xp.expm1(xp.minimum(x, 0)) * alpha),
    vjp=lambda g, x, alpha: choose(x > 0, g, g * exp(clamp(x, max=0)) * alpha), elementwise=True,
)  # fmt: skip
_celu = op(
    "celu", lambda xp, x, *, alpha: xp.where(ordered(x) > 0, x, xp.expm1(xp.where(x > 0, 0, x) / alpha) * alpha),
    vjp=lambda g, x, alpha: choose(x > 0, g, g * exp(clamp(x, max=0) / alpha)), elementwise=True,
)  # fmt: skip


def _softplus_forward(xp: Any, x: Any, *, beta: float, threshold: float) -> Any:
    scaled = ordered(x) * beta
    smooth = (xp.maximum(scaled, 0) + xp.log1p(xp.exp(-xp.abs(scaled)))) / beta
    return xp.where(scaled > threshold, x, smooth)


_softplus = op(
    "softplus", _softplus_forward,
    vjp=lambda g, x, beta, threshold: choose(x * beta > threshold, g, g * sigmoid(x * beta)), elementwise=True,
)  # fmt: skip
_gelu_erf = op(
    "gelu", lambda xp, x: x * 0.5 * (xp.erf(x * _SQRT_HALF) + 1),
    vjp=lambda g, x: g * ((erf(x * _SQRT_HALF) + 1) * 0.5 + x * exp(x * x * -0.5) * _INV_SQRT_2PI), elementwise=True,
)  # fmt: skip
logsigmoid = op("logsigmoid", lambda xp, x: xp.minimum(ordered(x), 0) - xp.log1p(xp.exp(-xp.abs(x))),
                vjp=lambda g, x: g * sigmoid(-x), elementwise=True,
                doc="`log(sigmoid(x))`, without overflow.")  # fmt: skip
silu = op("silu", lambda xp, x: x * xp.sigmoid(x), vjp=lambda g, x: g * (sigmoid(x) * (1 + x * sigmoid(-x))),
          elementwise=True, doc="x * sigmoid(x), also called swish (Elfwing et al. 2017).")  # fmt: skip
mish = op(
    "mish", lambda xp, x: x * xp.tanh(xp.logaddexp(x, 0)), vjp=lambda g, x: g * _mish_slope(x, tanh(_softplus_of(x))),
    elementwise=True, doc="`x * tanh(softplus(x))` (Misra 2019).",
)  # fmt: skip


def softsign(input: Any) -> Any:
    """`x / (1 + |x|)`."""
    return input / (abs(input) + 1)


def _softplus_of(x: Any) -> Any:
    return _softplus(x, beta=1.0, threshold=math.inf)


def _mish_slope(x: Any, t: Any) -> Any:
    return t + x * sigmoid(x) * (1 - t * t)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """`x` where positive, `negative_slope * x` elsewhere."""
    return _leaky_relu(input, slope=negative_slope)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """`x` where positive, `alpha * (exp(x) - 1)` elsewhere (Clevert et al. 2015)."""
    return _elu(input, alpha=alpha)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """`x` where positive, `alpha * (exp(x / alpha) - 1)` elsewhere (Barron 2017).

    Raises:
        RuntimeError: `alpha` is 0.
    """
    if alpha == 0:
        raise RuntimeError("celu: alpha cannot be 0")
    return _celu(input, alpha=alpha)


def selu(input: Any, inplace: bool = False) -> Any:
    """`elu` with the slope and scale that keep mean 0 and variance 1 from layer to layer (Klambauer et al. 2017)."""
    return _elu(input, alpha=_SELU_ALPHA) * _SELU_SCALE


def glu(input: Any, dim: int = -1) -> Any:
    """The first half of a dimension times the sigmoid of the second (Dauphin et al. 2017).

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: its size is odd, or the tensor has no dimension.
    """
    dim = canonical_dim("glu", dim, ndim_of("glu", input))
    if input.ndim == 0 or input.shape[dim] % 2:
        raise ShapeError(f"glu: dimension {dim} of shape {tuple(input.shape)} cannot be halved")
    half = input.shape[dim] // 2
    return narrow(input, dim, 0, half) * sigmoid(narrow(input, dim, half, half))


def tanhshrink(input: Any) -> Any:
    """`x - tanh(x)`."""
    return input - tanh(input)


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """`log(1 + exp(beta * x)) / beta`, and `x` itself where `beta * x > threshold`."""
    return _softplus(input, beta=beta, threshold=threshold)


def gelu(input: Any, approximate: str = "none") -> Any:
    """`x` times the standard normal's distribution function at `x` (Hendrycks and Gimpel 2016).

    Args:
        approximate: `"none"` for the exact form, `"tanh"` for `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
    """
    if approximate == "none":
        return _gelu_erf(input)
    if approximate == "tanh":
        return input * 0.5 * (tanh((input + input * input * input * 0.044715) * _GELU_TANH) + 1)
    raise RuntimeError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")


def relu6(input: Any, inplace: bool = False) -> Any:
    """`min(max(x, 0), 6)`."""
    return hardtanh(input, 0.0, 6.0)


_hardtanh = op(
    "hardtanh", lambda xp, x, *, low, high: xp.minimum(xp.maximum(ordered(x), low), high),
    vjp=lambda g, x, low, high: g * ((x > low) & (x < high)), elementwise=True,
)  # fmt: skip


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """Moves each element into [min_val, max_val]; the gradient at both ends is 0."""
    return _hardtanh(input, low=min_val, high=max_val)


__all__ = ["celu", "elu", "gelu", "glu", "hardtanh", "leaky_relu", "logsigmoid", "mish", "relu", "relu6", "selu",
           "sigmoid", "silu", "softplus", "softsign", "tanhshrink"]  # fmt: skip
