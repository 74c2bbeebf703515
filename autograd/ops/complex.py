"""Complex numbers: their parts, their conjugates, and what is made of two real tensors.

Inside the engine a cotangent `g` of `y` pairs with a change of `y` as `Re(g dy)` (see `record.conjugate`). So the VJP
of a holomorphic function is the formula of the real one; the functions here are those that are not holomorphic.
"""

from __future__ import annotations

from typing import Any

from ...backends import Array, dtypes
from ..errors import DtypeError, PlaceError, ShapeError
from ..op import op
from ..record import _fitting
from .arithmetic import cast
from .dims import ndim_of
from .shape import transpose


def is_floating_point(input: Any) -> bool:
    """Whether the dtype is floating; complex ones are not.

    Raises:
        TypeError: it is neither a tensor nor an array.
    """
    ndim_of("is_floating_point", input)
    return dtypes.is_differentiable(input.dtype) and input.dtype.kind != "c"


def is_complex(input: Any) -> bool:
    """Whether the dtype is complex.

    Raises:
        TypeError: it is neither a tensor nor an array.
    """
    ndim_of("is_complex", input)
    return bool(input.dtype.kind == "c")


def _expect_complex(name: str, input: Any, remedy: str) -> None:
    if not is_complex(input):
        raise DtypeError(f"{name}: expected a complex tensor, got {input.dtype}; {remedy}")


# The conjugate

_conj = op("conj", lambda xp, x: xp.conj(x), vjp=lambda g: conj(g), linear=True)


def conj(input: Any) -> Any:
    """The complex conjugate; a real tensor is its own, and is returned itself."""
    return _conj(input) if input.dtype.kind == "c" else input


_fitting["conj"] = conj


def conj_physical(input: Any) -> Any:
    """`conj`. (In PyTorch that is a view computed when it is read; here both are computed at once.)"""
    return conj(input)


def resolve_conj(input: Any) -> Any:
    """The tensor itself: no conjugate is pending."""
    return input


def resolve_neg(input: Any) -> Any:
    """The tensor itself: no sign is pending."""
    return input


def adjoint(input: Any) -> Any:
    """The conjugate with its last two dimensions exchanged.

    Raises:
        RuntimeError: it is 1-d.
    """
    if ndim_of("adjoint", input) == 1:
        raise PlaceError(f"adjoint: expected a matrix or a batch of matrices, got shape {tuple(input.shape)}")
    return conj(transpose(input, -2, -1) if input.ndim else input)


# The parts, as views

_real = op("real", lambda xp, x: xp.real(x), vjp=lambda g, x_dtype: cast(g, dtype=x_dtype), linear=True, view=True)
_imag = op("imag", lambda xp, x: xp.imag(x), vjp=lambda g: g * -1j, linear=True, view=True)


def real(input: Any) -> Any:
    """The real part, as a view; a real tensor is its own, and is returned itself."""
    return _real(input) if is_complex(input) else input


def imag(input: Any) -> Any:
    """The imaginary part, as a view.

    Raises:
        RuntimeError: the tensor is real.
    """
    _expect_complex("imag", input, "a real one has no imaginary part to look at")
    return _imag(input)


isreal = op("isreal", lambda xp, x: xp.isreal(x), doc="Whether each element's imaginary part is 0.")

# A last dimension of two

_pairs = op(
    "view_as_real",
    lambda xp, x: x[..., None].view(dtypes.real_dtype(x.dtype)),
    vjp=lambda g: conj(_numbers(g)),
    linear=True,
    view=True,
)


def _joined(xp: Any, x: Array) -> Array:
    if x.strides[-1] != x.itemsize:  # a gradient may lie in memory as it likes
        x = xp.ascontiguousarray(x)
    return x.view(dtypes.complex_dtype(x.dtype))[..., 0]


_numbers = op("view_as_complex", _joined, vjp=lambda g: _pairs(conj(g)), linear=True, view=True)


def view_as_real(input: Any) -> Any:
    """A view of complex numbers as pairs of real ones: the real and the imaginary part, in a last dimension more.

    Raises:
        RuntimeError: the tensor is real.
    """
    _expect_complex("view_as_real", input, "it is a tensor of real numbers already")
    return _pairs(input)


