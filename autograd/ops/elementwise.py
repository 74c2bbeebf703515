"""Functions of one number, element by element: exponentials, logarithms, roots, trigonometry, rounding to a range.

`x` is the input, `out` the value; a formula uses whichever makes it shorter. Derivatives from any table; the source of
a less common one stands beside it.
"""

from __future__ import annotations

from typing import Any

from ..errors import ShapeError
from ..op import op
from .arithmetic import log
from .comparison import choose, ordered
from .complex import conj, sgn
from .dims import ndim_of

_LN2 = 0.6931471805599453
_LN10 = 2.302585092994046
_TWO_OVER_SQRT_PI = 1.1283791670955126

exp = op("exp", lambda xp, x: xp.exp(x), vjp=lambda g, out: g * out, elementwise=True, doc="e to the power x.")
exp2 = op("exp2", lambda xp, x: xp.exp2(x), vjp=lambda g, out: g * (out * _LN2), elementwise=True, doc="2 ** x.")
expm1 = op("expm1", lambda xp, x: xp.expm1(x), vjp=lambda g, out: g * (out + 1), elementwise=True,
           doc="exp(x) - 1, accurate near 0.")  # fmt: skip
log2 = op("log2", lambda xp, x: xp.log2(x), vjp=lambda g, x: g / (x * _LN2), elementwise=True, doc="To base 2.")
log10 = op("log10", lambda xp, x: xp.log10(x), vjp=lambda g, x: g / (x * _LN10), elementwise=True, doc="To base 10.")
log1p = op("log1p", lambda xp, x: xp.log1p(x), vjp=lambda g, x: g / (x + 1), elementwise=True,
           doc="log(1 + x), accurate near 0.")  # fmt: skip
sqrt = op("sqrt", lambda xp, x: xp.sqrt(x), vjp=lambda g, out: g / (out + out), elementwise=True, doc="Square root.")
rsqrt = op("rsqrt", lambda xp, x: 1 / xp.sqrt(x), vjp=lambda g, out: g * (out * out * out * -0.5), elementwise=True,
           doc="1 / sqrt(x).")  # fmt: skip
reciprocal = op("reciprocal", lambda xp, x: 1 / x, vjp=lambda g, out: g * (-out * out), elementwise=True, doc="1 / x.")
sign = op("sign", lambda xp, x: xp.sign(ordered(x)), vjp=lambda g: g * 0, elementwise=True,
          doc="-1, 0 or 1; its gradient is 0.")  # fmt: skip
abs = op("abs", lambda xp, x: xp.abs(x), vjp=lambda g, x: g * conj(sgn(x)), elementwise=True,
         doc="The absolute value; the gradient at 0 is 0.")  # fmt: skip
sigmoid = op("sigmoid", lambda xp, x: xp.sigmoid(x), vjp=lambda g, out: g * (out * (1 - out)),
             elementwise=True, doc="1 / (1 + exp(-x)).")  # fmt: skip

sin = op("sin", lambda xp, x: xp.sin(x), vjp=lambda g, x: g * cos(x), elementwise=True, doc="Sine of x in radians.")
cos = op("cos", lambda xp, x: xp.cos(x), vjp=lambda g, x: -g * sin(x), elementwise=True, doc="Cosine of x in radians.")
tan = op("tan", lambda xp, x: xp.tan(x), vjp=lambda g, out: g * (out * out + 1), elementwise=True, doc="Tangent.")
asin = op("asin", lambda xp, x: xp.arcsin(x), vjp=lambda g, x: g * rsqrt(1 - x * x), elementwise=True, doc="Arc sine.")
acos = op(
    "acos", lambda xp, x: xp.arccos(x), vjp=lambda g, x: -g * rsqrt(1 - x * x), elementwise=True, doc="Arc cosine."
)
atan = op("atan", lambda xp, x: xp.arctan(x), vjp=lambda g, x: g / (x * x + 1), elementwise=True, doc="Arc tangent.")
sinh = op("sinh", lambda xp, x: xp.sinh(x), vjp=lambda g, x: g * cosh(x), elementwise=True, doc="Hyperbolic sine.")
cosh = op("cosh", lambda xp, x: xp.cosh(x), vjp=lambda g, x: g * sinh(x), elementwise=True, doc="Hyperbolic cosine.")
tanh = op("tanh", lambda xp, x: xp.tanh(x), vjp=lambda g, out: g * (1 - out * out), elementwise=True,
          doc="Hyperbolic tangent.")  # fmt: skip
asinh = op("asinh", lambda xp, x: xp.arcsinh(x), vjp=lambda g, x: g * rsqrt(x * x + 1), elementwise=True,
           doc="Inverse hyperbolic sine.")  # fmt: skip
