"""The graph as text, for terminals and logs: one line per leaf and operation, in the order of computation."""

from __future__ import annotations

from typing import Any

from ..autograd.graph import Constant, Graph, Place, place_of_tensor
from ..autograd.node import Node
from ..autograd.summary import number_text, summarize, type_text
from ..autograd.tensor import Tensor
from .attributes import attributes_text
from .draw import outputs_of
from .names import Names


def graph_text(tensors: Any, params: Any = None, show_values: bool = False) -> str:
    """The graph of one or several tensors as text.

        a: input             scalar float32
        b: input             scalar float32
        op0 = mul(a, b)      scalar float32
        op1 = tanh(op0)      scalar float32   output

    Every line names what it computes, by the tensor's name or a number, and uses these names for its inputs. Then stand
    shape and dtype, the value if asked for, and the modules being called.

    Args:
        tensors: a tensor, an iterable of tensors, or a dictionary of tensors by name.
        params: names for tensors; see `visualize`.
        show_values: tell the values that are still known. Waits for the device.

    Raises:
        TypeError: something is no tensor.
        ValueError: there is no tensor.
    """
    outputs, given = outputs_of(tensors)
    graph = Graph(outputs)
    lines = _Lines(graph, Names(graph, params, given), show_values)
    return _aligned(lines.rows)


class _Lines:
    """The lines of a graph, as columns."""

    def __init__(self, graph: Graph, names: Names, show_values: bool) -> None:
        self.graph, self.names, self.show_values = graph, names, show_values
        self.rows: list[list[str]] = []
        self._called: dict[Place | Constant, str] = {}
        self._counts = {"leaf": 0, "constant": 0}
        self._outputs = {place_of_tensor(tensor) for tensor in graph.outputs}
        for index, node in enumerate(graph.nodes):
            self._add_node(node, index)
        for tensor in graph.outputs:
            if isinstance(place := place_of_tensor(tensor), Tensor):
                self._call(place)

    def _name(self, place: Place | Constant, otherwise: str) -> str:
        """The name of a value, if it has one that no other has."""
        name = self.names.name(place)
        if name is None or name in self._called.values():
            name = otherwise
        self._called[place] = name
        return name

    def _call(self, source: Place | Constant) -> str:
        """How a line refers to an input; a leaf or constant gets a line of its own at its first use."""
        if source in self._called:
            return self._called[source]
        if isinstance(source, Constant):
            if source.number is not None:
                return number_text(source.number)
            if source.value is None:
                return "?"
            kind, array = "constant", source.value
        else:
            assert isinstance(source, Tensor)
            array = source._array
            kind = "parameter" if self.names.is_parameter(source) else "input" if source.requires_grad else "constant"
        number = "constant" if isinstance(source, Constant) else "leaf"
        name = self._name(source, f"{number}{self._counts[number]}")
        self._counts[number] += 1
        self.rows.append([f"{name}: {kind}", type_text(array.shape, array.dtype), *self._facts(source), ""])
        return name

    def _add_node(self, node: Node, index: int) -> None:
        inputs = [self._call(item.source) for item in self.graph.inputs(node)]
        arguments = ", ".join(filter(None, (*inputs, attributes_text(node))))
        call, module = f"{node.op.name}({arguments})", "/".join(node.scope)
        if not node.op.several:
            name = self._name((node, 0), f"op{index}")
            self.rows.append([f"{name} = {call}", type_text(node.shape, node.dtype), *self._facts((node, 0)), module])
            return
        self.rows.append([f"op{index} = {call}", "", *([""] if self.show_values else []), "", module])
        declared = node.op.output_names
        for k, (shape, dtype) in enumerate(zip(node.shape, node.dtype, strict=True)):
            name = self._name((node, k), f"op{index}.{declared[k] if declared else k}")
            self.rows.append([f"  {name}", type_text(shape, dtype), *self._facts((node, k)), ""])

    def _facts(self, place: Place | Constant) -> list[str]:
        """The value, if asked for, and whether it is an output."""
        facts = ["output" if place in self._outputs else ""]
        if self.show_values:
            value = self.graph.value(place)
            facts.insert(0, "not kept" if value is None else summarize(value).text)
        return facts


def _aligned(rows: list[list[str]]) -> str:
    """Columns side by side, without those that are empty."""
    columns = [column for column in zip(*rows, strict=True) if any(column)]
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for row in zip(*columns, strict=True):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("   ".join(cells).rstrip())
    return "\n".join(lines)
