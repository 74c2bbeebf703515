"""What a graph keeps alive for backward: the arrays its operations saved, and their bytes."""

from __future__ import annotations

from ..autograd.graph import kept_arrays
from ..autograd.node import Freed, Node
from ..autograd.summary import bytes_text, plural


def saved_text(node: Node) -> tuple[str, str]:
    """How many arrays an op keeps and their bytes, and in which manner to say it."""
    arrays = kept_arrays(node)
    if not arrays:
        return "nothing, freed" if isinstance(node.saved, Freed) else "nothing", "faint"
    return f"{plural(len(arrays), 'array')}, {bytes_text(sum(array.nbytes for array in arrays))}", "plain"
