"""The engine: tensors, ops, the graph they record, and gradients by the chain rule.

Reads from the bottom: `node.py` (the graph), `tensor.py`, `op.py` (how an op is declared), `call.py` (what is generated
from a declaration), `engine.py` (backward), `ops/` (the tables), `methods.py` (the operators of a tensor).
"""

from __future__ import annotations

from collections.abc import Sequence

from .engine import grad, run_backward
from .function import Function
from .gradcheck import gradcheck, gradgradcheck
from .modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_debug,
    set_grad_enabled,
)
from .node import Node
from .op import Op, op
from .tensor import Tensor

from . import methods  # isort: skip  # noqa: F401 (puts the operators on Tensor)


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Accumulates the gradients of several tensors into the leaves; see `Tensor.backward`.

    Args:
        tensors: what to differentiate.
        grad_tensors: the cotangent of each; may be left out, or None, for one-element tensors.
        retain_graph, create_graph, inputs: as in `Tensor.backward`.

    Raises:
        RuntimeError: as `Tensor.backward`.
        ValueError: not as many cotangents as tensors.
    """
    outputs = (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)
    given: tuple[Tensor | None, ...]
    if grad_tensors is None:
        given = (None,) * len(outputs)
    else:
        given = (grad_tensors,) if isinstance(grad_tensors, Tensor) else tuple(grad_tensors)
    if len(given) != len(outputs):
        raise ValueError(f"backward: {len(outputs)} tensors need as many grad_tensors, got {len(given)}")
    targets = (inputs,) if isinstance(inputs, Tensor) else None if inputs is None else tuple(inputs)
    if targets == ():
        raise RuntimeError("backward: inputs is empty; leave it out to accumulate into every leaf")
    run_backward(outputs, given, retain_graph, create_graph, targets)


__all__ = [
    "Function", "Node", "Op", "Tensor", "backward", "enable_grad", "grad", "gradcheck", "gradgradcheck",
    "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "op", "set_debug",
    "set_grad_enabled",
]  # fmt: skip
