"""Methods that change a tensor in place: `mul_`, `+=`, `fill_`, `uniform_`, `t_`, ..."""

from __future__ import annotations

import builtins
from importlib import import_module
from typing import Any

from ..backends import is_array
from . import inplace, ops
from .errors import ShapeError
from .tensor import Tensor


def _in_place(name: str, as_name: str | None = None) -> Any:
    """The method that makes of a tensor what its method `name` returns."""
    shown = f"{as_name or name}_"

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return inplace.change(self, shown, getattr(Tensor, name), *args, **kwargs)

    method.__name__ = method.__qualname__ = shown
    method.__doc__ = f"Becomes `{as_name or name}` of itself, in place. See `{as_name or name}`."
    return method


def _viewed(name: str) -> Any:
    """The method that turns a tensor into the view of itself which its method `name` returns."""
    shown = f"{name}_"

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return inplace.become_view(self, shown, getattr(Tensor, name), *args, **kwargs)

    method.__name__ = method.__qualname__ = shown
    method.__doc__ = f"Becomes the view of itself that `{name}` returns."
    return method


def _filled(name: str) -> Any:
    """A method of the module `fills`, which loads when it is first used."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return getattr(import_module(".fills", __package__), name)(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"See `chainrule.autograd.fills.{name}`."
    return method


def _refused(name: str, remedy: str) -> Any:
    """A method of PyTorch that gives a tensor other memory, which the graph could not follow."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        raise RuntimeError(f"{name}: a tensor cannot be given other memory in place; {remedy}")

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"Not there: {remedy}.\n\nRaises:\n    RuntimeError: always."
    return method


