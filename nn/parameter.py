"""Parameter: a tensor that a module trains."""

from __future__ import annotations

from typing import Any

from ..autograd.tensor import Tensor


class Parameter(Tensor):
    """A leaf that requires a gradient, and that a module lists among its parameters when it is assigned to it. What is
    computed from it is a plain tensor.

    Args:
        data: a tensor (or what `cr.tensor` takes), whose memory is shared; an empty tensor if not given.
        requires_grad: False for a parameter that is not trained for now.

    Raises:
        RuntimeError: the dtype cannot hold a gradient.
    """

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        super().__init__([] if data is None else data, requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{self.detach().requires_grad_(self.requires_grad)!r}"


__all__ = ["Parameter"]
