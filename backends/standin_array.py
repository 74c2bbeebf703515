"""The array of the stand-in device: NumPy inside, CuPy's rules outside.

A `DeviceArray` wraps a NumPy array, it is none: NumPy cannot see into it, and it refuses host arrays and lists. What
CuPy answers with a 0-d array is a 0-d array here; integer indices out of range wrap; of several values written to one
place a different one stays than NumPy would keep; whatever makes the host wait for a device is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, NoReturn

import numpy as np


class SyncLog:
    """Why the host had to wait for the device, and how often."""

    def __init__(self) -> None:
        self.causes: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return sum(self.causes.values())

    def __repr__(self) -> str:
        return f"SyncLog({dict(self.causes)})"


SYNCS = SyncLog()
"""All waits since the start."""

_logs = [SYNCS]


@contextmanager
def count_syncs() -> Iterator[SyncLog]:
    """`with count_syncs() as log: ...`: the waits inside the block, of all threads, by cause."""
    log = SyncLog()
    _logs.append(log)
    try:
        yield log
    finally:
        _logs.remove(log)


def sync(cause: str) -> None:
    """Notes that the host waits."""
    for log in _logs:
        log.causes[cause] += 1


NUMBERS = frozenset({bool, int, float, complex})
_quiet: Any = {"all": "ignore"}  # a device raises no floating-point warnings


def refuse(value: Any, where: str) -> NoReturn:
    """Raises the TypeError for a host value where only device arrays and numbers may stand."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    raise TypeError(f"{where}: {kind} is not on the device; move it there first with the backend's asarray")


def host(value: Any, where: str) -> Any:
    """What NumPy gets for an operand: the wrapped array, or a number as it is."""
    if type(value) is DeviceArray:
        return value._array
    if type(value) in NUMBERS or isinstance(value, (np.generic, bool, int, float, complex)):
        return value
    refuse(value, where)


def fresh(result: Any) -> DeviceArray:
    """A NumPy result that shares no memory with an older array, wrapped."""
    new = _new(DeviceArray)
    new._array = result if type(result) is np.ndarray else np.asarray(result)
    new.base = None
    return new


def view(result: np.ndarray, source: DeviceArray) -> DeviceArray:
    """A NumPy view of `source`, or NumPy's copy where no view is possible, wrapped."""
    if result is source._array:
        return source
    new = _new(DeviceArray)
    new._array = result
    owner = source if source.base is None else source.base
    shared = result.base is not None and (result.size == 0 or np.may_share_memory(result, owner._array))
    new.base = owner if shared else None
    if shared:
        result.setflags(write=True)  # a device knows no read-only memory: broadcast and diagonal views too are written
    return new


class Flags:
    """What CuPy tells of an array's memory."""

    def __init__(self, array: DeviceArray) -> None:
        flags = array._array.flags
        self.c_contiguous, self.f_contiguous = bool(flags.c_contiguous), bool(flags.f_contiguous)
        self.owndata = array.base is None

    def __getitem__(self, name: str) -> bool:
        return {"C_CONTIGUOUS": self.c_contiguous, "F_CONTIGUOUS": self.f_contiguous, "OWNDATA": self.owndata}[name]


_new = object.__new__


def _axes_of(index: tuple[Any, ...], ndim: int) -> Iterator[tuple[int, int]]:
    """Position in `index` and axis of the array, for every integer array in it."""
    taken = sum(_width(item) for item in index)
    axis = 0
    for place, item in enumerate(index):
        if item is Ellipsis:
            axis += ndim - taken
            continue
        if isinstance(item, np.ndarray) and item.dtype.kind in "iu":
            yield place, axis
        axis += _width(item)


def _width(item: Any) -> int:
    """How many axes one item of an index consumes."""
    if item is None or item is Ellipsis or isinstance(item, (bool, np.bool_)):
        return 0
    return item.ndim if isinstance(item, np.ndarray) and item.dtype.kind == "b" else 1


