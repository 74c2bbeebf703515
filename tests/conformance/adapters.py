"""Where the function of the same name is found, for the entries of the database that are not simply a function.

CALLS      entry -> how to call it here, where the database wraps PyTorch's function in one of its own
PROCESS    entry -> what is compared of the outputs, where PyTorch's choice is one of many (the sign of an eigenvector)
           and the sample's own function for that is written with `torch`
AROUND     entry, or entry and "complex" -> what is put around the call, there and here: PyTorch's own gradient tests
           do the same (`gradcheck_wrapper` in the database)
COARSE     entry -> what its gradients are compared within, and why
UNDEFINED  entry -> at which of its samples there is no second derivative
DISPUTED   entry -> in what PyTorch's gradient is not that of finite differences
ABSENT     entry -> why it is not here
REFUSED    entry -> why some samples raise here
ERRORS     entry -> why a call that raises in PyTorch does not here
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import chainrule as cr
from chainrule.autograd.ops.softmax import _softmax
from chainrule.nn.functional.attention import _safe_softmax


def _copy(running: Any) -> Any:
    """Running values, which change in place, as PyTorch's have before the comparison."""
    return None if running is None else running.clone()


def _mean_and_rstd(x: Any, dims: tuple[int, ...], eps: float, keepdim: bool = False) -> tuple[Any, Any]:
    """What PyTorch's native normalisations give beside their result."""
    return x.mean(dims, keepdim), (x.var(dims, keepdim=keepdim, correction=0) + eps).rsqrt()


def _batch_norm(x: Any, w: Any, b: Any, mean: Any, var: Any, training: bool, momentum: float, eps: float) -> Any:
    out = cr.nn.functional.batch_norm(x, _copy(mean), _copy(var), w, b, training, momentum, eps)
    if not training:
        return out, cr.zeros(0, dtype=x.dtype), cr.zeros(0, dtype=x.dtype)
    return out, *(t.detach() for t in _mean_and_rstd(x, (0, *range(2, x.ndim)), eps))


def _max_pool_backward(x: Any, return_indices: bool, **window: Any) -> Any:
    """The gradient for a cotangent of ones."""
    out, indices = cr.nn.functional.max_pool2d(x, return_indices=True, **window)
    window["stride"] = window["stride"] or window["kernel_size"]
    return cr.max_pool2d_with_indices_backward(cr.ones_like(out), x, **window, indices=indices)


