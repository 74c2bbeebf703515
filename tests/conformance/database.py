"""PyTorch's operator database: its entries, their samples, and a sample's arguments as chainrule takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

import chainrule as cr

torch.set_num_threads(1)


@cache
def operators(dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    """The entries with gradients in `dtype`, by name; a variant's name stands behind a bar."""
    found = {}
    for entry in op_db:
        if dtype in entry.dtypes and entry.supports_autograd:
            variant = entry.variant_test_name
            found[f"{entry.name}|{variant}" if variant else entry.name] = entry
    return found


def samples(entry: Any, dtype: torch.dtype = torch.float64, first: int | None = None) -> Iterator[tuple[str, Any]]:
    """Every sample of `dtype` that asks for a gradient, or the first so many; then all of them again with arrays that
    are not contiguous."""
    torch.manual_seed(0)
    plain = list(islice(entry.sample_inputs("cpu", dtype, requires_grad=True), first))
    for k, sample in enumerate(plain):
        yield f"sample {k}", sample
    for k, sample in enumerate(plain):
        try:
            stepped = sample.noncontiguous()
        except RuntimeError:
            continue  # of a sparse tensor
        yield f"sample {k}, not contiguous", stepped


def error_samples(entry: Any) -> list[Any]:
    """The calls that must raise."""
    if entry.error_inputs_func is None:
        return []
    torch.manual_seed(0)
    return list(entry.error_inputs("cpu"))


class Converted:
    """A sample's arguments for chainrule, with the leaves on both sides in the same order."""

    def __init__(self, sample: Any) -> None:
        self.theirs: list[torch.Tensor] = []
        self.ours: list[cr.Tensor] = []
        self.before: list[np.ndarray] = []
        self.tensors: list[cr.Tensor] = []
        self._seen: dict[int, cr.Tensor] = {}
        self._memory: dict[tuple[int, torch.dtype], tuple[torch.Tensor, Any]] = {}
        self.args = self._convert([sample.input, *sample.args])
        self.kwargs = self._convert(sample.kwargs)

    def unchanged(self) -> bool:
        """Whether every tensor still holds what it was given."""
        return all(
            np.array_equal(t.numpy(force=True), b, equal_nan=t.dtype.kind in "fc")
            for t, b in zip(self.tensors, self.before, strict=True)
        )

    def _convert(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, torch.Size):
            return tuple(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*[self._convert(v) for v in value])
        if isinstance(value, (tuple, list)):
            return type(value)([self._convert(v) for v in value])
        if isinstance(value, dict):
            return {key: self._convert(v) for key, v in value.items()}
        if isinstance(value, slice):
            return slice(*[self._convert(v) for v in (value.start, value.stop, value.step)])
        return constant(value)

    def _tensor(self, tensor: torch.Tensor) -> cr.Tensor:
        if id(tensor) in self._seen:
            return self._seen[id(tensor)]
        # A copy of all the memory behind it: what the torch side does in place is not seen here. Tensors that share
        # memory there do so here.
        source = tensor.detach().resolve_conj().resolve_neg()
        place = (source.untyped_storage().data_ptr(), source.dtype)
        if place not in self._memory:
            whole = source.as_strided((source.untyped_storage().nbytes() // source.itemsize,), (1,), 0)
            self._memory[place] = source, cr.get_backend().asarray(whole.numpy().copy())
        array = _seen(self._memory[place][1], source.storage_offset(), source.numpy())
        ours = cr.Tensor(array, tensor.requires_grad)
        self._seen[id(tensor)] = ours
        self.tensors.append(ours)
        self.before.append(source.numpy().copy())
        if tensor.requires_grad:
            self.theirs.append(tensor)
            self.ours.append(ours)
        return ours


def _seen(memory: Any, offset: int, like: np.ndarray) -> Any:
    """The array that lies in `memory`, on the backend that is chosen, as `like` does in its own."""
    if isinstance(memory, np.ndarray) and memory.size:
        return np.ndarray(like.shape, like.dtype, memory, offset * like.itemsize, like.strides)
    # On a device only slicing tells whose memory a view is: elements `step` apart, in their order.
    step = min((stride for stride in like.strides if stride), default=like.itemsize) // like.itemsize
    packed = np.empty(like.shape, like.dtype).strides
    begin = offset - offset % step
    end = begin + like.size * step
    if not like.size or like.strides != tuple(stride * step for stride in packed) or end > memory.size:
        return cr.get_backend().asarray(like.copy())
    return memory[begin:end].reshape((*like.shape, step))[..., offset % step]


def placed(array: np.ndarray, requires_grad: bool = False) -> cr.Tensor:
    """A tensor over the array itself on the NumPy backend, over a copy on the backend that is chosen else."""
    return cr.Tensor(cr.get_backend().asarray(array), requires_grad)


def constant(value: Any) -> Any:
    """What is no tensor, as chainrule calls it."""
    if isinstance(value, torch.dtype):
        name = str(value).removeprefix("torch.")
        if not hasattr(cr, name):
            raise NotImplementedError(f"there is no dtype {name} in NumPy")
        return getattr(cr, name)
    if isinstance(value, torch.device) or (isinstance(value, str) and value == "cpu"):
        return cr.zeros(()).device
    if value is torch.strided:
        return None  # the only layout there is
    if isinstance(value, (torch.memory_format, torch.layout)):
        return getattr(cr, str(value).removeprefix("torch."))
    return value


def flat(result: Any) -> list[Any]:
    """The outputs of a call, without their containers."""
    if isinstance(result, dict):
        return [item for part in result.values() for item in flat(part)]
    return [item for part in result for item in flat(part)] if isinstance(result, (tuple, list)) else [result]


def run_theirs(entry: Any, sample: Any, seed: int = 0) -> list[Any]:
    """The outputs of PyTorch. Some entries seed the generator themselves, always with the same number: `seed` is added
    to that as well, so that two seeds tell what is random."""
    manual_seed = torch.manual_seed
    with mock.patch.object(torch, "manual_seed", lambda given: manual_seed(given + seed)):
        torch.manual_seed(0)
        return flat(sample.output_process_fn_grad(entry.op(sample.input, *sample.args, **sample.kwargs)))


def raised(action: Callable[[], Any]) -> type | None:
    """The exception that `action` raises; None for none."""
    try:
        action()
    except Exception as error:
        return type(error)
    return None


def raised_class(action: Callable[[], Any]) -> type | None:
    """The built-in exception that `action` raises, or the built-in base of the one it raises; None for none."""
    found = raised(action)
    return found and next(kind for kind in found.__mro__ if kind.__module__ == "builtins")
