"""Running extremes along a dimension, and the running logarithm of a sum of exponentials."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from ...backends import Array
from ..op import op
from .comparison import choose
from .dims import canonical_dim, ndim_of, ordered_ndim, renamed
from .elementwise import exp, log_of_two
from .extremum import ValuesAndIndices
from .indexing import _gather_spread
from .scan import recurrence, shift
from .shape import reshape


def _running_extreme(name: str, extreme: str) -> Any:
    def forward(xp: Any, x: Array, *, dim: int) -> tuple[Array, Array]:
        values = xp.results_so_far(getattr(xp, extreme), x, dim)
        # The last of equal elements, or of NaNs, is where it is: an element that equals the extreme so far sets a mark.
        places = xp.arange(x.shape[dim], dtype=xp.int64).reshape([-1 if k == dim else 1 for k in range(x.ndim)])
        marks = xp.where((x == values) | (x != x), places, 0)
        return values, xp.results_so_far(xp.maximum, marks, dim)

    return op(
        name,
        forward,
        vjp=lambda g, indices, x_shape, dim: _gather_spread(g[0], indices, dim=dim, shape=x_shape),
        outputs=("values", "indices"),
    )


_cummax, _cummin = _running_extreme("cummax", "maximum"), _running_extreme("cummin", "minimum")


def _chosen_so_far(name: str, function: Any, input: Any, dim: int | None) -> ValuesAndIndices:
    dim = canonical_dim(name, dim, ordered_ndim(name, input))
    if input.ndim:
        return ValuesAndIndices(*function(input, dim=dim))
    return ValuesAndIndices(*[reshape(found, ()) for found in function(reshape(input, (1,)), dim=0)])


def cummax(input: Any, dim: int | None = None, **numpy_names: Any) -> ValuesAndIndices:
    """The largest element so far along a dimension, and where it stands: `(values, indices)`. Of equal elements it is
    the last, which alone gets the gradient. From the first NaN on everything is NaN.

    Raises:
        IndexError: there is no such dimension.
    """
    if numpy_names:
        return renamed(cummax, locals())
    return _chosen_so_far("cummax", _cummax, input, dim)


def cummin(input: Any, dim: int | None = None, **numpy_names: Any) -> ValuesAndIndices:
    """The smallest element so far along a dimension; all else as for `cummax`."""
    if numpy_names:
        return renamed(cummin, locals())
    return _chosen_so_far("cummin", _cummin, input, dim)


# With s[i] = log(exp(x[0]) + ... + exp(x[i])), the gradient of x[j] is exp(x[j] - s[j]) times
#     r[j] = sum over i >= j of g[i] * exp(s[j] - s[i]) = g[j] + exp(s[j] - s[j + 1]) * r[j + 1],
# and as s never falls, no exponential is larger than 1.


def _log_of_sum(xp: Any, x: Array, *, dim: int) -> Array:
    if x.dtype.itemsize == 2:
        return xp.results_so_far(xp.logaddexp, x.astype(xp.float32), dim).astype(x.dtype)
    return xp.results_so_far(xp.logaddexp if x.dtype.kind == "f" else partial(log_of_two, xp), x, dim)


def _share(part: Any, whole: Any) -> Any:
    """`exp(part - whole)`; nothing where the whole is nothing."""
    return exp(part - choose(whole == -math.inf, 0.0, whole))


_logcumsumexp = op(
    "logcumsumexp",
    _log_of_sum,
    vjp=lambda g, x, out, dim: (
        _share(x, out)
        * recurrence(_share(out, shift(out, dim=dim, back=True, fill=math.inf)), g, dim=dim, reverse=True)
    ),
)


def logcumsumexp(input: Any, dim: int | None = None, **numpy_names: Any) -> Any:
    """`log(cumsum(exp(x)))` along a dimension, without overflow.

    Raises:
        IndexError: there is no such dimension.
        NotImplementedError: the dtype is not floating.
    """
    if numpy_names:
        return renamed(logcumsumexp, locals())
    dim = canonical_dim("logcumsumexp", dim, ndim_of("logcumsumexp", input))
    if input.dtype.kind in "biu":
        raise NotImplementedError(f"logcumsumexp: the input must be floating, got {input.dtype}; use .float() first")
    if not input.ndim:
        return reshape(_logcumsumexp(reshape(input, (1,)), dim=0), ())
    return _logcumsumexp(input, dim=dim)


__all__ = ["cummax", "cummin", "logcumsumexp"]
