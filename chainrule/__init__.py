"""chainrule: reverse-mode automatic differentiation in plain Python, on NumPy and CuPy arrays.

    import chainrule as cr

    x = cr.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    x.grad                      # tensor([2., 4.])

PyTorch's names with PyTorch's meaning; the documentation lists the differences.
"""

from __future__ import annotations

from math import e, inf, nan, pi
from typing import TYPE_CHECKING, Any

from . import autograd, backends
from ._version import __version__
from .autograd.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .autograd.ops.activation import *
from .autograd.ops.arithmetic import *
from .autograd.ops.comparison import *
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
from .autograd.random import *
from .autograd.tensor import Device as device
from .autograd.tensor import Tensor
from .backends import (
    BackendUnavailable,
    ConfigError,
    MixedBackends,
    available_backends,
    get_backend,
    get_default_dtype,
    register_backend,
    set_backend,
    set_default_dtype,
    use_backend,
)
from .backends.dtypes import (
    bool,
    complex64,
    complex128,
    double,
    float,
    float16,
    float32,
    float64,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    short,
    uint8,
    uint16,
    uint32,
    uint64,
)

subtract, multiply, divide, true_divide, negative = sub, mul, div, div, neg  # noqa: F405

if TYPE_CHECKING:
    from . import data, nn, optim, viz
    from .storage import load, save
    from .viz import visualize

_LAZY_PARTS = {"data", "nn", "optim", "viz"}
_LAZY_NAMES = {"load": "storage", "save": "storage", "visualize": "viz"}


def __getattr__(name: str) -> Any:
    """Loads a part of the package when it is first used, so that `import chainrule` costs little."""
    from importlib import import_module

    if name in _LAZY_PARTS:
        return import_module(f".{name}", __name__)
    if name in _LAZY_NAMES:
        value = getattr(import_module(f".{_LAZY_NAMES[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'chainrule' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY_PARTS, *_LAZY_NAMES})
