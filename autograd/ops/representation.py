"""How a floating-point number is made up: its sign bit, its exponent, its neighbours."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ..op import op
from .arithmetic import cast
from .elementwise import exp2, sign

signbit = op("signbit", lambda xp, x: xp.signbit(x), elementwise=True,
             doc="Whether the sign bit is set: of negative numbers, and of -0.0.")  # fmt: skip
copysign = op(
    "copysign", lambda xp, x, other: xp.copysign(x, other),
    vjp=(lambda g, x, out: g * (sign(x) * sign(out)), lambda g: g * 0), elementwise=True,
    doc="`x` with the sign of `other`; the gradient where x is 0 is 0.",
)  # fmt: skip
nextafter = op(
    "nextafter", lambda xp, x, other: xp.nextafter(x, other),
    vjp=(lambda g, x, other: g * (x != other), lambda g: g * 0), elementwise=True,
    doc="The next number after `x` in the direction of `other`; the gradient goes to `x`, where they differ.",
)  # fmt: skip

_frexp = op(
    "frexp", lambda xp, x: xp.frexp(x), vjp=lambda g, exponent: g[0] / exp2(cast(exponent, dtype=g[0].dtype)),
    outputs=("mantissa", "exponent"),
)  # fmt: skip
Parts = namedtuple("Parts", ["mantissa", "exponent"])


def frexp(input: Any) -> Parts:
    """`x` as `mantissa * 2**exponent`, where 0.5 <= |mantissa| < 1.

    Returns:
        A named tuple: the mantissa, and the exponent as int32.
    """
    return Parts(*_frexp(input))


def ldexp(input: Any, other: Any) -> Any:
    """`input * 2**other`, broadcast."""
    if not hasattr(other, "dtype"):
        return input * 2.0**other
    if other.dtype.kind in "biu" and getattr(input, "dtype", other.dtype).kind == "f":
        other = cast(other, dtype=input.dtype)
    return input * exp2(other)


__all__ = ["copysign", "frexp", "ldexp", "nextafter", "signbit"]
