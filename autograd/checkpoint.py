"""Checkpointing: what a part of the program saved for backward is dropped, and computed again when backward comes.

The part is run and recorded as usual; then the nodes it made give up their arrays. The graph itself stays, so
gradients of any order, hooks, and tensors that the function finds outside its arguments (a module's parameters) are as
they would be without. When backward, or forward mode, first asks one of these nodes for its arrays, the part is run
once more from the same arguments and random state, and every node takes the arrays of its twin.

Chen, Xu, Zhang, Guestrin, "Training Deep Nets with Sublinear Memory Cost" (2016).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from threading import RLock
from typing import Any
from weakref import ref

from . import trees
from .engine import edge_of, node_of
from .modes import enable_grad, is_grad_enabled
from .node import Absent, Node, next_tick
from .random import get_rng_state, set_rng_state
from .tensor import Tensor
from .versions import change_since


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """`function(*args, **kwargs)`, whose intermediate arrays are not kept for backward but computed again there.

    Memory then holds the arguments and the results of `function`, and during backward what one such part needs; the
    price is a second forward pass.

    Args:
        function: computes tensors, or containers of them, and does the same when it is called again.
        use_reentrant: accepted for PyTorch's sake. There is one way here, which has the abilities of PyTorch's
            `use_reentrant=False`.
        preserve_rng_state: run the second time with the random numbers of the first, as dropout needs.

    Raises:
        TypeError: `function` is none.
        RuntimeError: in backward, if the second run records other operations than the first, or if an argument, or a
            leaf that the function found, was changed in place since the first.
    """
    if not callable(function):
        raise TypeError(f"checkpoint: expected a function and its arguments, got {type(function).__name__}")
    state = get_rng_state() if preserve_rng_state else None
    given = trees.flatten((args, kwargs))  # containers may be changed, by the function too
    begin = next_tick()
    result = function(*args, **kwargs)
    if not is_grad_enabled():
        return result
    nodes = _nodes_of(result, begin)
    dropped = Dropped(function, given, state, begin, nodes)
    for node in nodes:
        if node.saved and not isinstance(node.saved, Absent):
            node.saved = dropped
    return result


def _nodes_of(result: Any, begin: int) -> list[Node]:
    """The nodes made since `begin` that lead to a result, in the order of their making."""
    tensors = [t for t in trees.leaves(result) if isinstance(t, Tensor) and t.requires_grad]
    found: dict[int, Node] = {}
    stack = [edge_of(t) for t in tensors]
    while stack:
        node = node_of(stack.pop())
        if node is not None and node.tick > begin and node.tick not in found:
            found[node.tick] = node
            stack.extend(node.edges)
    return [found[tick] for tick in sorted(found)]


class Dropped(Absent):
    """In the place of what the nodes of one checkpoint saved."""

    __slots__ = ("_begin", "_function", "_given", "_lock", "_nodes", "_recorded", "_state")

    def __init__(
        self, function: Callable[..., Any], given: tuple[list[Any], Any], state: Any, begin: int, nodes: list[Node]
    ) -> None:
        self._function, self._given, self._state, self._begin = function, given, state, begin
        self._nodes = [ref(node) for node in nodes]  # a node holds this, and no cycle shall be made
        self._recorded = [_told(node) for node in nodes]
        self._lock = RLock()

    def restore(self, node: Node) -> tuple[Any, ...]:
        """Runs the function again and gives every node its arrays; those of `node` are returned."""
        with self._lock:
            if node.saved is self:
                self._run()
        saved: tuple[Any, ...] = node.saved
        return saved

    def held(self) -> tuple[Any, ...]:
        """The arrays of the arguments."""
        return tuple(t._array for t in self._given[0] if isinstance(t, Tensor))

    def _run(self) -> None:
        leaves, structure = self._given
        self._expect_unchanged("an argument", leaves)
        args, kwargs = trees.unflatten(structure, leaves)
        now = get_rng_state()
        try:
            if self._state is not None:
                set_rng_state(self._state)
            begin = next_tick()
            with enable_grad():
                result = self._function(*args, **kwargs)
            twins = _nodes_of(result, begin)
        finally:
            set_rng_state(now)
        if (second := [_told(twin) for twin in twins]) != self._recorded:
            one, two = _differing(self._recorded, second)
            raise RuntimeError(
                f"checkpoint: the second run recorded other operations than the first ({two} for {one}); the function "
                f"must do the same each time it is called with the same arguments"
            )
        self._expect_unchanged("a leaf that the function uses", [edge for twin in twins for edge in twin.edges])
        for made, twin in zip(self._nodes, twins, strict=True):
            node = made()
            if node is not None and node.saved is self:
                node.saved = twin.saved

    def _expect_unchanged(self, what: str, values: list[Any]) -> None:
        """Raises if a tensor was changed in place since the first run, whose results the second would not give."""
        for tensor in values:
            change = change_since(tensor._array, self._begin) if isinstance(tensor, Tensor) else None
            if change is not None:
                raise RuntimeError(
                    f"checkpoint: {what}, of shape {tensor.shape}, was changed in place by {change.by} after the first "
                    f"run had begun, so that it cannot be repeated; change a clone()"
                )


def _told(node: Node) -> str:
    return f"{node.op.name} of shape {node.shape}, dtype {node.dtype}"


def _differing(first: list[str], second: list[str]) -> tuple[str, str]:
    """Where two runs part."""
    return next(pair for pair in zip_longest(first, second, fillvalue="nothing") if pair[0] != pair[1])


__all__ = ["checkpoint"]
