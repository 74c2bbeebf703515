"""In debug mode: a warning where a line keeps adding to a graph that backward has used up.

    for x, y in batches:
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total = total + loss        # keeps the graph of every step alive; loss.detach() or loss.item() was meant

The sign of it: an op uses what the same op made at the same line before, and between the two a backward call freed a
part of the graph that the op adds to. No gradient can flow through that part any more, so the graph is kept for
nothing. Sums of several losses, truncated histories that are detached, and graphs that are retained show no such sign.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from .node import Freed, Node

LOOKED_AT = 64
"""So many nodes before the new one are looked at. What saved arrays bounds the search as well, so that it is short."""

_told: dict[str | tuple[str, type[Warning], int], int] = {}
"""Where the warnings module notes what it has shown, so that a line is warned of once."""


class GraphKeptWarning(RuntimeWarning):
    """A graph that backward has used up is kept alive, and grows."""


def warn_if_growing(node: Node) -> None:
    """Warns of the line that made `node` if it keeps adding to a graph that was freed."""
    before = _same_line(node)
    if before is None:
        return
    freed = next((f for f in _freed(node) if f.tick > before.tick), None)
    if freed is None:
        return
    line = _line(node) or ""
    file, _, number = line.rpartition(":")
    warnings.warn_explicit(
        f"{node.op.name} at {line} adds to what it made the last time, which keeps the graphs of earlier steps alive, "
        f"though the backward call at {freed.where} has freed them: memory grows with every step. To keep the number "
        f"alone, use .detach() or .item(), as in total += loss.detach()",
        GraphKeptWarning,
        file,
        int(number) if number.isdigit() else 0,
        registry=_told,
    )


def _line(node: Node) -> str | None:
    return None if node.extra is None else node.extra.line


def _before(node: Node) -> Iterator[Node]:
    """The nodes that a node's inputs come from."""
    for edge in node.edges:
        source = edge[0] if isinstance(edge, tuple) else edge
        if isinstance(source, Node):
            yield source


def _same_line(node: Node) -> Node | None:
    """What the same op made at the same line before and `node` is computed from, through that line's ops alone."""
    line = _line(node)
    stack = list(_before(node))
    for _ in range(LOOKED_AT):
        if not stack:
            break
        source = stack.pop()
        if _line(source) == line:
            if source.op is node.op:
                return source
            stack.extend(_before(source))
    return None


def _freed(node: Node) -> Iterator[Freed]:
    """The backward calls that have freed what `node` is computed from, as far as the nearest saved arrays tell."""
    line, stack = _line(node), list(node.edges)
    for _ in range(LOOKED_AT):
        if not stack:
            break
        edge = stack.pop()
        source = edge[0] if isinstance(edge, tuple) else edge
        if not isinstance(source, Node):
            continue
        if isinstance(source.saved, Freed):
            yield source.saved
        elif not source.saved or _line(source) == line:
            stack.extend(source.edges)
