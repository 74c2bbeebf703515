"""Matrix products, of every batch shape, and the affine map of a linear layer.

Every product goes through the backend's `xp.matmul`; what is transposed is handed on as a view. A batch of rows times
one matrix is one product, of all the rows. (Formulas call `matmul`, never `@`: on raw arrays `@` would be NumPy's.)
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array
from ..errors import ShapeError
from ..op import op
from .complex import conj
from .dims import ndim_of
from .reduction import add_up, sum as total
from .shape import reshape, unsqueeze


def _rows(x: Any) -> Any:
    """All leading dimensions as one."""
    if x.ndim == 2:
        return x
    shape = x.shape
    return reshape(x, (math.prod(shape[:-1]), shape[-1]))


def _multiply(xp: Any, a: Array, b: Array) -> Array:
    try:
        if a.ndim > 2 and b.ndim < 3:
            rows = a.reshape(math.prod(a.shape[:-1]), a.shape[-1])
            return xp.matmul(rows, b).reshape(*a.shape[:-1], *b.shape[1:])
        return xp.matmul(a, b)
    except ValueError:
        raise _mismatch(a.shape, b.shape) from None


def _mismatch(a: tuple[int, ...], b: tuple[int, ...]) -> ValueError:
    """What keeps shapes `a` and `b` from being multiplied, in words."""
    if not a or not b:
        return ValueError("a 0-d tensor has no matrix product; use * to scale by a number")
    inner = b[-2] if len(b) > 1 else b[-1]
    if a[-1] != inner:
        of_b = "second last" if len(b) > 1 else "only"
        return ValueError(
            f"shapes {a} and {b} do not multiply: the last dimension of the first, {a[-1]}, must equal the {of_b} "
            f"dimension of the second, {inner}"
        )
    return ValueError(f"the batches of shapes {a} and {b}, {a[:-2]} and {b[:-2]}, do not broadcast")


def _towards_a(g: Any, b: Any, a_shape: tuple[int, ...]) -> Any:
    if b.ndim == 1:
        return g * b if len(a_shape) == 1 else unsqueeze(g, -1) * b
    if len(a_shape) == 1:
        return matmul(b, g) if b.ndim == 2 else reshape(matmul(b, unsqueeze(g, -1)), b.shape[:-1])
    return matmul(g, b.mT)


def _towards_b(g: Any, a: Any, b_shape: tuple[int, ...]) -> Any:
    if len(b_shape) == 1:
        return g * a if a.ndim == 1 else matmul(_rows(a).T, reshape(g, (-1,)))
    if a.ndim == 1:
        return unsqueeze(a, -1) * unsqueeze(g, -2)
    if len(b_shape) == 2:
        return matmul(_rows(a).T, _rows(g))
    return matmul(a.mT, g)


def _product_flops(out: tuple[int, ...], a: tuple[int, ...], b: tuple[int, ...]) -> int:
    return 2 * math.prod(out) * a[-1]


matmul = op(
    "matmul",
    _multiply,
    vjp=(_towards_a, _towards_b),
    multilinear=True,
    flops=_product_flops,
    doc="""The matrix product of the last two dimensions; the dimensions before them broadcast.

    A 1-d `a` counts as a row and a 1-d `b` as a column, and their dimension is gone from the result: two vectors give
    their dot product, 0-d.

    Raises:
        ValueError: the shapes do not multiply, or one is 0-d.
    """,
)


# The affine map


def _affine_flops(out: tuple[int, ...], input: tuple[int, ...], *others: tuple[int, ...]) -> int:
    return math.prod(out) * (2 * input[-1] + len(others) - 1)


def _affine(xp: Any, input: Array, weight: Array, bias: Array) -> Array:
    out = _map(xp, input, weight)
    if bias.shape != weight.shape[:-1]:
        raise ValueError(f"the bias must have shape {weight.shape[:-1]}, as the weight's first sizes, got {bias.shape}")
    if out.dtype != bias.dtype:
        return out + bias
    out += bias
    return out


def _map(xp: Any, input: Array, weight: Array) -> Array:
    try:
        if input.ndim < 3:
            return xp.matmul(input, weight.T)
        rows = input.reshape(math.prod(input.shape[:-1]), input.shape[-1])
        return xp.matmul(rows, weight.T).reshape(*input.shape[:-1], *weight.shape[:-1])
    except ValueError as error:
        if weight.ndim not in (1, 2):
            raise ValueError(f"the weight must have shape (out, in) or (in,), got {weight.shape}") from None
        if not input.ndim or input.shape[-1] != weight.shape[-1]:
            raise ValueError(
                f"the last dimension of the input, of shape {input.shape}, must be the weight's, {weight.shape[-1]}"
            ) from None
        raise error


def _towards_input(g: Any, weight: Any) -> Any:
    return matmul(g, weight) if weight.ndim == 2 else unsqueeze(g, -1) * weight


def _towards_weight(g: Any, input: Any, weight_shape: tuple[int, ...]) -> Any:
    if len(weight_shape) == 1:
        return matmul(_rows(input).T, reshape(g, (-1,)))
    if input.ndim == 1:
        return unsqueeze(g, 1) * input
    return matmul(_rows(g).T, _rows(input))


def _towards_bias(g: Any, bias_shape: tuple[int, ...]) -> Any:
    return add_up(_rows(g), dims=(0,), keepdim=False) if g.ndim > len(bias_shape) == 1 else g


_linear = op("linear", _affine, vjp=(_towards_input, _towards_weight, _towards_bias), flops=_affine_flops)
_linear_map = op(
    "linear", _map, vjp=(_towards_input, _towards_weight), multilinear=True, flops=_affine_flops
)  # fmt: skip


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """`input @ weight.T + bias`: what a linear layer computes.

    Args:
        input: of shape (..., in).
        weight: of shape (out, in), or (in,) for a single output without its dimension.
        bias: of shape (out,), or None.

    Returns:
        A tensor of shape (..., out).

    Raises:
        ValueError: the shapes do not fit.
    """
    return _linear_map(input, weight) if bias is None else _linear(input, weight, bias)


# Products by name: `matmul` for shapes that are checked, and sums with one


def _expect(name: str, shapes: str, *given: tuple[Any, int]) -> None:
    """Raises unless each tensor has its number of dimensions."""
    if any(ndim_of(name, x) != ndim for x, ndim in given):
        got = " and ".join(str(tuple(x.shape)) for x, _ in given)
        raise ShapeError(f"{name}: expected {shapes}, got shapes {got}")


def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices.

    Raises:
        ValueError: they are not 2-d, or do not multiply.
    """
    _expect("mm", "two matrices", (input, 2), (mat2, 2))
    return matmul(input, mat2)


