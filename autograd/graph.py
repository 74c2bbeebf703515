"""A recorded graph, looked at from outside: its nodes in order, what flows between them, and which values are known.

Nothing here is needed to compute a gradient, and the engine never imports it. A node keeps no tensor, so the value of
an intermediate is known only if the program still holds the tensor, if an op saved the array for its VJP, or if it can
be computed again from arrays that are known.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple, Union

from ..backends import Array, backend_of, is_array
from .node import INFERENCE, Absent, Edge, Freed, Node, saved_arrays
from .tensor import Tensor, tensors_of
from .versions import change_since, check_unchanged

Place = Union["tuple[Node, int]", Tensor]
"""Where a value comes from: an output of a node, or a leaf."""

RECOMPUTED = 1 << 20
"""Values of more elements than this are not computed again only to be looked at."""


class Constant:
    """An input of an op through which no gradient flows.

    Attributes:
        value: the array or Python number, where the op saved it; else None.
        tensor: the tensor that holds the array, where the program still has it.
    """

    def __init__(self, value: Any = None, tensor: Tensor | None = None) -> None:
        self.value, self.tensor = value, tensor

    @cached_property
    def number(self) -> bool | int | float | complex | None:
        """Its value, if it was written as a number (which an op turns into a 0-d array) rather than as a tensor."""
        value = self.value
        if value is None or not is_array(value):
            return value
        return backend_of(value).item(value) if value.ndim == 0 and self.tensor is None else None


class Input(NamedTuple):
    """One input of a node: its name in the op's declaration, and what flows in."""

    name: str
    source: Place | Constant


def place_of(edge: Edge) -> Place | None:
    """The edge of a graph as the place it leads to, whose gradient flows along it."""
    if edge is None or edge is INFERENCE or isinstance(edge, Tensor):
        return None if edge is INFERENCE else edge  # type: ignore[return-value]
    return edge if isinstance(edge, tuple) else (edge, 0)


def place_of_tensor(tensor: Tensor) -> Place:
    """Where a tensor stands: itself, if it is a leaf."""
    return place_of(tensor._edge) or tensor


