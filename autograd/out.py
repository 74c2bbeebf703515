"""`out=`: the result of a function is stored in tensors that the caller gives.

The ops take it by themselves. A public function that is written in terms of ops is given it by `offer_out`, at the face
of the package: inside, and as a method of a tensor, the function itself is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

from ..backends import use_backend
from .inplace import rank, refuse_overlap, write
from .modes import current
from .tensor import Tensor

_EXACT = frozenset(
    "amax amin aminmax cat complex concat concatenate gather index_select kthvalue masked_select polar take".split()
)
"""Functions whose `out=` must have the result's dtype, as in PyTorch; elsewhere it need only be able to hold it."""

_APART = frozenset("bernoulli cat concat concatenate gather index_select kthvalue masked_select take".split())
"""Functions whose `out=` must not lie in the memory of an argument, as in PyTorch."""


_CREATION = frozenset("arange empty eye full linspace logspace ones rand randint randn randperm zeros".split())
"""Functions of numbers alone, which take dtype and device from `out=`."""

TAKERS = (
    "add addbmm addcdiv addcmul addmm addmv addr alias_copy all amax amin aminmax any arange argmax argmin argsort "
    "as_strided_copy baddbmm bernoulli bmm bucketize cat chain_matmul cholesky cholesky_inverse cholesky_solve clamp "
    "clamp_max clamp_min clip column_stack complex concat concatenate conj_physical cross cummax cummin cumprod cumsum "
    "diag diagonal_copy diff div divide dot dstack empty expand_copy eye float_power frac frexp full gather geqrf "
    "hardshrink histc histogram hstack i0 index_add index_copy index_reduce index_select inner inverse isin kron "
    "kthvalue ldexp lerp linspace log_softmax logcumsumexp logit logspace logsumexp lu_solve lu_unpack masked_select "
    "matrix_power max mean median min mm mode msort mv mvlgamma nan_to_num nanmean nanmedian nanquantile nansum "
    "narrow_copy nonzero nonzero_static norm normal ones ormqr outer permute_copy polar polygamma pow prod qr quantile "
    "rand randint randn randperm renorm round row_stack scatter scatter_add scatter_reduce searchsorted select_copy "
    "sinc slice_copy slice_scatter slogdet softmax sort split_copy split_with_sizes_copy squeeze_copy stack std sub "
    "subtract sum svd t_copy take take_along_dim tensordot threshold topk transpose_copy triangular_solve tril triu "
    "true_divide unbind_copy unfold_copy unsqueeze_copy var vdot view_copy vstack where zeros"
).split()
"""The public functions of `cr` that PyTorch gives an `out=`, but for the ops."""


def store(out: Any, name: str, result: Any) -> Any:
    """What `out=` of a function does: `out` gets the values of `result`, outside any graph, and is returned.

    Args:
        out: a tensor of the result's shape, or with no elements (then it takes the result's array); a tuple of them
            for several results.

    Raises:
        TypeError: it is no tensor.
        RuntimeError: a gradient would flow through it, it has another shape, a dtype that cannot hold the result, or is
            on another device. Nothing is written then.
        ValueError: there are more or fewer of them than results.
    """
    single = isinstance(result, Tensor)
    if not single and (not isinstance(out, (tuple, list)) or len(out) != len(result)):
        got = f"{len(out)}" if isinstance(out, (tuple, list)) else type(out).__name__
        raise ValueError(f"{name}: out must be a tuple of {len(result)} tensors, got {got}")
    pairs = [(out, result)] if single else list(zip(out, result, strict=True))
    for target, value in pairs:
        if not isinstance(target, Tensor):
            raise TypeError(f"{name}: out must be a tensor, got {type(target).__name__}")
        if current().grad and (value._requires or target._requires):
            raise RuntimeError(
                f"{name}: out= cannot be differentiated through, and an argument requires a gradient; leave out= away, "
                f"or call it under `with cr.no_grad():`"
            )
        if target.shape != value.shape and target.numel():
            raise RuntimeError(
                f"{name}: the result has shape {value.shape}, out has {target.shape}; give an out of that shape, or "
                f"one without elements"
            )
        if rank(value.dtype) > rank(target.dtype) or (name in _EXACT and value.dtype != target.dtype):
            raise RuntimeError(f"{name}: a {value.dtype} result cannot be stored in an out of {target.dtype}")
        if value.backend is not target.backend:
            raise RuntimeError(f"{name}: the result is on {value.device}, out on {target.device}")
        refuse_overlap(target._array, name)
    for target, value in pairs:
        if target.shape == value.shape:
            write(target._array, ..., value._array, name)
        else:
            target.data = value.to(target.dtype)
    return type(result)(*out) if hasattr(result, "_fields") else out


