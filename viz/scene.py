"""What a drawing shows: boxes for operations, tensors and closed modules, and the arrows between them.

A scene knows nothing of DOT. Its boxes are numbered by age, from 0, so that the same program gives the same scene.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..autograd.graph import Constant, Graph, Input, Place, place_of_tensor
from ..autograd.node import Node
from ..autograd.summary import plural, summarize, type_text
from ..autograd.tensor import Tensor
from .attributes import attributes_text
from .names import Names
from .plan import Plan, Scope
from .saved import saved_text

COMMUTATIVE = frozenset({"add", "mul", "maximum", "minimum", "fmax", "fmin", "hypot", "logaddexp"})
"""Ops whose inputs may change places, so that an arrow need not say which input it is."""

MANY = 8
"""An op of more inputs does not say which is which, and of more outputs shows those that are used."""

FEW_OPS = 10
"""Up to this many operations outside modules, what they compute gets boxes of its own."""


class Row(NamedTuple):
    """A line of a box. `manner` is "plain", "faint" or "alarming"."""

    key: str
    text: str
    manner: str = "plain"


@dataclass
class Box:
    """One thing drawn.

    Attributes:
        id: `op3`, `value3` (what op3 computed; `value3_1` of several outputs), `leaf0`, `constant0`, `module0`,
            `omitted0`.
        kind: "op", "value", "parameter", "input", "constant", "module" or "omitted".
        title, detail, tag: the first line: what it is, how it was called, and what kind of thing it is.
        name, type: the second line: the name of the tensor, its shape and dtype.
        rows: the lines below.
        scope: the modules it is drawn in.
        inputs, outputs: the numbers and names of its ports, in the order they are drawn, where arrows need them.
        is_output: whether it is one of the tensors that were to be drawn.
        is_marked: whether it was to stand out.
        tooltip: what shows under the mouse.
    """

    id: str
    kind: str
    title: str = ""
    detail: str = ""
    tag: str = ""
    name: str = ""
    type: str = ""
    rows: list[Row] = field(default_factory=list)
    scope: Scope = ()
    inputs: tuple[tuple[int, str], ...] = ()
    outputs: tuple[tuple[int, str], ...] = ()
    is_output: bool = False
    is_marked: bool = False
    tooltip: str = ""

    def mark(self, text: str) -> None:
        """Makes it stand out, with a text."""
        self.is_marked = True
        self.rows.insert(0, Row("", text, "alarming"))

    def mark_output(self) -> None:
        """Says that it is one of the tensors that were to be drawn."""
        self.is_output = True
        if self.title:
            self.tag = "output"
        else:
            self.title = "output"


class Arrow(NamedTuple):
    """From where a value is made to where it is used; a port is the number of the output or input, or None. A hidden
    one only keeps its head behind its tail."""

    tail: str
    tail_port: int | None
    head: str
    head_port: int | None
    is_constant: bool = False
    is_main: bool = False
    is_hidden: bool = False


@dataclass(frozen=True)
class Options:
    """What `visualize` was asked for; see there."""

    show_values: bool = False
    show_tensors: bool | None = None
    show_saved: bool = False
    gradients: dict[Place, Any] | None = None
    direction: str = "TB"
    marks: dict[Node, str] = field(default_factory=dict)


class Scene:
    """The boxes and arrows of a graph, oldest first."""

    def __init__(self, graph: Graph, names: Names, plan: Plan, options: Options) -> None:
        self.graph, self.names, self.plan, self.options = graph, names, plan, options
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self._made: dict[Any, Box] = {}  # by node, scope of a closed module, place, or constant
        self._arrows: set[Arrow] = set()
        self._counts = {"leaf": 0, "constant": 0, "module": 0, "omitted": 0}
        simple = len(plan.nodes) <= FEW_OPS and not any(node.scope for node in plan.nodes)
        self.with_tensors = simple if options.show_tensors is None else options.show_tensors
        self._outputs = {place_of_tensor(tensor) for tensor in graph.outputs}
        for index, node in enumerate(plan.nodes):
            self._draw(node, index)
        for tensor in graph.outputs:
            if isinstance(place_of_tensor(tensor), Tensor):
                self._leaf_box(tensor)

    def _draw(self, node: Node, index: int) -> None:
        """An operation, with the arrows to it and the leaves it uses; of one in a closed module, the arrows."""
        closed, before = self.plan.closed(node), len(self.boxes)
        arriving = [(k, item.source, self._box_of(item.source, closed)) for k, item in self._drawn_inputs(node)]
        box = self._op_box(node, index) if closed is None else self._made.get(closed) or self._module_box(closed)
        self._made[node] = box
        self._keep_behind(arriving, before, box)
        for k, source, tail in arriving:
            if tail is not None and tail is not box:
                self._connect(tail, source, box, k)
        if closed is not None:
            self._note_module_output(node, closed, box)
        elif self.with_tensors:
            self._draw_values(node, index, box)

    def _connect(self, tail: Box, source: Any, head: Box, k: int) -> None:
        port = source[1] if tail.outputs else None
        arrow = Arrow(tail.id, port, head.id, k if head.inputs else None, isinstance(source, Constant),
                      isinstance(source, tuple))  # fmt: skip
        # An op that uses a value twice gets two arrows, a closed module one.
        if "module" not in (tail.kind, head.kind) or arrow not in self._arrows:
            self.arrows.append(arrow)
            self._arrows.add(arrow)

    def _keep_behind(self, arriving: list[tuple[int, Any, Box | None]], before: int, box: Box) -> None:
        """Leaves that appear in a module stay behind what flows into it, so that its frame stands behind the frame of
        the module before, not beside it. What flows in passes them by on the right (in "LR" above), so it gets the
        last port (the first)."""
        flowing = [tail for _, source, tail in arriving if isinstance(source, tuple) and tail is not None]
        new = [b for b in self.boxes[before:] if b.scope and b.kind in ("parameter", "input", "constant")]
        if not flowing:
            return
        self.arrows += [Arrow(flowing[-1].id, None, leaf.id, None, is_hidden=True) for leaf in new]
        passed = {k for k, _, tail in arriving if any(tail is leaf for leaf in new)}
        box.inputs = tuple(sorted(box.inputs, key=lambda port: (port[0] in passed) is (self.options.direction == "LR")))

    def _box_of(self, source: Place | Constant, closed: Scope | None) -> Box | None:
        """The box that a value comes from; None if it is inside the same closed module."""
        if isinstance(source, (Tensor, Constant)):
            if self.plan.is_inside(source, closed):
                return None
            return self._leaf_box(source) if isinstance(source, Tensor) else self._constant_box(source)
        return self._made.get(source) or self._made.get(source[0]) or self._omitted_box(source)

    # Operations and what they compute

    def _add(self, box: Box) -> Box:
        self.boxes.append(box)
        return box

    def _number(self, kind: str) -> str:
        self._counts[kind] += 1
        return f"{kind}{self._counts[kind] - 1}"

    def _drawn_inputs(self, node: Node) -> Iterator[tuple[int, Input]]:
        """The inputs that come from a box, numbered as ports are; a number stands inside the op's own box."""
        return enumerate(i for i in self.graph.inputs(node) if not _is_number(i))

    def _op_box(self, node: Node, index: int) -> Box:
        ports = tuple((k, item.name) for k, item in self._drawn_inputs(node))
        if len(ports) < 2 or len(ports) > MANY or node.op.name in COMMUTATIVE:
            ports = ()
        detail = attributes_text(node, {i.name: i.source.number for i in self.graph.inputs(node) if _is_number(i)})  # type: ignore[union-attr]
        box = self._add(Box(f"op{index}", "op", node.op.name, detail, scope=node.scope, inputs=ports))
        box.tooltip = _where(node)
        if not self.with_tensors:
            self._describe_outputs(node, box)
        if self.options.show_saved:
            box.rows.append(Row("keeps", *saved_text(node)))
        if node in self.options.marks:
            box.mark(self.options.marks[node])
        return box

    def _describe_outputs(self, node: Node, box: Box) -> None:
        """Puts what an op computed into its own box."""
        if not node.op.several:
            box.name = self.names.name((node, 0)) or ""
            box.type = type_text(node.shape, node.dtype)
            box.rows += self._rows((node, 0))
        else:
            box.outputs = tuple((k, self._output_name(node, k)) for k in self._shown_outputs(node))
            for k, name in box.outputs:
                box.rows += [Row(name, type_text(node.shape[k], node.dtype[k])), *self._rows((node, k))]
        if any((node, k) in self._outputs for k in range(len(node.shape) if node.op.several else 1)):
            box.mark_output()

    def _output_name(self, node: Node, k: int) -> str:
        declared = node.op.output_names
        return self.names.name((node, k)) or (declared[k] if k < len(declared) else f"out{k}")

    def _shown_outputs(self, node: Node) -> list[int]:
        every = range(len(node.shape))
        used = [k for k in every if (node, k) in self.plan.users or (node, k) in self._outputs]
        return list(every) if len(every) <= MANY else used

    def _draw_values(self, node: Node, index: int, op: Box) -> None:
        """Boxes for what an op computed, with arrows from it."""
        several = node.op.several
        for k in self._shown_outputs(node) if several else [0]:
            shape, dtype = (node.shape[k], node.dtype[k]) if several else (node.shape, node.dtype)
            name = self._output_name(node, k) if several else self.names.name((node, 0)) or ""
            box = Box(f"value{index}_{k}" if several else f"value{index}", "value", name, scope=node.scope)
            box.type = type_text(shape, dtype)
            box.rows = self._rows((node, k))
            if (node, k) in self._outputs:
                box.mark_output()
            self._made[(node, k)] = self._add(box)
            self.arrows.append(Arrow(op.id, None, box.id, None, is_main=True))

    def _rows(self, place: Place | Constant) -> list[Row]:
        """The value and gradient of what stands at a place, as far as they are known."""
        rows = []
        if self.options.show_values:
            value = self.graph.value(place)
            if value is not None:
                rows.append(_row("value", value))
            elif not self.graph.freed:  # else a note under the drawing says it once
                rows.append(Row("value", "not kept", "faint"))
        if not isinstance(place, Constant):
            rows += self._gradient_rows(place)
        return rows

    def _gradient_rows(self, place: Place) -> list[Row]:
        rows: list[Row] = []
        if self.options.gradients is not None:
            g = self.options.gradients.get(place)
            return rows if g is None else [_row("grad", g)]
        tensor = self.graph.tensor_at(place)
        if tensor is not None and tensor.requires_grad and (isinstance(place, Tensor) or tensor.retains_grad):
            if tensor.grad is None:
                rows.append(Row("", "no gradient yet", "faint"))
            elif self.options.show_values:
                rows.append(_row("grad", tensor.grad._array))
            else:
                rows.append(Row("", "has a gradient"))
        return rows

    # Leaves, constants, and what is not drawn one by one

    def _leaf_box(self, leaf: Tensor) -> Box:
        if leaf in self._made:
            return self._made[leaf]
        kind = "constant" if not leaf.requires_grad else "parameter" if self.names.is_parameter(leaf) else "input"
        box = Box(self._number("leaf"), kind, type=type_text(leaf.shape, leaf.dtype), scope=self.plan.home(leaf))
        _entitle(box, self.names.name(leaf), "tensor" if kind == "constant" else kind)
        box.rows = self._rows(leaf)
        box.is_output = leaf in self._outputs
        self._made[leaf] = self._add(box)
        return box

    def _constant_box(self, constant: Constant) -> Box:
        if constant in self._made:
            return self._made[constant]
        box = Box(self._number("constant"), "constant", scope=self.plan.home(constant))
        if constant.value is not None:
            box.type = type_text(constant.value.shape, constant.value.dtype)
            box.rows = self._rows(constant)
        else:
            box.detail = "not kept"
        _entitle(box, self.names.name(constant), "constant")
        self._made[constant] = self._add(box)
        return box

    def _omitted_box(self, place: tuple[Node, int]) -> Box:
        node, k = place
        shape, dtype = (node.shape[k], node.dtype[k]) if node.op.several else (node.shape, node.dtype)
        box = self._add(Box(self._number("omitted"), "omitted", "...", type=type_text(shape, dtype)))
        self._made[place] = box
        return box

    def _module_box(self, closed: Scope) -> Box:
        inside = [node for node in self.plan.nodes if self.plan.closed(node) == closed]
        leaves = {i.source for node in inside for i in self.graph.inputs(node)
                  if isinstance(i.source, Tensor) and self.plan.is_inside(i.source, closed)}  # fmt: skip
        box = self._add(Box(self._number("module"), "module", closed[-1], scope=closed[:-1]))
        if leaves:
            box.rows.append(Row("", plural(sum(leaf.numel() for leaf in leaves), "parameter")))
        box.rows.append(Row("", plural(len(inside), "operation")))
        for node in inside:
            if node in self.options.marks:
                box.mark(f"{node.op.name}: {self.options.marks[node]}")
        self._made[closed] = box
        return box

    def _note_module_output(self, node: Node, closed: Scope, box: Box) -> None:
        """Of a closed module whose result leaves it at one place, tells the result's shape and dtype."""
        for k in range(len(node.shape)) if node.op.several else [0]:
            users = self.plan.users.get((node, k), ())
            is_output = (node, k) in self._outputs
            if is_output or any(self.plan.closed(user) != closed for user in users):
                shape, dtype = (node.shape[k], node.dtype[k]) if node.op.several else (node.shape, node.dtype)
                box.type = type_text(shape, dtype) if not box.type else "several results"
            if is_output:
                box.mark_output()


def _is_number(item: Input) -> bool:
    return isinstance(item.source, Constant) and item.source.number is not None


def _row(key: str, value: Any) -> Row:
    text, alarming = summarize(value)
    return Row(key, text, "alarming" if alarming else "plain")


def _entitle(box: Box, name: str | None, kind: str) -> None:
    """Gives a box its name and kind; inside its module's frame the last part of the name, `weight` of `0.weight`."""
    if name is None:
        box.title = kind
    else:
        box.title, box.tag = name.rpartition(".")[2] if box.scope else name, kind
        box.tooltip = name


def _where(node: Node) -> str:
    """The op and where it was recorded."""
    line = node.extra.line if node.extra is not None else None
    return " in ".join(filter(None, (node.op.name, "/".join(node.scope)))) + (f", {line}" if line else "")
