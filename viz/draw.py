"""`visualize`: from tensors to a drawing of all they were computed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..autograd.graph import Graph, Place, kept_bytes
from ..autograd.node import INFERENCE, Node
from ..autograd.summary import bytes_text
from ..autograd.tensor import Tensor
from ..backends import Array
from .names import Names
from .plan import Plan
from .scene import Options, Scene

if TYPE_CHECKING:
    from .drawing import Drawing


def visualize(
    tensors: Tensor | Iterable[Tensor] | Mapping[str, Tensor],
    params: Any = None,
    show_values: bool = False,
    *,
    show_gradients: bool = False,
    show_saved: bool = False,
    show_tensors: bool | None = None,
    direction: str = "TB",
    depth: int | None = None,
    max_nodes: int | None = 400,
    legend: bool = False,
    mark: Mapping[Tensor | Node, str] | None = None,
) -> Drawing:
    """Draws the graph that tensors were computed by.

    Square boxes are what was given: parameters (double outline), inputs that require a gradient, constants (dashed).
    Rounded boxes are operations and what they computed; outputs are green. Values flow along the arrows, from inputs
    to outputs, and gradients against them. Modules are frames around their operations. A leaf that requires a gradient
    says `no gradient yet` until backward has given it one (a gradient of zero reads `0` or `all 0`).

    In a notebook the drawing shows itself; elsewhere `visualize(loss).save_svg("graph.svg")` writes it. The DOT text,
    `.source`, is the same whenever the same program runs.

    Args:
        tensors: a tensor, an iterable of tensors, or a dictionary of tensors by name.
        params: names for tensors: a dictionary by name (`locals()` will do, as what is no tensor is passed over), a
            module, or an iterable of tensors or of `(name, tensor)` pairs. Leaves among them count as parameters. A
            tensor's own `name` shows without being listed.
        show_values: tell the values and `.grad`: numbers where they are few, else mean and range, NaN and infinity in
            red. Of intermediate tensors the value shows where the program still holds the tensor, an operation has
            saved it, or it can be computed again; else `not kept`. Their gradient shows after `retain_grad()`. Waits
            for the device.
        show_gradients: tell the gradient of the sum of the outputs (of one element each) with respect to every value,
            computed for the drawing alone; no `.grad` changes.
        show_saved: tell how many arrays each operation keeps for backward, and their bytes.
        show_tensors: whether what operations compute gets boxes of its own; by default in graphs of up to ten
            operations without modules; in others it is told in the operation's box.
        direction: "TB" (top to bottom) or "LR" (left to right).
        depth: draw modules inside this many others closed, as one box each: 0 closes all, 1 opens the outermost.
        max_nodes: of a graph of more operations and leaves, modules are drawn closed; where there are none, only the
            latest operations are drawn. A note under the drawing says so. None: no limit.
        legend: explain the boxes under the drawing.
        mark: operations that are to stand out, in red with a text: `{tensor: "here"}` marks the one that made a tensor,
            `{tensor.grad_fn: "here"}` does too.

    Returns:
        A `graphviz.Digraph`, which renders with Graphviz's `dot`, or with `graphviz-pure` where there is none.

    Raises:
        TypeError: something is no tensor, or `params` or `mark` is nothing of the above.
        ValueError: there is no tensor, an option has no such value, or a marked operation is not in the graph.
        RuntimeError: `show_gradients` of a graph that was freed, or with an output of several elements.
    """
    if direction not in ("TB", "LR"):
        raise ValueError(f"direction: expected 'TB' (top to bottom) or 'LR' (left to right), got {direction!r}")
    for name, value, least in (("depth", depth, 0), ("max_nodes", max_nodes, 1)):
        if value is not None and (not isinstance(value, int) or value < least):
            raise ValueError(f"{name}: expected an integer of at least {least}, or None, got {value!r}")
    outputs, given = outputs_of(tensors)
    graph = Graph(outputs)
    marks = _marks(graph, mark or {})
    gradients = graph.gradients() if show_gradients else None
    options = Options(show_values, show_tensors, show_saved, gradients, direction, marks)
    return _drawn(graph, Names(graph, params, given), options, _notes(graph, options), depth, max_nodes, legend)


def _drawn(
    graph: Graph, names: Names, options: Options, notes: list[str], depth: int | None, limit: int | None, legend: bool
) -> Drawing:
    from .dot import write
    from .drawing import Drawing

    plan = Plan(graph, names, depth, limit)
    scene = Scene(graph, names, plan, options)
    drawing = Drawing()
    write(scene, plan.notes + notes, drawing, options.direction, legend)
    return drawing


def _marks(graph: Graph, given: Mapping[Tensor | Node, str]) -> dict[Node, str]:
    marks: dict[Node, str] = {}
    for key, text in given.items():
        node = key.grad_fn if isinstance(key, Tensor) else key
        if not isinstance(key, (Tensor, Node)) or not isinstance(text, str):
            raise TypeError(
                f"mark: expected a dictionary from tensors (or their grad_fn) to texts, got "
                f"{type(key).__name__}: {type(text).__name__}"
            )
        if node is None or node not in graph.nodes:
            raise ValueError(f"mark: {text!r} belongs to no operation of this graph")
        marks[node] = text
    return marks


def paint(
    node: Node, text: str, note: str, values: Mapping[Place, Array], gradients: dict[Place, Array] | None, path: Path
) -> Path:
    """Draws what a node was computed from, with the node marked, into a file: what `detect_anomaly` leaves.

    Args:
        text, note: what stands in the box of the node, and under the drawing.
        values: what is known of values that nobody holds.
        gradients: the cotangents that are known, in the backward pass.
        path: of the file; its suffix says the format, `.gv` and `.dot` the DOT text.

    Returns:
        The path written to: that of the DOT text beside it, where nothing is installed that renders.

    Raises:
        OSError: the file cannot be written.
    """
    from .drawing import RendererNotFound

    graph = Graph((), (node,), values)
    options = Options(show_values=True, gradients=gradients, marks={node: text})
    drawing = _drawn(graph, Names(graph), options, [note], None, 60, False)
    if path.suffix not in (".gv", ".dot"):
        try:
            path.write_bytes(drawing.pipe(path.suffix.removeprefix(".") or "svg"))
            return path
        except RendererNotFound:
            path = path.with_suffix(".gv")
    path.write_text(drawing.source, encoding="utf-8")
    return path


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


def _notes(graph: Graph, options: Options) -> list[str]:
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
    if options.gradients is not None:
        notes.append("grad: of the outputs with respect to each value, computed for this drawing; not .grad.")
    if options.show_saved:
        notes.append(f"Kept alive for backward, beyond the leaves: {bytes_text(kept_bytes(graph))}.")
    if graph.freed and options.show_values:
        notes.append("Values that operations had saved were freed by backward; backward(retain_graph=True) keeps them.")
    return notes
