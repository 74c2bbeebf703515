"""Nested containers of tensors (lists, tuples, dictionaries, named tuples, ...), by optree; None counts as a container
of nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import optree

Tree = Any
"""A tensor, or containers of tensors."""


def flatten(tree: Tree) -> tuple[list[Any], Any]:
    """What stands in the containers, in order, and their structure."""
    return optree.tree_flatten(tree)


def unflatten(structure: Any, leaves: Iterable[Any]) -> Tree:
    """Containers of a structure, filled."""
    return optree.tree_unflatten(structure, leaves)


def leaves(tree: Tree) -> list[Any]:
    """What stands in the containers, in order."""
    return optree.tree_leaves(tree)


def mapped(function: Callable[[Any], Any], tree: Tree) -> Tree:
    """The same containers with `function` of everything in them."""
    return optree.tree_map(function, tree)
