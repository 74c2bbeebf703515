"""The NumPy backend: arrays on the CPU, and the kernels NumPy lacks written with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from .base import Backend, Generator
from .fourier import fourier
from .scipy_special import SpecialFunctions, scipy_special
from .softmax import softmax
from .special import erf, erfc, sigmoid

_OUTER_IN_CACHE = 1 << 19


def matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The matrix product.

    NumPy's matmul is slow for an outer product (inner length 1): BLAS's rank-1 update, behind `dot`, is the fastest as
    long as the result stays in cache, and a broadcast multiply beyond.
    """
    if a.ndim == 2 and b.ndim == 2 and a.shape[1] == 1 == b.shape[0]:
        if a.size * b.size <= _OUTER_IN_CACHE and a.dtype.kind == "f":
            return np.dot(a, b)
        return np.multiply(a, b)
    return np.matmul(a, b)


def results_so_far(ufunc: Callable[[Any, Any], Any], a: np.ndarray, axis: int) -> np.ndarray:
    """The results so far of an associative binary function along an axis."""
    if isinstance(ufunc, np.ufunc):
        return np.asarray(ufunc.accumulate(a, axis))
    out = a.copy()
    rows = np.moveaxis(out, axis, 0)
    for k in range(1, len(rows)):
        rows[k] = ufunc(rows[k - 1], rows[k])
    return out


