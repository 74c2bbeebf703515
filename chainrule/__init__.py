"""chainrule: reverse-mode automatic differentiation in plain Python, on NumPy and CuPy arrays.

    import chainrule as cr

    x = cr.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    x.grad                      # tensor([2., 4.])

PyTorch's names with PyTorch's meaning; the documentation lists the differences.
"""

from __future__ import annotations

# `x as x` tells type checkers that a name is offered here, as `import *` does.
from math import e as e, inf as inf, nan as nan, pi as pi
from typing import TYPE_CHECKING, Any

# First, because NumPy, which `backends` imports, was measured to load 7 to 14 ms faster the fewer imports it is nested
# in.
from . import backends as backends  # isort: skip

from . import autograd as autograd, lazy as _lazy
from ._version import __version__ as __version__
from .autograd.memory_format import (
    channels_last as channels_last,
    channels_last_3d as channels_last_3d,
    contiguous_format as contiguous_format,
    preserve_format as preserve_format,
)
from .autograd.modes import (
    enable_grad as enable_grad,
    inference_mode as inference_mode,
    is_grad_enabled as is_grad_enabled,
    is_inference_mode_enabled as is_inference_mode_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from .autograd.ops.activation import *
from .autograd.ops.arithmetic import *
from .autograd.ops.comparison import *
from .autograd.ops.complex import *
from .autograd.ops.creation import *
from .autograd.ops.einsum import *
from .autograd.ops.elementwise import *
from .autograd.ops.extremum import *
from .autograd.ops.indexing import *
from .autograd.ops.joining import *
from .autograd.ops.matmul import *
from .autograd.ops.norm import *
from .autograd.ops.rearrange import *
from .autograd.ops.reduction import *
from .autograd.ops.scan import *
from .autograd.ops.shape import *
from .autograd.ops.softmax import *
from .autograd.ops.sorting import *
from .autograd.out import TAKERS as _TAKERS, offer_out as _offer_out
from .autograd.random import *
from .autograd.tensor import Device as _Device, Tensor as Tensor
from .backends import (
    BackendUnavailable as BackendUnavailable,
    ConfigError as ConfigError,
    MixedBackends as MixedBackends,
    are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled,
    available_backends as available_backends,
    get_backend as get_backend,
    get_default_dtype as get_default_dtype,
    is_deterministic_algorithms_warn_only_enabled as is_deterministic_algorithms_warn_only_enabled,
    register_backend as register_backend,
    set_backend as set_backend,
    set_default_dtype as set_default_dtype,
    use_backend as use_backend,
    use_deterministic_algorithms as use_deterministic_algorithms,
)
from .backends.dtypes import (
    bool as bool,
    cdouble as cdouble,
    cfloat as cfloat,
    complex64 as complex64,
    complex128 as complex128,
    double as double,
    float as float,
    float16 as float16,
    float32 as float32,
    float64 as float64,
    half as half,
    int as int,
    int8 as int8,
    int16 as int16,
    int32 as int32,
    int64 as int64,
    long as long,
    short as short,
    uint8 as uint8,
    uint16 as uint16,
    uint32 as uint32,
    uint64 as uint64,
)

device = _Device
subtract, multiply, divide, true_divide, negative, fix = sub, mul, div, div, neg, trunc
greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne

_offer_out(globals(), [name for name in _TAKERS if name in globals()], __name__)

if TYPE_CHECKING:
    from . import cuda as cuda, data as data, nn as nn, optim as optim, viz as viz
    from .storage import load as load, save as save
    from .viz import visualize as visualize


def _paint(*args: Any) -> Any:
    from .viz.draw import paint

    return paint(*args)


autograd.modes.paint = _paint


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _lazy.PARTS:
        return import_module(f".{name}", __name__)
    if name in _lazy.NAMES:
        globals()[name] = getattr(import_module(f".{_lazy.NAMES[name]}", __name__), name)
        _offer_out(globals(), {name}.intersection(_TAKERS), __name__)
        return globals()[name]
    raise AttributeError(f"module 'chainrule' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_lazy.PARTS, *_lazy.NAMES})
