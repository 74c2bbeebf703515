"""The stand-in device's `xp`: the functions that CuPy has, with the parameters CuPy gives them, on device arrays.

A function is made when it is first asked for, from its line in `cupy_names` and NumPy's function of the same name. It
refuses host arrays and lists where CuPy wants arrays, keywords that CuPy lacks, and answers with device arrays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from . import cupy_names
from .cupy_shims import shims
from .standin_array import DeviceArray, fresh, host, host_index, refuse, scramble, sync, view

_TYPES = (
    "bool bool_ byte cdouble complex128 complex64 complexfloating csingle double dtype finfo float16 float32 float64 "
    "floating generic half iinfo inexact int16 int32 int64 int8 int_ intc integer intp long longlong number short "
    "signedinteger single ubyte uint uint16 uint32 uint64 uint8 uintc uintp ulong ulonglong unsignedinteger ushort "
    "e euler_gamma inf nan newaxis pi index_exp s_"
).split()

_ARRAYS = frozenset(
    "a a1 a2 a_max a_min append ar ar1 ar2 arr arr1 arr2 array ary b bins condition cov default dst element f "
    "fill_value fp fweights aweights imag ind indices m mask out p prepend prototype q sample sorter src start stop "
    "test_elements to_begin to_end v val vals values w weights x x1 x2 y z".split()
)
"""Parameters that are arrays or numbers, by the names CuPy gives them."""

_SEQUENCES = frozenset("tup arrays arys operands args xi condlist choicelist keys choices multi_index".split())
"""Parameters that are sequences of arrays, or take arrays one after the other."""

_NUMBERS_FIRST = frozenset(
    "allclose angle arange broadcast_to full imag indices isclose iscomplexobj isrealobj isscalar linspace logspace "
    "min_scalar_type ndim real result_type shape where".split()
)
"""Functions whose first parameter may be a number; the others call a method of it."""

_HOST_ANSWER = frozenset(
    "can_cast isdtype iscomplexobj isfortran isrealobj isscalar issubdtype may_share_memory min_scalar_type ndim "
    "promote_types result_type shape shares_memory size broadcast_shapes".split()
)
"""Functions that tell something about arrays without looking at their elements."""

_WAITS = frozenset(
    "argwhere bincount compress delete extract flatnonzero histogram histogram2d histogramdd intersect1d "
    "mask_indices nonzero place ravel_multi_index real_if_close setdiff1d setxor1d tril_indices tril_indices_from "
    "trim_zeros triu_indices triu_indices_from union1d unique unique_all unique_counts unique_inverse unique_values "
    "ix_ median percentile quantile nanmedian".split()
)
"""Functions that make the host wait: the shape of their answer depends on the values, or they check them."""

_SCATTERED = frozenset("add subtract maximum minimum bitwise_and bitwise_or bitwise_xor".split())


def _leaves(value: Any, where: str) -> Any:
    """A sequence of arrays as NumPy gets it."""
    return [_leaves(v, where) for v in value] if isinstance(value, (list, tuple)) else host(value, where)


def _answer(result: Any, inputs: tuple[Any, ...]) -> Any:
    """What NumPy returned, as device arrays; views keep their owner, an array handed through keeps its identity."""
    if type(result) is np.ndarray:
        if result.base is not None or result.size == 0:
            for source in inputs:
                if type(source) is DeviceArray:
                    found = view(result, source)
                    if found is source or found.base is not None:
                        return found
        else:
            for source in inputs:
                if type(source) is DeviceArray and source._array is result:
                    return source
        return fresh(result)
    if isinstance(result, (np.generic, bool, int, float, complex)):
        return fresh(result)
    if isinstance(result, (list, tuple)):
        kind = list if isinstance(result, list) else tuple
        return kind(_answer(item, inputs) for item in result)
    return result


class DeviceUfunc:
    """An elementwise function. `reduce` and `accumulate` exist for add and multiply, `at` for what atomics can do."""

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self._function = getattr(np, name)
        self.nin = getattr(self._function, "nin", 1)
        self.nout = getattr(self._function, "nout", 1)

    def __repr__(self) -> str:
        return f"<device ufunc {self.__name__}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = self.__name__
        outs = args[self.nin :]
        for key, value in kwargs.items():
            if key == "out":
                outs = value if isinstance(value, tuple) else (value,)
                kwargs = {**kwargs, "out": tuple(None if o is None else host(o, f"{name} out") for o in outs)}
            elif key not in ("dtype", "casting"):
                raise TypeError(f"CuPy's {name} has no parameter {key!r}; it takes out, dtype and casting")
        operands = [host(value, name) for value in args]
        with np.errstate(all="ignore"):
            result = self._function(*operands, **kwargs)
        if any(o is not None for o in outs):
            return _answer(result, outs)
        return fresh(result) if self.nout == 1 else tuple(fresh(item) for item in result)

    def outer(self, a: DeviceArray, b: DeviceArray) -> DeviceArray:
        name = f"{self.__name__}.outer"
        return fresh(self._function.outer(host(a, name), host(b, name)))

    def reduce(self, array: DeviceArray, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        method = {"add": "sum", "multiply": "prod"}.get(self.__name__)
        if method is None:
            raise NotImplementedError(f"CuPy has no {self.__name__}.reduce")
        return getattr(array, method)(axis=axis, dtype=dtype, out=out, keepdims=keepdims)

    def accumulate(self, array: DeviceArray, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        method = {"add": "cumsum", "multiply": "cumprod"}.get(self.__name__)
        if method is None:
            raise NotImplementedError(f"CuPy has no {self.__name__}.accumulate")
        return getattr(array, method)(axis=axis, dtype=dtype, out=out)

    def at(self, a: DeviceArray, indices: Any, b: Any) -> None:
        name = f"{self.__name__}.at"
        if self.__name__ not in _SCATTERED:
            raise NotImplementedError(f"CuPy has no {name}")
        index, advanced = host_index(indices, a.shape, name)
        if advanced and (a.dtype.kind in "bc" or a.dtype.itemsize < 4 and a.dtype != np.float16):
            raise TypeError(f"CuPy's {name} has no atomic operation for {a.dtype}")
        value = np.asarray(host(b, name)).astype(a.dtype)
        with np.errstate(all="ignore"):
            self._function.at(a._array, index, value)


class _Signature:
    """One line of `cupy_names`: which parameters CuPy's function has."""

    def __init__(self, line: str) -> None:
        self.name, *words = line.split()
        self.positional: list[str] = []
        self.keywords: set[str] = set()
        self.rest: str | None = None
        self.any_keyword = False
        only_keywords = False
        for word in words:
            if word == "*":
                only_keywords = True
            elif word.startswith("**"):
                self.any_keyword = True
            elif word.startswith("*"):
                self.rest, only_keywords = word[1:], True
            else:
                key = word.rstrip("=")
                self.keywords.add(key)
                if not only_keywords:
                    self.positional.append(key)


