"""The operators and methods of `Tensor` that are ops: most are the public functions themselves.

`tensor.py` takes this class as a base for type checkers only; at run time its contents are put on `Tensor`, because
the ops need `Tensor` before they can be declared.
"""

from __future__ import annotations

import builtins
from importlib import import_module
from typing import Any

from ..backends import dtypes, is_array
from . import inplace, ops
from .errors import DtypeError, PlaceError
from .inplace_methods import InPlaceMethods
from .memory_format import MemoryFormat, preserve_format
from .tensor import Tensor


def _later(module: str, name: str) -> Any:
    """A method that is the function `name` of a module of ops which loads when it is first used."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(f".ops.{module}", __package__), name)(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"See `chainrule.{name}`."
    return method


def _comparable(other: Any) -> builtins.bool:
    """Whether `==` compares elements; with None, a string, ... it compares identities, as everywhere in Python."""
    return isinstance(other, (Tensor, int, float, complex)) or is_array(other)


class TensorMethods(InPlaceMethods):
    """Operators and methods of a tensor. Each does what the function of the same name does, with the tensor first."""

    # Operators

    __add__ = ops.arithmetic.plus
    __sub__ = ops.arithmetic.minus
    __mul__ = ops.arithmetic.mul
    __truediv__ = ops.arithmetic.divide
    __floordiv__ = ops.arithmetic.floor_divide
    __mod__ = ops.arithmetic.remainder
    __pow__ = ops.arithmetic.pow
    __matmul__ = ops.matmul.matmul
    __neg__ = ops.arithmetic.neg
    __abs__ = ops.elementwise.abs
    __lt__ = ops.comparison.lt
    __le__ = ops.comparison.le
    __gt__ = ops.comparison.gt
    __ge__ = ops.comparison.ge
    __and__ = ops.comparison.bitwise_and
    __or__ = ops.comparison.bitwise_or
    __xor__ = ops.comparison.bitwise_xor
    __invert__ = ops.comparison.bitwise_not
    __lshift__ = ops.comparison.bitwise_left_shift
    __rshift__ = ops.comparison.bitwise_right_shift
    __getitem__ = ops.getitem.getitem

    def __eq__(self: Any, other: Any) -> Any:
        return ops.comparison.eq(self, other) if _comparable(other) else NotImplemented

    def __ne__(self: Any, other: Any) -> Any:
        return ops.comparison.ne(self, other) if _comparable(other) else NotImplemented

    def __pos__(self: Any) -> Tensor:
        return self

    def __radd__(self: Any, other: Any) -> Tensor:
        return ops.arithmetic.plus(other, self)

    def __rsub__(self: Any, other: Any) -> Tensor:
        return ops.arithmetic.minus(other, self)

    def __rmul__(self: Any, other: Any) -> Tensor:
        return ops.arithmetic.mul(other, self)

    def __rtruediv__(self: Any, other: Any) -> Tensor:
        return ops.arithmetic.divide(other, self)

    def __rfloordiv__(self: Any, other: Any) -> Tensor:
        return ops.arithmetic.floor_divide(other, self)

    def __rmod__(self: Any, other: Any) -> Tensor:
        return ops.arithmetic.remainder(other, self)

    def __rpow__(self: Any, other: Any) -> Tensor:
        return ops.arithmetic.pow(other, self)

    def __rmatmul__(self: Any, other: Any) -> Tensor:
        return ops.matmul.matmul(other, self)

    def __rand__(self: Any, other: Any) -> Tensor:
        return ops.comparison.bitwise_and(other, self)

    def __ror__(self: Any, other: Any) -> Tensor:
        return ops.comparison.bitwise_or(other, self)

    def __rxor__(self: Any, other: Any) -> Tensor:
        return ops.comparison.bitwise_xor(other, self)

    def __rlshift__(self: Any, other: Any) -> Tensor:
        return ops.comparison.bitwise_left_shift(other, self)

    def __rrshift__(self: Any, other: Any) -> Tensor:
        return ops.comparison.bitwise_right_shift(other, self)

    def __contains__(self: Any, element: Any) -> builtins.bool:
        return bool(ops.reduction.any(ops.comparison.eq(self, element)))

    # Conversion

    def to(self: Any, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False,
           copy: bool = False, memory_format: MemoryFormat = preserve_format) -> Tensor:  # fmt: skip
        """The tensor with another dtype, on another device, or both: `to(cr.float64)`, `to("cuda")`,
        `to("cuda", cr.float16)`, `to(other)`. Itself if nothing changes, unless `copy`. Differentiable.

        What stands behind the dtype without a name is `non_blocking`, which is taken and not needed, and `copy`.
        """
        flags = [a for a in args if isinstance(a, builtins.bool)]
        copy = copy or flags[1:] == [True]
        for argument in args:
            if isinstance(argument, Tensor):
                dtype, device = argument.dtype, argument.device
            elif argument is None or isinstance(argument, bool):
                continue  # non_blocking
            elif isinstance(argument, str) and argument not in dtypes.NAMES:
                device = argument
            else:
                dtype = argument
        result = self if device is None else ops.creation.moved(self, device)
        if dtype is not None and dtypes.as_dtype(dtype) != result.dtype:
            result = ops.arithmetic.cast(result, dtype=dtype)
        if copy and result is self:
            result = ops.shape.clone(result)
        return result if memory_format is preserve_format else ops.shape.contiguous(result, memory_format=memory_format)

    def type(self: Any, dtype: Any) -> Tensor:
        """The tensor with another dtype."""
        return self.to(dtypes.as_dtype(dtype))

    def type_as(self: Any, other: Tensor) -> Tensor:
        """The tensor with the dtype of another."""
        if not isinstance(other, Tensor):
            raise TypeError(f"type_as: expected a tensor, got {type(other).__name__}")
        return self.to(other.dtype)

    def float(self: Any, memory_format: MemoryFormat = preserve_format) -> Tensor:
        """The tensor as float32."""
        return self.to(dtypes.float32, memory_format=memory_format)

    def double(self: Any, memory_format: MemoryFormat = preserve_format) -> Tensor:
        """The tensor as float64."""
        return self.to(dtypes.float64, memory_format=memory_format)

    def half(self: Any, memory_format: MemoryFormat = preserve_format) -> Tensor:
        """The tensor as float16."""
        return self.to(dtypes.float16, memory_format=memory_format)

    def cfloat(self: Any, memory_format: MemoryFormat = preserve_format) -> Tensor:
        """The tensor as complex64."""
        return self.to(dtypes.complex64, memory_format=memory_format)

    def cdouble(self: Any, memory_format: MemoryFormat = preserve_format) -> Tensor:
        """The tensor as complex128."""
        return self.to(dtypes.complex128, memory_format=memory_format)

    def chalf(self: Any) -> Tensor:
        """There is no such dtype in NumPy and CuPy.

        Raises:
            RuntimeError: always.
        """
        raise DtypeError("chalf: there are no complex numbers of half precision; use cfloat()")

    def char(self: Any) -> Tensor:
        """The tensor as int8."""
        return self.to(dtypes.int8)

    def byte(self: Any) -> Tensor:
        """The tensor as uint8."""
        return self.to(dtypes.uint8)

    def short(self: Any) -> Tensor:
        """The tensor as int16."""
        return self.to(dtypes.int16)

    def int(self: Any) -> Tensor:
        """The tensor as int32."""
        return self.to(dtypes.int32)

    def long(self: Any) -> Tensor:
        """The tensor as int64."""
        return self.to(dtypes.int64)

    def bool(self: Any) -> Tensor:
        """The tensor as bool: True where an element is not 0."""
        return self.to(dtypes.bool)

    def cpu(self: Any) -> Tensor:
        """The tensor in the host's memory (the NumPy backend); itself if it is there."""
        return ops.creation.moved(self, "cpu")

    def cuda(self: Any, device: Any = None) -> Tensor:
        """The tensor on a GPU (the CuPy backend): `cuda()`, `cuda(1)`, `cuda("cuda:1")`.

        Raises:
            BackendUnavailable: there is none; the message says what is missing.
        """
        if device is None:
            device = "cuda"
        return ops.creation.moved(self, f"cuda:{device}" if not isinstance(device, str) else device)

    def new_zeros(self: Any, *size: Any, **options: Any) -> Tensor:
        """0 everywhere, of this tensor's dtype and device unless given."""
        return ops.creation.zeros(*size, **{"dtype": self.dtype, "device": self.device, **options})

    def new_ones(self: Any, *size: Any, **options: Any) -> Tensor:
        """1 everywhere, of this tensor's dtype and device unless given."""
        return ops.creation.ones(*size, **{"dtype": self.dtype, "device": self.device, **options})

    def new_full(self: Any, size: Any, fill_value: Any, **options: Any) -> Tensor:
        """`fill_value` everywhere, of this tensor's dtype and device unless given."""
        return ops.creation.full(size, fill_value, **{"dtype": self.dtype, "device": self.device, **options})

    def new_tensor(self: Any, data: Any, **options: Any) -> Tensor:
        """A new tensor of this tensor's dtype and device unless given."""
        return ops.creation.tensor(data, **{"dtype": self.dtype, "device": self.device, **options})

    @property
    def T(self: Any) -> Tensor:
        """The dimensions in reverse order."""
        return ops.shape.permute(self, tuple(range(self.ndim))[::-1])

    @property
    def mT(self: Any) -> Tensor:
        """The last two dimensions exchanged."""
        return ops.shape.transpose(self, -2, -1)

    @property
    def H(self: Any) -> Tensor:
        """The conjugate transpose of a matrix.

        Raises:
            RuntimeError: it is none.
        """
        if self.ndim not in (0, 2):
            raise PlaceError(f"H: expected a matrix, got shape {self.shape}; mH is that of the last two dimensions")
        return ops.complex.adjoint(self)

    @property
    def mH(self: Any) -> Tensor:
        """The conjugate with its last two dimensions exchanged; see `adjoint`."""
        return ops.complex.adjoint(self)

    @property
    def real(self: Any) -> Tensor:
        """The real part, as a view; of a real tensor the tensor itself. What is assigned is copied into it."""
        return ops.complex.real(self)

    @real.setter
    def real(self: Any, value: Any) -> None:
        inplace.assign(ops.complex.real(self), ..., value, "real")

    @property
    def imag(self: Any) -> Tensor:
        """The imaginary part of a complex tensor, as a view. What is assigned is copied into it."""
        return ops.complex.imag(self)

    @imag.setter
    def imag(self: Any, value: Any) -> None:
        inplace.assign(ops.complex.imag(self), ..., value, "imag")

    # Arithmetic

    add = ops.arithmetic.add
    sub = ops.arithmetic.sub
    subtract = ops.arithmetic.sub
    true_divide = ops.arithmetic.div
    addcdiv = ops.arithmetic.addcdiv
    addcmul = ops.arithmetic.addcmul
    ceil = ops.arithmetic.ceil
    div = ops.arithmetic.div
    divide = ops.arithmetic.div
    fix = ops.arithmetic.trunc
    float_power = ops.arithmetic.float_power
    floor = ops.arithmetic.floor
    floor_divide = ops.arithmetic.floor_divide
    fmod = ops.arithmetic.fmod
    frac = ops.arithmetic.frac
    gcd = ops.arithmetic.gcd
    lcm = ops.arithmetic.lcm
    lerp = ops.arithmetic.lerp
    mul = ops.arithmetic.mul
    multiply = ops.arithmetic.mul
    neg = ops.arithmetic.neg
    negative = ops.arithmetic.neg
    positive = ops.arithmetic.positive
    pow = ops.arithmetic.pow
    remainder = ops.arithmetic.remainder
    round = ops.arithmetic.round
    square = ops.arithmetic.square
    trunc = ops.arithmetic.trunc

    # Comparison

    allclose = ops.comparison.allclose
    bitwise_and = ops.comparison.bitwise_and
    bitwise_left_shift = ops.comparison.bitwise_left_shift
    bitwise_not = ops.comparison.bitwise_not
    bitwise_or = ops.comparison.bitwise_or
    bitwise_right_shift = ops.comparison.bitwise_right_shift
    bitwise_xor = ops.comparison.bitwise_xor
    eq = ops.comparison.eq
    equal = ops.comparison.equal
    ge = ops.comparison.ge
    greater = ops.comparison.gt
    greater_equal = ops.comparison.ge
    gt = ops.comparison.gt
    isclose = ops.comparison.isclose
    isfinite = ops.comparison.isfinite
    isinf = ops.comparison.isinf
    isnan = ops.comparison.isnan
    isneginf = ops.comparison.isneginf
    isposinf = ops.comparison.isposinf
    le = ops.comparison.le
    less = ops.comparison.lt
    less_equal = ops.comparison.le
    logical_and = ops.comparison.logical_and
    logical_not = ops.comparison.logical_not
    logical_or = ops.comparison.logical_or
    logical_xor = ops.comparison.logical_xor
    lt = ops.comparison.lt
    ne = ops.comparison.ne
    not_equal = ops.comparison.ne

    # Complex numbers

    adjoint = ops.complex.adjoint
    angle = ops.complex.angle
    conj = ops.complex.conj
    conj_physical = ops.complex.conj_physical
    isreal = ops.complex.isreal
    resolve_conj = ops.complex.resolve_conj
    resolve_neg = ops.complex.resolve_neg
    sgn = ops.complex.sgn

    # Functions of one number

    abs = ops.elementwise.abs
    absolute = ops.elementwise.absolute
    acos = ops.elementwise.acos
    acosh = ops.elementwise.acosh
    arccos = ops.elementwise.arccos
    arccosh = ops.elementwise.arccosh
    arcsin = ops.elementwise.arcsin
    arcsinh = ops.elementwise.arcsinh
    arctan = ops.elementwise.arctan
    arctan2 = ops.elementwise.arctan2
    arctanh = ops.elementwise.arctanh
    asin = ops.elementwise.asin
    asinh = ops.elementwise.asinh
    atan = ops.elementwise.atan
    atan2 = ops.elementwise.atan2
    atanh = ops.elementwise.atanh
    clamp = ops.elementwise.clamp
    clamp_max = ops.elementwise.clamp_max
    clamp_min = ops.elementwise.clamp_min
    clip = ops.elementwise.clip
    cos = ops.elementwise.cos
    cosh = ops.elementwise.cosh
    deg2rad = ops.elementwise.deg2rad
    erf = ops.elementwise.erf
    erfc = ops.elementwise.erfc
    exp = ops.elementwise.exp
    exp2 = ops.elementwise.exp2
    expm1 = ops.elementwise.expm1
    fill = ops.elementwise.fill
    fmax = ops.elementwise.fmax
    fmin = ops.elementwise.fmin
    heaviside = ops.elementwise.heaviside
    hypot = ops.elementwise.hypot
    log = ops.elementwise.log
    log10 = ops.elementwise.log10
    log1p = ops.elementwise.log1p
    log2 = ops.elementwise.log2
    logaddexp = ops.elementwise.logaddexp
    logaddexp2 = ops.elementwise.logaddexp2
    maximum = ops.elementwise.maximum
    minimum = ops.elementwise.minimum
    nan_to_num = ops.elementwise.nan_to_num
    rad2deg = ops.elementwise.rad2deg
    reciprocal = ops.elementwise.reciprocal
    rsqrt = ops.elementwise.rsqrt
    sign = ops.elementwise.sign
    sin = ops.elementwise.sin
    sinh = ops.elementwise.sinh
    sqrt = ops.elementwise.sqrt
    tan = ops.elementwise.tan
    tanh = ops.elementwise.tanh
    relu = ops.activation.relu
    sigmoid = ops.activation.sigmoid
    i0 = _later("bessel", "i0")
    digamma = _later("gamma", "digamma")
    igamma = _later("gamma", "igamma")
    igammac = _later("gamma", "igammac")
    lgamma = _later("gamma", "lgamma")
    mvlgamma = _later("gamma", "mvlgamma")
    hardshrink = _later("piecewise", "hardshrink")
    prelu = _later("piecewise", "prelu")
    copysign = _later("representation", "copysign")
    frexp = _later("representation", "frexp")
    ldexp = _later("representation", "ldexp")
    nextafter = _later("representation", "nextafter")
    signbit = _later("representation", "signbit")
    sinc = _later("sinc", "sinc")
    erfinv = _later("special", "erfinv")
    logit = _later("special", "logit")
    xlogy = _later("special", "xlogy")

    def polygamma(self: Any, n: builtins.int) -> Tensor:
        """See `chainrule.polygamma`."""
        return import_module(".ops.gamma", __package__).polygamma(n, self)

    # Along dimensions

    all = ops.reduction.all
    any = ops.reduction.any
    count_nonzero = ops.reduction.count_nonzero
    mean = ops.reduction.mean
    nanmean = ops.reduction.nanmean
    nansum = ops.reduction.nansum
    prod = ops.reduction.prod
    std = ops.reduction.std
    sum = ops.reduction.sum
    var = ops.reduction.var
    amax = ops.extremum.amax
    amin = ops.extremum.amin
    aminmax = ops.extremum.aminmax
    argmax = ops.extremum.argmax
    argmin = ops.extremum.argmin
    max = ops.extremum.max
    min = ops.extremum.min
    dist = _later("distance", "dist")
    norm = ops.norm.norm
    renorm = ops.norm.renorm
    cumprod = ops.scan.cumprod
    cumsum = ops.scan.cumsum
    cummax = _later("running", "cummax")
    cummin = _later("running", "cummin")
    logcumsumexp = _later("running", "logcumsumexp")
    log_softmax = ops.softmax.log_softmax
    logsumexp = ops.softmax.logsumexp
    softmax = ops.softmax.softmax
    argsort = ops.sorting.argsort
    kthvalue = ops.sorting.kthvalue
    median = ops.sorting.median
    msort = ops.sorting.msort
    nanmedian = ops.sorting.nanmedian
    sort = ops.sorting.sort
    topk = ops.sorting.topk
    corrcoef = _later("statistics", "corrcoef")
    cov = _later("statistics", "cov")
    istft = _later("spectrogram", "istft")
    stft = _later("spectrogram", "stft")
    mode = _later("statistics", "mode")
    nanquantile = _later("statistics", "nanquantile")
    quantile = _later("statistics", "quantile")

    # Products of matrices

    addbmm = ops.matmul.addbmm
    addmm = ops.matmul.addmm
    addmv = ops.matmul.addmv
    addr = ops.matmul.addr
    baddbmm = ops.matmul.baddbmm
    bmm = ops.matmul.bmm
    dot = ops.matmul.dot
    matmul = ops.matmul.matmul
    mm = ops.matmul.mm
    mv = ops.matmul.mv
    ger = ops.matmul.outer
    outer = ops.matmul.outer
    vdot = ops.matmul.vdot
    inner = ops.einsum.inner

    # Linear algebra

    cholesky = _later("classic_linalg", "cholesky")
    lu = _later("classic_linalg", "lu")
    lu_solve = _later("classic_linalg", "lu_solve")
    pinverse = _later("classic_linalg", "pinverse")
    qr = _later("classic_linalg", "qr")
    svd = _later("classic_linalg", "svd")
    det = _later("determinant", "det")
    logdet = _later("determinant", "logdet")
    slogdet = _later("determinant", "slogdet")
    geqrf = _later("householder", "geqrf")
    orgqr = _later("householder", "orgqr")
    ormqr = _later("householder", "ormqr")
    matrix_exp = _later("matrix_function", "matrix_exp")
    matrix_power = _later("matrix_function", "matrix_power")
    cholesky_inverse = _later("solve", "cholesky_inverse")
    cholesky_solve = _later("solve", "cholesky_solve")
    inverse = _later("solve", "inverse")
    triangular_solve = _later("solve", "triangular_solve")

    # Shape

    broadcast_to = ops.shape.broadcast_to
    clone = ops.shape.clone
    contiguous = ops.shape.contiguous
    expand = ops.shape.expand
    expand_as = ops.shape.expand_as
    flatten = ops.shape.flatten
    moveaxis = ops.shape.moveaxis
    movedim = ops.shape.movedim
    permute = ops.shape.permute
    ravel = ops.shape.ravel
    reshape = ops.shape.reshape
    reshape_as = ops.shape.reshape_as
    squeeze = ops.shape.squeeze
    sum_to_size = ops.shape.sum_to_size
    swapaxes = ops.shape.swapaxes
    swapdims = ops.shape.swapdims
    t = ops.shape.t
    transpose = ops.shape.transpose
    unflatten = ops.shape.unflatten
    unsqueeze = ops.shape.unsqueeze
    view = ops.shape.view
    view_as = ops.shape.view_as
    chunk = ops.joining.chunk
    dsplit = ops.joining.dsplit
    hsplit = ops.joining.hsplit
    narrow = ops.joining.narrow
    select = ops.joining.select
    split = ops.joining.split
    split_with_sizes = ops.joining.split_with_sizes
    tensor_split = ops.joining.tensor_split
    unbind = ops.joining.unbind
    unsafe_chunk = ops.joining.unsafe_chunk
    unsafe_split = ops.joining.unsafe_split
    vsplit = ops.joining.vsplit
    diag = ops.rearrange.diag
    diag_embed = ops.rearrange.diag_embed
    diagflat = ops.rearrange.diagflat
    diagonal = ops.rearrange.diagonal
    flip = ops.rearrange.flip
    fliplr = ops.rearrange.fliplr
    flipud = ops.rearrange.flipud
    repeat = ops.rearrange.repeat
    repeat_interleave = ops.rearrange.repeat_interleave
    roll = ops.rearrange.roll
    rot90 = ops.rearrange.rot90
    tile = ops.rearrange.tile
    trace = ops.rearrange.trace
    tril = ops.rearrange.tril
    triu = ops.rearrange.triu
    unfold = ops.rearrange.unfold
    diff = _later("calculus", "diff")
    narrow_copy = _later("copies", "narrow_copy")
    bincount = _later("histogram", "bincount")
    histc = _later("histogram", "histc")
    histogram = _later("histogram", "histogram")
    nonzero_static = _later("counting", "nonzero_static")
    unique = _later("counting", "unique")
    unique_consecutive = _later("counting", "unique_consecutive")
    cross = _later("products", "cross")
    kron = _later("products", "kron")
    diagonal_scatter = _later("scatter", "diagonal_scatter")
    masked_scatter = _later("scatter", "masked_scatter")
    put = _later("scatter", "put")
    select_scatter = _later("scatter", "select_scatter")
    slice_scatter = _later("scatter", "slice_scatter")
    index_reduce = _later("scatter_reduce", "index_reduce")
    scatter_reduce = _later("scatter_reduce", "scatter_reduce")
    as_strided = _later("strided", "as_strided")
    as_strided_scatter = _later("strided", "as_strided_scatter")

    # Indexing

    argwhere = ops.indexing.argwhere
    gather = ops.indexing.gather
    index_add = ops.indexing.index_add
    index_copy = ops.indexing.index_copy
    index_fill = ops.indexing.index_fill
    index_put = ops.indexing.index_put
    index_select = ops.indexing.index_select
    masked_fill = ops.indexing.masked_fill
    masked_select = ops.indexing.masked_select
    nonzero = ops.indexing.nonzero
    scatter = ops.indexing.scatter
    scatter_add = ops.indexing.scatter_add
    take = ops.indexing.take
    take_along_dim = ops.indexing.take_along_dim

    def where(self: Any, condition: Any, other: Any) -> Tensor:
        """This tensor's elements where `condition` holds, those of `other` elsewhere."""
        return ops.indexing.where(condition, self, other)


def _attach() -> None:
    """Puts everything above on Tensor."""
    for name, value in (vars(InPlaceMethods) | vars(TensorMethods)).items():
        if name not in ("__module__", "__doc__", "__dict__", "__weakref__", "__hash__", "__qualname__"):
            setattr(Tensor, name, value)


_attach()
