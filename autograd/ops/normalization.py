"""Normalisation of a network's activations: over the batch, a group of channels, a channel; and by the neighbouring
channels.

The first three are one computation. The input is read in the shape (A, B, K) or (A, B, K, S), in which the weight and
the bias have shape (B, K), and the mean and the variance are taken over A and S (batch) or over K and S (the others).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...backends import Array, backend_of
from .. import inplace
from ..errors import ShapeError
from ..op import OpCall, op
from ..tensor import Tensor
from .arithmetic import cast, sum_to
from .dims import reduced_size, sizes_of
from .elementwise import rsqrt
from .layer_norm import expect_floating, expect_sizes, wide
from .padding import pad
from .rearrange import unfold
from .reduction import average, mean as mean_of
from .shape import reshape

Shape = tuple[int, ...]


def _affine_shape(shape: Shape) -> Shape:
    """The shape in which a weight or bias broadcasts with an input read in `shape`."""
    return shape[1:3] + (1,) * (len(shape) - 3)


def _affine(weight: Any, shape: Shape) -> Any:
    return reshape(weight, _affine_shape(shape))


def _even(dims: Shape) -> Shape:
    """Those of the dimensions along which the weight is the same."""
    return tuple([d for d in dims if d != 2])


def _sum(xp: Any, x: Array, dims: Shape) -> Array:
    """The sum over dimensions, which stay with size 1: in double precision but for the last one, since NumPy adds up
    the others one after the other."""
    if x.ndim - 1 in dims:
        x, dims = xp.add.reduce(x, x.ndim - 1, None, None, True), dims[:-1]
    return xp.add.reduce(x, dims, xp.float64, None, True).astype(x.dtype, copy=False) if dims else x


def _products(xp: Any, a: Array, b: Array, dims: Shape) -> Array:
    """`_sum` of `a * b`. Along the last dimension it is a product of matrices, which needs no memory for `a * b`."""
    if a.ndim - 1 not in dims:
        return _sum(xp, a * b, dims)
    return _sum(xp, xp.matmul(a[..., None, :], b[..., None])[..., 0], dims[:-1])


def _forward(
    xp: Any, x: Array, weight: Array | None = None, bias: Array | None = None, *, shape: Shape, dims: Shape, eps: float
) -> tuple[Array, Array, Array]:
    values = wide(x).reshape(shape)
    n = max(reduced_size(shape, dims), 1)
    mean = _sum(xp, values, dims) / n
    out = values - mean
    rstd = 1 / xp.sqrt(_products(xp, out, out, dims) / n + eps)
    out *= rstd if weight is None else rstd * _affine(weight, shape)
    if bias is not None:
        out += _affine(bias, shape)
    return out.reshape(x.shape).astype(x.dtype, copy=False), mean, rstd


def _vjp(
    g: tuple[Any, Any, Any], needs: tuple[bool, ...], x: Any, weight: Any, mean: Any, rstd: Any, weight_shape: Shape,
    bias_shape: Shape, shape: Shape, dims: Shape,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """With `y = (x - mean) * rstd`, the weight w and means over what is normalised, the cotangent of x is
    `rstd * (g * w - mean(g * w) - y * mean(g * w * y))` (Ioffe and Szegedy 2015), and what comes through the outputs
    `mean` and `rstd` themselves."""
    to_x, to_weight, to_bias = (_recorded if isinstance(g[0], Tensor) else _summed)(
        g, needs, x, weight, mean, rstd, shape, dims
    )
    return (
        None if to_x is None else reshape(to_x, x.shape),
        None if to_weight is None else reshape(sum_to(to_weight, shape=_affine_shape(shape)), weight_shape),
        None if to_bias is None else reshape(sum_to(to_bias, shape=_affine_shape(shape)), bias_shape),
    )


def _recorded(
    g: tuple[Any, Any, Any], needs: tuple[bool, ...], x: Any, weight: Any, mean: Any, rstd: Any, shape: Shape,
    dims: Shape,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The formula as it is written, of differentiable ops."""
    n = max(reduced_size(shape, dims), 1)
    y = (reshape(wide(x), shape) - mean) * rstd
    cotangent = reshape(wide(g[0]), shape)
    weighted = cotangent if weight is None else cotangent * _affine(weight, shape)
    along = average(weighted * y, dims=dims, keepdim=True) + rstd * g[2] / n
    to_x = (weighted - average(weighted, dims=dims, keepdim=True) - y * along) * rstd + g[1] / n
    return to_x, cotangent * y if needs[1] else None, cotangent if needs[2] else None