def host_index(index: Any, shape: tuple[int, ...], where: str = "index") -> tuple[tuple[Any, ...], bool]:
    """An index as NumPy gets it, integer arrays wrapped into range, and whether it holds arrays."""
    items = list(index) if type(index) is tuple else [index]
    advanced = False
    for place, item in enumerate(items):
        if type(item) is DeviceArray:
            advanced = True
            items[place] = item._array
            if item._array.dtype.kind == "b":
                sync(f"{where} by a mask")
            elif item._array.dtype.kind not in "iu":
                raise IndexError(f"arrays used as indices must be of integer or boolean type, not {item._array.dtype}")
        elif isinstance(item, (bool, np.bool_)):
            advanced = True
            sync(f"{where} by a mask")
        elif not (item is None or item is Ellipsis or isinstance(item, (int, np.integer, slice))):
            if isinstance(item, (list, tuple, np.ndarray)):
                refuse(item, f"{where}, in the index")
            raise IndexError(f"an index is made of integers, slices, '...', None and device arrays, not {item!r}")
    if not any(item is Ellipsis for item in items):
        items.append(Ellipsis)  # so that NumPy answers with an array, not a scalar
    found = tuple(items)
    if advanced:
        if sum(_width(item) for item in found) > len(shape):
            raise IndexError(f"too many indices: an array of shape {shape} was indexed with {len(index)} of them")
        for place, axis in _axes_of(found, len(shape)):
            if shape[axis]:
                items[place] = np.asarray(np.mod(items[place], shape[axis]))
        found = tuple(items)
    return found, advanced


def scramble(target: np.ndarray, index: tuple[Any, ...], value: Any) -> None:
    """`target[index] = value`, where of several values for one element any but the last stays."""
    target[index] = value
    places = np.arange(target.size).reshape(target.shape)[index]
    order = places.ravel()
    earlier = np.ones(order.size, bool)
    earlier[order.size - 1 - np.unique(order[::-1], return_index=True)[1]] = False
    if earlier.any():
        values = np.broadcast_to(np.asarray(value, dtype=target.dtype), places.shape).ravel()
        losers = disorder.permutation(np.flatnonzero(earlier))
        np.put(target, order[losers], values[losers])


disorder = np.random.default_rng(0)


def power(base: Any, exponent: Any, **kwargs: Any) -> Any:
    """NumPy's power, but that an integer to a negative power is a truncated fraction and no error."""
    negative = np.less(exponent, 0)
    if np.result_type(base, exponent).kind not in "iu" or not np.any(negative):
        return np.power(base, exponent, **kwargs)
    sign = np.where(np.remainder(exponent, 2) == 0, 1, np.sign(base))
    fraction = np.where(np.abs(base) == 1, sign, 0).astype(np.result_type(base, exponent))
    result = np.where(negative, fraction, np.power(base, np.where(negative, 0, exponent)))
    if "out" in kwargs:
        kwargs["out"][0][...] = result
    return result.astype(np.result_type(base, exponent))


def _foreign(other: Any) -> bool:
    """Whether `other` is an object with a NumPy protocol of its own (a tensor), which gets to answer."""
    return not isinstance(other, np.ndarray) and getattr(other, "__array_ufunc__", None) is not None


def _binary(ufunc: Any, reflected: bool = False) -> Callable[[DeviceArray, Any], Any]:
    name = ufunc.__name__

    def method(self: DeviceArray, other: Any) -> Any:
        kind = type(other)
        if kind is DeviceArray:
            other = other._array
        elif kind not in NUMBERS and not isinstance(other, (np.generic, bool, int, float, complex)):
            if _foreign(other):
                protocol = getattr(np, name)
                return protocol(other, self) if reflected else protocol(self, other)
            if isinstance(other, (np.ndarray, list, tuple)):
                refuse(other, name)
            return NotImplemented
        with np.errstate(**_quiet):
            return fresh(ufunc(other, self._array) if reflected else ufunc(self._array, other))

    return method


def _equality(ufunc: np.ufunc, otherwise: bool) -> Callable[[DeviceArray, Any], Any]:
    ordinary = _binary(ufunc)

    def method(self: DeviceArray, other: Any) -> Any:
        kind: Any = type(other)
        if other is None or (kind.__eq__ is object.__eq__ and not _foreign(other)):
            return fresh(np.full(self._array.shape, otherwise))
        return ordinary(self, other)

    return method


def _inplace(ufunc: Any) -> Callable[[DeviceArray, Any], DeviceArray]:
    name = f"in-place {ufunc.__name__}"

    def method(self: DeviceArray, other: Any) -> DeviceArray:
        with np.errstate(**_quiet):
            ufunc(self._array, host(other, name), out=(self._array,))
        return self

    return method


def _unary(ufunc: np.ufunc) -> Callable[[DeviceArray], DeviceArray]:
    def method(self: DeviceArray) -> DeviceArray:
        with np.errstate(**_quiet):
            return fresh(ufunc(self._array))

    return method


