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

from . import cupy_names, special
from .cupy_shims import shims
from .scipy_special import SpecialFunctions, scipy_special
from .standin_array import DeviceArray, disorder, fresh, host, host_index, power, refuse, scramble, sync, view

_TYPES = (
    "bool bool_ byte cdouble complex128 complex64 complexfloating csingle double dtype finfo float16 float32 float64 "
    "floating generic half iinfo inexact int16 int32 int64 int8 int_ intc integer intp long longlong number short "
    "signedinteger single ubyte uint uint16 uint32 uint64 uint8 uintc uintp ulong ulonglong unsignedinteger ushort "
    "e euler_gamma inf nan newaxis pi index_exp s_"
).split()

_ARRAYS = frozenset(
    "A M a a1 a2 a_max a_min append ar ar1 ar2 arr arr1 arr2 array ary b bins condition cov default dst element f "
    "fill_value fp fweights aweights imag ind indices m mask out p prepend prototype q sample sorter src start stop "
    "test_elements to_begin to_end v val vals values w weights where x x1 x2 y z".split()
)
"""Parameters that are arrays or numbers, by the names CuPy gives them."""

_SEQUENCES = frozenset("tup arrays arys operands args xi condlist choicelist keys choices multi_index".split())
"""Parameters that are sequences of arrays, or take arrays one after the other."""

_NUMBERS_FIRST = frozenset(
    "allclose angle arange bartlett blackman broadcast_to full hamming hanning imag indices isclose kaiser linspace "
    "logspace real".split()
)
"""Functions whose first parameter may be a number; the others call a method of it."""

