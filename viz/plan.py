"""Which of a graph's operations are drawn one by one, which inside a closed module, and which not at all."""

from __future__ import annotations

from typing import Any

from ..autograd.graph import Constant, Graph, Place
from ..autograd.node import Node
from ..autograd.tensor import Tensor
from .names import Names

Scope = tuple[str, ...]
"""The labels of nested modules, the outermost first."""


class Plan:
    """What is drawn of a graph.

    Args:
        depth: a module inside this many others is drawn closed, as one box; None opens all.
        max_nodes: with more boxes than this, modules are closed from the inside until they fit; where there are no
            modules, or `depth` says how many to open, only the latest operations are drawn. None: no limit.

    Attributes:
        nodes: the operations drawn, oldest first, those inside closed modules among them.
        notes: sentences on what is not drawn, and how to see it.
    """

    def __init__(self, graph: Graph, names: Names, depth: int | None, max_nodes: int | None) -> None:
        self.graph, self.names = graph, names
        self.nodes, self.depth = graph.nodes, depth
        self.notes: list[str] = []
        self._find_users()
        if max_nodes is not None and self._count() > max_nodes:
            if depth is None and self._close_modules(max_nodes):
                return
            self._leave_out(max_nodes)

    def _find_users(self) -> None:
        self.users: dict[Place | Constant, list[Node]] = {}
        """The drawn nodes that use each value."""
        for node in self.nodes:
            for item in self.graph.inputs(node):
                self.users.setdefault(item.source, []).append(node)
        self._homes: dict[Tensor | Constant, Scope] = {}

    def closed(self, node: Node) -> Scope | None:
        """The closed module that a node is inside of, by its scope; None if it is drawn itself."""
        depth = self.depth
        return node.scope[: depth + 1] if depth is not None and len(node.scope) > depth else None

    def common_scope(self, source: Place | Constant) -> Scope:
        """The innermost module that all uses of a value lie in."""
        scopes = [node.scope for node in self.users.get(source, ())]
        common = scopes[0] if scopes else ()
        for scope in scopes[1:]:
            same = 0
            while same < min(len(common), len(scope)) and common[same] == scope[same]:
                same += 1
            common = common[:same]
        return common

    def home(self, source: Tensor | Constant) -> Scope:
        """The module that a leaf or constant is drawn in: its own, if it is a parameter, a buffer, or something that
        the module has made for itself; none, if it was handed in."""
        if source not in self._homes:
            self._homes[source] = self.common_scope(source) if self._is_own(source) else ()
        return self._homes[source]

    def _is_own(self, source: Tensor | Constant) -> bool:
        if isinstance(source, Tensor):
            return self.names.is_parameter(source) or self.names.name(source) is None
        return source.tensor is None or self.names.is_buffer(source)

    def is_inside(self, source: Tensor | Constant, closed: Scope | None) -> bool:
        """Whether a leaf or constant disappears in a closed module."""
        return closed is not None and self.home(source)[: len(closed)] == closed

    def _count(self) -> int:
        """The boxes of operations, closed modules and leaves."""
        boxes: set[Any] = {self.closed(node) or node for node in self.nodes}
        leaves = (s for s in self.users if isinstance(s, Tensor))
        return len(boxes) + sum(not self.is_inside(leaf, self.closed(self.users[leaf][0])) for leaf in leaves)

    def _close_modules(self, limit: int) -> bool:
        for depth in range(max(len(node.scope) for node in self.nodes) - 1, -1, -1):
            self.depth = depth
            if self._count() <= limit:
                self.notes.append(
                    f"{len(self.nodes):,} operations: modules are drawn closed at depth={depth}. "
                    f"max_nodes=None draws every operation."
                )
                return True
        self.depth = None
        return False

    def _leave_out(self, limit: int) -> None:
        shown: list[Node] = []
        boxes: set[Any] = set()
        for node in reversed(self.nodes):
            boxes.add(self.closed(node) or node)
            boxes.update(item.source for item in self.graph.inputs(node) if isinstance(item.source, Tensor))
            if shown and len(boxes) > limit:
                break
            shown.append(node)
        self.notes.append(
            f'The latest {len(shown):,} of {len(self.nodes):,} operations; what came before is drawn as "...". '
            f"max_nodes=None draws every operation."
        )
        self.nodes = shown[::-1]
        self._find_users()