CALLS: dict[str, Callable[..., Any]] = {
    "__getitem__": lambda x, *index: x[index if len(index) > 1 else index[0]],
    "__radd__": lambda x, other: other + x,
    "__rdiv__": lambda x, other: other / x,
    "__rmatmul__": lambda x, other: other @ x,
    "__rmod__": lambda x, other: other % x,
    "__rmul__": lambda x, other: other * x,
    "__rpow__": lambda x, other: other**x,
    "__rsub__": lambda x, other: other - x,
    "H": lambda x: x.H,
    "T": lambda x: x.T,
    "mH": lambda x: x.mH,
    "mT": lambda x: x.mT,
    "contiguous": lambda x, **kw: x.contiguous(**kw),
    "einsum": lambda operands, equation: cr.einsum(equation, *operands),
    "max_pool2d_with_indices_backward": _max_pool_backward,
    "meshgrid|variadic_tensors": lambda first, *rest, **kw: cr.meshgrid(first, *rest, **kw),
    "meshgrid|list_of_tensors": lambda tensors, **kw: cr.meshgrid(tensors, **kw),
    "normal|number_mean": lambda mean, std, *size, layout=None, **kw: cr.normal(mean, std, *size, **kw),
    "_segment_reduce|lengths": lambda x, *args, **kw: cr.segment_reduce(x, *args, **kw),
    "_segment_reduce|offsets": lambda x, *args, **kw: cr.segment_reduce(x, *args, **kw),
    "slice": lambda x, dim=0, start=None, end=None, step=1: x[(slice(None),) * dim + (slice(start, end, step),)],
    "where": lambda x, condition, other: cr.where(condition, x, other),
    "zero_": lambda x: x.clone().zero_(),
    **{name: attrgetter(f"Tensor.{name}")(cr) for name in ("cdouble", "cfloat", "double", "float", "half")},
    "polygamma": lambda x, n: cr.polygamma(n, x),
    "special.polygamma": lambda x, n: cr.special.polygamma(n, x),
    "fill": lambda x, value: cr.fill(x, value),
    "_batch_norm_with_update": lambda *args: (*_batch_norm(*args[:5], True, *args[5:]), cr.zeros(0, dtype=cr.uint8)),
    "_native_batch_norm_legit": lambda *args: _batch_norm(
        *args if len(args) == 8 else (*args[:3], None, None, *args[3:])
    ),
    "_softmax_backward_data": lambda g, out, dim, dtype: _softmax.op.formulas[0].function(g, out, dim),
    "native_batch_norm": lambda *args: _batch_norm(*args),
    "native_dropout_backward": lambda g, mask, scale: g * mask * scale,
    "native_group_norm": lambda x, w, b, n, c, size, groups, eps: (
        cr.nn.functional.group_norm(x, groups, w, b, eps),
        *_mean_and_rstd(x.reshape(n, groups, c // groups * size), (2,), eps),
    ),
    "native_layer_norm": lambda x, shape, w, b, eps: (
        cr.nn.functional.layer_norm(x, shape, w, b, eps),
        *(t.detach() for t in _mean_and_rstd(x, tuple(range(x.ndim - len(shape), x.ndim)), eps, keepdim=True)),
    ),
    "nn.functional.batch_norm": lambda x, mean, var, *args, **kw: cr.nn.functional.batch_norm(
        x, _copy(mean), _copy(var), *args, **kw
    ),
    # PyTorch's gradient is the one behind a log_softmax, which leaves log-probabilities as they are.
    "nn.functional.ctc_loss": lambda x, *args, **kw: cr.nn.functional.ctc_loss(x.log_softmax(-1), *args, **kw),
    "nn.functional.embedding": lambda weight, index, **kw: cr.nn.functional.embedding(index, weight, **kw),
    "nn.functional.embedding_bag": lambda weight, index, **kw: cr.nn.functional.embedding_bag(index, weight, **kw),
    "nn.functional.instance_norm": lambda x, running_mean=None, running_var=None, **kw: cr.nn.functional.instance_norm(
        x, _copy(running_mean), _copy(running_var), **kw
    ),
    "torch.ops.aten._safe_softmax.default": lambda x, dim: _safe_softmax(x, dim),
    # The distance given is PyTorch's pairwise_distance, as a module: the default.
    "nn.functional.triplet_margin_with_distance_loss": lambda *args, distance_function=None, **kw: (
        cr.nn.functional.triplet_margin_with_distance_loss(*args, **kw)
    ),
    "linalg.pinv|singular": lambda a, b: cr.linalg.pinv(a @ b.mT),
    "linalg.lstsq|grad_oriented": lambda a, b, driver: cr.linalg.lstsq(a, b, driver=driver)[:2],
    "pca_lowrank": lambda a, b, **kw: cr.pca_lowrank(a @ b.mT, **kw),
    "svd_lowrank": lambda a, b, **kw: cr.svd_lowrank(a @ b.mT, **kw),
}

PROCESS: dict[str, Callable[[Any], Any]] = {}

AROUND: dict[str, Callable[..., Any]] = {
    # The other triangle is not read, and yet PyTorch's gradient has numbers there.
    "cholesky_inverse": lambda call: lambda L, upper=False: call(L.triu() if upper else L.tril(), upper),
    "cholesky_solve": lambda call: lambda B, L, upper=False: call(B, L.triu() if upper else L.tril(), upper),
    # PyTorch's gradient has an imaginary part on the diagonal, which is real in the result.
    **{
        f"{name}, complex": lambda call: lambda A, **kw: call((A + A.mH) / 2, **kw)
        for name in ("cholesky", "linalg.cholesky", "linalg.cholesky_ex")
    },
}

COARSE: dict[str, tuple[float, str]] = {
    "nn.functional.hardsigmoid": (2e-8, "PyTorch multiplies by 1/6 in single precision"),
}

UNDEFINED: dict[str, str] = {
    "linalg.norm|subgradients_at_zero": "the gradient of a 3.5-norm has an infinite slope at zero",
    "masked.logaddexp": "where both inputs are masked out the result is minus infinity",
}
"""Entries with samples at which there is no second derivative: PyTorch has NaN, and something finite stands here."""

DISPUTED: dict[str, str] = {
    "as_strided_scatter": "PyTorch gives the input the gradient of what the source overwrote, and not that of the rest",
    "istft": "PyTorch gives a window that is complex, or shorter than a frame, the gradient 0",
    "nn.functional.linear_cross_entropy|chunked": "PyTorch's second gradient is 0; it documents none",
}
"""Entries for which PyTorch's gradient is not that of finite differences, with which the gradient here agrees: that is
checked for each sample that differs. They count as partial."""

ABSENT: dict[str, str] = {
    "bfloat16": "NumPy has no bfloat16",
    "chalf": "NumPy has no complex numbers of half precision",
    "sparse.mm|reduce": "there are no sparse tensors",
    "sparse.sampled_addmm": "there are no sparse tensors",
    "to_sparse": "there are no sparse tensors",
}

REFUSED: dict[str, str] = {
    "nn.functional.rms_norm": "complex numbers are refused: PyTorch takes the mean of their squares, not of magnitudes",
}
"""Entries some of whose samples raise here, and why."""

ERRORS: dict[str, str] = {
    "cat": "a tensor counts as the sequence of its rows, as in NumPy",
    "narrow_copy": "a dimension that does not exist raises IndexError, as everywhere",
}
"""Why a call that raises in PyTorch raises something else here, or nothing."""


def find(name: str) -> Callable[..., Any] | None:
    """The function for an entry; None if there is none here."""
    if name in ABSENT:
        return None
    plain = name.partition("|")[0]
    for known in (name, plain):
        if known in CALLS:
            return CALLS[known]
    for place in ("", "Tensor.", "nn.functional."):
        try:
            return attrgetter(place + plain)(cr)
        except (AttributeError, ModuleNotFoundError):
            continue
    return None