def bmm(input: Any, mat2: Any) -> Any:
    """The products of two batches of matrices, of shapes (b, m, k) and (b, k, n).

    Raises:
        ValueError: they are not 3-d, do not multiply, or differ in number.
    """
    _expect("bmm", "two 3-d tensors", (input, 3), (mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(f"bmm: the batches have sizes {input.shape[0]} and {mat2.shape[0]}; they must be equal")
    return matmul(input, mat2)


def mv(input: Any, vec: Any) -> Any:
    """The product of a matrix and a vector.

    Raises:
        ValueError: they are not 2-d and 1-d, or do not multiply.
    """
    _expect("mv", "a matrix and a vector", (input, 2), (vec, 1))
    return matmul(input, vec)


def dot(input: Any, tensor: Any) -> Any:
    """The dot product of two vectors, 0-d.

    Raises:
        ValueError: they are not 1-d, or of different lengths.
    """
    _expect("dot", "two 1-d tensors", (input, 1), (tensor, 1))
    return matmul(input, tensor)


def vdot(input: Any, other: Any) -> Any:
    """`dot`, with the conjugate of the first vector.

    Raises:
        ValueError: they are not 1-d, or of different lengths.
    """
    _expect("vdot", "two 1-d tensors", (input, 1), (other, 1))
    return matmul(conj(input), other)


_outer = op(
    "outer",
    lambda xp, a, b: xp.multiply(a[:, None], b),
    vjp=(lambda g, b: matmul(g, b), lambda g, a: matmul(g.T, a)),
    multilinear=True,
    doc="The products of every element of one vector with every element of another.",
)


def outer(input: Any, vec2: Any) -> Any:
    """The products of every element of `input`, of shape (m,), with every element of `vec2`, (n,): shape (m, n).

    Raises:
        ValueError: they are not 1-d.
    """
    _expect("outer", "two 1-d tensors", (input, 1), (vec2, 1))
    return _outer(input, vec2)


ger = outer


def _sum_of(name: str, input: Any, product: Any, beta: float, alpha: float) -> Any:
    if alpha != 1:
        product = product * alpha
    if beta == 0:  # then `input` has no part in the result, not even its NaN
        return product
    found = product + (input if beta == 1 else input * beta)
    if found.shape != product.shape:
        raise ShapeError(
            f"{name}: the input must broadcast to the product's shape {tuple(product.shape)}, got {tuple(input.shape)}"
        )
    return found


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """`beta * input + alpha * (mat1 @ mat2)`; `input` broadcasts. Errors as for `mm`."""
    _expect("addmm", "two matrices", (mat1, 2), (mat2, 2))
    return _sum_of("addmm", input, matmul(mat1, mat2), beta, alpha)


def addmv(input: Any, mat: Any, vec: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """`beta * input + alpha * (mat @ vec)`; `input` broadcasts. Errors as for `mv`."""
    _expect("addmv", "a matrix and a vector", (mat, 2), (vec, 1))
    return _sum_of("addmv", input, matmul(mat, vec), beta, alpha)


def addr(input: Any, vec1: Any, vec2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """`beta * input + alpha * outer(vec1, vec2)`; `input` broadcasts. Errors as for `outer`."""
    return _sum_of("addr", input, outer(vec1, vec2), beta, alpha)


def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """`beta * input + alpha * (batch1 @ batch2)`; `input` broadcasts. Errors as for `bmm`."""
    return _sum_of("baddbmm", input, bmm(batch1, batch2), beta, alpha)


def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """`beta * input + alpha * sum(batch1 @ batch2, dim=0)`; `input` broadcasts. Errors as for `bmm`."""
    return _sum_of("addbmm", input, total(bmm(batch1, batch2), 0), beta, alpha)


__all__ = ["addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "dot", "ger", "linear", "matmul", "mm", "mv", "outer",
           "vdot"]  # fmt: skip