def _refuse_shared(name: str, out: Any, given: Iterable[Any]) -> None:
    """Raises where `out` lies in the memory of an argument."""
    written = [t for t in (out if isinstance(out, (tuple, list)) else (out,)) if isinstance(t, Tensor) and t.numel()]
    owners = {id(t.backend.owner(t._array)) for t in written}
    for argument in given:
        if isinstance(argument, (tuple, list)):
            _refuse_shared(name, out, argument)
        elif isinstance(argument, Tensor) and id(argument.backend.owner(argument._array)) in owners:
            raise RuntimeError(f"{name}: out lies in the memory of an argument; give one of its own")


def offer_out(namespace: dict[str, Any], names: Iterable[str], module: str) -> None:
    """Has the functions `names` in `namespace` take `out=`. Those that do already stay what they are."""
    for name in names:
        function = namespace[name]
        if isinstance(function, FunctionType) and not hasattr(function, "op"):
            namespace[name] = with_out(function, name, module)


def with_out(function: FunctionType, name: str, module: str) -> Callable[..., Any]:
    """`function` with one more parameter, `out=None`. What is generated costs one call of a Python function; it is
    generated when it is first called, since making all of them would take longer than the rest of the import."""
    code = function.__code__
    if "out" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        return function
    scope = {"FUNCTION": function, "NAME": name, "complete": _complete, "finish": _finish}
    made = FunctionType(_first.__code__, scope, name)
    made.__kwdefaults__ = {"out": None}
    scope["SELF"] = made
    made.__module__, made.__qualname__, made.__doc__ = module, name, function.__doc__
    made.__wrapped__ = function  # type: ignore[attr-defined]
    return made


def _first(*args: Any, out: Any = None, **kwargs: Any) -> Any:
    """The body until the first call."""
    return complete(SELF, FUNCTION)(*args, out=out, **kwargs)  # type: ignore[name-defined]  # noqa: F821


def _finish(out: Any, name: str, function: FunctionType, /, *args: Any, **kwargs: Any) -> Any:
    """What the generated body does with an `out`."""
    if name in _APART:
        _refuse_shared(name, out, (*args, *kwargs.values()))
    if name not in _CREATION or not isinstance(out, Tensor):
        return store(out, name, function(*args, **kwargs))
    if kwargs["dtype"] is None:
        kwargs["dtype"] = out.dtype
    with use_backend(out.backend.name):
        return store(out, name, function(*args, **kwargs))


def _complete(made: Any, function: FunctionType) -> Any:
    """Gives `made` the parameters of `function` and a body that passes them on."""
    parameters = inspect.signature(function).parameters.values()
    kinds = inspect.Parameter
    given, passed, defaults, keyword_defaults = [], [], [], {"out": None}
    bare = False  # whether the parameters have passed `*`
    for p in parameters:
        if p.kind is kinds.KEYWORD_ONLY and not bare:
            given.append("*")
            bare = True
        star = "*" if p.kind is kinds.VAR_POSITIONAL else "**" if p.kind is kinds.VAR_KEYWORD else ""
        bare = bare or p.kind is kinds.VAR_POSITIONAL
        if p.kind is kinds.VAR_KEYWORD:
            given += ["out=None"] if bare else ["*", "out=None"]
        default = "" if p.default is kinds.empty else "=None"
        given.append(f"{star}{p.name}{default}")
        passed.append(f"{p.name}={p.name}" if p.kind is kinds.KEYWORD_ONLY else f"{star}{p.name}")
        if default and p.kind is kinds.KEYWORD_ONLY:
            keyword_defaults[p.name] = p.default
        elif default:
            defaults.append(p.default)
    if "out=None" not in given:
        given += ["out=None"] if bare else ["*", "out=None"]
    call = f"FUNCTION({', '.join(passed)})"
    source = (
        f"def made({', '.join(given)}):\n"
        f"    if out is None:\n        return {call}\n"
        f"    return finish(out, NAME, FUNCTION, {', '.join(passed)})\n"
    )
    scope: dict[str, Any] = {}
    exec(source, scope)
    made.__defaults__, made.__kwdefaults__ = tuple(defaults), keyword_defaults
    made.__code__ = scope["made"].__code__
    return made
