"""The bilinear map of two inputs."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError
from .dims import sizes_of
from .matmul import matmul
from .shape import permute, reshape


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """`sum(input1[i] * weight[o, i, j] * input2[j])` over i and j, and the bias.

    Args:
        input1, input2: of shapes (..., in1) and (..., in2), with the same leading sizes.
        weight: of shape (out, in1, in2).
        bias: of shape (out,), or None.

    Returns:
        A tensor of shape (..., out).

    Raises:
        ShapeError: the shapes do not fit.
    """
    one, two, three = (sizes_of("bilinear", x) for x in (input1, input2, weight))
    fits = len(three) == 3 and one[:-1] == two[:-1] and one[-1:] == three[1:2] and two[-1:] == three[2:]
    if not fits or (bias is not None and tuple(bias.shape) != three[:1]):
        given = f"{one}, {two}, {three}" + ("" if bias is None else f" and {tuple(bias.shape)}")
        raise ShapeError(f"bilinear: expected shapes (..., in1), (..., in2), (out, in1, in2) and (out,), got {given}")
    samples, (outs, ins, others) = math.prod(one[:-1]), three
    left = matmul(reshape(input1, (samples, ins)), reshape(permute(weight, (1, 0, 2)), (ins, outs * others)))
    out = matmul(reshape(left, (samples, outs, others)), reshape(input2, (samples, others, 1)))
    out = reshape(out, (*one[:-1], outs))
    return out if bias is None else out + bias


__all__ = ["bilinear"]