def _reduction(name: str, *parameters: str) -> Callable[..., DeviceArray]:
    """A method that NumPy's array has too, with the parameters that CuPy's has."""

    def method(self: DeviceArray, *args: Any, **kwargs: Any) -> DeviceArray:
        if len(args) > len(parameters):
            raise TypeError(f"{name} takes {', '.join(parameters)}; got {len(args)} positional arguments")
        kwargs.update(zip(parameters, args, strict=False))
        for key in kwargs:
            if key not in parameters:
                raise TypeError(f"CuPy's {name} has no parameter {key!r}; it takes {', '.join(parameters)}")
        out = kwargs.get("out")
        if out is not None:
            kwargs["out"] = host(out, name)
        with np.errstate(**_quiet):
            result = getattr(self._array, name)(**kwargs)
        return fresh(result) if out is None else out

    method.__name__ = name
    return method


class DeviceArray:
    """An array on the stand-in device. Made by the backend's `asarray` and by the functions of its `xp`."""

    __slots__ = ("_array", "base", "__weakref__")
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 100

    _array: Any
    dtype: np.dtype
    shape: tuple[int, ...]
    ndim: int
    size: int
    base: DeviceArray | None
    """The array that owns the memory, where this one is a view."""

    def __init__(self) -> None:
        raise TypeError("device arrays are made by asarray and by the functions of the backend's xp")

    # What NumPy asks for.

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise TypeError("a device array does not become a NumPy array by itself; use the backend's to_host")

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(kind is not DeviceArray and not issubclass(kind, np.ndarray) for kind in types):
            return NotImplemented  # a tensor among the arguments gets to answer
        raise TypeError(f"numpy.{func.__name__} was given a device array; use the backend's xp.{func.__name__}")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        # A NumPy scalar on the left of an operator comes this way; CuPy takes it too.
        if method == "__call__" and not kwargs and isinstance(inputs[0], np.generic) and inputs[1] is self:
            return _binary(ufunc, reflected=True)(self, inputs[0])
        if any(type(item) is not DeviceArray and _foreign(item) for item in inputs):
            return NotImplemented
        raise TypeError(f"numpy.{ufunc.__name__} met a device array; use the operators or xp.{ufunc.__name__}")

    # Attributes; those that NumPy's array has as well are added below.

    @property
    def flags(self) -> Flags:
        return Flags(self)

    @property
    def device(self) -> str:
        return "standin:0"

    @property
    def T(self) -> DeviceArray:
        return view(self._array.T, self)

    @property
    def mT(self) -> DeviceArray:
        return view(self._array.mT, self)

    @property
    def real(self) -> DeviceArray:
        return view(self._array.real, self)

    @real.setter
    def real(self, value: Any) -> None:
        self._array.real = host(value, "real")

    @property
    def imag(self) -> DeviceArray:
        return view(self._array.imag, self)

    @imag.setter
    def imag(self, value: Any) -> None:
        self._array.imag = host(value, "imag")

    # To the host. Each of these waits.

    def get(self) -> np.ndarray:
        sync("get")
        return self._array.copy()

    def item(self) -> Any:
        sync("item")
        if self._array.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self._array.item()

    def tolist(self) -> Any:
        sync("tolist")
        return self._array.tolist()

    def __bool__(self) -> bool:
        sync("bool")
        return self._array.size > 0 and bool(self._array)

    def __int__(self) -> int:
        sync("int")
        return int(self._array)

    def __float__(self) -> float:
        sync("float")
        return float(self._array)

    def __complex__(self) -> complex:
        sync("complex")
        return complex(self._array)

    def __repr__(self) -> str:
        sync("repr")
        return repr(self._array)

    def __str__(self) -> str:
        sync("str")
        return str(self._array)

    def __format__(self, spec: str) -> str:
        sync("format")
        return format(self._array, spec)

    def nonzero(self) -> tuple[DeviceArray, ...]:
        sync("nonzero")
        return tuple(fresh(indices) for indices in self._array.nonzero())

    # Shape, copies, views.

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[DeviceArray]:
        if not self._array.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self._array)))

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> DeviceArray:
        return view(self._array.reshape(*shape, order=order, copy=copy), self)

    def transpose(self, *axes: Any) -> DeviceArray:
        return view(self._array.transpose(*axes), self)

    def swapaxes(self, axis1: int, axis2: int) -> DeviceArray:
        if not all(-self.ndim <= axis < self.ndim for axis in (axis1, axis2)):
            raise ValueError("Axis out of range")  # not an IndexError, as NumPy's is
        return view(self._array.swapaxes(axis1, axis2), self)

    def squeeze(self, axis: Any = None) -> DeviceArray:
        result = self._array.squeeze(axis)
        return self if result.ndim == self.ndim else view(result, self)

    def ravel(self, order: str = "C") -> DeviceArray:
        return view(self._array.ravel(order), self)

    def flatten(self, order: str = "C") -> DeviceArray:
        return fresh(self._array.flatten(order))

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> DeviceArray:
        return view(self._array.diagonal(offset, axis1, axis2), self)

    def view(self, dtype: Any = None) -> DeviceArray:
        result = self._array.view() if dtype is None else self._array.view(dtype)
        return view(result, self)

    def astype(self, dtype: Any, order: str = "K", copy: bool = True) -> DeviceArray:
        with np.errstate(**_quiet):
            return view(self._array.astype(dtype, order=order, copy=copy), self)

    def copy(self, order: str = "C") -> DeviceArray:
        return fresh(self._array.copy(order))

    def __copy__(self) -> DeviceArray:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> DeviceArray:
        return self.copy()

    def __reduce__(self) -> Any:
        return fresh, (self.get(),)

    # Elements.

    def __getitem__(self, index: Any) -> DeviceArray:
        found, advanced = host_index(index, self._array.shape)
        result = self._array[found]
        return fresh(result) if advanced else view(result, self)

    def __setitem__(self, index: Any, value: Any) -> None:
        value = host(value, "indexed assignment")
        found, _ = host_index(index, self._array.shape, "indexed assignment")
        with np.errstate(**_quiet):
            if any(isinstance(item, np.ndarray) and item.dtype.kind in "iu" for item in found):
                scramble(self._array, found, value)
            else:
                self._array[found] = value

    def fill(self, value: Any) -> None:
        self._array.fill(host(value, "fill"))

    def take(self, indices: Any, axis: int | None = None, out: DeviceArray | None = None) -> DeviceArray:
        result = self._array.take(host(indices, "take"), axis, None if out is None else out._array, "wrap")
        return fresh(result) if out is None else out

    def repeat(self, repeats: Any, axis: int | None = None) -> DeviceArray:
        if type(repeats) is DeviceArray:
            sync("repeat by an array")
            repeats = repeats._array
        return fresh(self._array.repeat(repeats, axis))

    def sort(self, axis: int = -1, kind: str | None = None) -> None:
        self._array.sort(axis, kind=_sort_kind(kind))

    def argsort(self, axis: int | None = -1, kind: str | None = None) -> DeviceArray:
        return fresh(self._array.argsort(axis, kind=_sort_kind(kind)))

    def dot(self, b: DeviceArray) -> DeviceArray:
        return fresh(self._array.dot(host(b, "dot")))

    def conj(self) -> DeviceArray:
        return view(self._array.conj(), self)

    conjugate = conj


