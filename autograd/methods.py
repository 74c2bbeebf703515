"""The operators and methods of `Tensor` that are ops: most are the public functions themselves.

`tensor.py` takes this class as a base for type checkers only; at run time its contents are put on `Tensor`, because
the ops need `Tensor` before they can be declared.
"""

from __future__ import annotations

import builtins
from typing import Any

from ..backends import dtypes, is_array
from . import inplace
from .ops import (
    activation,
    arithmetic,
    comparison,
    creation,
    elementwise,
    indexing,
    joining,
    matmul,
    reduction,
    shape,
    softmax,
    sorting,
)
from .tensor import Tensor



class TensorMethods:
    """Operators and methods of a tensor. Each does what the function of the same name does, with the tensor first."""

    # Operators

    __add__ = arithmetic.add
    __sub__ = arithmetic.sub
    __mul__ = arithmetic.mul
    __truediv__ = arithmetic.div_true
    __floordiv__ = arithmetic.floor_divide
    __mod__ = arithmetic.remainder
    __pow__ = arithmetic.pow
    __matmul__ = matmul.matmul
    __neg__ = arithmetic.neg
    __abs__ = elementwise.abs
    __lt__ = comparison.lt
    __le__ = comparison.le
    __gt__ = comparison.gt
    __ge__ = comparison.ge
    __and__ = comparison.bitwise_and
    __or__ = comparison.bitwise_or
    __xor__ = comparison.bitwise_xor
    __invert__ = comparison.bitwise_not
    __getitem__ = indexing.getitem

    def __eq__(self: Any, other: Any) -> Any:
        return comparison.eq(self, other) if _comparable(other) else NotImplemented

    def __ne__(self: Any, other: Any) -> Any:
        return comparison.ne(self, other) if _comparable(other) else NotImplemented

    def __pos__(self: Any) -> Tensor:
        return self

    def __radd__(self: Any, other: Any) -> Tensor:
        return arithmetic.add(other, self)

    def __rsub__(self: Any, other: Any) -> Tensor:
        return arithmetic.sub(other, self)

    def __rmul__(self: Any, other: Any) -> Tensor:
        return arithmetic.mul(other, self)

    def __rtruediv__(self: Any, other: Any) -> Tensor:
        return arithmetic.div_true(other, self)

    def __rfloordiv__(self: Any, other: Any) -> Tensor:
        return arithmetic.floor_divide(other, self)

    def __rmod__(self: Any, other: Any) -> Tensor:
        return arithmetic.remainder(other, self)

    def __rpow__(self: Any, other: Any) -> Tensor:
        return arithmetic.pow(other, self)

    def __rmatmul__(self: Any, other: Any) -> Tensor:
        return matmul.matmul(other, self)

    def __rand__(self: Any, other: Any) -> Tensor:
        return comparison.bitwise_and(other, self)

    def __ror__(self: Any, other: Any) -> Tensor:
        return comparison.bitwise_or(other, self)

    def __rxor__(self: Any, other: Any) -> Tensor:
        return comparison.bitwise_xor(other, self)

    def __contains__(self: Any, element: Any) -> builtins.bool:
        return bool(reduction.any(comparison.eq(self, element)))

    def __setitem__(self: Any, index: Any, value: Any) -> None:
        """Assigns in place; `value` is a tensor, array or number that broadcasts to what the index selects.

        Raises:
            RuntimeError: a leaf that requires a gradient, while recording.
            IndexError, ValueError: the index or the value does not fit. Nothing has changed then.
        """
        inplace.assign(self, index, value)

    # Conversion

    def to(self: Any, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False) -> Tensor:
        """The tensor with another dtype, on another device, or both: `to(cr.float64)`, `to("cuda")`,
        `to("cuda", cr.float16)`, `to(other)`. Itself if nothing changes, unless `copy`. Differentiable."""
        for argument in args:
            if isinstance(argument, Tensor):
                dtype, device = argument.dtype, argument.device
            elif argument is None or isinstance(argument, bool):
                continue  # non_blocking
            elif isinstance(argument, str) and not _names_dtype(argument):
                device = argument
            else:
                dtype = argument
        result = self if device is None else creation.moved(self, device)
        if dtype is not None and dtypes.as_dtype(dtype) != result.dtype:
            result = arithmetic.cast(result, dtype=dtype)
        return shape.clone(result) if copy and result is self else result

    def type(self: Any, dtype: Any) -> Tensor:
        """The tensor with another dtype."""
        return self.to(dtypes.as_dtype(dtype))

    def type_as(self: Any, other: Tensor) -> Tensor:
        """The tensor with the dtype of another."""
        return self.to(other.dtype)

    def float(self: Any) -> Tensor:
        return self.to(dtypes.float32)

    def double(self: Any) -> Tensor:
        return self.to(dtypes.float64)

    def half(self: Any) -> Tensor:
        return self.to(dtypes.float16)

    def int(self: Any) -> Tensor:
        return self.to(dtypes.int32)

    def long(self: Any) -> Tensor:
        return self.to(dtypes.int64)

    def bool(self: Any) -> Tensor:
        return self.to(dtypes.bool)

    def cpu(self: Any) -> Tensor:
        """The tensor in the host's memory (the NumPy backend); itself if it is there."""
        return creation.moved(self, "cpu")

    def cuda(self: Any, device: Any = None) -> Tensor:
        """The tensor on a GPU (the CuPy backend): `cuda()`, `cuda(1)`, `cuda("cuda:1")`.

        Raises:
            BackendUnavailable: there is none; the message says what is missing.
        """
        if device is None:
            device = "cuda"
        return creation.moved(self, f"cuda:{device}" if not isinstance(device, str) else device)

    def new_zeros(self: Any, *size: Any, **options: Any) -> Tensor:
        """0 everywhere, of this tensor's dtype and device unless given."""
        return creation.zeros(*size, **{"dtype": self.dtype, "device": self.device, **options})

    def new_ones(self: Any, *size: Any, **options: Any) -> Tensor:
        """1 everywhere, of this tensor's dtype and device unless given."""
        return creation.ones(*size, **{"dtype": self.dtype, "device": self.device, **options})

    def new_full(self: Any, size: Any, fill_value: Any, **options: Any) -> Tensor:
        """`fill_value` everywhere, of this tensor's dtype and device unless given."""
        return creation.full(size, fill_value, **{"dtype": self.dtype, "device": self.device, **options})

    def new_tensor(self: Any, data: Any, **options: Any) -> Tensor:
        """A new tensor of this tensor's dtype and device unless given."""
        return creation.tensor(data, **{"dtype": self.dtype, "device": self.device, **options})

    @property
    def T(self: Any) -> Tensor:
        """The dimensions in reverse order."""
        return shape.permute(self, tuple(range(self.ndim))[::-1])

    @property
    def mT(self: Any) -> Tensor:
        """The last two dimensions exchanged."""
        return shape.transpose(self, -2, -1)

    # In place

    def zero_(self: Any) -> Tensor:
        """Becomes 0 everywhere, in place."""
        return self.fill_(0)

    def fill_(self: Any, value: Any) -> Tensor:
        """Becomes `value` everywhere, in place."""
        inplace.assign(self, ..., value)
        return self

    def copy_(self: Any, source: Any) -> Tensor:
        """Takes the values of `source`, which broadcasts, may be of another dtype, and may live on another device."""
        if isinstance(source, Tensor):
            source = arithmetic.cast(creation.moved(source, self.device), dtype=self.dtype)
        inplace.assign(self, ..., source)
        return self

    def __iadd__(self: Any, other: Any) -> Tensor:
        return inplace.change(self, "add_", arithmetic.add, other)

    def __isub__(self: Any, other: Any) -> Tensor:
        return inplace.change(self, "sub_", arithmetic.sub, other)

    def __imul__(self: Any, other: Any) -> Tensor:
        return inplace.change(self, "mul_", arithmetic.mul, other)

    def __itruediv__(self: Any, other: Any) -> Tensor:
        return inplace.change(self, "div_", arithmetic.div_true, other)

    def __ipow__(self: Any, other: Any) -> Tensor:
        return inplace.change(self, "pow_", arithmetic.pow, other)