class Graph:
    """All that the given tensors were computed from, as far as it was recorded.

    Args:
        outputs: tensors to start from.
        roots: nodes to start from, where there is no tensor.
        known: values that are known beside those that are found.

    Attributes:
        outputs: the tensors given.
        nodes: oldest first, which is a topological order: every node stands after what it was computed from.
        leaves: tensors that require a gradient and that no recorded op made, in the order of their first use.
    """

    def __init__(
        self, outputs: Iterable[Tensor], roots: Iterable[Node] = (), known: Mapping[Place, Array] | None = None
    ) -> None:
        self.outputs = tuple(outputs)
        self.nodes: list[Node] = []
        self.leaves: list[Tensor] = []
        self._walk(roots)
        self._inputs: dict[Node, tuple[Input, ...]] = {}
        self._known = dict(known or {})
        self._constants: dict[int, Constant] = {}
        self._values: dict[Place, Array] | None = None

    def _walk(self, roots: Iterable[Node]) -> None:
        found: set[Node] = set()
        stack: list[Edge] = [*(t._edge for t in self.outputs), *roots]
        while stack:
            edge = stack.pop()
            node = edge[0] if isinstance(edge, tuple) else edge
            if isinstance(node, Node) and node is not INFERENCE and node not in found:
                found.add(node)
                stack.extend(node.edges)
        self.nodes = sorted(found, key=attrgetter("tick"))
        seen = {id(t): t for t in self.outputs if t._edge is None}
        for node in self.nodes:
            seen.update((id(edge), edge) for edge in node.edges if isinstance(edge, Tensor))
        self.leaves = list(seen.values())

    @cached_property
    def _held(self) -> tuple[dict[Place, Tensor], dict[int, Tensor]]:
        """The tensors that the program holds: of every place, and of every array outside the graph."""
        named: dict[Place, Tensor] = {}
        holders: dict[int, Tensor] = {}
        nodes = set(self.nodes)
        for item in gc.get_objects():
            if not issubclass(type(item), Tensor):
                continue
            state = vars(item)
            edge, array = state.get("_edge"), state.get("_array")
            place = place_of(edge)
            if place is None:
                self._hold(holders, id(array), item)
            elif place[0] in nodes:  # type: ignore[index]
                self._hold(named, place, item)
        for tensor in self.outputs:
            if tensor._edge is not None:
                named[place_of_tensor(tensor)] = tensor
        return named, holders

    @staticmethod
    def _hold(table: dict[Any, Tensor], key: Any, tensor: Tensor) -> None:
        if key not in table or (table[key].name is None and tensor.name is not None):
            table[key] = tensor

    def tensor_at(self, place: Place) -> Tensor | None:
        """The tensor at a place: a leaf, or the tensor of an intermediate where the program still holds it."""
        return place if isinstance(place, Tensor) else self._held[0].get(place)

    def inputs(self, node: Node) -> tuple[Input, ...]:
        """What flows into a node, in the order of the op's declaration. An optional input left out is left out here
        too, and one through which no gradient flows is a `Constant`."""
        if node not in self._inputs:
            self._inputs[node] = tuple(self._find_inputs(node))
        return self._inputs[node]

    def _find_inputs(self, node: Node) -> Iterator[Input]:
        op, saved = node.op, dict(saved_inputs(node))
        for k, edge in enumerate(node.edges):
            name = f"{op.inputs[0]}{k}" if op.variadic else op.inputs[k] if k < len(op.inputs) else f"input{k}"
            place = place_of(edge)
            if place is not None:
                yield Input(name, place)
            elif k in saved:
                yield Input(name, self._constant(saved[k]))
            elif not may_be_absent(node, k, name):
                yield Input(name, Constant())

    def _constant(self, value: Any) -> Constant:
        """One object per array, so that it is drawn once however often it is used."""
        if id(value) not in self._constants:
            self._constants[id(value)] = Constant(value, self._held[1].get(id(value)))
        return self._constants[id(value)]

    @cached_property
    def freed(self) -> bool:
        """Whether a backward call has used up what some of its nodes had saved."""
        return any(isinstance(node.saved, Freed) for node in self.nodes)

    def value(self, place: Place | Constant) -> Any:
        """The array at a place, or the value of a constant; None where nobody kept it."""
        if isinstance(place, Constant):
            return place.value
        if isinstance(place, Tensor):
            return place._array
        if self._values is None:
            self._values = self._find_values()
        return self._values.get(place)

    def recorded(self, place: tuple[Node, int]) -> Array | None:
        """The array at a place, where somebody kept it."""
        return self._recorded.get(place)

    @cached_property
    def _recorded(self) -> dict[Place, Array]:
        values = {**self._known, **{place: tensor._array for place, tensor in self._held[0].items()}}
        for node in self.nodes:
            for k, array in saved_inputs(node):
                place = place_of(node.edges[k]) if k < len(node.edges) else None
                if isinstance(place, tuple) and _unchanged(array, node.tick):
                    values.setdefault(place, array)
            for k, array in saved_outputs(node):
                if _unchanged(array, node.tick):
                    values.setdefault((node, k), array)
        return values

    def _find_values(self) -> dict[Place, Array]:
        values = dict(self._recorded)
        for node in self.nodes:
            if (node, 0) not in values:
                for k, array in enumerate(self._recomputed(node, values)):
                    values.setdefault((node, k), array)
        return values

    def _recomputed(self, node: Node, values: dict[Place, Array]) -> tuple[Array, ...]:
        """The outputs of a node, from inputs that are known to be what they were; empty where that is not sure."""
        op = node.op
        sizes = [_size(shape) for shape in (node.shape if op.several else (node.shape,))]
        if not hasattr(op, "forward") or sum(sizes) > RECOMPUTED:
            return ()
        saved, arrays = dict(saved_inputs(node)), []
        for k, edge in enumerate(node.edges):
            place = place_of(edge)
            array = saved.get(k)
            if array is None and isinstance(place, Tensor) and place._replaced < node.tick:
                array = place._array
            elif array is None and isinstance(place, tuple):
                array = values.get(place)
            if array is None or not _unchanged(array, node.tick):
                return ()
            arrays.append(array)
        given = [array for array in arrays if hasattr(array, "dtype")]
        attributes = dict(zip(op.attributes, node.attributes, strict=False))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # they were given the first time
                result = op.forward(backend_of(given[0]).xp, *arrays, **attributes)
        except Exception:  # what cannot be computed again is shown as not known
            return ()
        # An op that hands on its input without being a view has worked in place: its value then is not its value now.
        if not op.view and any(result is array for array in arrays):
            return ()
        results = result if isinstance(result, tuple) else (result,)
        return tuple(backend_of(r).asarray(r) for r in results)

    def gradients(self) -> dict[Place, Array]:
        """The gradient of the sum of the outputs with respect to every value, computed to be looked at: no `.grad`
        changes, no hook runs, nothing is freed.

        Raises:
            RuntimeError: the graph was freed, an output has more than one element, or a saved array was changed in
                place.
        """
        arrived: dict[Place, Array] = {}
        for tensor in self.outputs:
            if tensor.requires_grad:
                if tensor.numel() != 1:
                    raise RuntimeError(
                        f"gradients are shown of outputs with one element, got one of shape {tensor.shape}; reduce it "
                        f"first (.sum(), .mean())"
                    )
                _accumulate(arrived, place_of_tensor(tensor), tensor.backend.xp.ones_like(tensor._array))
        for node in reversed(self.nodes):
            g: Any = arrived.get((node, 0))
            if node.op.several:
                parts = tuple(arrived.get((node, k)) for k in range(len(node.shape)))
                g = None if all(part is None for part in parts) else parts
            if g is None:
                continue
            if isinstance(node.saved, Absent):
                node.saved.restore(node)
            check_unchanged(node)
            assert node.op.vjp is not None
            for edge, result in zip(node.edges, node.op.vjp(node, g, node.edges, node.saved), strict=False):
                place = place_of(edge)
                if place is not None and result is not None:
                    _accumulate(arrived, place, result)
        return arrived