def _summed(
    g: tuple[Any, Any, Any], needs: tuple[bool, ...], x: Any, weight: Any, mean: Any, rstd: Any, shape: Shape,
    dims: Shape,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The formula on arrays, with few large ones: sums are taken first over what has one weight, and what follows from
    them is small."""
    xp = backend_of(x).xp
    n = max(reduced_size(shape, dims), 1)
    cotangent, away = wide(g[0]).reshape(shape), wide(x).reshape(shape) - mean
    w = 1 if weight is None else _affine(weight, shape)
    even = _even(dims)
    product, total = _products(xp, cotangent, away, even), _sum(xp, cotangent, even)
    to_weight, to_bias = product * rstd if needs[1] else None, total if needs[2] else None
    if not needs[0]:
        return None, to_weight, to_bias
    product, total = product * w, total * w
    if 2 in dims:
        product, total = _sum(xp, product, (2,)), _sum(xp, total, (2,))
    away *= rstd**3 * (product + g[2]) * (-1 / n)
    away += (g[1] - rstd * total) / n
    away += cotangent * (rstd * w)
    return away, to_weight, to_bias


def _declared(name: str) -> OpCall:
    return op(name, _forward, vjp=_vjp, outputs=("out", "mean", "rstd"), flops=lambda out, x, *_: 6 * math.prod(x))


_batch_norm, _group_norm, _instance_norm = (_declared(name) for name in ("batch_norm", "group_norm", "instance_norm"))


# The arguments


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """`(x - mean) / sqrt(var + eps) * weight + bias`, with the mean and the variance (without correction) of each
    sample over a group of its channels (Wu and He 2018).

    Args:
        input: of shape (N, C, ...).
        num_groups: how many groups the C channels make.
        weight, bias: of shape (C,), or None.
        eps: added to the variance.

    Raises:
        DtypeError: the input is not floating.
        ShapeError: the shapes do not fit, or the channels do not make so many groups.
        ValueError: there is one group of one element alone, whose variance is 0.
    """
    shape = expect_floating("group_norm", input, 2)
    if num_groups < 1 or shape[1] % num_groups:
        raise ShapeError(f"group_norm: the channels of an input of shape {shape} do not make {num_groups} equal groups")
    expect_sizes("group_norm", shape[1:2], weight=weight, bias=bias)
    if math.prod(shape) == num_groups:
        raise ValueError(f"group_norm: of the one element per group of an input of shape {shape} there is no variance")
    return _by_group(_group_norm, input, num_groups, weight, bias, eps)


def _by_group(function: OpCall, input: Any, groups: int, weight: Any, bias: Any, eps: float) -> Any:
    samples, channels, *rest = input.shape
    shape = (samples, groups, channels // groups, math.prod(rest))
    return function(input, weight, bias, shape=shape, dims=(2, 3), eps=eps)[0]


def batch_norm(
    input: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """`(x - mean) / sqrt(var + eps) * weight + bias` of each channel (Ioffe and Szegedy 2015).

    Args:
        input: of shape (N, C, ...).
        running_mean, running_var: of shape (C,), or None. While training they move towards the mean and the variance
            (with Bessel's correction) of the batch, by `momentum` of the way, in place; else they are used.
        weight, bias: of shape (C,), or None.
        training: whether to use the mean and the variance (without correction) of the batch.
        eps: added to the variance.

    Raises:
        DtypeError: the input is not floating.
        RuntimeError: there are no running values, and `training` is False.
        ShapeError: the shapes do not fit.
        ValueError: while training, a channel has one element alone, or `eps` is not positive.
    """
    return _with_running("batch_norm", _batch, input, running_mean, running_var, weight, bias, training, momentum, eps)


def _batch(input: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any, int]:
    samples, channels, *rest = input.shape
    each = math.prod(rest)
    shape: Shape = (samples, channels, 1) if each == 1 else (samples, channels, 1, each)
    dims: Shape = (0,) if each == 1 else (0, 3)
    return (*_batch_norm(input, weight, bias, shape=shape, dims=dims, eps=eps), reduced_size(shape, dims))


def instance_norm(
    input: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None,
    use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Any:  # fmt: skip
    """`batch_norm` of each sample by itself (Ulyanov et al. 2016). The running values move towards the mean over the
    samples.

    Args:
        use_input_stats: whether to use the mean and the variance of the input; what `training` is for `batch_norm`.

    Other arguments and errors are those of `batch_norm`.
    """
    return _with_running(
        "instance_norm", _instance, input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def _instance(input: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any, int]:
    samples, channels, *rest = input.shape
    shape = (samples, channels, 1, math.prod(rest))
    return (*_instance_norm(input, weight, bias, shape=shape, dims=(2, 3), eps=eps), shape[3])


def _with_running(
    name: str, normalise: Callable[..., Any], input: Any, running_mean: Any, running_var: Any, weight: Any, bias: Any,
    training: bool, momentum: float, eps: float,
) -> Any:  # fmt: skip
    if sizes_of(name, input) == (0,):  # PyTorch takes it for a batch of nothing
        return input * 1
    shape = expect_floating(name, input, 2)
    expect_sizes(name, shape[1:2], running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                f"{name}: without the input's own mean and variance, it needs running_mean and running_var"
            )
        return _by_channel(input, running_mean, running_var, weight, bias, eps)
    each = math.prod(shape[2:]) * (shape[0] if name == "batch_norm" else 1)
    if each == 1:
        raise ValueError(f"{name}: of the one element per channel of an input of shape {shape} there is no variance")
    if not eps > 0:
        raise ValueError(f"{name}: eps must be positive, got {eps}")
    out, mean, rstd, n = normalise(input, weight, bias, eps)
    if running_mean is not None:
        _move(running_mean, mean, momentum, name)
    if running_var is not None:
        found = rstd._array if isinstance(rstd, Tensor) else rstd
        _move(running_var, (1 / (found * found) - eps) * (n / max(n - 1, 1)), momentum, name)
    return out


def _by_channel(input: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    """Normalised by a mean and a variance that are given."""
    along = (1, -1) + (1,) * (input.ndim - 2)
    scale = rsqrt(wide(var) + eps) if weight is None else rsqrt(wide(var) + eps) * weight
    out = (wide(input) - reshape(mean, along)) * reshape(scale, along)
    out = out if bias is None else out + reshape(bias, along)
    return out if out.dtype == input.dtype else cast(out, dtype=input.dtype)


def _move(running: Any, towards: Any, momentum: float, name: str) -> None:
    """Moves a running value by `momentum` of the way, in place, outside any graph."""
    target: Array = running._array if isinstance(running, Tensor) else running
    found: Array = towards._array if isinstance(towards, Tensor) else towards
    found = found.reshape((-1, target.shape[0])).mean(axis=0)
    inplace.write(target, ..., target * (1 - momentum) + found * momentum, name)


# By neighbouring channels


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    """`x / (k + alpha * mean(x ** 2)) ** beta`, with the mean over `size` neighbouring channels, of which those that
    do not exist count as 0 (Krizhevsky et al. 2012).

    Args:
        input: of shape (N, C, L, ...).

    Raises:
        ValueError: the input has fewer than three dimensions, or the size is not positive.
    """
    shape = sizes_of("local_response_norm", input)
    if len(shape) < 3 or size < 1:
        raise ValueError(f"local_response_norm: expected shape (N, C, L, ...), a size above 0, got {shape} and {size}")
    if 0 in shape:
        return input
    padded = pad(input * input, (0, 0) * (len(shape) - 2) + (size // 2, (size - 1) // 2))
    return input / (mean_of(unfold(padded, 1, size, 1), -1) * alpha + k) ** beta


__all__ = ["batch_norm", "group_norm", "instance_norm", "local_response_norm"]
