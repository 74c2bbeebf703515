"""What a graph consists of, op by op or module by module: calls, sizes, what is kept for backward, and work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from .graph import Graph, Place, kept_by_node, place_of, saved_inputs
from .node import Absent, Freed, Node
from .summary import bytes_text, count_text, plural
from .tensor import Tensor, tensors_of


@dataclass(frozen=True)
class GraphRow:
    """One kind of op, or one module, in a graph.

    Attributes:
        name: of the op; of a module the names on the way to it, `Net:Net/0:Linear`.
        calls: how many operations.
        output_bytes: of what they computed. A view counts with its own size, though it needs no memory.
        saved_bytes: kept alive for backward, beyond the leaves. Memory that several operations keep counts with the
            first of them, so that rows add up.
        flops: floating-point operations of the forward pass, where they are known.
        unknown: how many of the calls are not in `flops`: custom functions, and ops whose inputs were not kept.
    """

    name: str
    calls: int
    output_bytes: int
    saved_bytes: int
    flops: int
    unknown: int = 0

    def __add__(self, other: GraphRow) -> GraphRow:
        return GraphRow(
            self.name,
            self.calls + other.calls,
            self.output_bytes + other.output_bytes,
            self.saved_bytes + other.saved_bytes,
            self.flops + other.flops,
            self.unknown + other.unknown,
        )


class GraphStats:
    """What the graph of some tensors consists of; prints as a table.

    Attributes:
        by: "op" or "module".
        rows: a `GraphRow` for every op or module: what keeps most comes first.
        total: their sum.
        leaves: how many leaves that require a gradient there are.
        leaf_bytes: what they hold.
        freed: how many operations backward has freed.
        checkpointed: how many have dropped what they saved and compute it again in backward. What this needs then is
            not in `saved_bytes`; the arguments of the checkpoint, kept until then, are.
    """

    def __init__(self, graph: Graph, by: str) -> None:
        self.by = by
        self.leaves = sum(leaf.requires_grad for leaf in graph.leaves)
        self.leaf_bytes = sum(leaf._array.nbytes for leaf in graph.leaves if leaf.requires_grad)
        self.freed = sum(isinstance(node.saved, Freed) for node in graph.nodes)
        self.checkpointed = sum(isinstance(node.saved, Absent) for node in graph.nodes) - self.freed
        kept = kept_by_node(graph)
        found: dict[str, GraphRow] = {}
        for node in graph.nodes:
            row = _row(node, _op_name(node) if by == "op" else _module_name(node), kept[node])
            found[row.name] = found[row.name] + row if row.name in found else row
        self.rows = tuple(sorted(found.values(), key=lambda r: (-r.saved_bytes, -r.flops, -r.calls, r.name)))

    @cached_property
    def total(self) -> GraphRow:
        return sum(self.rows, GraphRow("total", 0, 0, 0, 0))

    def __iter__(self) -> Iterator[GraphRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        columns: list[tuple[str, Callable[[GraphRow], str]]] = [
            (self.by, lambda r: r.name),
            ("calls", lambda r: f"{r.calls:,}"),
            ("outputs", lambda r: bytes_text(r.output_bytes)),
            ("saved", lambda r: bytes_text(r.saved_bytes)),
            ("flops", _flops_text),
        ]
        rows = [[title for title, _ in columns], *[[text(r) for _, text in columns] for r in (*self.rows, self.total)]]
        widths = [max(len(row[k]) for row in rows) for k in range(len(columns))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *[c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]])
            for row in rows
        ]
        rule = "-" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], *self._notes()])

    __repr__ = __str__

    def _notes(self) -> Iterator[str]:
        yield f"{self.leaves:,} {'leaf' if self.leaves == 1 else 'leaves'}: {bytes_text(self.leaf_bytes)}"
        if self.freed:
            yield f"{plural(self.freed, 'operation')} freed by backward: what they had saved is gone"
        if self.checkpointed:
            yield f"{plural(self.checkpointed, 'operation')} checkpointed: what they save is computed again in backward"
        if self.total.unknown:
            yield f"{plural(self.total.unknown, 'operation')} not counted in flops (marked +)"


def graph_stats(*tensors: Tensor, by: str = "op") -> GraphStats:
    """What the graph of some tensors consists of: how often each op was called, how much it computed, how much of it
    is kept for backward, and how much work it was.

        print(cr.autograd.graph_stats(loss))

    Args:
        by: "op" for a row per op, "module" for a row per module (by the innermost module that was being called).

    Raises:
        TypeError: something is no tensor.
        ValueError: no tensor is given, or `by` is neither.
    """
    if by not in ("op", "module"):
        raise ValueError(f"graph_stats: by is 'op' or 'module', got {by!r}")
    if not tensors:
        raise ValueError("graph_stats: there is no tensor to tell of")
    return GraphStats(Graph(tensors_of("graph_stats", "tensors", tensors)), by)


def _op_name(node: Node) -> str:
    return node.op.name


def _module_name(node: Node) -> str:
    return "/".join(node.scope) or "(in no module)"


def _row(node: Node, name: str, saved: int) -> GraphRow:
    flops = _flops(node)
    size = sum(prod(shape) * dtype.itemsize for shape, dtype in _outputs(node))
    return GraphRow(name, 1, size, saved, flops or 0, int(flops is None))


def _outputs(node: Node) -> list[tuple[tuple[int, ...], Any]]:
    return list(zip(node.shape, node.dtype, strict=True)) if node.op.several else [(node.shape, node.dtype)]


def _flops(node: Node) -> int | None:
    """Floating-point operations of a node's forward; None if they are not known."""
    op = node.op
    if not hasattr(op, "forward"):
        return None
    if op.view:
        return 0
    shapes = [_input_shape(node, k) for k in range(len(node.edges))]
    if op.flops is None:
        return max(prod(shape) for shape, _ in _outputs(node))
    if any(shape is None for shape in shapes):
        return None
    return op.flops(_outputs(node)[0][0], *shapes)  # type: ignore[arg-type]


def _input_shape(node: Node, k: int) -> tuple[int, ...] | None:
    place: Place | None = place_of(node.edges[k])
    if isinstance(place, Tensor):
        return place.shape
    if place is not None:
        source, j = place
        return source.shape[j] if source.op.several else source.shape
    for j, value in saved_inputs(node):
        if j == k:
            return getattr(value, "shape", ())
    op = node.op
    facts = node.attributes[len(op.attributes) :]
    if not op.variadic and f"{op.inputs[k]}_shape" in op.fact_names:
        return facts[op.fact_names.index(f"{op.inputs[k]}_shape")]
    return None


def _flops_text(row: GraphRow) -> str:
    return count_text(row.flops) + ("+" if row.unknown else "")


__all__ = ["GraphRow", "GraphStats", "graph_stats"]
