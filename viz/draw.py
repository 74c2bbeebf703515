"""`visualize`: from tensors to a drawing of all they were computed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..autograd.graph import Graph
from ..autograd.node import INFERENCE
from ..autograd.tensor import Tensor
from .names import Names
from .scene import Options, Scene, bytes_text, kept_bytes

if TYPE_CHECKING:
    from .drawing import Drawing


def visualize(
    tensors: Tensor | Iterable[Tensor] | Mapping[str, Tensor],
    params: Any = None,
    show_values: bool = False,
    *,
    show_tensors: bool | None = None,
    show_saved: bool = False,
    direction: str = "TB",
    depth: int | None = None,
    max_nodes: int | None = 400,
    legend: bool = False,
) -> Drawing:
    """Draws the graph that tensors were computed by. In a notebook the drawing shows itself; elsewhere
    `visualize(loss).save_svg("graph.svg")` writes it.
    """
    from .drawing import Drawing

    if direction not in ("TB", "LR"):
        raise ValueError(f"direction: expected 'TB' (top to bottom) or 'LR' (left to right), got {direction!r}")
    for name, value, least in (("depth", depth, 0), ("max_nodes", max_nodes, 1)):
        if value is not None and (not isinstance(value, int) or value < least):
            raise ValueError(f"{name}: expected an integer of at least {least}, or None, got {value!r}")
    outputs, given = outputs_of(tensors)
    graph = Graph(outputs)
    options = Options(show_values, show_tensors, show_saved, depth, max_nodes)
    scene = Scene(graph, Names(graph, params, given), options)
    scene.notes += _notes(graph, scene, options)
    drawing = Drawing()
    from .dot import write

    write(scene, drawing, direction, legend)
    return drawing


def outputs_of(tensors: Any) -> tuple[tuple[Tensor, ...], Mapping[str, Tensor] | None]:
    """The tensors to draw, and their names where they come in a dictionary.

    Raises:
        TypeError: something is no tensor.
        ValueError: there are none.
    """
    named = tensors if isinstance(tensors, Mapping) else None
    found = (tensors,) if isinstance(tensors, Tensor) else named.values() if named is not None else tensors
    if isinstance(found, (str, bytes)) or not isinstance(found, Iterable):
        raise TypeError(f"visualize: expected a tensor, or several, got {type(tensors).__name__}")
    outputs = tuple(found)
    for tensor in outputs:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"visualize: expected tensors, got one of type {type(tensor).__name__}")
    if not outputs:
        raise ValueError("visualize: there is no tensor to draw")
    return outputs, named


def _notes(graph: Graph, scene: Scene, options: Options) -> list[str]:
    notes = []
    if any(t._edge is INFERENCE for t in graph.outputs):
        notes.append("No graph: the tensor was made in inference_mode, where nothing is recorded.")
    elif any(t._edge is None and not t.requires_grad for t in graph.outputs):
        notes.append(
            "No graph: the tensor does not require a gradient. It was made under no_grad, by detach(), or of tensors "
            "without requires_grad=True."
        )
    elif not graph.nodes:
        notes.append("A leaf: no operation made it.")
    if options.show_saved:
        notes.append(f"Kept alive for backward, beyond the leaves: {bytes_text(kept_bytes(graph))}.")
    if graph.freed and options.show_values and any(row.text == "not kept" for box in scene.boxes for row in box.rows):
        notes.append("A backward call has freed what the operations had saved; backward(retain_graph=True) keeps it.")
    return notes
