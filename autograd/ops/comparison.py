"""Comparisons, predicates and logic: booleans without gradients; and `where`, which chooses by them."""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array
from ..op import op
from ..tensor import Tensor
from .dims import sizes_of


def ordered(x: Any) -> Any:
    """`x` itself, an array or a number, for what compares elements.

    Raises:
        NotImplementedError: they are complex.
    """
    try:
        unordered = x.dtype.kind == "c"
    except AttributeError:
        unordered = type(x) is complex
    if unordered:
        raise NotImplementedError("complex numbers have no order; take .abs() or .real")
    return x


eq = op("eq", lambda xp, a, b: xp.equal(a, b), elementwise=True, doc="`a == b`, element by element.")
ne = op("ne", lambda xp, a, b: xp.not_equal(a, b), elementwise=True, doc="`a != b`, element by element.")
lt = op("lt", lambda xp, a, b: xp.less(ordered(a), ordered(b)), elementwise=True,
        doc="`a < b`, element by element.")  # fmt: skip
le = op("le", lambda xp, a, b: xp.less_equal(ordered(a), ordered(b)), elementwise=True,
        doc="`a <= b`, element by element.")  # fmt: skip
gt = op("gt", lambda xp, a, b: xp.greater(ordered(a), ordered(b)), elementwise=True,
        doc="`a > b`, element by element.")  # fmt: skip
ge = op("ge", lambda xp, a, b: xp.greater_equal(ordered(a), ordered(b)), elementwise=True,
        doc="`a >= b`, element by element.")  # fmt: skip

isnan = op("isnan", lambda xp, x: xp.isnan(x), elementwise=True, doc="Whether each element is NaN.")
isinf = op("isinf", lambda xp, x: xp.isinf(x), elementwise=True, doc="Whether each element is infinite.")
isposinf = op("isposinf", lambda xp, x: ordered(x) == math.inf, elementwise=True, doc="Whether each element is inf.")
isneginf = op("isneginf", lambda xp, x: ordered(x) == -math.inf, elementwise=True, doc="Whether each element is -inf.")
isfinite = op("isfinite", lambda xp, x: xp.isfinite(x), elementwise=True, doc="Whether each element is finite.")
logical_and = op("logical_and", lambda xp, a, b: xp.logical_and(a, b), elementwise=True, doc="Both are non-zero.")
logical_or = op("logical_or", lambda xp, a, b: xp.logical_or(a, b), elementwise=True, doc="One is non-zero.")
logical_xor = op("logical_xor", lambda xp, a, b: xp.logical_xor(a, b), elementwise=True, doc="Just one is non-zero.")
logical_not = op("logical_not", lambda xp, x: xp.logical_not(x), elementwise=True, doc="The element is zero.")
bitwise_and = op("bitwise_and", lambda xp, a, b: xp.bitwise_and(a, b), elementwise=True, doc="`a & b`.")
bitwise_or = op("bitwise_or", lambda xp, a, b: xp.bitwise_or(a, b), elementwise=True, doc="`a | b`.")
bitwise_xor = op("bitwise_xor", lambda xp, a, b: xp.bitwise_xor(a, b), elementwise=True, doc="`a ^ b`.")
bitwise_not = op("bitwise_not", lambda xp, x: xp.invert(x), elementwise=True, doc="`~x`.")
bitwise_left_shift = op("bitwise_left_shift", lambda xp, a, b: xp.left_shift(a, b), elementwise=True, doc="`a << b`.")
bitwise_right_shift = op("bitwise_right_shift", lambda xp, a, b: xp.right_shift(a, b), elementwise=True,
                         doc="`a >> b`.")  # fmt: skip
_isclose = op(
    "isclose",
    lambda xp, a, b, *, rtol, atol, equal_nan: xp.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan),
    elementwise=True,
)

choose = op(
    "where",
    lambda xp, condition, a, b: xp.where(condition, a, b),
    vjp=(None, lambda g, condition: choose(condition, g, 0.0), lambda g, condition: choose(condition, 0.0, g)),
    elementwise=True,
)


def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether `|input - other| <= atol + rtol * |other|`, element by element; two NaN are close if `equal_nan`."""
    return _isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether all elements are close, see `isclose`. Waits for the device."""
    close = isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)
    array: Array = close._array if isinstance(close, Tensor) else close
    return bool(array.all())


def equal(input: Any, other: Any) -> bool:
    """Whether shapes and all elements are equal. Waits for the device."""
    if sizes_of("equal", input) != sizes_of("equal", other):
        return False
    same = eq(input, other)
    array: Array = same._array if isinstance(same, Tensor) else same
    return bool(array.all())


__all__ = ["allclose", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
           "bitwise_xor", "eq", "equal", "ge", "gt", "isclose", "isfinite", "isinf", "isnan", "isneginf", "isposinf",
           "le", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "ne"]  # fmt: skip
