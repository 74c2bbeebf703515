"""The engine: tensors, ops, the graph they record, and gradients by the chain rule.

Reads from the bottom: `node.py` (the graph), `tensor.py`, `op.py` (how an op is declared), `call.py` (what is generated
from a declaration), `engine.py` (backward), `ops/` (the tables), `methods.py` (the operators of a tensor).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from .anomaly import (
        AnomalyError as AnomalyError,
        detect_anomaly as detect_anomaly,
        is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled,
        is_anomaly_enabled as is_anomaly_enabled,
        set_detect_anomaly as set_detect_anomaly,
    )
    from .graph import saved_bytes as saved_bytes
    from .growth import GraphKeptWarning as GraphKeptWarning
    from .inventory import graph_stats as graph_stats
    from .nodecheck import gradcheck_graph as gradcheck_graph

_LATER = {
    "AnomalyError": "anomaly", "GraphKeptWarning": "growth", "detect_anomaly": "anomaly",
    "gradcheck_graph": "nodecheck", "graph_stats": "inventory",
    "is_anomaly_check_nan_enabled": "anomaly", "is_anomaly_enabled": "anomaly", "saved_bytes": "graph",
    "set_detect_anomaly": "anomaly",
}  # fmt: skip
"""What looks at a graph from outside is loaded when it is first asked for: name -> module."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        value = globals()[name] = getattr(import_module(f".{_LATER[name]}", __name__), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


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
    "set_grad_enabled", *_LATER,
]  # fmt: skip
