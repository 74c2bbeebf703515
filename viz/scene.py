"""What a drawing shows: boxes for operations, tensors and closed modules, and the arrows between them.

A scene knows nothing of DOT. Its boxes are numbered by age, from 0, so that the same program gives the same scene.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..autograd.graph import Constant, Graph, Place, place_of_tensor
from ..autograd.node import Freed, Node, saved_arrays
from ..autograd.tensor import Tensor
from ..backends import backend_of
from .attributes import attributes_text
from .names import Names
from .summary import summarize, type_text

COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum", "fmax", "fmin", "hypot", "logaddexp"})
"""Ops whose inputs may change places, so that an arrow need not say which input it is."""

MANY_PORTS = 8
"""An op of more inputs does not say which is which, and of more outputs shows those that are used."""

FEW_OPS = 10
"""Up to this many operations, tensors get boxes of their own."""


class Row(NamedTuple):
    """A line of a box. `manner` is "plain", "faint" or "alarming"."""

    key: str
    text: str
    manner: str = "plain"


@dataclass
class Box:
    """One thing drawn.

    `kind` is "op", "value" (what an op computed), "parameter", "input", "constant", "module" or "omitted".
    """

    id: str
    kind: str
    title: str = ""
    detail: str = ""
    tag: str = ""
    name: str = ""
    type: str = ""
    rows: list[Row] = field(default_factory=list)
    scope: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    is_output: bool = False
    tooltip: str = ""


class Arrow(NamedTuple):
    """From where a value is made to where it is used; a port is the number of the output or input, or None."""

    tail: str
    tail_port: int | None
    head: str
    head_port: int | None
    is_constant: bool = False
    is_main: bool = False


@dataclass(frozen=True)
class Options:
    """What `visualize` was asked for; see there."""

    show_values: bool = False
    show_tensors: bool | None = None
    show_saved: bool = False
    depth: int | None = None
    max_nodes: int | None = None


class Scene:
    """The boxes and arrows of a graph.

    Attributes:
        boxes, arrows: oldest first.
        notes: sentences that belong under the drawing.
    """

    def __init__(self, graph: Graph, names: Names, options: Options) -> None:
        self.graph, self.names, self.options = graph, names, options
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.notes: list[str] = []
        self._by_id: dict[str, Box] = {}
        self._made: dict[Any, Box] = {}  # by node, module scope, leaf, constant or (node, output)
        self._uses = 0
        self._counts = {"leaf": 0, "constant": 0, "module": 0, "omitted": 0}
        self._depth, self._shown = self._plan()
        few = len(self._shown) <= FEW_OPS
        self.with_tensors = few if options.show_tensors is None else options.show_tensors
        self._outputs = {place_of_tensor(t) for t in graph.outputs}
        self._consumers = self._find_consumers()
        self._build()

    # What is drawn, and what is not

    def _group(self, node: Node, depth: int | None) -> tuple[str, ...] | None:
        """The scope of the closed module that a node is part of, if it is."""
        return node.scope[: depth + 1] if depth is not None and len(node.scope) > depth else None

    def _plan(self) -> tuple[int | None, list[Node]]:
        """How deep modules are opened, and which nodes are shown: all of them, unless they are too many."""
        nodes, limit, depth = self.graph.nodes, self.options.max_nodes, self.options.depth

        def count(depth: int | None) -> int:
            return len({self._group(node, depth) or node for node in nodes})

        if limit is None or count(depth) <= limit:
            return depth, nodes
        if depth is None:
            for smaller in range(max(len(node.scope) for node in nodes) - 1, -1, -1):
                if count(smaller) <= limit:
                    self.notes.append(
                        f"{len(nodes):,} operations: modules are drawn closed at depth={smaller}. "
                        f"max_nodes=None draws every operation."
                    )
                    return smaller, nodes
        shown, seen = [], set()
        for node in reversed(nodes):
            seen.add(self._group(node, depth) or node)
            if len(seen) > limit:
                break
            shown.append(node)
        self.notes.append(
            f"The latest {len(shown):,} of {len(nodes):,} operations; what came before is drawn as \"...\". "
            f"max_nodes=None draws every operation."
        )
        return depth, shown[::-1]

    def _find_consumers(self) -> dict[Any, list[Node]]:
        """The shown nodes that use each place or constant."""
        found: dict[Any, list[Node]] = {}
        for node in self._shown:
            for item in self.graph.inputs(node):
                found.setdefault(item.source, []).append(node)
        return found

    # Boxes

    def _build(self) -> None:
        for index, node in enumerate(self._shown):
            group = self._group(node, self._depth)
            arriving = [(k, item.source, self._source_box(node, item.source)) for k, item in self._drawn_inputs(node)]
            box = self._made.get(group) if group is not None else None
            if box is None:
                box = self._op_box(node, index) if group is None else self._module_box(group)
                self._made[node if group is None else group] = box
            for k, source, tail in arriving:
                self._connect(node, k, source, tail, box)
            self._made[node] = box
            if self.with_tensors and group is None:
                self._value_boxes(node, index, box)
        for tensor in self.graph.outputs:
            place = place_of_tensor(tensor)
            if isinstance(place, Tensor):
                self._leaf_box(place)
            elif (node := place[0]) in self._made and self._made[node].kind == "module":
                self._mark_output(self._made[node])
                self._made[node].type = type_text(tensor.shape, tensor.dtype)

    def _add(self, box: Box) -> Box:
        self.boxes.append(box)
        self._by_id[box.id] = box
        return box

    def _number(self, kind: str) -> str:
        self._counts[kind] += 1
        return f"{kind}{self._counts[kind] - 1}"

    def _drawn_inputs(self, node: Node) -> Iterator[tuple[int, Any]]:
        """A node's inputs with a box of their own, numbered as its ports are; numbers stand inside the op's box."""
        drawn = (i for i in self.graph.inputs(node) if not (isinstance(i.source, Constant) and i.source.is_number))
        yield from enumerate(drawn)

    def _op_box(self, node: Node, index: int) -> Box:
        inputs = self.graph.inputs(node)
        ports = tuple(item.name for _, item in self._drawn_inputs(node))
        if len(ports) < 2 or len(ports) > MANY_PORTS or node.op.name in COMMUTATIVE:
            ports = ()
        numbers = {i.name: i.source.value for i in inputs if isinstance(i.source, Constant) and i.source.is_number}
        box = Box(f"op{index}", "op", node.op.name, attributes_text(node, numbers), scope=node.scope, inputs=ports)
        box.tooltip = _op_tooltip(node)
        if self.options.show_saved:
            box.rows.append(saved_row(node))
        if not self.with_tensors:
            self._describe_outputs(node, box)
        return self._add(box)

    def _describe_outputs(self, node: Node, box: Box) -> None:
        """Puts what an op computed into its own box."""
        if not node.op.several:
            self._describe(box, (node, 0), node.shape, node.dtype, named=True)
            return
        shown = self._shown_outputs(node)
        box.outputs = tuple(self._output_name(node, k) for k in shown)
        for k in shown:
            name = self._output_name(node, k)
            box.rows.append(Row(name, type_text(node.shape[k], node.dtype[k])))
            if self.options.show_values:
                box.rows.append(self._value_row((node, k)))
                box.rows.extend(self._gradient_rows((node, k)))
            if (node, k) in self._outputs:
                self._mark_output(box)

    def _output_name(self, node: Node, k: int) -> str:
        declared = node.op.output_names
        return self.names.name((node, k)) or (declared[k] if k < len(declared) else f"out{k}")

    def _shown_outputs(self, node: Node) -> list[int]:
        every = range(len(node.shape))
        used = [k for k in every if (node, k) in self._consumers or (node, k) in self._outputs]
        return list(every) if len(every) <= MANY_PORTS else used

    def _value_boxes(self, node: Node, index: int, op: Box) -> None:
        """Boxes for what an op computed, with arrows from it."""
        shapes, kinds = (node.shape, node.dtype) if node.op.several else ((node.shape,), (node.dtype,))
        for k in self._shown_outputs(node) if node.op.several else (0,):
            name = self._output_name(node, k) if node.op.several else ""
            box = Box(f"value{index}" + (f"_{k}" if node.op.several else ""), "value", name, scope=node.scope)
            self._describe(box, (node, k), shapes[k], kinds[k])
            self._made[(node, k)] = self._add(box)
            self.arrows.append(Arrow(op.id, None, box.id, None, is_main=True))

    def _describe(self, box: Box, place: tuple[Node, int], shape: Any, dtype: Any, named: bool = False) -> None:
        """Adds to a box what is known of the tensor at a place."""
        name = self.names.name(place)
        box.type = type_text(shape, dtype)
        if named:
            box.name = name or ""
        elif name is not None:
            box.title = name
        if self.options.show_values:
            box.rows.append(self._value_row(place))
            box.rows.extend(self._gradient_rows(place))
        if place in self._outputs:
            self._mark_output(box)

    @staticmethod
    def _mark_output(box: Box) -> None:
        box.is_output = True
        if box.title:
            box.tag = "output"
        else:
            box.title = "output"

    def _value_row(self, place: Place | Constant) -> Row:
        value = self.graph.value(place)
        if value is None:
            return Row("value", "not kept", "faint")
        text, alarming = summarize(value)
        return Row("value", text, "alarming" if alarming else "plain")

    def _gradient_rows(self, place: Place) -> Iterator[Row]:
        """A leaf's gradient, or that of an intermediate told to retain it."""
        tensor = self.graph.tensor_at(place)
        if tensor is None or not (isinstance(place, Tensor) or tensor.retains_grad):
            return
        if not tensor.requires_grad:
            return
        if tensor.grad is None:
            yield Row("", "no gradient yet", "faint")
        elif not self.options.show_values:
            yield Row("", "has a gradient")
        else:
            text, alarming = summarize(tensor.grad._array)
            yield Row("grad", text, "alarming" if alarming else "plain")

    def _leaf_box(self, leaf: Tensor) -> Box:
        if leaf in self._made:
            return self._made[leaf]
        kind = "constant" if not leaf.requires_grad else "parameter" if self.names.is_parameter(leaf) else "input"
        box = Box(self._number("leaf"), kind, type=type_text(leaf.shape, leaf.dtype))
        if kind == "parameter":
            box.scope = self._common_scope(leaf)
        self._entitle(box, self.names.name(leaf))
        if leaf in self._outputs:
            box.is_output = True
        if self.options.show_values:
            box.rows.append(self._value_row(leaf))
        box.rows.extend(self._gradient_rows(leaf))
        self._made[leaf] = box
        return self._add(box)

    def _constant_box(self, constant: Constant, node: Node) -> Box:
        if constant in self._made:
            return self._made[constant]
        box = Box(self._number("constant"), "constant")
        if constant.tensor is None:
            box.scope = self._common_scope(constant)
        if constant.value is not None:
            box.type = type_text(constant.value.shape, constant.value.dtype)
        self._entitle(box, self.names.name(constant))
        if self.options.show_values:
            box.rows.append(self._value_row(constant))
        self._made[constant] = box
        return self._add(box)

    def _entitle(self, box: Box, name: str | None) -> None:
        """Gives a leaf its name (inside its module's frame the last part of it, as `weight` of `0.weight`) and kind."""
        if name is None:
            box.title = box.kind
            return
        box.title, box.tag = name.rpartition(".")[2] if box.scope else name, box.kind
        box.tooltip = name if box.title != name else ""

    def _common_scope(self, source: Any) -> tuple[str, ...]:
        """The innermost module in which all uses of something lie."""
        scopes = [node.scope for node in self._consumers.get(source, ())]
        common = scopes[0] if scopes else ()
        for scope in scopes[1:]:
            same = 0
            while same < min(len(common), len(scope)) and common[same] == scope[same]:
                same += 1
            common = common[:same]
        return common

    def _source_box(self, node: Node, source: Any) -> Box | None:
        """The box a value comes from; None inside a closed module."""
        group = self._group(node, self._depth)
        if isinstance(source, (Tensor, Constant)):
            if group is not None and self._common_scope(source)[: len(group)] == group and source not in self._made:
                if isinstance(source, Constant) and source.tensor is None:
                    return None
                if isinstance(source, Tensor) and self.names.is_parameter(source):
                    return None
            return self._leaf_box(source) if isinstance(source, Tensor) else self._constant_box(source, node)
        if source[0] not in self._made:
            return self._omitted_box(source)
        made = self._made.get(source) or self._made[source[0]]
        return None if group is not None and made is self._made.get(group) else made

    def _omitted_box(self, place: tuple[Node, int]) -> Box:
        if place not in self._made:
            node, k = place
            several = node.op.several
            box = Box(self._number("omitted"), "omitted", "...")
            box.type = type_text(node.shape[k] if several else node.shape, node.dtype[k] if several else node.dtype)
            self._made[place] = self._add(box)
        return self._made[place]

    def _module_box(self, group: tuple[str, ...]) -> Box:
        inside = [node for node in self._shown if node.scope[: len(group)] == group]
        box = Box(self._number("module"), "module", group[-1], scope=group[:-1])
        box.rows.append(Row("", plural(len(inside), "operation")))
        leaves = {id(i.source): i.source for node in inside for i in self.graph.inputs(node)
                  if isinstance(i.source, Tensor) and self.names.is_parameter(i.source)}  # fmt: skip
        if leaves:
            box.rows.append(Row("", plural(sum(leaf.numel() for leaf in leaves.values()), "parameter")))
        return self._add(box)

    def _connect(self, node: Node, k: int, source: Any, tail: Box | None, head: Box) -> None:
        if tail is None:
            return
        tail_port = None
        if tail.outputs and isinstance(source, tuple):
            tail_port = self._shown_outputs(source[0]).index(source[1])
        is_main = isinstance(source, tuple)
        is_constant = isinstance(source, Constant)
        arrow = Arrow(tail.id, tail_port, head.id, k if head.inputs else None, is_constant, is_main)
        if "module" in (tail.kind, head.kind) and arrow in self.arrows:
            return
        self.arrows.append(arrow)


