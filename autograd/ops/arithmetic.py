"""Arithmetic with broadcasting: the four operations, powers, remainders, and how gradients are made to fit.

Gradients are given as if nothing were broadcast: the engine sums them to their input's shape with `sum_to`.
"""

from __future__ import annotations

from typing import Any

from ...backends import Array, dtypes
from ..errors import DtypeError, ShapeError
from ..op import op
from ..record import _fitting
from .comparison import ordered


def _sum_to(xp: Any, x: Array, *, shape: tuple[int, ...]) -> Array:
    lead = x.ndim - len(shape)
    stretched = tuple(k + lead for k, size in enumerate(shape) if size == 1 and x.shape[k + lead] != 1)
    axes = tuple(range(lead)) + stretched
    if not axes:
        return x
    if x.dtype.itemsize == 2 and x.dtype.kind not in "iu":  # half precision adds up in single precision
        return xp.sum(x, axis=axes, dtype=xp.float32, keepdims=True).reshape(shape).astype(x.dtype)
    return xp.sum(x, axis=axes, keepdims=True).reshape(shape)


broadcast_to = op(
    "broadcast_to",
    lambda xp, x, *, shape: xp.broadcast_to(x, shape),
    vjp=lambda g, x_shape: sum_to(g, shape=x_shape),
    linear=True,
    view=True,
)
sum_to = op("sum_to", _sum_to, vjp=lambda g, x_shape: broadcast_to(g, shape=x_shape), linear=True)


def _cast(xp: Any, x: Array, *, dtype: Any) -> Array:
    if x.dtype.kind == "c" and dtype.kind != "c":
        x = xp.real(x)
    return x.astype(dtype)


_cast_op = op(
    "cast",
    _cast,
    vjp=lambda g, x_dtype: cast(g, dtype=x_dtype),
    linear=True,
    elementwise=True,
)
_truncate = op("cast", _cast, elementwise=True)  # integers and booleans hold no gradient


def cast(x: Any, *, dtype: Any) -> Any:
    """`x` with another dtype, differentiable between floating (and complex) ones. A complex `x` keeps its real part
    when `dtype` is real."""
    wanted = dtypes.as_dtype(dtype)
    return (_cast_op if wanted.kind == "c" or dtypes.is_differentiable(wanted) else _truncate)(x, dtype=wanted)


_fitting.update(sum_to=sum_to, cast=cast)

plus = op(
    "add", lambda xp, a, b: xp.add(a, b), vjp=(lambda g: g, lambda g: g), linear=True, elementwise=True,
    doc="`a + b`, broadcast.",
)  # fmt: skip
minus = op(
    "sub", lambda xp, a, b: xp.subtract(a, b), vjp=(lambda g: g, lambda g: -g), linear=True, elementwise=True,
    doc="`a - b`, broadcast.",
)  # fmt: skip
mul = op(
    "mul", lambda xp, a, b: xp.multiply(a, b), vjp=(lambda g, b: g * b, lambda g, a: g * a), elementwise=True,
    doc="`a * b` element by element, broadcast.",
)  # fmt: skip
neg = op("neg", lambda xp, x: xp.negative(x), vjp=lambda g: -g, linear=True, elementwise=True, doc="`-x`.")
divide = op(
    "div", lambda xp, a, b: xp.true_divide(a, b), vjp=(lambda g, b: g / b, lambda g, a, b: -g / b * (a / b)),
    elementwise=True, doc="`a / b`, broadcast; integers divide to floats.",
)  # fmt: skip
floor_divide = op(
    "floor_divide", lambda xp, a, b: xp.floor_divide(a, b), elementwise=True,
    doc="`floor(a / b)`; no gradient, as it is piecewise constant.",
)  # fmt: skip
_floored = op(
    "div", lambda xp, a, b: xp.floor_divide(a, b), vjp=(lambda g: g * 0, lambda g: g * 0), elementwise=True
)  # fmt: skip


def _truncated_quotient(xp: Any, a: Array, b: Array) -> Array:
    if any(isinstance(v, float) or dtypes.is_differentiable(getattr(v, "dtype", dtypes.bool)) for v in (a, b)):
        return xp.trunc(xp.true_divide(a, b))
    below = xp.floor_divide(a, b)
    return below + ((below < 0) & (below * b != a))


_truncated = op("div", _truncated_quotient, vjp=(lambda g: g * 0, lambda g: g * 0), elementwise=True)
remainder = op(
    "remainder", lambda xp, a, b: xp.remainder(a, b), vjp=(lambda g: g, lambda g, a, b: -g * floor_divide(a, b)),
    elementwise=True, doc="`a - b * floor(a / b)`: the remainder with the sign of `b`, as Python's `%`.",
)  # fmt: skip
fmod = op(
    "fmod", lambda xp, a, b: xp.fmod(a, b), vjp=(lambda g: g, lambda g, a, b: -g * trunc(a / b)), elementwise=True,
    doc="`a - b * trunc(a / b)`: the remainder with the sign of `a`, as C's `fmod`.",
)  # fmt: skip
floor = op("floor", lambda xp, x: _rounded(xp.floor, x), vjp=lambda g: g * 0, elementwise=True, doc="Rounds down.")
ceil = op("ceil", lambda xp, x: _rounded(xp.ceil, x), vjp=lambda g: g * 0, elementwise=True, doc="Rounds up.")
trunc = op("trunc", lambda xp, x: _rounded(xp.trunc, x), vjp=lambda g: g * 0, elementwise=True, doc="Rounds to zero.")
_round = op("round", lambda xp, x, *, decimals: xp.round(ordered(x), decimals), vjp=lambda g: g * 0, elementwise=True)


