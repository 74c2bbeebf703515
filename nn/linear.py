"""Layers that are affine maps, and the one that does nothing."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.ops.creation import empty
from ..autograd.ops.dims import integer
from ..autograd.ops.matmul import linear
from ..autograd.tensor import Tensor
from . import init
from .module import Module
from .parameter import Parameter


class Identity(Module):
    """Returns its input. Takes any arguments, to stand in the place of another module."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """The input."""
        return input


class Linear(Module):
    """`x @ weight.T + bias`.

    Args:
        in_features: the size of the input's last dimension.
        out_features: the size of the output's last dimension.
        bias: whether there is a bias.
        device, dtype: of the parameters.

    Attributes:
        weight: of shape (out_features, in_features).
        bias: of shape (out_features,), or None.

    Both start uniform on [-1/sqrt(in_features), 1/sqrt(in_features)).
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: object = None, dtype: Any = None
    ) -> None:
        super().__init__()
        for name, size in (("in_features", in_features), ("out_features", out_features)):
            integer("Linear", name, size)
        if in_features < 0 or out_features < 0:
            raise ValueError(f"Linear: sizes cannot be negative, got {in_features} and {out_features}")
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws the parameters anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0.0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """`input` of shape (..., in_features); the result has shape (..., out_features)."""
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


__all__ = ["Identity", "Linear"]