def saved_bytes(*tensors: Tensor) -> int:
    """The bytes that the graph of some tensors keeps alive for backward, beyond the leaves.

    What operations saved counts, their index arrays, and what custom Functions and checkpoints hold; memory that
    several share counts once, and an array that is a view counts as the whole memory it keeps alive. What operations
    saved is gone after `backward` has freed it.

    Raises:
        TypeError: something is no tensor.
    """
    return kept_bytes(Graph(tensors_of("saved_bytes", "tensors", tensors)))


def kept_bytes(graph: Graph) -> int:
    """Bytes that a graph keeps alive beyond its leaves. Memory that several arrays share counts once."""
    return sum(kept_by_node(graph).values())


def kept_by_node(graph: Graph) -> dict[Node, int]:
    """The bytes that every node of a graph keeps alive, beyond the leaves and beyond what older nodes keep."""
    counted = {id(leaf.backend.owner(leaf._array)) for leaf in graph.leaves}
    kept = {}
    for node in graph.nodes:
        total = 0
        for array in kept_arrays(node):
            owner = backend_of(array).owner(array)
            if id(owner) not in counted:
                counted.add(id(owner))  # the node keeps it alive, so that nothing else gets this id
                total += owner.nbytes
        kept[node] = total
    return kept


def kept_arrays(node: Node) -> tuple[Array, ...]:
    """The arrays a node keeps alive: what its VJP names, index arrays among its attributes, what a custom Function has
    put on its ctx, and what a checkpoint was given to run again."""
    found: list[Any] = [*(node.saved.held() if isinstance(node.saved, Absent) else saved_arrays(node))]
    for value in node.attributes:
        items = value if isinstance(value, (tuple, list)) else vars(value).values() if _is_ctx(value) else (value,)
        found += [item._array if isinstance(item, Tensor) else item for item in items]
    return tuple(a for a in found if is_array(a) and type(a) is backend_of(a).array_type)


def _is_ctx(value: Any) -> bool:
    return hasattr(value, "save_for_backward")


def _accumulate(arrived: dict[Place, Array], place: Place, g: Array) -> None:
    arrived[place] = arrived[place] + g if place in arrived else g


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _unchanged(array: Any, tick: int) -> bool:
    """Whether an array still holds what it held at `tick`."""
    return not is_array(array) or change_since(array, tick) is None


def may_be_absent(node: Node, k: int, name: str) -> bool:
    """Whether an input that was not kept may be no array at all: an optional one, or no tensor, of a Function."""
    if hasattr(node.op, "forward"):
        return node.op.defaults.get(name, name) is None
    return node.specs is None or node.specs[k] is None


def saved_inputs(node: Node, saved_there: Any = None) -> Iterator[tuple[int, Any]]:
    """The inputs that a node saved (or had saved: `saved_there`), with their positions; nothing once they were
    freed."""
    op = node.op
    for name, place, saved in _saved(node, saved_there):
        if name is None:  # a Function saves what it likes, and notes where that stands in the graph
            yield from ((k, saved) for k, edge in enumerate(node.edges) if edge is not None and _same(edge, place))
        elif op.variadic and name == op.inputs[0]:
            yield from enumerate(saved)
        elif name in op.inputs and saved is not None:
            yield op.inputs.index(name), saved


def saved_outputs(node: Node, saved_there: Any = None) -> Iterator[tuple[int, Array]]:
    """The outputs that a node saved (or had saved), with their positions; nothing once they were freed."""
    for name, place, saved in _saved(node, saved_there):
        if isinstance(place, int):
            yield place, saved
        elif name in node.op.output_names and saved is not None:
            yield node.op.output_names.index(name), saved


def _saved(node: Node, there: Any = None) -> Iterator[tuple[str | None, Edge | int, Any]]:
    """What a node saved: under which name, for a Function at which place in its stead."""
    there = node.saved if there is None else there
    if isinstance(there, Absent) or not there:
        return
    if hasattr(node.op, "forward"):
        for name, saved in zip(node.op.saved_names, there, strict=True):
            yield name, None, saved
    else:
        for place, saved in zip(node.attributes[0]._call.edges, there, strict=True):
            yield None, place, saved


def _same(edge: Edge, place: Edge | int) -> bool:
    """Whether two edges are one. (`==` of two leaves would compare their elements.)"""
    return edge is place or (isinstance(edge, tuple) and isinstance(place, tuple) and edge == place)