_TOLD = frozenset(
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

_LINALG_WAITS = frozenset(
    "cholesky cond det eig eigh eigvals eigvalsh inv lstsq matrix_rank pinv qr slogdet solve svd".split()
)
"""Those of linear algebra that check how the factorisation went."""

_SCATTERED = frozenset("add subtract maximum minimum bitwise_and bitwise_or bitwise_xor".split())


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
        known = getattr(np, name)
        self._function: Any = power if known is np.power else known
        self.nin = getattr(known, "nin", 1)
        self.nout = getattr(known, "nout", 1)

    def __repr__(self) -> str:
        return f"<device ufunc {self.__name__}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = self.__name__
        outs = args[self.nin :]
        for key, value in kwargs.items():
            if key == "out":
                outs = value if isinstance(value, tuple) else (value,)
                for out in outs:
                    if out is not None and type(out) is not DeviceArray:
                        refuse(out, f"{name} out")
                kwargs = {**kwargs, "out": tuple(None if out is None else out._array for out in outs)}
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

    def reduce(
        self, array: DeviceArray, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
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
        if advanced and (a.dtype.kind in "bc" or (a.dtype.itemsize < 4 and a.dtype != np.float16)):
            raise TypeError(f"CuPy's {name} has no atomic operation for {a.dtype}")
        value = np.asarray(host(b, name)).astype(a.dtype)
        with np.errstate(all="ignore"):
            if advanced and a.dtype.kind == "f":  # in any order, as atomic operations do it
                places = np.arange(a.size).reshape(a.shape)[index]
                order = disorder.permutation(places.size)
                value = np.broadcast_to(value, places.shape).ravel()[order]
                flat = a._array.ravel()
                self._function.at(flat, places.ravel()[order], value)
                a._array[...] = flat.reshape(a.shape)
            else:
                self._function.at(a._array, index, value)


class _Signature:
    """One line of `cupy_names`: the parameters of one function."""

    def __init__(self, line: str) -> None:
        self.name, *words = line.split()
        self.positional: list[str] = []
        self.keywords: set[str] = set()
        self.rest: str | None = None
        self.any_keyword = False
        keyword_only = False
        for word in words:
            if word.startswith("**"):
                self.any_keyword = True
            elif word.startswith("*"):
                self.rest, keyword_only = word[1:] or None, True
            else:
                key = word.rstrip("=")
                self.keywords.add(key)
                if not keyword_only:
                    self.positional.append(key)


# What NumPy calls a parameter, where CuPy calls it otherwise.
_RENAMED = {
    "concat": {"tup": "arrays"}, "concatenate": {"tup": "arrays"}, "stack": {"tup": "arrays"},
    "delete": {"indices": "obj"}, "extract": {"a": "arr"}, "flip": {"a": "m"}, "fliplr": {"a": "m"},
    "flipud": {"a": "m"}, "rot90": {"a": "m"}, "reshape": {"newshape": "shape"}, "histogram": {"x": "a"},
    "unravel_index": {"dims": "shape"},
}  # fmt: skip


def _convert(key: str, value: Any, where: str, variadic: bool = False) -> Any:
    """One argument as NumPy gets it, by the name of its parameter."""
    if key in _ARRAYS:
        return None if value is None else host(value, where)
    if key in _SEQUENCES:
        if isinstance(value, str):  # the formula of an einsum
            return value
        spread = isinstance(value, (list, tuple)) and not variadic
        return [host(item, where) for item in value] if spread else host(value, where)
    if type(value) is DeviceArray:
        if key not in ("repeats", "shift"):
            raise TypeError(f"{where}: {key} is a host value, not a device array")
        sync(f"{where} by an array")
        return value._array
    return value


def _function(line: str, theirs: ModuleType, waits: frozenset[str], prefix: str = "") -> Callable[..., Any]:
    signature = _Signature(line)
    name, positional, rest = signature.name, signature.positional, signature.rest
    where = prefix + name
    numpy_function = getattr(theirs, name)
    renamed = _RENAMED.get(name, {})
    parameters = inspect.signature(numpy_function).parameters.values() if positional else ()
    order = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    # Arguments go by position as long as both orders agree (the array comes first, whatever its name), then by name.
    agree = 1
    while agree < min(len(positional), len(order)):
        if renamed.get(positional[agree], positional[agree]) != order[agree]:
            break
        agree += 1
    array_first = bool(positional) and positional[0] in _ARRAYS and name not in _NUMBERS_FIRST

    def function(*args: Any, **kwargs: Any) -> Any:
        if rest is None and len(args) > len(positional):
            raise TypeError(f"CuPy's {where} takes at most {len(positional)} positional arguments, got {len(args)}")
        if array_first and args and type(args[0]) is not DeviceArray:
            refuse(args[0], where)
        operands, options = [], {}
        for place, value in enumerate(args):
            if place >= len(positional):
                operands.append(_convert(rest or "", value, where, variadic=True))
            elif place < agree:
                operands.append(_convert(positional[place], value, where))
            else:
                key = positional[place]
                options[renamed.get(key, key)] = _convert(key, value, where)
        for key, value in kwargs.items():
            if key not in signature.keywords and not signature.any_keyword:
                raise TypeError(f"CuPy's {where} has no parameter {key!r}")
            options[renamed.get(key, key)] = _convert(key, value, where)
        if name in waits:
            sync(where)
        with np.errstate(all="ignore"):
            return _answer(numpy_function(*operands, **options), (*args, *kwargs.values()))

    function.__name__ = name
    return function


def _told(name: str) -> Callable[..., Any]:
    """A function that tells something of arrays and dtypes, on the host."""
    numpy_function = getattr(np, name)

    def function(*args: Any, **kwargs: Any) -> Any:
        return numpy_function(*(a._array if type(a) is DeviceArray else a for a in args), **kwargs)

    return function


# Functions that CuPy gives another meaning, or whose arguments are special.


def array(obj: Any, dtype: Any = None, copy: bool | None = True, order: Any = "K", ndmin: int = 0) -> DeviceArray:
    """A device array of numbers, sequences, host arrays or device arrays."""
    if type(obj) is DeviceArray:
        return _answer(np.array(obj._array, dtype, copy=copy or None, order=order, ndmin=ndmin), (obj,))
    made = np.array(_lowered(obj), dtype, copy=True, order=order, ndmin=ndmin)
    if made.dtype.char not in _DTYPES and made.dtype.name != "bfloat16":
        raise Unsupported(f"the device has no dtype {made.dtype}")
    return fresh(made)


def _lowered(value: Any) -> Any:
    """Nested sequences with NumPy's arrays in the place of the device's."""
    if isinstance(value, (list, tuple)):
        return [_lowered(item) for item in value]
    return value._array if type(value) is DeviceArray else value


_DTYPES = "?bBhHiIlLqQefdFD"


class Unsupported(ValueError):
    """A dtype that CuPy does not have."""


def asarray(a: Any, dtype: Any = None, order: str = "K", *, copy: bool | None = None) -> DeviceArray:
    return array(a, dtype, copy, order)


def ascontiguousarray(a: Any, dtype: Any = None) -> DeviceArray:
    return array(a, dtype, None, "C", 1)


def asnumpy(a: DeviceArray) -> np.ndarray:
    return a.get()


def take(a: DeviceArray, indices: Any, axis: int | None = None, out: DeviceArray | None = None) -> DeviceArray:
    return a.take(indices, axis, out)


def diagonal(a: DeviceArray, offset: int = 0, axis1: int = 0, axis2: int = 1) -> DeviceArray:
    return a.diagonal(offset, axis1, axis2)


def _along(indices: Any, shape: tuple[int, ...], axis: int | None, where: str) -> np.ndarray:
    found = host(indices, where)
    length = int(np.prod(shape)) if axis is None else shape[axis]
    return np.mod(found, length) if length else found


def take_along_axis(a: DeviceArray, indices: DeviceArray, axis: int | None) -> DeviceArray:
    return fresh(np.take_along_axis(a._array, _along(indices, a.shape, axis, "take_along_axis"), axis))


def put_along_axis(arr: DeviceArray, indices: DeviceArray, values: Any, axis: int) -> None:
    found = _along(indices, arr.shape, axis, "put_along_axis")
    grid = list(np.ogrid[tuple(slice(length) for length in found.shape)])
    grid[axis] = found
    scramble(arr._array, tuple(grid), host(values, "put_along_axis"))


def concatenate(tup: Any, axis: int | None = 0, out: Any = None, *, dtype: Any = None) -> DeviceArray:
    arrays = [host(array, "concatenate") for array in tup]
    if axis is not None and any(np.ndim(array) == 0 for array in arrays):
        raise TypeError("zero-dimensional arrays cannot be concatenated")  # a ValueError of NumPy's
    result = np.concatenate(arrays, axis, out=None if out is None else host(out, "concatenate"), dtype=dtype)
    return fresh(result) if out is None else out


def sort(a: DeviceArray, axis: int | None = -1, kind: str | None = None) -> DeviceArray:
    result = a.flatten() if axis is None else a.copy("K")
    result.sort(-1 if axis is None else axis, kind)
    return result


def argsort(a: DeviceArray, axis: int | None = -1, kind: str | None = None) -> DeviceArray:
    return a.argsort(axis, kind)


def where(condition: DeviceArray, x: Any = None, y: Any = None) -> Any:
    """One of two, or with the condition alone its indices, for which the host waits."""
    if type(condition) is not DeviceArray:
        refuse(condition, "where")
    if (x is None) != (y is None):
        raise ValueError("Must provide both 'x' and 'y' or neither.")
    return condition.nonzero() if x is None else fresh(np.where(condition._array, host(x, "where"), host(y, "where")))


_OWN = (
    array, asarray, ascontiguousarray, asnumpy, concatenate, diagonal, take, take_along_axis, put_along_axis, sort,
    argsort, where,
)  # fmt: skip


def matmul(a: DeviceArray, b: DeviceArray) -> DeviceArray:
    """The matrix product of two device arrays."""
    for operand in (a, b):
        if type(operand) is not DeviceArray:
            refuse(operand, "matmul")
    with np.errstate(all="ignore"):
        return fresh(np.matmul(a._array, b._array))


def erf(x: DeviceArray) -> DeviceArray:
    return fresh(special.erf(host(x, "erf")))


def erfc(x: DeviceArray) -> DeviceArray:
    return fresh(special.erfc(host(x, "erfc")))


def sigmoid(x: DeviceArray) -> DeviceArray:
    return fresh(special.sigmoid(host(x, "sigmoid")))


def _submodule(name: str, lines: str, waits: frozenset[str]) -> ModuleType:
    module = ModuleType(f"chainrule.backends.standin.xp.{name}")
    for line in lines.strip().splitlines():
        key = line.split()[0]
        vars(module)[key] = matmul if key == "matmul" else _function(line, getattr(np, name), waits, f"{name}.")
    return module


def _special_function(name: str, function: Callable[..., Any]) -> Callable[..., DeviceArray]:
    def computed(*operands: Any) -> DeviceArray:
        with np.errstate(all="ignore"):
            return fresh(function(*[host(x, name) for x in operands]))

    computed.__name__ = name
    return computed


def _special() -> ModuleType:
    """SciPy's special functions that CuPy has too."""
    theirs, module = scipy_special(), ModuleType("chainrule.backends.standin.xp.special")
    for name in cupy_names.SPECIAL.split():
        vars(module)[name] = _special_function(name, getattr(theirs, name))
    return module


def namespace() -> ModuleType:
    """CuPy's names on device arrays, with the shims and kernels that CuPy's backend adds."""
    xp = ModuleType("chainrule.backends.standin.xp", "CuPy's names on the stand-in device.")
    names = vars(xp)
    names.update({name: getattr(np, name) for name in _TYPES}, ndarray=DeviceArray, ufunc=DeviceUfunc)
    names.update({name: DeviceUfunc(name) for name in cupy_names.UFUNCS.split()})
    own = {function.__name__: function for function in _OWN}
    for line in cupy_names.FUNCTIONS.strip().splitlines():
        name = line.split()[0]
        if name not in own and hasattr(np, name):
            names[name] = _told(name) if name in _TOLD else _function(line, np, _WAITS)
    names.update(own)
    names["linalg"] = _submodule("linalg", cupy_names.LINALG, _LINALG_WAITS)
    names["fft"] = _submodule("fft", cupy_names.FFT, frozenset())
    names.update(matmul=matmul, erf=erf, erfc=erfc, sigmoid=sigmoid, special=SpecialFunctions(_special))
    names.update(shims(xp))

    def missing(name: str) -> Any:
        raise AttributeError(f"CuPy has no {name!r}")

    names["__getattr__"] = missing
    return xp
