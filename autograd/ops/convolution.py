"""Convolutions in one, two and three dimensions, and transposed ones.

There are three ops, one for each of the things that a convolution relates: its output, its input and its kernel. Each
is linear in both arguments, and the derivatives are the other two, so they are differentiable to any order. What they
compute stands in backends/convolution.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ...backends import Array
from ...backends.convolution import convolution, convolution_input, convolution_weight
from ...backends.windows import Window
from ..op import op
from .dims import integer, sizes_of
from .reduction import add_up
from .shape import reshape, squeeze, unsqueeze
from .windows import per_dimension


def _flops(out: tuple[int, ...], x: tuple[int, ...], weight: tuple[int, ...], *bias: tuple[int, ...]) -> int:
    return prod(out) * (2 * prod(weight[1:]) + len(bias))


def _biased(xp: Any, x: Array, weight: Array, bias: Array, *, counts: Any, window: Window, groups: int) -> Array:
    out = convolution(xp, x, weight, counts, window, groups)
    out += bias.reshape((-1,) + (1,) * len(counts))
    return out


def _towards_input(g: Any, weight: Any, x_shape: tuple[int, ...], window: Window, groups: int) -> Any:
    return _input_of(g, weight, sizes=x_shape[2:], window=window, groups=groups)


def _towards_weight(g: Any, x: Any, weight_shape: tuple[int, ...], window: Window, groups: int) -> Any:
    return _weight_of(x, g, kernel=weight_shape[2:], window=window, groups=groups)


def _towards_bias(g: Any) -> Any:
    return add_up(g, dims=(0, *range(2, g.ndim)), keepdim=False)


_output_of = op(
    "convolution",
    lambda xp, x, weight, *, counts, window, groups: convolution(xp, x, weight, counts, window, groups),
    vjp=(_towards_input, _towards_weight),
    multilinear=True,
    flops=_flops,
)
_output_with_bias = op("convolution", _biased, vjp=(_towards_input, _towards_weight, _towards_bias), flops=_flops)
_input_of = op(
    "convolution_input",
    lambda xp, y, weight, *, sizes, window, groups: convolution_input(xp, y, weight, sizes, window, groups),
    vjp=(
        lambda g, weight, y_shape, window, groups: _output_of(
            g, weight, counts=y_shape[2:], window=window, groups=groups
        ),
        lambda g, y, weight_shape, window, groups: _weight_of(
            g, y, kernel=weight_shape[2:], window=window, groups=groups
        ),
    ),
    multilinear=True,
    flops=lambda out, y, weight: 2 * prod(y) * prod(weight[1:]),
)
_weight_of = op(
    "convolution_weight",
    lambda xp, x, y, *, kernel, window, groups: convolution_weight(xp, x, y, kernel, window, groups),
    vjp=(
        lambda g, y, x_shape, window, groups: _input_of(y, g, sizes=x_shape[2:], window=window, groups=groups),
        lambda g, x, y_shape, window, groups: _output_of(x, g, counts=y_shape[2:], window=window, groups=groups),
    ),
    multilinear=True,
    flops=lambda out, x, y: 2 * prod(y) * prod(out[1:]),
)


# The arguments, checked


def _checked(
    function: str, dims: int, input: Any, weight: Any, bias: Any, groups: Any, transposed: bool
) -> tuple[Any, bool, int]:
    """The input as a batch, whether it was one, and the groups."""
    shape, w_shape = sizes_of(function, input), sizes_of(function, weight)
    groups = integer(function, "groups", groups)
    if len(w_shape) != dims + 2 or len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"{function}: expected a weight with {dims + 2} dimensions and an input with as many, or one less "
            f"without a batch, got shapes {w_shape} and {shape}"
        )
    channels, outputs = shape[-dims - 1], w_shape[1] * groups if transposed else w_shape[0]
    expected = w_shape[0] if transposed else w_shape[1] * groups
    if groups < 1 or expected != channels or w_shape[0] % groups:
        raise RuntimeError(
            f"{function}: with groups={groups} a weight of shape {w_shape} takes {expected} channels, in equal parts; "
            f"the input of shape {shape} has {channels}"
        )
    if 0 in w_shape:
        raise RuntimeError(f"{function}: the weight has no elements, its shape is {w_shape}")
    if bias is not None and sizes_of(function, bias) != (outputs,):
        raise RuntimeError(f"{function}: expected a bias of shape ({outputs},), got {sizes_of(function, bias)}")
    kinds = {t.dtype for t in (input, weight, bias) if t is not None}
    if len(kinds) > 1:
        raise RuntimeError(
            f"{function}: input, weight and bias must have the same dtype, got {', '.join(sorted(map(str, kinds)))}; "
            f"convert with .to(dtype)"
        )
    return (input, True, groups) if len(shape) == dims + 2 else (unsqueeze(input, 0), False, groups)


def _convolve(
    dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Any:
    name = f"conv{dims}d"
    x, batched, groups = _checked(name, dims, input, weight, bias, groups, False)
    sizes, kernel = x.shape[2:], weight.shape[2:]
    stride = per_dimension(name, "stride", stride, dims, 1)
    dilation = per_dimension(name, "dilation", dilation, dims, 1)
    reach = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"{name}: padding must be 'same', 'valid' or numbers, got {padding!r}")
        if padding == "same" and max(stride) > 1:
            raise RuntimeError(f"{name}: padding='same' needs a stride of 1, got {stride}")
        around = reach if padding == "same" else [0] * dims
        before = tuple([r // 2 for r in around])  # an odd element more goes behind
    else:
        before = per_dimension(name, "padding", padding, dims, 0)
        around = [2 * p for p in before]
    room = [size + more - r for size, more, r in zip(sizes, around, reach, strict=True)]
    if min(room) < 1:
        raise RuntimeError(
            f"{name}: a kernel of {tuple(kernel)} with dilation {dilation} does not fit an input of {tuple(sizes)} "
            f"with padding {padding!r}"
        )
    counts = tuple([(r - 1) // s + 1 for r, s in zip(room, stride, strict=True)])
    window = Window(stride, before, dilation)
    if bias is None:
        out = _output_of(x, weight, counts=counts, window=window, groups=groups)
    else:
        out = _output_with_bias(x, weight, bias, counts=counts, window=window, groups=groups)
    return out if batched else squeeze(out, 0)


def _convolve_transposed(
    dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, output_padding: Any, groups: Any,
    dilation: Any,
) -> Any:  # fmt: skip
    name = f"conv_transpose{dims}d"
    x, batched, groups = _checked(name, dims, input, weight, bias, groups, True)
    window = Window(
        per_dimension(name, "stride", stride, dims, 1),
        per_dimension(name, "padding", padding, dims, 0),
        per_dimension(name, "dilation", dilation, dims, 1),
    )
    more = per_dimension(name, "output_padding", output_padding, dims, 0)
    if any(m >= max(s, d) for m, s, d in zip(more, window.stride, window.dilation, strict=True)):
        raise RuntimeError(f"{name}: output_padding {more} must be smaller than the stride or the dilation, {window}")
    sizes = tuple([
        (n - 1) * s - 2 * p + d * (k - 1) + m + 1
        for n, k, m, s, p, d in zip(x.shape[2:], weight.shape[2:], more, *window, strict=True)
    ])  # fmt: skip
    if min(sizes) < 1:
        raise RuntimeError(f"{name}: padding {window.padding} leaves nothing, the output would have sizes {sizes}")
    out = _input_of(x, weight, sizes=sizes, window=window, groups=groups)
    if bias is not None:
        out = out + reshape(bias, (-1,) + (1,) * dims)
    return out if batched else squeeze(out, 0)


# The public functions

Numbers = int | Sequence[int]

_CONVOLVES = """A convolution over {dims} (as everywhere in deep learning, without turning the kernel round).

    Args:
        input: (batch, channels, {sizes}), or without the batch.
        weight: (outputs, channels / groups, {kernel}).
        bias: (outputs,), or None.
        stride: steps between windows; an int, or one for each dimension, as the following.
        padding: zeros around the input; or `"same"`, as many as keep its sizes, or `"valid"`, none.
        dilation: steps between the elements of a window.
        groups: parts into which the channels are cut, each seen by its part of the outputs.

    Raises:
        RuntimeError: shapes, dtypes or numbers do not fit together.
    """

_TRANSPOSES = """A transposed convolution over {dims}: the gradient of a convolution with respect to its input, and
    so a map from its outputs to its inputs.

    Args:
        input: (batch, channels, {sizes}), or without the batch.
        weight: (channels, outputs / groups, {kernel}).
        bias: (outputs,), or None.
        stride, padding, dilation, groups: those of the convolution; ints, or one for each dimension.
        output_padding: what to add to the sizes of the output, as several give the same after a strided convolution.

    Raises:
        RuntimeError: shapes, dtypes or numbers do not fit together.
    """


def conv1d(
    input: Any, weight: Any, bias: Any = None, stride: Numbers = 1, padding: Numbers | str = 0, dilation: Numbers = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    return _convolve(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any, weight: Any, bias: Any = None, stride: Numbers = 1, padding: Numbers | str = 0, dilation: Numbers = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    return _convolve(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Any, weight: Any, bias: Any = None, stride: Numbers = 1, padding: Numbers | str = 0, dilation: Numbers = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    return _convolve(3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Any, weight: Any, bias: Any = None, stride: Numbers = 1, padding: Numbers = 0, output_padding: Numbers = 0,
    groups: int = 1, dilation: Numbers = 1,
) -> Any:  # fmt: skip
    return _convolve_transposed(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Any, weight: Any, bias: Any = None, stride: Numbers = 1, padding: Numbers = 0, output_padding: Numbers = 0,
    groups: int = 1, dilation: Numbers = 1,
) -> Any:  # fmt: skip
    return _convolve_transposed(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Any, weight: Any, bias: Any = None, stride: Numbers = 1, padding: Numbers = 0, output_padding: Numbers = 0,
    groups: int = 1, dilation: Numbers = 1,
) -> Any:  # fmt: skip
    return _convolve_transposed(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


for _dims, _forward, _transposed in (
    (("one dimension", "n", "k"), conv1d, conv_transpose1d),
    (("two dimensions", "h, w", "kh, kw"), conv2d, conv_transpose2d),
    (("three dimensions", "d, h, w", "kd, kh, kw"), conv3d, conv_transpose3d),
):
    _forward.__doc__ = _CONVOLVES.format(**dict(zip(("dims", "sizes", "kernel"), _dims, strict=True)))
    _transposed.__doc__ = _TRANSPOSES.format(**dict(zip(("dims", "sizes", "kernel"), _dims, strict=True)))


__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]
