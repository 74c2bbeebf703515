"""Running sums and products along a dimension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...backends import Array, dtypes
from ..op import op
from .arithmetic import cast
from .dims import canonical_dim, ndim_of, renamed
from .shape import reshape


def _reverse(dim: int) -> tuple[Any, ...]:
    return (*(slice(None),) * dim, slice(None, None, -1))


def _running(name: str) -> Callable[..., Array]:
    """The forward of `xp.cumsum` or `xp.cumprod`, which goes from the end if `reverse`."""

    def forward(xp: Any, x: Array, *, dim: int, reverse: bool, dtype: Any) -> Array:
        half = x.dtype.itemsize == 2 and x.dtype.kind not in "iu"  # computed in single precision
        order = _reverse(dim) if reverse else (...,)
        found = getattr(xp, name)(x[order], axis=dim, dtype=xp.float32 if half else dtype)[order]
        return found.astype(x.dtype) if half else found

    return forward


_cumsum = op(
    "cumsum",
    _running("cumsum"),
    vjp=lambda g, dim, reverse: _cumsum(g, dim=dim, reverse=not reverse, dtype=None),
    linear=True,
)


def _along(name: str, input: Any, dim: int | None, dtype: Any) -> tuple[Any, int, Any]:
    """The input in the dtype asked for, the dimension, and the dtype to compute integers and booleans in: that one, or
    else int64."""
    dim = canonical_dim(name, dim, ndim_of(name, input))
    if dtype is not None:
        input = cast(input, dtype=dtype)
        return input, dim, input.dtype if input.dtype.kind in "biu" else None
    return input, dim, dtypes.int64 if input.dtype.kind in "biu" else None


def cumsum(input: Any, dim: int | None = None, *, dtype: Any = None, **numpy_names: Any) -> Any:
    """The running sum along a dimension: each element plus all before it.

    Args:
        dim: an int.
        dtype: what to cast the input to first. Without it integers and booleans add up in int64.

    Raises:
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(cumsum, locals())
    input, dim, wide = _along("cumsum", input, dim, dtype)
    if input.ndim == 0:
        return reshape(_cumsum(reshape(input, (1,)), dim=0, reverse=False, dtype=wide), ())
    return _cumsum(input, dim=dim, reverse=False, dtype=wide)


# A linear recurrence is its own derivative, run backwards. The running product's derivative is one, and divides by
# nothing, so zeros are no exception.


def _shifted(xp: Any, x: Array, *, dim: int, back: bool, fill: float) -> Array:
    lead = (slice(None),) * dim
    first, last, later, earlier = [(*lead, s) for s in (slice(0, 1), slice(-1, None), slice(1, None), slice(0, -1))]
    out = xp.empty(x.shape, x.dtype)
    if back:
        out[earlier], out[last] = x[later], fill
    else:
        out[later], out[first] = x[earlier], fill
    return out


shift = op(
    "shift",
    _shifted,
    vjp=lambda g, dim, back: shift(g, dim=dim, back=not back, fill=0),
    doc="Every element one place later along `dim`, or one earlier (`back`), and `fill` in the place left.",
)


def _run(xp: Any, a: Array, b: Array, *, dim: int, reverse: bool) -> Array:
    """In log2(n) steps: after that of width w, `b[i]` is what the last w terms come to, and `a[i]` the product of the
    last w factors."""
    order = _reverse(dim) if reverse else (...,)
    a, b = a[order].copy(), b[order].copy()
    lead, n, width = (slice(None),) * dim, b.shape[dim], 1
    while width < n:
        late, early = (*lead, slice(width, None)), (*lead, slice(None, n - width))
        b[late] += a[late] * b[early]
        a[late] = a[late] * a[early]
        width *= 2
    return b[order]


def _run_vjp(g: Any, needs: tuple[bool, ...], a: Any, out: Any, dim: int, reverse: bool) -> tuple[Any, ...]:
    total = recurrence(shift(a, dim=dim, back=not reverse, fill=0), g, dim=dim, reverse=not reverse)
    return total * shift(out, dim=dim, back=reverse, fill=0) if needs[0] else None, total if needs[1] else None


recurrence = op(
    "recurrence",
    _run,
    vjp=_run_vjp,
    doc="`out[i] = b[i] + a[i] * out[i - 1]` along `dim`, from nothing before the first; or `out[i + 1]` (`reverse`).",
)


def _running_product_vjp(g: Any, x: Any, out: Any, dim: int, reverse: bool) -> Any:
    before = shift(out, dim=dim, back=reverse, fill=1)
    factors = shift(x, dim=dim, back=not reverse, fill=0)
    return before * recurrence(factors, g, dim=dim, reverse=not reverse)


_cumprod = op("cumprod", _running("cumprod"), vjp=_running_product_vjp)


def product_of_others(x: Any, dim: int) -> Any:
    """For every element, the product of all the others along `dim`: of those before it and those after."""
    before = shift(_cumprod(x, dim=dim, reverse=False, dtype=None), dim=dim, back=False, fill=1)
    after = shift(_cumprod(x, dim=dim, reverse=True, dtype=None), dim=dim, back=True, fill=1)
    return before * after


def cumprod(input: Any, dim: int | None = None, *, dtype: Any = None, **numpy_names: Any) -> Any:
    """The running product along a dimension: each element times all before it. Its derivatives hold at zeros too.
    Arguments and errors as for `cumsum`."""
    if numpy_names:
        return renamed(cumprod, locals())
    input, dim, wide = _along("cumprod", input, dim, dtype)
    if input.ndim == 0:
        return reshape(_cumprod(reshape(input, (1,)), dim=0, reverse=False, dtype=wide), ())
    return _cumprod(input, dim=dim, reverse=False, dtype=wide)


__all__ = ["cumprod", "cumsum"]