def _op_tooltip(node: Node) -> str:
    parts = [node.op.name, *node.scope]
    if node.extra is not None and node.extra.line is not None:
        parts.append(node.extra.line)
    return "\n".join(parts)


def plural(count: int, noun: str) -> str:
    """`1 operation`, `1,234 operations`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def bytes_text(count: int) -> str:
    """A number of bytes in the unit that fits: `512 B`, `2.0 KiB`, `1.5 MiB`."""
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"


def saved_row(node: Node) -> Row:
    """How many arrays an op keeps for its VJP, and their bytes."""
    if isinstance(node.saved, Freed):
        return Row("keeps", "nothing: freed", "faint")
    arrays = saved_arrays(node)
    if not arrays:
        return Row("keeps", "nothing", "faint")
    return Row("keeps", f"{plural(len(arrays), 'array')}, {bytes_text(sum(a.nbytes for a in arrays))}")


def kept_bytes(graph: Graph) -> int:
    """Bytes that a graph keeps alive beyond its leaves; memory shared by several arrays counts once."""
    leaves = {id(backend_of(t._array).owner(t._array)) for t in graph.leaves}
    owners = {}
    for node in graph.nodes:
        for array in saved_arrays(node):
            if hasattr(array, "nbytes"):
                owner = backend_of(array).owner(array)
                owners[id(owner)] = owner
    return sum(owner.nbytes for key, owner in owners.items() if key not in leaves)
