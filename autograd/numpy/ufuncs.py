"""NumPy's ufuncs on tensors: `np.sin(t)`, `array * t`, `np.add.reduce(t)`, `np.multiply.outer(t, u)`.

`UFUNCS` names, for every ufunc with a derivative, the function that computes and records it. The keywords of a call
(`dtype`, `casting`, `signature`, `out`, `where`) follow NumPy's own rules for that ufunc.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...backends import dtypes, is_array
from .. import ops
from ..op import op
from ..tensor import Tensor
from .operands import (
    NUMBERS,
    Later,
    as_dtype,
    choose,
    constant,
    expect_writable,
    home_of,
    lifted,
    lives_in_graph,
    raw,
    wrapped,
    write_out,
)  # fmt: skip
from .values import on_values, refuse

arithmetic, comparison, elementwise = ops.arithmetic, ops.comparison, ops.elementwise
representation = Later("representation")

cbrt = op("cbrt", lambda xp, x: xp.cbrt(x), vjp=lambda g, out: g / (out * out * 3), elementwise=True,
          doc="The real cube root.")  # fmt: skip


def _scaled(factor: float) -> Callable[[Any], Any]:
    return lambda x: x * factor


def _logaddexp2(a: Any, b: Any) -> Any:
    return elementwise.logaddexp(a * math.log(2), b * math.log(2)) / math.log(2)


def _heaviside(x: Any, at_zero: Any) -> Any:
    return choose(x == 0, at_zero, choose(x != x, x, (x > 0) * 1.0))


def _float_power(a: Any, b: Any) -> Any:
    def wide(x: Any) -> Any:
        return as_dtype(x, dtypes.complex128 if x.dtype.kind == "c" else dtypes.float64) if hasattr(x, "dtype") else x

    return arithmetic.pow(wide(a), wide(b))


def _vecdot(a: Any, b: Any) -> Any:
    return ops.reduction.sum(conjugate(a) * b, -1)


def _matvec(a: Any, b: Any) -> Any:
    return ops.matmul.matmul(a, b[..., None])[..., 0]


def _vecmat(a: Any, b: Any) -> Any:
    return ops.matmul.matmul(conjugate(a)[..., None, :], b)[..., 0, :]


def conjugate(x: Any) -> Any:
    """The complex conjugate; real numbers as they are."""
    return ops.complex.conj(x)


UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.absolute: elementwise.abs,
    np.add: arithmetic.plus,
    np.arccos: elementwise.acos,
    np.arccosh: elementwise.acosh,
    np.arcsin: elementwise.asin,
    np.arcsinh: elementwise.asinh,
    np.arctan: elementwise.atan,
    np.arctan2: elementwise.atan2,
    np.arctanh: elementwise.atanh,
    np.cbrt: cbrt,
    np.ceil: arithmetic.ceil,
    np.conjugate: lambda x: conjugate(x) if x.dtype.kind == "c" else ops.shape.clone(x),
    np.copysign: lambda x, sign: representation.copysign(x, sign),
    np.cos: elementwise.cos,
    np.cosh: elementwise.cosh,
    np.deg2rad: _scaled(math.pi / 180),
    np.degrees: _scaled(180 / math.pi),
    np.divide: arithmetic.divide,
    np.divmod: lambda a, b: (arithmetic.floor_divide(a, b), arithmetic.remainder(a, b)),
    np.equal: comparison.eq,
    np.exp: elementwise.exp,
    np.exp2: elementwise.exp2,
    np.expm1: elementwise.expm1,
    np.fabs: elementwise.abs,
    np.float_power: _float_power,
    np.floor: arithmetic.floor,
    np.floor_divide: arithmetic.floor_divide,
    np.fmax: elementwise.fmax,
    np.fmin: elementwise.fmin,
    np.fmod: arithmetic.fmod,
    np.frexp: lambda x: tuple(representation.frexp(x)),
    np.greater: comparison.gt,
    np.greater_equal: comparison.ge,
    np.heaviside: _heaviside,
    np.hypot: elementwise.hypot,
    np.ldexp: lambda x, exponent: representation.ldexp(x, exponent),
    np.less: comparison.lt,
    np.less_equal: comparison.le,
    np.log: arithmetic.log,
    np.log10: elementwise.log10,
    np.log1p: elementwise.log1p,
    np.log2: elementwise.log2,
    np.logaddexp: elementwise.logaddexp,
    np.logaddexp2: _logaddexp2,
    np.matmul: ops.matmul.matmul,
    np.maximum: elementwise.maximum,
    np.minimum: elementwise.minimum,
    np.modf: lambda x: (arithmetic.frac(x), arithmetic.trunc(x)),
    np.multiply: arithmetic.mul,
    np.negative: arithmetic.neg,
    np.not_equal: comparison.ne,
    np.positive: ops.shape.clone,
    np.power: arithmetic.pow,
    np.rad2deg: _scaled(180 / math.pi),
    np.radians: _scaled(math.pi / 180),
    np.reciprocal: elementwise.reciprocal,
    np.remainder: arithmetic.remainder,
    np.rint: arithmetic.round,
    np.sign: elementwise.sign,
    np.sin: elementwise.sin,
    np.sinh: elementwise.sinh,
    np.sqrt: elementwise.sqrt,
    np.square: arithmetic.square,
    np.subtract: arithmetic.minus,
    np.tan: elementwise.tan,
    np.tanh: elementwise.tanh,
    np.trunc: arithmetic.trunc,
    np.vecdot: _vecdot,
}
if hasattr(np, "matvec"):  # since NumPy 2.2
    UFUNCS |= {np.matvec: _matvec, np.vecmat: _vecmat}

ON_VALUES = frozenset({
    np.bitwise_and, np.bitwise_count, np.bitwise_or, np.bitwise_xor, np.gcd, np.invert, np.isfinite, np.isinf, np.isnan,
    np.isnat, np.lcm, np.left_shift, np.logical_and, np.logical_not, np.logical_or, np.logical_xor, np.right_shift,
    np.signbit,
})  # fmt: skip
"""Ufuncs whose result is integer or boolean: they compute on the values, and nothing is recorded."""

_COMMON = frozenset({Tensor, np.ndarray, *NUMBERS})
"""What ops take as it is."""


def array_ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """`Tensor.__array_ufunc__`: what NumPy calls for `ufunc(...)` or `ufunc.method(...)` with a tensor among the
    arguments."""
    if len(inputs) == 2 and not kwargs and method == "__call__":  # array * tensor, kept short
        a, b = inputs
        if a.__class__ in _COMMON and b.__class__ in _COMMON and ufunc in UFUNCS:
            return UFUNCS[ufunc](a, b)
    if not _COMMON.issuperset(map(type, inputs)):
        if any(_foreign(value) for value in (*inputs, *kwargs.get("out", ()))):
            return NotImplemented
        home = home_of((*inputs, *kwargs.get("out", ())))
        inputs = tuple([lifted(value, home) for value in inputs])
    if method == "__call__":
        function = UFUNCS.get(ufunc)
        if function is None:
            function = functools.partial(_valued, ufunc)
        return _with_keywords(ufunc, function, inputs, **kwargs) if kwargs else function(*inputs)
    return METHODS[method](ufunc, *inputs, **kwargs)


def _foreign(value: Any) -> bool:
    """Whether it belongs to another library that has something to say about ufuncs."""
    if isinstance(value, (Tensor, np.ndarray, np.generic, *NUMBERS)) or not hasattr(type(value), "__array_ufunc__"):
        return False
    return not is_array(value)


def _valued(ufunc: np.ufunc, *inputs: Any) -> Any:
    """A ufunc without a derivative."""
    if ufunc not in ON_VALUES and lives_in_graph(inputs):
        refuse(ufunc)
    return on_values(ufunc, inputs)


def _with_keywords(
    ufunc: np.ufunc,
    function: Callable[..., Any],
    inputs: tuple[Any, ...],
    *,
    out: tuple[Any, ...] | None = None,
    where: Any = True,
    dtype: Any = None,
    casting: str = "same_kind",
    signature: Any = None,
    **others: Any,
) -> Any:
    name = f"np.{ufunc.__name__}"
    for key, value in others.items():
        if (key, value) not in (("order", "K"), ("subok", True)):
            raise TypeError(f"{name}: tensors take no {key}=; leave it away")
    if out is not None and all(o is None for o in out):
        out = None
    if where is not True and out is None:
        raise TypeError(
            f"{name}: without out= the elements where the mask is False would be left undefined; use np.where(mask, "
            f"{name}(...), otherwise)"
        )
    for target in out or ():
        if target is not None:
            expect_writable(name, target, (inputs, where))
    if dtype is not None or signature is not None or casting != "same_kind":
        inputs = _resolved(ufunc, inputs, dtype, signature, casting)
    result = function(*inputs)
    if out is None:
        return result
    results = result if isinstance(result, tuple) else (result,)
    written = tuple(
        [r if o is None else write_out(name, o, r, casting, where) for o, r in zip(out, results, strict=True)]
    )
    return written if len(written) > 1 else written[0]


def _resolved(ufunc: np.ufunc, inputs: tuple[Any, ...], dtype: Any, signature: Any, casting: str) -> tuple[Any, ...]:
    """The inputs in the dtypes that NumPy would compute in."""
    if dtype is not None:
        if signature is not None:
            raise TypeError(f"np.{ufunc.__name__}: give dtype or signature, not both")
        signature = (None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout
    kinds = [type(x) if type(x) in (int, float, complex) else np.dtype(getattr(x, "dtype", bool)) for x in inputs]
    found = ufunc.resolve_dtypes((*kinds, *(None,) * ufunc.nout), signature=signature, casting=casting)  # type: ignore[arg-type]
    return tuple(
        [as_dtype(x, d) if hasattr(x, "dtype") else d.type(x).item() for x, d in zip(inputs, found, strict=False)]
    )


# The methods of ufuncs.


def _binary(ufunc: np.ufunc, method: str) -> Callable[..., Any]:
    if ufunc.nin != 2 or ufunc.nout != 1 or ufunc.signature is not None:
        raise ValueError(f"np.{ufunc.__name__}.{method}: only of functions of two numbers with one result")
    return UFUNCS.get(ufunc) or functools.partial(_valued, ufunc)


def _axis(name: str, axis: Any, x: Any) -> int:
    if axis is None and x.ndim == 1:
        return 0
    if not isinstance(axis, (int, np.integer)) or not -x.ndim <= axis < x.ndim:
        raise ValueError(f"{name}: axis must be one of the dimensions of shape {tuple(x.shape)}, got {axis!r}")
    return int(axis) % x.ndim


_QUESTIONS = {np.logical_and: np.all, np.logical_or: np.any}
"""What their `reduce` asks, by the name that every backend has for it."""


def _reduce(
    ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    """`ufunc.reduce`: by the reduction there is, else one slice after the other."""
    from .reductions import REDUCTIONS

    function, name = _binary(ufunc, "reduce"), f"np.{ufunc.__name__}.reduce"
    target = out[0] if isinstance(out, tuple) else out
    if target is not None:
        expect_writable(name, target, (array, initial, where))
    given = {"dtype": dtype, "initial": initial, "where": None if where is True else where}
    options = {"keepdims": keepdims, **{key: value for key, value in given.items() if value is not None}}
    if ufunc in _QUESTIONS:
        result = on_values(_QUESTIONS[ufunc], (array,), axis=axis, **options)
    elif ufunc in ON_VALUES or (array.dtype.kind in "biu" and home_of((array,)).name == "numpy"):
        result = on_values(ufunc.reduce, (array,), axis=axis, **options)
    elif ufunc in REDUCTIONS:
        result = REDUCTIONS[ufunc](array, axis, **options)
    else:
        if where is not True:
            raise TypeError(f"{name}: tensors take no where= here; select the elements first")
        array = as_dtype(array, dtype)
        along = _axis(name, axis, array)
        parts = list(ops.joining.unbind(array, along))
        if initial is not None:
            parts.insert(0, initial)
        if not parts:
            raise ValueError(f"{name}: of no elements there is no result without initial=")
        result = functools.reduce(function, parts)
        if keepdims:
            result = ops.shape.unsqueeze(result, along)
    return result if target is None else write_out(name, target, result)


def _accumulate(ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    from .reductions import SCANS

    function, name = _binary(ufunc, "accumulate"), f"np.{ufunc.__name__}.accumulate"
    target = out[0] if isinstance(out, tuple) else out
    if target is not None:
        expect_writable(name, target, array)
    along = _axis(name, axis, array)
    array = as_dtype(array, dtype)
    if ufunc in SCANS:
        result = SCANS[ufunc](array, along)
    else:
        parts = list(ops.joining.unbind(array, along))
        for k in range(1, len(parts)):
            parts[k] = function(parts[k - 1], parts[k])
        result = ops.joining.stack(parts, along) if parts else ops.shape.clone(array)
    return result if target is None else write_out(name, target, result)


def _outer(ufunc: np.ufunc, a: Any, b: Any, **kwargs: Any) -> Any:
    _binary(ufunc, "outer")
    home = home_of((a, b, kwargs.get("out", ())))
    a, b = (home.asarray(x) if type(x) in NUMBERS else x for x in (a, b))
    spread = ops.shape.reshape(a, (*a.shape, *(1,) * b.ndim))
    return array_ufunc(spread, ufunc, "__call__", spread, b, **kwargs)


def _reduceat(ufunc: np.ufunc, array: Any, indices: Any, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
    name = f"np.{ufunc.__name__}.reduceat"
    target = out[0] if isinstance(out, tuple) else out
    if target is not None:
        expect_writable(name, target, array)
    along = _axis(name, axis, array)
    starts = np.asarray(constant(name, "indices", indices)).tolist()
    length = array.shape[along]
    if any(not 0 <= start < length for start in starts):
        raise IndexError(f"{name}: indices {starts} are not all between 0 and {length - 1}")
    before = (slice(None),) * along
    pieces = []
    for start, end in zip(starts, [*starts[1:], length], strict=True):
        piece = array[(*before, slice(start, max(end, start + 1)))]
        pieces.append(_reduce(ufunc, piece, along, dtype))
    result = ops.joining.stack(pieces, along)
    return result if target is None else write_out(name, target, result)


def _at(ufunc: np.ufunc, a: Any, indices: Any, *values: Any) -> None:
    raise TypeError(
        f"np.{ufunc.__name__}.at changes its first argument in place, unrecorded; use t.index_put((indices,), values, "
        f"accumulate=True) for sums, t.scatter_reduce(...) for the others, or t[indices] = ... to assign"
    )


METHODS: dict[str, Callable[..., Any]] = {
    "accumulate": _accumulate, "at": _at, "outer": _outer, "reduce": _reduce, "reduceat": _reduceat,
}  # fmt: skip


def override_elementwise_kernel(self: Tensor, kernel: Any, *args: Any, **kwargs: Any) -> Any:
    """`Tensor.__cupy_override_elementwise_kernel__`: what CuPy calls for `cupy.sin(t)`, or for a kernel of the user's
    own, with a tensor among the arguments."""
    name = kernel.name.removeprefix("cupy_")
    ufunc = getattr(np, name, None) if kernel.name.startswith("cupy_") else None
    if isinstance(ufunc, np.ufunc):
        if len(args) > ufunc.nin:
            kwargs["out"] = (*args[ufunc.nin :],)
        out = kwargs.get("out")
        if out is not None and not isinstance(out, tuple):
            kwargs["out"] = (out,)
        return array_ufunc(self, ufunc, "__call__", *args[: ufunc.nin], **kwargs)
    if lives_in_graph((args, kwargs)):
        raise TypeError(
            f"the CuPy kernel {kernel.name!r} has no derivative; call it in the forward of a cr.autograd.Function and "
            f"write its backward, or give it the values alone, t.detach()"
        )
    return wrapped(kernel(*raw(args), **raw(kwargs)))