# NumPy's name for a parameter that CuPy calls otherwise.
_RENAMED = {
    "array": {"obj": "object"}, "concat": {"tup": "arrays"}, "concatenate": {"tup": "arrays"},
    "stack": {"tup": "arrays"}, "delete": {"indices": "obj"}, "extract": {"a": "arr"}, "flip": {"a": "m"},
    "fliplr": {"a": "m"}, "flipud": {"a": "m"}, "rot90": {"a": "m"}, "reshape": {"newshape": "shape"},
    "take_along_axis": {"a": "arr"}, "unravel_index": {"dims": "shape"}, "histogram": {"x": "a"},
}  # fmt: skip


def _function(signature: _Signature, numpy_function: Callable[..., Any], where: str) -> Callable[..., Any]:
    name, positional, rest = signature.name, signature.positional, signature.rest
    renamed = _RENAMED.get(name, {})
    try:
        theirs = [
            p.name
            for p in inspect.signature(numpy_function).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        theirs = positional
    # As long as both name their parameters alike, or the array first, arguments go by position.
    agree = 0
    while agree < len(positional) and agree < len(theirs):
        if agree and renamed.get(positional[agree], positional[agree]) != theirs[agree]:
            break
        agree += 1
    strict_first = bool(positional) and positional[0] in _ARRAYS and name not in _NUMBERS_FIRST

    def convert(key: str, value: Any) -> Any:
        if key in _ARRAYS:
            return None if value is None else host(value, where)
        if key in _SEQUENCES:
            if key != rest and not isinstance(value, (list, tuple)):
                refuse(value, where) if isinstance(value, np.ndarray) else None
                return host(value, where)
            return [host(item, where) for item in value] if key != rest else _leaves(value, where)
        if type(value) is DeviceArray:
            if key not in ("repeats", "shift"):
                raise TypeError(f"{where}: {key} is a host value, not a device array")
            sync(f"{name} by an array")
            return value._array
        return value

    def function(*args: Any, **kwargs: Any) -> Any:
        if rest is None and len(args) > len(positional):
            raise TypeError(f"CuPy's {name} takes at most {len(positional)} positional arguments, got {len(args)}")
        if strict_first and args and type(args[0]) is not DeviceArray:
            refuse(args[0], where)
        operands, options = [], {}
        for place, value in enumerate(args):
            if place < len(positional):
                key = positional[place]
                if place < agree:
                    operands.append(convert(key, value))
                else:
                    options[renamed.get(key, key)] = convert(key, value)
            else:
                operands.append(convert(rest or "", value))
        for key, value in kwargs.items():
            if key not in signature.keywords and not signature.any_keyword:
                raise TypeError(f"CuPy's {name} has no parameter {key!r}")
            options[renamed.get(key, key)] = convert(key, value)
        if name in _WAITS:
            sync(name)
        with np.errstate(all="ignore"):
            result = numpy_function(*operands, **options)
        return result if name in _HOST_ANSWER else _answer(result, (*args, *kwargs.values()))

    function.__name__ = name
    return function
