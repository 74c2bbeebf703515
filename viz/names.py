"""What tensors are called in a drawing: by `params`, or by their own `name`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..autograd.graph import Constant, Graph, Place, place_of_tensor
from ..autograd.tensor import Tensor


class Names:
    """The names of a graph's tensors.

    Args:
        graph: what is drawn.
        params: tensors by name (entries that are no tensors are passed over, so that `locals()` will do), a module, or
            an iterable of tensors or of `(name, tensor)` pairs.
        outputs: names of the graph's outputs, where they were given in a dictionary.

    Raises:
        TypeError: `params` is nothing of the kind.
    """

    def __init__(self, graph: Graph, params: Any = None, outputs: Mapping[str, Tensor] | None = None) -> None:
        self._names: dict[Place, str] = {}
        self._of_arrays: dict[int, str] = {}
        self._parameters: set[Tensor] = set()
        self._buffers = {id(tensor._array) for _, tensor in _buffers(params)}
        self.graph = graph
        for given, tensor in (outputs or {}).items():
            self._add(given, tensor)
        # Of two names for one tensor the first stays; those with an underscore, as a notebook gives to its results,
        # come last.
        pairs = sorted(_pairs(params), key=lambda pair: pair[0] is not None and pair[0].startswith("_"))
        for name, tensor in pairs:
            self._add(name, tensor)
            if tensor._edge is None and tensor.requires_grad:
                self._parameters.add(tensor)

    def _add(self, name: str | None, tensor: Tensor) -> None:
        name = tensor.name if name is None else name
        if name is not None:
            self._names.setdefault(place_of_tensor(tensor), str(name))
            self._of_arrays.setdefault(id(tensor._array), str(name))

    def name(self, place: Place | Constant) -> str | None:
        """The name of what stands at a place, if it has one."""
        if isinstance(place, Constant):
            tensor = place.tensor
            given = self._of_arrays.get(id(place.value))
        else:
            tensor = self.graph.tensor_at(place)
            given = self._names.get(place)
        if given is None and tensor is not None and tensor.name is not None:
            return str(tensor.name)
        return given

    def is_parameter(self, leaf: Tensor) -> bool:
        """Whether a leaf is meant to be trained: it is a `Parameter`, or stands among `params`."""
        return leaf in self._parameters or any(c.__name__ == "Parameter" for c in type(leaf).__mro__)

    def is_buffer(self, constant: Constant) -> bool:
        """Whether a constant is a buffer of the module given as `params`."""
        return id(constant.value) in self._buffers


def _buffers(params: Any) -> tuple[tuple[str, Tensor], ...]:
    return tuple(params.named_buffers()) if hasattr(params, "named_buffers") else ()


def _pairs(params: Any) -> Iterator[tuple[str | None, Tensor]]:
    if params is None:
        return
    if isinstance(params, Mapping):
        params = params.items()
    elif hasattr(params, "named_parameters"):
        params = (*params.named_parameters(), *_buffers(params))
    elif isinstance(params, Tensor):
        params = (params,)
    elif not isinstance(params, Iterable) or isinstance(params, (str, bytes)):
        raise TypeError(
            f"params: expected a dictionary of tensors by name, a module, or an iterable of tensors or of "
            f"(name, tensor) pairs, got {type(params).__name__}"
        )
    for item in params:
        if isinstance(item, Tensor):
            yield None, item
        elif isinstance(item, tuple) and len(item) == 2:
            name, tensor = item
            if isinstance(name, str) and isinstance(tensor, Tensor):
                yield name, tensor
        else:
            raise TypeError(f"params: expected tensors or (name, tensor) pairs, got an entry of {type(item).__name__}")
