"""The graph: a node for every recorded op, edges to the nodes (or leaves) it came from.

A node never holds the tensor it produced, so graphs have no cycles and go away by reference count the moment their last
tensor does.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Union
from weakref import ref

from ..backends import Array

if TYPE_CHECKING:
    from collections.abc import Callable

    from .op import Op
    from .tensor import Tensor

next_tick = itertools.count(1).__next__
"""The clock of the engine. Nodes and in-place changes take their numbers from it, so that "older" can be asked of
any two of them."""

Edge = Union["Node", "tuple[Node, int]", "Tensor", None]
"""Where a gradient goes: a node, one output of a node with several, a leaf, or nowhere."""


class Node:
    """One recorded op.

    Attributes:
        op: what was computed; `op.name` is its name.
        attributes: the values of the op's attributes and the input shapes its VJP names.
        saved: the arrays its VJP names, or an `Absent`: `Freed` once a backward call has used them.
        specs: per input `(shape, dtype)`, where a gradient may need summing or casting to fit; else None.
        edges: one per input.
        tick: its creation number.
        scope: the modules that were being called.
        shape, dtype: of the output (tuples of them when there are several).
        extra: hooks, retained gradients and source line, or None.
    """

    __slots__ = ("__weakref__", "attributes", "dtype", "edges", "extra", "op", "saved", "scope", "shape",
                 "specs", "tick")  # fmt: skip

    op: Op
    attributes: tuple[Any, ...]
    saved: Any
    specs: Any
    edges: tuple[Edge, ...]
    tick: int
    scope: tuple[str, ...]
    shape: Any
    dtype: Any
    extra: Extra | None

    @property
    def next_functions(self) -> tuple[tuple[Node | Leaf | None, int], ...]:
        """The edges as PyTorch shows them, `(grad_fn, output index)` per input, with a `Leaf` for a leaf."""
        return tuple(_next(edge) for edge in self.edges)

    def name(self) -> str:
        """`MulBackward` for `mul`: what `repr` shows."""
        return self.op.backward_name

    def register_hook(self, hook: Callable[[Any, Any], Any]) -> Handle:
        """Calls `hook(grad_inputs, grad_outputs)` when backward has passed this node; it may return other
        `grad_inputs`. Both are tuples of tensors or None."""
        return Handle.add(extra_of(self).node_hooks, hook)

    def __repr__(self) -> str:
        return f"<{self.name()}>"


class Leaf:
    """How `next_functions` shows a leaf: `variable` is the tensor whose `.grad` accumulates."""

    __slots__ = ("variable",)
    next_functions: tuple[()] = ()

    def __init__(self, variable: Tensor) -> None:
        self.variable = variable

    def name(self) -> str:
        return "AccumulateGrad"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Leaf) and self.variable is other.variable

    def __hash__(self) -> int:
        return hash(id(self.variable))

    def __repr__(self) -> str:
        return "<AccumulateGrad>"


def _next(edge: Edge) -> tuple[Node | Leaf | None, int]:
    if edge is None or isinstance(edge, Node):
        return edge, 0
    return edge if isinstance(edge, tuple) else (Leaf(edge), 0)


class Absent:
    """In the place of the arrays a node saved, when they are not there."""

    __slots__ = ()

    def restore(self, node: Node) -> tuple[Any, ...]:
        """Brings them back, or raises."""
        raise NotImplementedError

    def held(self) -> tuple[Array, ...]:
        """The arrays kept alive in order to bring them back."""
        return ()


class Freed(Absent):
    """They were used by a backward call; where and when is remembered."""

    __slots__ = ("tick", "where")

    def __init__(self, where: str) -> None:
        self.where, self.tick = where, next_tick()

    def restore(self, node: Node) -> tuple[Any, ...]:
        raise RuntimeError(
            f"backward: what {node.op.name} had saved was freed by the backward call at {self.where}. To go through a "
            f"graph twice, pass retain_graph=True to the first call; to get fresh gradients, compute the forward pass "
            f"again"
        )


class Extra:
    """What few nodes have."""

    __slots__ = ("hooks", "line", "node_hooks", "retained")

    def __init__(self) -> None:
        self.hooks: dict[int, dict[int, Callable[[Tensor], Tensor | None]]] = {}
        self.node_hooks: dict[int, Callable[[Any, Any], Any]] = {}
        self.retained: dict[int, ref[Tensor]] = {}
        self.line: str | None = None


def extra_of(node: Node) -> Extra:
    """The node's extras, made when first asked for."""
    if node.extra is None:
        node.extra = Extra()
    return node.extra


class Handle:
    """What registering a hook returns: `remove()` takes the hook back; as a `with` block, at its end."""

    _numbers = itertools.count()

    def __init__(self, hooks: dict[int, Any], number: int) -> None:
        self._hooks, self._number = hooks, number

    @classmethod
    def add(cls, hooks: dict[int, Any], hook: Any) -> Handle:
        """Registers a hook: a function, or one with what is to be known of it in a tuple.

        Raises:
            TypeError: it cannot be called.
        """
        function = hook[0] if isinstance(hook, tuple) else hook
        if not callable(function):
            raise TypeError(f"a hook is a function, got {type(function).__name__}")
        number = next(cls._numbers)
        hooks[number] = hook
        return cls(hooks, number)

    def remove(self) -> None:
        self._hooks.pop(self._number, None)

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def saved_arrays(node: Node) -> tuple[Array, ...]:
    """The arrays a node keeps alive (empty once freed)."""
    if isinstance(node.saved, Absent):
        return ()
    arrays: list[Array] = []
    for item in node.saved:
        arrays.extend(item if isinstance(item, tuple) else (item,))
    return tuple(array for array in arrays if hasattr(array, "dtype"))


INFERENCE: Any = object.__new__(Node)
"""In the place of an edge: the tensor was made in inference mode from one that requires a gradient, so a gradient
would get lost here."""