def as_strided(x: np.ndarray, size: tuple[int, ...], stride: tuple[int, ...], offset: int) -> np.ndarray:
    """A view of the memory behind `x`, all counted in elements."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    if 0 in size:
        return x.reshape(-1)[:0].reshape(size)
    memory = x.transpose(sorted(range(x.ndim), key=lambda k: -x.strides[k]))
    width = x.itemsize
    return np.ndarray(size, x.dtype, memory, offset * width, [step * width for step in stride])


def in_batches(count: int, memory: int, products: int, make: Callable[[int], Callable[[int, int], None]]) -> None:
    """See `parallel.in_batches`, which is imported when it is first needed."""
    from . import parallel

    parallel.in_batches(count, memory, products, make)


def scatter_add(target: np.ndarray, index: Any, values: Any) -> None:
    """`target[index] += values` where an element named twice receives both values. Half precision accumulates in
    single precision."""
    kind = target.dtype.kind
    if kind == "b":
        raise TypeError("scatter_add cannot add booleans; use an integer dtype")
    if target.itemsize == 2 and kind not in "iu":
        sums = np.zeros(target.shape, np.float32)
        scatter_add(sums, index, np.asarray(values).astype(np.float32))
        target += sums.astype(target.dtype)
    elif not _scatter_flat(target, index, values):
        np.add.at(target, index, values)


def scatter_set(target: np.ndarray, index: Any, values: Any) -> None:
    """`target[index] = values`; of several values for one element the last stays."""
    target[index] = values


_FLAT_FROM = 2048
"""How many values it takes for flat positions to be worth finding."""


def _scatter_flat(target: np.ndarray, index: Any, values: Any) -> bool:
    """`scatter_add` in one dimension, where `add.at` is ten times as fast as in several. False, with nothing done, for
    arguments that this is not made for."""
    size = getattr(values, "size", 0)
    if size < _FLAT_FROM or target.ndim < 2 or values.dtype != target.dtype or not target.flags.c_contiguous:
        return False
    items = index if type(index) is tuple else (index,)
    lead, rest = target.shape[: len(items)], target.shape[len(items) :]
    rows, width = math.prod(lead), math.prod(rest)
    plain = all(type(i) is slice or (type(i) is np.ndarray and i.dtype.kind in "iu") for i in items)
    if not plain or len(items) > target.ndim or rows > 4 * size:
        return False
    places = np.arange(rows).reshape(lead)[items]
    values = np.broadcast_to(values, (*places.shape, *rest))
    if width != 1:
        places = places.reshape(-1, 1) * width + np.arange(width)
    np.add.at(target.reshape(-1), places.reshape(-1), values.reshape(-1))
    return True


def _namespace() -> ModuleType:
    """NumPy's public names with the kernels beside them: a module, because Python reads those fastest, and only those
    without a `__getattr__`."""
    xp = ModuleType("chainrule.backends.numpy.xp", "NumPy's names, and the kernels every backend has.")
    vars(xp).update({name: value for name, value in vars(np).items() if not name.startswith("_")}, fft=fourier())
    vars(xp).update(results_so_far=results_so_far, as_strided=as_strided, in_batches=in_batches)
    vars(xp).update(matmul=matmul, scatter_add=scatter_add, scatter_set=scatter_set)
    vars(xp).update(erf=erf, erfc=erfc, sigmoid=sigmoid, softmax=softmax, dot_along=np.vecdot)
    vars(xp).update(special=SpecialFunctions(scipy_special))
    return xp


class NumpyGenerator(Generator):
    """PCG64 through `numpy.random.Generator`."""

    def __init__(self, seed: int) -> None:
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> NumpyGenerator:
        self._rng = np.random.default_rng(seed)
        return self

    def state(self) -> dict[str, Any]:
        return dict(self._rng.bit_generator.state)

    def restore(self, state: dict[str, Any]) -> None:
        self._rng.bit_generator.state = state

    def random(self, shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
        if dtype in (np.float32, np.float64):
            return np.asarray(self._rng.random(tuple(shape), dtype=dtype))
        # As many bits as the significand holds, so that no rounding reaches 1.
        bits = 8 if dtype.name == "bfloat16" else np.finfo(dtype).nmant + 1
        whole = np.floor(self._rng.random(tuple(shape), dtype=np.float32) * np.float32(2**bits))
        return np.asarray(whole * np.float32(2.0**-bits)).astype(dtype)

    def normal(self, shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
        if dtype in (np.float32, np.float64):
            return np.asarray(self._rng.standard_normal(tuple(shape), dtype=dtype))
        return np.asarray(self._rng.standard_normal(tuple(shape), dtype=np.float32)).astype(dtype)

    def integers(self, low: int, high: int, shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
        return np.asarray(self._rng.integers(low, high, tuple(shape), dtype=dtype))

    def permutation(self, n: int) -> np.ndarray:
        return self._rng.permutation(n)


class NumpyBackend(Backend):
    name = "numpy"
    device_type = "cpu"
    array_type = np.ndarray
    scalar_types = tuple({np.dtype(code).type for code in np.typecodes["All"] if code not in "OSUVMm"})

    def __init__(self) -> None:
        self.xp = _namespace()
        self._operands: dict[tuple[float | str, np.dtype], np.ndarray] = {}

    def asarray(self, value: Any, dtype: np.dtype | None = None, device: str | None = None) -> np.ndarray:
        array = np.asarray(value, dtype=dtype)
        if array.dtype.kind not in "biufc" and array.dtype.name not in ("bfloat16",):
            raise TypeError(f"a tensor holds numbers or booleans, got an array of dtype {array.dtype}")
        return array

    def operand(self, number: int | float, dtype: np.dtype) -> Any:
        # A ufunc takes twice as long when it has to find out what dtype a Python number becomes.
        key = number or repr(number), dtype  # 0.0 == -0.0, and yet they are not the same
        found = self._operands.get(key)
        if found is None:
            if dtype.kind != "f":
                return number
            try:
                found = np.asarray(number, dtype)
            except OverflowError:  # an int beyond any float: the ufunc says so
                return number
            found.flags.writeable = False
            if len(self._operands) >= 512:
                self._operands.clear()
            self._operands[key] = found
        return found

    def copy(self, array: np.ndarray) -> np.ndarray:
        return np.array(array, order="C")

    def to_host(self, array: np.ndarray) -> np.ndarray:
        return np.asarray(array)

    def owner(self, array: np.ndarray) -> np.ndarray:
        while isinstance(array.base, np.ndarray):
            array = array.base
        return array

    def extent(self, array: np.ndarray) -> tuple[int, int]:
        return np.lib.array_utils.byte_bounds(array)

    def generator(self, seed: int) -> NumpyGenerator:
        return NumpyGenerator(seed)

    def describe(self) -> dict[str, str]:
        config: Any = np.show_config(mode="dicts")
        blas = config.get("Build Dependencies", {}).get("blas", {})
        return {"numpy": np.__version__, "blas": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()}
