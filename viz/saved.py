"""What a graph keeps alive for backward: the arrays its operations saved, and their bytes."""

from __future__ import annotations

from ..autograd.graph import Graph
from ..autograd.node import Absent, Node, saved_arrays
from ..backends import backend_of, is_array
from .summary import plural


def bytes_text(count: int) -> str:
    """A number of bytes in the unit that fits: `512 B`, `2.0 KiB`, `1.5 MiB`."""
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"


def saved_text(node: Node) -> tuple[str, str]:
    """How many arrays an op keeps and their bytes, and in which manner to say it."""
    if isinstance(node.saved, Absent):
        return "nothing, freed", "faint"
    arrays = [array for array in saved_arrays(node) if is_array(array)]
    if not arrays:
        return "nothing", "faint"
    return f"{plural(len(arrays), 'array')}, {bytes_text(sum(array.nbytes for array in arrays))}", "plain"


def kept_bytes(graph: Graph) -> int:
    """Bytes that a graph keeps alive beyond its leaves. Memory that several arrays share counts once."""
    leaves = {id(leaf.backend.owner(leaf._array)) for leaf in graph.leaves}
    owners = {}
    for node in graph.nodes:
        for array in saved_arrays(node):
            if is_array(array) and type(array) is backend_of(array).array_type:
                owner = backend_of(array).owner(array)
                owners[id(owner)] = owner
    return sum(owner.nbytes for key, owner in owners.items() if key not in leaves)