acosh = op("acosh", lambda xp, x: xp.arccosh(x), vjp=lambda g, x: g * (rsqrt(x - 1) * rsqrt(x + 1)), elementwise=True,
           doc="Inverse hyperbolic cosine, of x >= 1.")  # fmt: skip
atanh = op("atanh", lambda xp, x: xp.arctanh(x), vjp=lambda g, x: g / (1 - x * x), elementwise=True,
           doc="Inverse hyperbolic tangent, of |x| < 1.")  # fmt: skip


def _square_radius(y: Any, x: Any) -> Any:
    """x*x + y*y, and 1 at the origin, where the angle jumps and PyTorch takes its gradient for 0."""
    return x * x + y * y + ((x == 0) & (y == 0))


atan2 = op(
    "atan2", lambda xp, y, x: xp.arctan2(y, x),
    vjp=(lambda g, y, x: g * (x / _square_radius(y, x)), lambda g, y, x: g * (-y / _square_radius(y, x))),
    elementwise=True, doc="The angle of the point (x, y), in (-pi, pi].",
)  # fmt: skip
hypot = op(
    "hypot", lambda xp, a, b: xp.hypot(a, b), vjp=(lambda g, a, out: g * (a / out), lambda g, b, out: g * (b / out)),
    elementwise=True, doc="sqrt(a*a + b*b), without overflow.",
)  # fmt: skip


def log_of_two(xp: Any, a: Any, b: Any) -> Any:
    """`log(exp(a) + exp(b))` on arrays."""
    if not (xp.iscomplexobj(a) or xp.iscomplexobj(b)):
        return xp.logaddexp(a, b)
    swapped = a.real < b.real
    return xp.where(swapped, b, a) + xp.log1p(xp.exp(xp.where(swapped, a - b, b - a)))


logaddexp = op(
    "logaddexp", log_of_two,
    vjp=(lambda g, a, b: g * sigmoid(a - b), lambda g, a, b: g * sigmoid(b - a)),
    elementwise=True, doc="log(exp(a) + exp(b)), without overflow.",
)  # fmt: skip
logaddexp2 = op(
    "logaddexp2", lambda xp, a, b: xp.logaddexp2(a, b),
    vjp=(lambda g, a, b: g * sigmoid((a - b) * _LN2), lambda g, a, b: g * sigmoid((b - a) * _LN2)),
    elementwise=True, doc="log2(2**a + 2**b), without overflow.",
)  # fmt: skip
deg2rad = op("deg2rad", lambda xp, x: xp.deg2rad(x), vjp=lambda g: deg2rad(g), linear=True, elementwise=True,
             doc="Degrees in radians.")  # fmt: skip
rad2deg = op("rad2deg", lambda xp, x: xp.rad2deg(x), vjp=lambda g: rad2deg(g), linear=True, elementwise=True,
             doc="Radians in degrees.")  # fmt: skip
heaviside = op(
    "heaviside", lambda xp, x, values: xp.heaviside(x, values),
    vjp=(lambda g: g * 0, lambda g, x: choose(x == 0, g, 0.0)), elementwise=True,
    doc="0 where x is negative, 1 where it is positive, `values` where it is 0; NaN stays.",
)  # fmt: skip

erf = op("erf", lambda xp, x: xp.erf(x), vjp=lambda g, x: g * (exp(-(x * x)) * _TWO_OVER_SQRT_PI), elementwise=True,
         doc="The error function, 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x.")  # fmt: skip
erfc = op("erfc", lambda xp, x: xp.erfc(x), vjp=lambda g, x: g * (exp(-(x * x)) * -_TWO_OVER_SQRT_PI), elementwise=True,
          doc="1 - erf(x), without the cancellation for large x.")  # fmt: skip

# Where two candidates tie, each gets half of the gradient, as PyTorch decides it.
maximum = op(
    "maximum", lambda xp, a, b: xp.maximum(ordered(a), ordered(b)),
    vjp=(lambda g, a, b: _share(g, a > b, a == b), lambda g, a, b: _share(g, b > a, a == b)),
    elementwise=True, doc="The greater of two, element by element; NaN if either is.",
)  # fmt: skip
minimum = op(
    "minimum", lambda xp, a, b: xp.minimum(ordered(a), ordered(b)),
    vjp=(lambda g, a, b: _share(g, a < b, a == b), lambda g, a, b: _share(g, b < a, a == b)),
    elementwise=True, doc="The smaller of two, element by element; NaN if either is.",
)  # fmt: skip
fmax = op(
    "fmax", lambda xp, a, b: xp.fmax(ordered(a), ordered(b)),
    vjp=(lambda g, a, b: g * ((a >= b) | (b != b)), lambda g, a, b: g * ~((a >= b) | (b != b))),
    elementwise=True, doc="The greater of two, the other where one is NaN.",
)  # fmt: skip
fmin = op(
    "fmin", lambda xp, a, b: xp.fmin(ordered(a), ordered(b)),
    vjp=(lambda g, a, b: g * ((a <= b) | (b != b)), lambda g, a, b: g * ~((a <= b) | (b != b))),
    elementwise=True, doc="The smaller of two, the other where one is NaN.",
)  # fmt: skip


