"""Which memory was changed in place, and when: how backward knows that a saved array is no longer what it was.

A counter belongs to a piece of memory, so a tensor, its views, its detached copies and two tensors made of the same
NumPy array all share it. It exists only for memory that was ever changed in place; programs without in-place ops pay
one comparison per node.
"""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import NamedTuple
from weakref import ref

from ..backends import Array, backend_of
from .node import Node, next_tick, saved_arrays


class Change(NamedTuple):
    """The latest in-place change of one stretch of memory."""

    tick: int
    by: str
    line: str | None


class _Memory:
    """The changes to one piece of memory: how many there were, and the latest for every stretch changed, in order."""

    __slots__ = ("count", "owner", "stretches")

    def __init__(self, owner: Array) -> None:
        key = id(owner)
        self.owner = ref(owner, partial(_memories.pop, key))  # no Python function, so no interrupt can be lost in it
        self.count = 0
        self.stretches: dict[tuple[int, int] | None, Change] = {}


_memories: dict[int, _Memory] = {}
_MOST = 4096  # stretches remembered of one piece of memory; beyond, it counts as changed everywhere


class clock:
    """The tick of the latest in-place change anywhere. A node younger than it cannot have a stale array."""

    latest = 0
    lock = Lock()
    """Held from drawing a tick to setting `latest`: a thread that is late must not set the clock back."""


def _stretch(array: Array, owner: Array) -> tuple[int, int] | None:
    return None if array is owner else backend_of(array).extent(array)


def record_change(array: Array, by: str, line: str | None = None) -> None:
    """Notes that op `by` has changed `array` in place."""
    owner = backend_of(array).owner(array)
    memory = _memories.get(id(owner))
    if memory is None:
        memory = _memories[id(owner)] = _Memory(owner)
    memory.count += 1
    with clock.lock:
        tick = clock.latest = next_tick()
    stretches, here = memory.stretches, _stretch(array, owner)
    if here is None or len(stretches) == _MOST:
        stretches.clear()
        here = None
    stretches.pop(here, None)
    stretches[here] = Change(tick, by, line)


def version(array: Array) -> int:
    """How often the memory behind `array` was changed in place."""
    memory = _memories.get(id(backend_of(array).owner(array)))
    return 0 if memory is None else memory.count


def change_since(array: Array, tick: int) -> Change | None:
    """The latest change to `array`'s elements (or to elements between them) after `tick`, if any."""
    owner = backend_of(array).owner(array)
    memory = _memories.get(id(owner))
    if memory is None:
        return None
    here = _stretch(array, owner)
    for stretch, change in reversed(memory.stretches.items()):
        if change.tick <= tick:
            return None
        if here is None or stretch is None or (stretch[0] < here[1] and here[0] < stretch[1]):
            return change
    return None


def check_unchanged(node: Node) -> None:
    """Raises when an array that `node` saved was changed in place since.

    Raises:
        RuntimeError: it names the op that saved the array and the op that changed it.
    """
    for array in saved_arrays(node):
        change = change_since(array, node.tick)
        if change is not None:
            line = node.extra.line if node.extra is not None else None
            saved_at = f" (recorded at {line})" if line else ""
            changed_at = f" at {change.line}" if change.line else ""
            hint = "" if line else "; cr.autograd.set_debug(True) before the forward pass shows both source lines"
            raise RuntimeError(
                f"backward of {node.op.name}{saved_at} needs an array of shape {tuple(array.shape)}, dtype "
                f"{array.dtype}, that was changed in place by {change.by}{changed_at} after {node.op.name} had saved "
                f"it. Use the out-of-place form, or clone() the tensor before it is changed{hint}."
            )