def _comparable(other: Any) -> builtins.bool:
    """Whether `==` compares elements; with None, a string, ... it compares identities, as everywhere in Python."""
    return isinstance(other, (Tensor, int, float, complex)) or is_array(other)


def _names_dtype(text: str) -> builtins.bool:
    return text in dtypes.NAMES


_ALIASES = {"add": arithmetic.add_scaled, "sub": arithmetic.sub_scaled}

_FUNCTIONS = (activation, arithmetic, comparison, elementwise, indexing, joining, matmul, reduction, shape, softmax,
              sorting)  # fmt: skip

_NOT_METHODS = {"linear", "einsum", "tensordot", "cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack",
                "meshgrid", "broadcast_tensors", "where", "pad", "dropout", "hardtanh", "relu6", "elu", "gelu", "silu",
                "softplus", "leaky_relu", "logsigmoid", "softmin"}  # fmt: skip

_IN_PLACE = ("abs", "add", "addcdiv", "addcmul", "ceil", "clamp", "clip", "cos", "cumsum", "div", "exp", "expm1",
             "floor", "fmod", "lerp", "log", "log10", "log1p", "log2", "masked_fill", "mul", "nan_to_num", "neg", "pow",
             "reciprocal", "relu", "remainder", "round", "rsqrt", "scatter", "scatter_add", "sigmoid", "sign", "sin",
             "sqrt", "square", "sub", "tan", "tanh", "tril", "triu", "trunc", "index_add", "index_copy", "index_fill",
             "index_put")  # fmt: skip


def _in_place(name: str, function: Any) -> Any:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return inplace.change(self, f"{name}_", function, *args, **kwargs)

    method.__name__ = method.__qualname__ = f"{name}_"
    method.__doc__ = f"Becomes `{name}` of itself, in place. See `{name}`."
    return method


def _attach() -> None:
    """Puts the methods on Tensor: those above, the public functions, and their in-place forms."""
    methods: dict[str, Any] = {}
    for module in _FUNCTIONS:
        methods.update({name: getattr(module, name) for name in module.__all__ if name not in _NOT_METHODS})
    methods.update(_ALIASES)
    for name in _IN_PLACE:
        methods[f"{name}_"] = _in_place(name, methods[name])
    own = {k: v for k, v in vars(TensorMethods).items() if k not in ("__module__", "__doc__", "__dict__", "__weakref__",
                                                                     "__hash__", "__qualname__")}  # fmt: skip
    for name, value in {**methods, **own}.items():
        setattr(Tensor, name, value)


_attach()