def _rounded(function: Any, x: Array) -> Array:
    return function(x) if x.dtype.kind == "f" else ordered(x)


def round(input: Any, *, decimals: int = 0) -> Any:
    """Rounds to the nearest, halves to even, at the given number of decimals."""
    return _round(input, decimals=decimals)


def frac(input: Any) -> Any:
    """`x - trunc(x)`."""
    return input - trunc(input)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """`input / other`, broadcast.

    Args:
        rounding_mode: None for true division, `"floor"` or `"trunc"` to round the quotient, which of integers is an
            integer then.

    Raises:
        RuntimeError: it is none of these.
    """
    if rounding_mode is None:
        return divide(input, other)
    if rounding_mode == "floor":
        return _floored(input, other)
    if rounding_mode == "trunc":
        return _truncated(input, other)
    raise ShapeError(f"div: rounding_mode must be None, 'floor' or 'trunc', got {rounding_mode!r}")


def positive(input: Any) -> Any:
    """`+x`: the tensor itself.

    Raises:
        RuntimeError: of booleans there is none.
    """
    if input.dtype.kind == "b":
        raise DtypeError("positive: not defined for bool")
    return input


gcd = op("gcd", lambda xp, a, b: xp.gcd(a, b), elementwise=True, doc="The greatest common divisor of integers.")
lcm = op("lcm", lambda xp, a, b: xp.lcm(a, b), elementwise=True, doc="The least common multiple of integers.")
square = op("square", lambda xp, x: xp.multiply(x, x), vjp=lambda g, x: g * (x + x), elementwise=True, doc="`x * x`.")
_pow_number = op(
    "pow",
    lambda xp, x, *, exponent: xp.power(x, exponent),
    vjp=lambda g, x, exponent: g * 0 if exponent == 0 else g * (pow(x, exponent - 1) * exponent),
    elementwise=True,
)
_pow = op(
    "pow",
    lambda xp, a, b: xp.power(a, b),
    vjp=(
        # 0 where a power is 1 or 0 whatever its base or exponent, though a ** (b - 1) or log(a) is infinite there.
        lambda g, a, b: g * (b * _pow(a + ((a == 0) & (b == 0)), b - 1)),
        lambda g, a, b, out: g * (out * log(cast(a + ((a == 0) & _not_negative(b)), dtype=out.dtype))),
    ),
    elementwise=True,
)


def _not_negative(b: Any) -> Any:
    """Whether each number is real, and 0 or more."""
    if isinstance(b, complex):
        return b.imag == 0 and b.real >= 0
    part = cast(b, dtype=dtypes.real_dtype(b.dtype)) if getattr(b, "dtype", dtypes.float64).kind == "c" else b
    return part >= 0 if part is b else (part >= 0) & (part == b)


log = op("log", lambda xp, x: xp.log(x), vjp=lambda g, x: g / x, elementwise=True, doc="The natural logarithm.")


def pow(input: Any, exponent: Any) -> Any:
    """`input ** exponent`, broadcast. The gradient at `0 ** 0` is 0 for both."""
    if type(exponent) in (int, float):
        if exponent == 2:
            return square(input)
        if exponent == 1:
            return input * 1
        if exponent < 0 and type(exponent) is int and getattr(getattr(input, "dtype", None), "kind", "f") in "iub":
            raise ValueError(f"pow: integers have no power of {exponent} among the integers; use .float() first")
        return _pow_number(input, exponent=exponent)
    return _pow(input, exponent)


def float_power(input: Any, exponent: Any) -> Any:
    """`input ** exponent` in double precision, broadcast."""
    doubles = [
        cast(v, dtype=dtypes.complex128 if v.dtype.kind == "c" else dtypes.float64) if hasattr(v, "dtype") else v
        for v in (input, exponent)
    ]
    return pow(*doubles)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Any:
    """`input + value * tensor1 * tensor2`."""
    return input + tensor1 * tensor2 * value


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: float = 1) -> Any:
    """`input + value * tensor1 / tensor2`."""
    return input + tensor1 / tensor2 * value


def _between(xp: Any, a: Array, b: Array, w: Any) -> Array:
    """From the nearer end, so that a weight of 1 gives the other end exactly."""
    whole = b - a
    if isinstance(w, (int, float, complex)):
        return a + whole * w if abs(w) < 0.5 else b - whole * (1 - w)
    return xp.where(xp.abs(w) < 0.5, a + whole * w, b - whole * (1 - w))


_lerp = op(
    "lerp", _between, vjp=(lambda g, w: g * (1 - w), lambda g, w: g * w, lambda g, a, b: g * (b - a)), elementwise=True
)  # fmt: skip


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """`input + weight * (end - input)`: linear interpolation."""
    return _lerp(input, end, weight)


def add(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """`input + alpha * other`, broadcast."""
    return plus(input, other if alpha == 1 else other * alpha)


def sub(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """`input - alpha * other`, broadcast."""
    return minus(input, other if alpha == 1 else other * alpha)


def rsub(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """`other - alpha * input`, broadcast."""
    return sub(other, input, alpha=alpha)


__all__ = ["add", "addcdiv", "addcmul", "cast", "ceil", "div", "float_power", "floor", "floor_divide", "fmod", "frac",
           "gcd", "lcm", "lerp", "mul", "neg", "positive", "pow", "remainder", "round", "rsub", "square", "sub",
           "trunc"]  # fmt: skip
