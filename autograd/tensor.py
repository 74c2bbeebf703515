"""Tensor: an array, whether it requires a gradient, its gradient, and its place in the graph.

What stands here is the tensor itself: identity, gradient, graph, transfer. Its operators and methods that are ops
stand in `methods.py`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from weakref import ref

from ..backends import Array, Backend, backend_for_device, backend_of, dtypes, get_default_dtype, is_array, resolve
from .node import INFERENCE, Edge, Handle, Leaf, Node, extra_of, next_tick

if TYPE_CHECKING:
    import numpy as np

    from .methods import TensorMethods
    from .op import Op
else:
    TensorMethods = object


class Device(str):
    """A device's name, `cpu` or `cuda:0`: a string with PyTorch's `type` and `index`."""

    __slots__ = ()

    @property
    def type(self) -> str:
        return self.partition(":")[0]

    @property
    def index(self) -> int | None:  # type: ignore[override]
        index = self.partition(":")[2]
        return int(index) if index else None


class Tensor(TensorMethods):
    """A multi-dimensional array that remembers how it was computed.

    Args:
        data: a number, nested sequences, an array of any backend, or a tensor. Arrays are shared, not copied.
        requires_grad: whether `backward` accumulates into `.grad`. Needs a floating or complex dtype.
        dtype: of the tensor; by default that of the data, and the default dtype for nested sequences and floats.
        device, backend: where it lives; by default where the data is, or where new tensors are born.

    Raises:
        TypeError: the data is not numeric, or the dtype cannot hold a gradient.
        ValueError: nested sequences of unequal lengths, or an unknown device.
    """

    # Rarely set, so they live on the class: making a tensor sets four attributes and no more.
    _hooks: dict[int, Callable[[Tensor], Tensor | None]] | None = None
    _after: dict[int, Callable[[Tensor], None]] | None = None
    _view: ViewOf | None = None
    _views: list[ref[Tensor]] | None = None
    _retains = False
    _replaced = 0  # when `data` was last assigned
    name: str | None = None
    """What graphs call it; anything may be assigned."""

    def __init__(
        self,
        data: Any,
        requires_grad: bool = False,
        *,
        dtype: dtypes.DTypeLike = None,
        device: object = None,
        backend: str | None = None,
    ) -> None:
        if dtype is None and isinstance(data, (list, tuple)):
            dtype = get_default_dtype()
        self._array: Array = as_array(data, dtype, device, backend)
        self._grad: Tensor | None = None
        self._edge: Edge = None
        self._requires = False
        if requires_grad:
            self.requires_grad_(requires_grad)

    # What it is

    @property
    def array(self) -> Array:
        """The backend's array itself, shared with the tensor. The graph does not see it changed in place."""
        return self._array

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> np.dtype:
        return self._array.dtype

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def backend(self) -> Backend:
        """The backend its array belongs to."""
        return backend_of(self._array)

    @property
    def device(self) -> Device:
        """Where its array is, the CPU or a GPU; it prints as PyTorch's device does."""
        return Device(backend_of(self._array).device_of(self._array))

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._array.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self._array.nbytes

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    def size(self, dim: int | None = None) -> Any:
        """The shape, or its entry `dim`.

        Raises:
            IndexError: there is no such dimension.
        """
        shape = self._array.shape
        if dim is None:
            return shape
        if not -len(shape) <= dim < len(shape):
            raise IndexError(f"size: there is no dimension {dim} in shape {shape}")
        return shape[dim]

    def dim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    def numel(self) -> int:
        """The number of elements."""
        return self._array.size

    def is_floating_point(self) -> bool:
        """Whether the dtype is a floating-point one."""
        return self.dtype.kind == "f" or self.dtype.name == "bfloat16"

    def is_complex(self) -> bool:
        """Whether the dtype is complex."""
        return self.dtype.kind == "c"

    def is_inference(self) -> bool:
        """Whether it was computed in `inference_mode`, from a tensor that requires a gradient."""
        return self._edge is INFERENCE

    def is_contiguous(self) -> bool:
        """Whether its elements lie in memory in row-major order without gaps."""
        return bool(self._array.flags.c_contiguous)

    @property
    def _version(self) -> int:
        """How often its memory was changed in place, through it or anything that shares it."""
        from .versions import version

        return version(self._array)

    def __len__(self) -> int:
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self._array.shape[0]

    __hash__ = object.__hash__  # by identity: `==` compares elements

    # Gradient and graph

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to it. Settable on a leaf."""
        return self._requires and self._edge is not INFERENCE

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Sets `requires_grad` of a leaf, and returns it.

        Raises:
            TypeError: `requires_grad` is no bool.
            RuntimeError: the dtype cannot hold a gradient, it was made in inference mode, or it is no leaf.
        """
        if not isinstance(requires_grad, bool):
            raise TypeError(f"requires_grad is True or False, got {requires_grad!r}")
        if requires_grad:
            if not dtypes.is_differentiable(self.dtype):
                raise RuntimeError(
                    f"only floating-point and complex tensors can require a gradient, got dtype {self.dtype}; write "
                    f"the numbers as floats, or convert with .to(cr.float32)"
                )
            if self._edge is INFERENCE:
                raise RuntimeError("a tensor made in inference_mode cannot require a gradient; clone() it outside")
        elif self._edge is not None:
            raise RuntimeError("requires_grad can only be turned off on a leaf; use detach() for a tensor without it")
        self._requires = requires_grad
        return self

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated so far, or None. A non-leaf has one only after `retain_grad()`."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"grad must be a tensor or None, got {type(value).__name__}")
            if value is self:
                raise RuntimeError("a tensor cannot be its own gradient")
            if value.shape != self.shape or value.dtype != self.dtype or value.backend is not self.backend:
                raise RuntimeError(
                    f"grad must have the tensor's shape, dtype and backend: expected {self.dtype} {self.shape} "
                    f"({self.backend.name}), got {value.dtype} {value.shape} ({value.backend.name})"
                )
        self._grad = value

    @grad.deleter
    def grad(self) -> None:
        self._grad = None

    @property
    def grad_fn(self) -> Node | None:
        """The node that made it; None for a leaf. `grad_fn.next_functions` walks on."""
        edge = self._edge
        if isinstance(edge, tuple):
            return edge[0]
        if edge is INFERENCE:
            return None
        return edge if isinstance(edge, Node) else None

    @property
    def output_nr(self) -> int:
        """Which output of `grad_fn` it is."""
        return self._edge[1] if isinstance(self._edge, tuple) else 0

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made it. Gradients accumulate in the `.grad` of leaves that require them."""
        return self._edge is None or self._edge is INFERENCE

    @property
    def retains_grad(self) -> bool:
        """Whether it is a non-leaf whose gradient backward keeps."""
        return self._retains

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | list[Tensor] | tuple[Tensor, ...] | None = None,
    ) -> None:
        """Adds to `.grad` of every leaf the gradient of this tensor with respect to it.

        The gradient of a complex leaf `z = x + iy` is `dL/dx + i dL/dy`: the direction in which a real `L` grows
        fastest, as in PyTorch (twice Wirtinger's derivative by the conjugate of `z`).

        Args:
            gradient: the cotangent, of this tensor's shape; may be left out for a one-element tensor (then it is 1).
            retain_graph: keep what the graph saved, for another call; by default only with `create_graph`.
            create_graph: record the gradients' own graph, for derivatives of higher order.
            inputs: accumulate into these tensors only (leaves or not).

        Raises:
            RuntimeError: the tensor has no graph, needs a `gradient`, its graph was freed, or a saved array was
                changed in place. No `.grad` has changed then.
        """
        from .engine import run_backward

        targets = None if inputs is None else tensors_of("backward", "inputs", inputs)
        if targets == ():
            raise RuntimeError("backward: inputs is empty; leave it out to accumulate into every leaf")
        run_backward((self,), (gradient,), retain_graph, create_graph, targets)

    def retain_grad(self) -> None:
        """Keeps this non-leaf's gradient in `.grad` when backward passes.

        Raises:
            RuntimeError: it does not require a gradient.
        """
        if not self.requires_grad:
            raise RuntimeError("retain_grad: this tensor does not require a gradient")
        node = self.grad_fn
        if node is not None:
            extra_of(node).retained[self.output_nr] = ref(self)
            self._retains = True

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Handle:
        """Calls `hook(gradient)` whenever backward has computed this tensor's gradient; what it returns, if anything,
        takes the gradient's place. The handle's `remove()` takes the hook back.

        Raises:
            RuntimeError: it does not require a gradient.
        """
        if not self.requires_grad:
            raise RuntimeError("register_hook: this tensor does not require a gradient")
        node = self.grad_fn
        if node is not None:
            return Handle.add(extra_of(node).hooks.setdefault(self.output_nr, {}), hook)
        if self._hooks is None:
            self._hooks = {}
        return Handle.add(self._hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> Handle:
        """Calls `hook(tensor)` after backward has added to this leaf's `.grad`.

        Raises:
            RuntimeError: it does not require a gradient, or is no leaf.
        """
        if not self._requires:
            raise RuntimeError("register_post_accumulate_grad_hook: this tensor does not require a gradient")
        if self._edge is not None:
            raise RuntimeError("register_post_accumulate_grad_hook: only leaves accumulate gradients")
        if self._after is None:
            self._after = {}
        return Handle.add(self._after, hook)

    def detach(self) -> Tensor:
        """The same memory as a tensor outside the graph."""
        return from_array(self._array, None)

    def detach_(self) -> Tensor:
        """Takes this tensor out of the graph, making it a leaf."""
        if self._view is not None:
            raise RuntimeError("detach_ of a view is not possible; use detach()")
        self._edge, self._requires, self._retains = None, False, False
        return self

    @property
    def data(self) -> Tensor:
        """The same memory outside the graph. Assigning replaces the array and leaves the tensor's identity, for
        optimizers and initialisers that work on tensors."""
        return from_array(self._array, None)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"data must be a tensor, got {type(value).__name__}")
        if self._requires and not dtypes.is_differentiable(value.dtype):
            raise RuntimeError(f"data of a tensor that requires a gradient cannot have dtype {value.dtype}")
        self._array = value._array
        self._replaced = next_tick()

    # Out of the tensor

    def item(self) -> Any:
        """The value of a one-element tensor as a Python number. Waits for the device.

        Raises:
            RuntimeError: it has more or fewer elements than one.
        """
        if self._array.size != 1:
            raise RuntimeError(f"item() needs a tensor of one element, got shape {self.shape}")
        return backend_of(self._array).item(self._array)

    def tolist(self) -> Any:
        """Nested lists of Python numbers (a number for a 0-d tensor)."""
        return backend_of(self._array).to_host(self._array).tolist()

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The values as a NumPy array, shared where the tensor lives on the host.

        Raises:
            RuntimeError: it requires a gradient, which the array would lose (`force=True` detaches).
            TypeError: it lives on another device (`force=True` copies).
        """
        if self.requires_grad and not force:
            raise RuntimeError("numpy() of a tensor that requires a gradient would leave the graph: detach() it first")
        if self.backend.name != "numpy" and not force:
            raise TypeError(f"numpy() of a tensor on {self.device}: cpu() it first, or use numpy(force=True)")
        return self.backend.to_host(self._array)

    # NumPy's protocols: `numpy/` takes the place of these methods when one is first called

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.requires_grad:
            raise RuntimeError(
                "a NumPy array made of a tensor that requires a gradient would leave the graph: use t.detach().numpy() "
                "for the values, functions of cr or np (np.sin(t), np.stack([t, u])) to stay in it"
            )
        array = self.numpy()
        if dtype is not None and dtype != array.dtype:
            if copy is False:
                raise ValueError(f"a copy is needed to turn {array.dtype} into {dtype}")
            return array.astype(dtype)
        return array.copy() if copy else array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from .numpy import array_ufunc

        return array_ufunc(self, ufunc, method, *inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from .numpy import array_function

        return array_function(self, function, types, args, kwargs)

    def __cupy_override_elementwise_kernel__(self, kernel: Any, *args: Any, **kwargs: Any) -> Any:
        from .numpy import override_elementwise_kernel

        return override_elementwise_kernel(self, kernel, *args, **kwargs)

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise RuntimeError(
                f"the truth of a tensor with {self._array.size} elements is ambiguous; use .any(), .all() or compare "
                f"shapes"
            )
        return bool(self.item())

    def __float__(self) -> float:
        self._warn_of_leaving()
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        self._warn_of_leaving()
        return complex(self.item())

    def _warn_of_leaving(self) -> None:
        if self._requires:
            warnings.warn(
                "a tensor that requires a gradient became a Python number, which leaves the graph: by float(t), a "
                "function of math, or array[0] = t. Where it is meant, say t.item(); else use functions of cr or np",
                UserWarning,
                stacklevel=3,
            )

    def __index__(self) -> int:
        if self.dtype.kind not in "iub" or self._array.size != 1:
            raise TypeError(f"only integer tensors of one element can be an index, got {self.dtype} {self.shape}")
        return int(self.item())

    def __iter__(self) -> Iterator[Tensor]:
        if self._array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __repr__(self) -> str:
        from .printing import tensor_text

        return tensor_text(self)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self._array.ndim == 0 and spec else repr(self)

    def __copy__(self) -> Tensor:
        """Another tensor over the same memory, at the same place in the graph."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError("only leaves can be deep-copied; detach() or clone() this tensor")
        made = _made(type(self), backend_of(self._array).copy(self._array), self._requires, {})
        memo[id(self)] = made
        made._edge = self._edge
        made._grad = None if self._grad is None else deepcopy(self._grad, memo)
        made.__dict__.update(deepcopy(self._attributes(), memo))
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickled are the values, which come back on the same device, `requires_grad`, and what was assigned to it as
        attributes; neither the graph nor `.grad` nor hooks. It comes back as a leaf."""
        values = self.backend.to_host(self._array)
        return _unpickled, (type(self), values, str(self.device), self.requires_grad, self._attributes())

    def _attributes(self) -> dict[str, Any]:
        """What was assigned to it from outside."""
        return {name: value for name, value in self.__dict__.items() if name not in _OWN}

    # Views

    def link_view(self, source: Tensor, op: Op, attributes: dict[str, Any]) -> None:
        """Notes that this tensor is a view that `op` made of `source`, so that in-place changes reach both."""
        steps = ((op, attributes),) if source._view is None else (*source._view.steps, (op, attributes))
        base = source if source._view is None else source._view.base
        self._view = ViewOf(base, steps)
        if base._views is None:
            base._views = []
        elif len(base._views) >= 16 and len(base._views) & (len(base._views) - 1) == 0:  # at 16, 32, 64, ...
            base._views = [view for view in base._views if view() is not None]
        base._views.append(ref(self))


class ViewOf:
    """How a view came from its base: through which ops, with which attributes."""

    __slots__ = ("base", "steps")

    def __init__(self, base: Tensor, steps: tuple[tuple[Op, dict[str, Any]], ...]) -> None:
        self.base, self.steps = base, steps


def from_array(array: Array, edge: Edge = None) -> Tensor:
    """A tensor over a backend's array, at a place in the graph: the fast way to make one, without checks."""
    tensor = object.__new__(Tensor)
    tensor._array = array
    tensor._grad = None
    tensor._edge = edge
    tensor._requires = edge is not None
    return tensor


_OWN = frozenset(
    {"_after", "_array", "_edge", "_grad", "_hooks", "_replaced", "_requires", "_retains", "_view", "_views"}
)
"""The attributes that make up a tensor."""


def _made(kind: type[Tensor], array: Array, requires: bool, attributes: dict[str, Any]) -> Tensor:
    """A leaf of a subclass, without its `__init__`."""
    made = object.__new__(kind)
    made._array, made._grad, made._edge, made._requires = array, None, None, requires
    made.__dict__.update(attributes)
    return made


def _unpickled(
    kind: type[Tensor], values: np.ndarray, device: str, requires: bool, attributes: dict[str, Any]
) -> Tensor:
    return _made(kind, backend_for_device(device).asarray(values, None, device), requires, attributes)


def tensors_of(function: str, name: str, given: Any) -> tuple[Tensor, ...]:
    """An argument that is a tensor or several, as a tuple.

    Raises:
        TypeError: it is neither.
    """
    found = (given,) if isinstance(given, Tensor) else tuple(given) if isinstance(given, Iterable) else (given,)
    for item in found:
        if not isinstance(item, Tensor):
            raise TypeError(f"{function}: {name} must be a tensor or several, got {type(item).__name__}")
    return found


def as_array(data: Any, dtype: dtypes.DTypeLike, device: object, backend: str | None) -> Array:
    """The array that `cr.tensor(data, dtype, device, backend)` holds, shared with `data` where it is one already.

    Raises:
        TypeError: the data is not numeric.
        ValueError: nested sequences of unequal lengths, or an unknown device or backend.
    """
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(data, Tensor):
        data = data._array
    elif not is_array(data):
        home, place = resolve(device, backend)
        return _from_python(data, wanted, home, place)
    source = backend_of(data)
    if wanted is None and not data.dtype.isnative:
        wanted = data.dtype.newbyteorder("=")
    if device is None and backend is None:
        return source.asarray(data, wanted)
    home, place = resolve(device, backend)
    return home.asarray(data if home is source else source.to_host(data), wanted, place)


def _from_python(data: Any, dtype: np.dtype | None, home: Backend, place: str | None) -> Array:
    if dtype is None and type(data) is float:
        return home.asarray(data, get_default_dtype(), place)
    if isinstance(data, (list, tuple)):
        data, found = _nested(data)
        dtype = dtype or found
    try:
        array = home.asarray(data, dtype, place)
    except (ValueError, TypeError, OverflowError) as error:
        if isinstance(data, int):
            raise OverflowError(f"the integer {data} does not fit into {dtype or '64 bits'}") from None
        kind = next(k for k in (OverflowError, ValueError, TypeError) if isinstance(error, k))
        raise kind(
            f"a tensor is made of numbers, arrays, or nested lists of equal lengths, got {type(data).__name__}: {error}"
        ) from None
    if dtype is None and array.dtype.kind in "fc" and not hasattr(data, "dtype"):
        default = get_default_dtype()
        wide = default if array.dtype.kind == "f" else dtypes.complex_dtype(default)
        array = array.astype(wide, copy=False)
    return array


def _nested(data: Any) -> tuple[Any, np.dtype | None]:
    """Nested sequences with tensors and host arrays in them as nested lists, and the dtype these arrays imply."""
    found: list[Any] = []

    def plain(item: Any) -> Any:
        if isinstance(item, (list, tuple)):
            return [plain(i) for i in item]
        if isinstance(item, Tensor):
            found.append(item.dtype)
            return item.tolist()
        if is_array(item):
            found.append(item.dtype)
            return backend_of(item).to_host(item).tolist()
        return item

    values = plain(data)
    return values, (max(found, key=lambda d: (d.kind in "fc", d.kind == "c", d.itemsize)) if found else None)


def to_device(array: Array, device: object) -> Array:
    """The array on another device or backend, copied only if it has to move."""
    target, source = backend_for_device(str(device)), backend_of(array)
    if target is source:
        return source.asarray(array, None, str(device))
    return target.asarray(source.to_host(array), None, str(device))


__all__ = ["Device", "Leaf", "Tensor", "ViewOf", "as_array", "from_array", "tensors_of", "to_device"]