class InPlaceMethods:
    """What the method without the underscore gives, in the tensor's own memory; and fills, copies and assignment.

    All of them return the tensor itself. They raise a RuntimeError, and change nothing, for a leaf that requires a
    gradient while recording, for a result that does not fit the tensor's shape or dtype, and for memory that cannot be
    written.
    """

    abs_ = _in_place("abs")
    absolute_ = _in_place("absolute")
    acos_ = _in_place("acos")
    acosh_ = _in_place("acosh")
    add_ = _in_place("add")
    addbmm_ = _in_place("addbmm")
    addcdiv_ = _in_place("addcdiv")
    addcmul_ = _in_place("addcmul")
    addmm_ = _in_place("addmm")
    addmv_ = _in_place("addmv")
    addr_ = _in_place("addr")
    arccos_ = _in_place("arccos")
    arccosh_ = _in_place("arccosh")
    arcsin_ = _in_place("arcsin")
    arcsinh_ = _in_place("arcsinh")
    arctan_ = _in_place("arctan")
    arctan2_ = _in_place("arctan2")
    arctanh_ = _in_place("arctanh")
    asin_ = _in_place("asin")
    asinh_ = _in_place("asinh")
    atan_ = _in_place("atan")
    atan2_ = _in_place("atan2")
    atanh_ = _in_place("atanh")
    baddbmm_ = _in_place("baddbmm")
    bitwise_and_ = _in_place("bitwise_and")
    bitwise_not_ = _in_place("bitwise_not")
    bitwise_or_ = _in_place("bitwise_or")
    bitwise_xor_ = _in_place("bitwise_xor")
    ceil_ = _in_place("ceil")
    clamp_ = _in_place("clamp")
    clamp_max_ = _in_place("clamp_max")
    clamp_min_ = _in_place("clamp_min")
    clip_ = _in_place("clip")
    conj_physical_ = _in_place("conj_physical")
    copysign_ = _in_place("copysign")
    cos_ = _in_place("cos")
    cosh_ = _in_place("cosh")
    cumprod_ = _in_place("cumprod")
    cumsum_ = _in_place("cumsum")
    deg2rad_ = _in_place("deg2rad")
    digamma_ = _in_place("digamma")
    div_ = _in_place("div")
    divide_ = _in_place("divide")
    eq_ = _in_place("eq")
    erf_ = _in_place("erf")
    erfc_ = _in_place("erfc")
    erfinv_ = _in_place("erfinv")
    exp_ = _in_place("exp")
    exp2_ = _in_place("exp2")
    expm1_ = _in_place("expm1")
    fix_ = _in_place("fix")
    float_power_ = _in_place("float_power")
    floor_ = _in_place("floor")
    floor_divide_ = _in_place("floor_divide")
    fmod_ = _in_place("fmod")
    frac_ = _in_place("frac")
    gcd_ = _in_place("gcd")
    ge_ = _in_place("ge")
    greater_ = _in_place("greater")
    greater_equal_ = _in_place("greater_equal")
    gt_ = _in_place("gt")
    heaviside_ = _in_place("heaviside")
    hypot_ = _in_place("hypot")
    i0_ = _in_place("i0")
    igamma_ = _in_place("igamma")
    igammac_ = _in_place("igammac")
    index_add_ = _in_place("index_add")
    index_copy_ = _in_place("index_copy")
    index_fill_ = _in_place("index_fill")
    index_put_ = _in_place("index_put")
    index_reduce_ = _in_place("index_reduce")
    lcm_ = _in_place("lcm")
    ldexp_ = _in_place("ldexp")
    le_ = _in_place("le")
    lerp_ = _in_place("lerp")
    less_ = _in_place("less")
    less_equal_ = _in_place("less_equal")
    lgamma_ = _in_place("lgamma")
    log_ = _in_place("log")
    log10_ = _in_place("log10")
    log1p_ = _in_place("log1p")
    log2_ = _in_place("log2")
    logical_and_ = _in_place("logical_and")
    logical_not_ = _in_place("logical_not")
    logical_or_ = _in_place("logical_or")
    logical_xor_ = _in_place("logical_xor")
    logit_ = _in_place("logit")
    lt_ = _in_place("lt")
    masked_fill_ = _in_place("masked_fill")
    masked_scatter_ = _in_place("masked_scatter")
    mul_ = _in_place("mul")
    multiply_ = _in_place("multiply")
    mvlgamma_ = _in_place("mvlgamma")
    nan_to_num_ = _in_place("nan_to_num")
    ne_ = _in_place("ne")
    neg_ = _in_place("neg")
    negative_ = _in_place("negative")
    nextafter_ = _in_place("nextafter")
    not_equal_ = _in_place("not_equal")
    polygamma_ = _in_place("polygamma")
    pow_ = _in_place("pow")
    put_ = _in_place("put")
    rad2deg_ = _in_place("rad2deg")
    reciprocal_ = _in_place("reciprocal")
    relu_ = _in_place("relu")
    remainder_ = _in_place("remainder")
    renorm_ = _in_place("renorm")
    round_ = _in_place("round")
    rsqrt_ = _in_place("rsqrt")
    scatter_ = _in_place("scatter")
    scatter_add_ = _in_place("scatter_add")
    scatter_reduce_ = _in_place("scatter_reduce")
    sgn_ = _in_place("sgn")
    sigmoid_ = _in_place("sigmoid")
    sign_ = _in_place("sign")
    sin_ = _in_place("sin")
    sinc_ = _in_place("sinc")
    sinh_ = _in_place("sinh")
    sqrt_ = _in_place("sqrt")
    square_ = _in_place("square")
    sub_ = _in_place("sub")
    subtract_ = _in_place("subtract")
    tan_ = _in_place("tan")
    tanh_ = _in_place("tanh")
    tril_ = _in_place("tril")
    triu_ = _in_place("triu")
    true_divide_ = _in_place("true_divide")
    trunc_ = _in_place("trunc")
    xlogy_ = _in_place("xlogy")

    __iadd__ = _in_place("__add__", "add")
    __iand__ = _in_place("bitwise_and")
    __ifloordiv__ = _in_place("floor_divide")
    __imod__ = _in_place("remainder")
    __imul__ = _in_place("mul")
    __ior__ = _in_place("bitwise_or")
    __ipow__ = _in_place("pow")
    __isub__ = _in_place("__sub__", "sub")
    __itruediv__ = _in_place("__truediv__", "div")
    __ixor__ = _in_place("bitwise_xor")

    # The tensor becomes a view of itself

    as_strided_ = _viewed("as_strided")
    squeeze_ = _viewed("squeeze")
    swapaxes_ = _viewed("swapaxes")
    swapdims_ = _viewed("swapdims")
    t_ = _viewed("t")
    transpose_ = _viewed("transpose")
    unsqueeze_ = _viewed("unsqueeze")

    # Random numbers

    bernoulli_ = _filled("bernoulli_")
    cauchy_ = _filled("cauchy_")
    exponential_ = _filled("exponential_")
    geometric_ = _filled("geometric_")
    log_normal_ = _filled("log_normal_")
    normal_ = _filled("normal_")
    random_ = _filled("random_")
    uniform_ = _filled("uniform_")

    # Other memory

    resize_ = _refused("resize_", "assign a tensor of the new shape, or use reshape()")
    resize_as_ = _refused("resize_as_", "assign a tensor of the new shape, or use reshape_as()")
    set_ = _refused("set_", "assign to its .data")

    # Assignment

    def __setitem__(self: Any, index: Any, value: Any) -> None:
        """Assigns in place; `value` is a tensor, array or number that broadcasts to what the index selects.

        Raises:
            RuntimeError: a leaf that requires a gradient, while recording.
            IndexError, ValueError: the index or the value does not fit. Nothing has changed then.
        """
        inplace.assign(self, index, value)

    def zero_(self: Any) -> Tensor:
        """Becomes 0 everywhere, in place."""
        inplace.assign(self, ..., 0, "zero_")
        return self

    def fill_(self: Any, value: Any) -> Tensor:
        """Becomes `value`, a number or a 0-d tensor, everywhere, in place.

        Raises:
            TypeError, ValueError: it is none, or has dimensions.
        """
        if not isinstance(value, (builtins.int, builtins.float, complex, Tensor)) and not is_array(value):
            raise TypeError(f"fill_: the value must be a number or a 0-d tensor, got {type(value).__name__}")
        if getattr(value, "ndim", 0):
            raise ValueError(f"fill_: the value must be a number or a 0-d tensor, got shape {tuple(value.shape)}")
        inplace.assign(self, ..., value, "fill_")
        return self

    def copy_(self: Any, source: Any) -> Tensor:
        """Takes the values of `source`, which broadcasts, may be of another dtype, and may live on another device.

        Raises:
            ValueError: its shape does not broadcast to this one's.
        """
        shape = tuple(getattr(source, "shape", ()))
        if len(shape) > self.ndim or any(n not in (1, self.shape[-k]) for k, n in enumerate(shape[::-1], 1)):
            raise ValueError(f"copy_: a source of shape {shape} does not broadcast to shape {self.shape}")
        if isinstance(source, Tensor):
            source = ops.arithmetic.cast(ops.creation.moved(source, self.device), dtype=self.dtype)
        inplace.assign(self, ..., source, "copy_")
        return self

    def fill_diagonal_(self: Any, fill_value: Any, wrap: builtins.bool = False) -> Tensor:
        """Becomes `fill_value`, a number, where all indices are equal.

        Args:
            fill_value: the number.
            wrap: begin the diagonal of a matrix with more rows than columns again below its end, as NumPy does.

        Raises:
            RuntimeError: it has fewer than two dimensions, or more than two that are not all equal.
        """
        shape = self.shape
        if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
            raise ShapeError(f"fill_diagonal_: expected a matrix, or dimensions that are all equal, got shape {shape}")
        xp = self.backend.xp
        if len(shape) == 2 and wrap and shape[1]:
            places = xp.arange(0, shape[0] * shape[1], shape[1] + 1)
            index = (places // shape[1], places % shape[1])
        else:
            index = (xp.arange(builtins.min(shape)),) * len(shape)
        inplace.assign(self, index, fill_value, "fill_diagonal_")
        return self