def view_as_complex(input: Any) -> Any:
    """A view of pairs of real numbers as complex ones; the reverse of `view_as_real`.

    Raises:
        RuntimeError: the dtype is not float32 or float64, the last dimension has not two elements, or they do not lie
            side by side in memory.
    """
    ndim_of("view_as_complex", input)
    if input.dtype not in (dtypes.float32, dtypes.float64):
        raise DtypeError(f"view_as_complex: expected float32 or float64, got {input.dtype}")
    array = getattr(input, "array", input)
    if not input.ndim or input.shape[-1] != 2:
        raise ShapeError(f"view_as_complex: the last dimension must have size 2, got shape {tuple(input.shape)}")
    if array.size and array.strides[-1] != array.itemsize:
        raise ShapeError(
            f"view_as_complex: the two numbers of a pair do not lie side by side in memory (strides {array.strides}); "
            f"use contiguous() first, or complex(x[..., 0], x[..., 1])"
        )
    return _numbers(input)


# Made of two real tensors


def _assembled(xp: Any, re: Array, im: Array) -> Array:
    out = xp.empty(xp.broadcast_shapes(re.shape, im.shape), dtype=dtypes.complex_dtype(re.dtype))
    out.real[...] = re
    out.imag[...] = im
    return out


_complex = op("complex", _assembled, vjp=(lambda g: real(g), lambda g: -imag(g)), linear=True)


def _expect_parts(name: str, first: Any, second: Any, called: tuple[str, str]) -> None:
    for part in (first, second):
        ndim_of(name, part)
        if part.dtype not in (dtypes.float32, dtypes.float64):
            raise DtypeError(f"{name}: {' and '.join(called)} must be float32 or float64, got {part.dtype}")
    if first.dtype != second.dtype:
        raise DtypeError(f"{name}: {' and '.join(called)} must be of one dtype, got {first.dtype} and {second.dtype}")


def complex(real: Any, imag: Any) -> Any:
    """`real + 1j * imag`, broadcast.

    Raises:
        RuntimeError: they are not both float32 or both float64.
    """
    _expect_parts("complex", real, imag, ("real", "imag"))
    return _complex(real, imag)


_polar = op(
    "polar",
    lambda xp, r, t: _assembled(xp, r * xp.cos(t), r * xp.sin(t)),
    vjp=(lambda g, t: real(g * _polar(1.0, t)), lambda g, out: real(g * out * 1j)),
)


def polar(abs: Any, angle: Any) -> Any:
    """The complex numbers with these magnitudes and angles: `abs * (cos(angle) + 1j * sin(angle))`, broadcast.

    Raises:
        RuntimeError: they are not both float32 or both float64.
    """
    _expect_parts("polar", abs, angle, ("abs", "angle"))
    return _polar(abs, angle)


# Direction

sgn = op(
    "sgn",
    lambda xp, x: xp.sign(x),
    vjp=lambda g, x, out: g * 0 if x.dtype.kind != "c" else _across(g, x, out),
    doc="`x / abs(x)`, and 0 at 0: the sign of a real number. The gradient at 0 is 0.",
)


def _across(g: Any, x: Any, out: Any) -> Any:
    """Of a change of x, only what stands at right angles to it turns its direction, by its length over that of x."""
    size = real(x * conj(out))
    turned = g * out
    return conj(out) * ((turned - conj(turned)) / (2 * (size + (size == 0))))


angle = op(
    "angle",
    lambda xp, x: xp.angle(x if x.dtype.kind == "c" else x + 0.0),  # -0.0 has the angle 0
    vjp=lambda g, x: g * 0 if x.dtype.kind != "c" else (x != 0) * (g * -1j / (x + (x == 0))),
    doc="The angle in (-pi, pi]; of a real number 0 or pi. The gradient at 0, and of a real number, is 0.",
)


__all__ = ["adjoint", "angle", "complex", "conj", "conj_physical", "imag", "is_complex", "is_floating_point", "isreal",
           "polar", "real", "resolve_conj", "resolve_neg", "sgn", "view_as_complex", "view_as_real"]  # fmt: skip