def _sort_kind(kind: str | None) -> str:
    """CuPy sorts stably, and is asked for nothing else."""
    if kind not in (None, "stable"):
        raise ValueError(f"kind can only be None or 'stable', got {kind!r}")
    return "stable"


_SHARED = ("dtype", "shape", "ndim", "size", "itemsize", "nbytes", "strides")
_OPERATORS: dict[str, Any] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "pow": power, "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or,
    "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift,
}  # fmt: skip
_REDUCTIONS = {
    "sum": "axis dtype out keepdims", "prod": "axis dtype out keepdims", "mean": "axis dtype out keepdims",
    "var": "axis dtype out ddof keepdims", "std": "axis dtype out ddof keepdims", "max": "axis out keepdims",
    "min": "axis out keepdims", "argmax": "axis out keepdims", "argmin": "axis out keepdims",
    "all": "axis out keepdims", "any": "axis out keepdims", "cumsum": "axis dtype out",
    "cumprod": "axis dtype out", "trace": "offset axis1 axis2 dtype out", "round": "decimals out",
}  # fmt: skip

for _name in _SHARED:
    setattr(DeviceArray, _name, property(attrgetter(f"_array.{_name}")))
for _name, _ufunc in _OPERATORS.items():
    setattr(DeviceArray, f"__{_name}__", _binary(_ufunc))
    setattr(DeviceArray, f"__r{_name}__", _binary(_ufunc, reflected=True))
    if _name != "matmul":  # CuPy has no in-place matrix product
        setattr(DeviceArray, f"__i{_name}__", _inplace(_ufunc))
for _name, _ufunc in {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}.items():
    setattr(DeviceArray, f"__{_name}__", _binary(_ufunc))
for _name, _method in {"eq": _equality(np.equal, False), "ne": _equality(np.not_equal, True)}.items():
    setattr(DeviceArray, f"__{_name}__", _method)
for _name, _ufunc in {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}.items():
    setattr(DeviceArray, f"__{_name}__", _unary(_ufunc))
for _name, _names in _REDUCTIONS.items():
    setattr(DeviceArray, _name, _reduction(_name, *_names.split()))