def _share(g: Any, wins: Any, ties: Any) -> Any:
    return choose(ties, g * 0.5, choose(wins, g, 0.0))


def _clip(xp: Any, x: Any, low: Any, high: Any) -> Any:
    x = ordered(x)
    if low is not None:
        x = xp.maximum(x, ordered(low))
    return x if high is None else xp.minimum(x, ordered(high))


def _inside(x: Any, low: Any, high: Any) -> Any:
    if low is None:
        return x <= high
    return x >= low if high is None else (x >= low) & (x <= high)


_clamp = op(
    "clamp", lambda xp, x, *, low, high: _clip(xp, x, low, high),
    vjp=lambda g, x, low, high: g * _inside(x, low, high), elementwise=True,
)  # fmt: skip
# With tensors for bounds, which have a gradient where they are the result.
_clamp_below = op(
    "clamp", lambda xp, x, low: _clip(xp, x, low, None),
    vjp=(lambda g, x, low: g * (x >= low), lambda g, x, low: g * (x < low)), elementwise=True,
)  # fmt: skip
_clamp_above = op(
    "clamp", lambda xp, x, high: _clip(xp, x, None, high),
    vjp=(lambda g, x, high: g * (x <= high), lambda g, x, high: g * (x > high)), elementwise=True,
)  # fmt: skip
_clamp_between = op(
    "clamp", lambda xp, x, low, high: _clip(xp, x, low, high),
    vjp=(
        lambda g, x, low, high: g * _inside(x, low, high),
        lambda g, x, low, high: g * ((x < low) & (low < high)),
        lambda g, x, low, high: g * ((x > high) | (high < low)),
    ),
    elementwise=True,
)  # fmt: skip


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """Moves each element into [min, max]; either may be None, a number or a tensor. Where `min > max`, it is `max`.

    The gradient is that of the identity inside, bounds included, and 0 outside.

    Raises:
        RuntimeError: both bounds are None.
    """
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of min and max must be given")
    ndim_of("clamp", input)
    for bound in (min, max):
        if not (bound is None or isinstance(bound, (int, float)) or hasattr(bound, "dtype")):
            raise TypeError(f"clamp: min and max must be numbers, tensors or None, got {type(bound).__name__}")
    if hasattr(min, "dtype") or hasattr(max, "dtype"):
        if max is None:
            return _clamp_below(input, min)
        return _clamp_above(input, max) if min is None else _clamp_between(input, min, max)
    if input.dtype.kind in "iu" and (isinstance(min, float) or isinstance(max, float)):
        input = input * 1.0
    return _clamp(input, low=min, high=max)


def clamp_min(input: Any, min: Any) -> Any:
    """The greater of each element and `min`, a number or a tensor; the gradient is that of `clamp`."""
    return clamp(input, min=min)


def clamp_max(input: Any, max: Any) -> Any:
    """The smaller of each element and `max`, a number or a tensor; the gradient is that of `clamp`."""
    return clamp(input, max=max)


_fill = op(
    "fill", lambda xp, x, value: xp.full_like(x, value), vjp=(lambda g: g * 0, lambda g: g), elementwise=True
)  # fmt: skip


def fill(input: Any, value: Any) -> Any:
    """A tensor like `input` that holds `value`, a number or a 0-d tensor, everywhere.

    Raises:
        RuntimeError: `value` has dimensions.
    """
    if getattr(value, "ndim", 0):
        raise ShapeError(f"fill: the value must be a number or a 0-d tensor, got shape {tuple(value.shape)}")
    return _fill(input, value)


def nan_to_num(input: Any, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Replaces NaN, +inf and -inf by numbers, the latter two by the dtype's largest and smallest unless given."""
    return _nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


_nan_to_num = op(
    "nan_to_num", lambda xp, x, *, nan, posinf, neginf: xp.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf),
    vjp=lambda g, x: g * ((x - x) == 0), elementwise=True,
)  # fmt: skip

arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
absolute, clip = abs, clamp

__all__ = [
    "abs", "absolute", "acos", "acosh", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh",
    "asin", "asinh", "atan", "atan2", "atanh", "clamp", "clamp_max", "clamp_min", "clip", "cos", "cosh", "deg2rad",
    "erf", "erfc", "exp", "exp2", "expm1", "fill", "fmax", "fmin", "heaviside", "hypot", "log", "log10", "log1p",
    "log2", "logaddexp", "logaddexp2", "maximum", "minimum", "nan_to_num", "rad2deg", "reciprocal", "rsqrt", "sign",
    "sin", "sinh", "sqrt", "tan", "tanh",
]  # fmt: skip
