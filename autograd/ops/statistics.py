"""Statistics of samples: quantiles, the most frequent value, covariance and correlation.

All but `mode` are written in terms of other ops.
"""

from __future__ import annotations

from math import prod
from typing import Any

from ...backends import Array, dtypes, get_default_dtype
from ..op import op
from .arithmetic import cast
from .comparison import choose
from .complex import conj
from .dims import canonical_dim, ndim_of, ordered_ndim, renamed
from .elementwise import clamp, sqrt
from .extremum import ValuesAndIndices, chosen, place_chosen
from .indexing import gather
from .matmul import matmul
from .rearrange import diagonal
from .reduction import add_up, average
from .shape import movedim, reshape, squeeze, unsqueeze
from .sorting import sort

# Quantiles


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _levels(name: str, input: Any, q: Any) -> Any:
    """`q`, as a number or a vector.

    Raises:
        RuntimeError: it is neither, has another dtype than the input, or is not from 0 to 1.
    """
    if not hasattr(q, "dtype"):
        outside = not 0 <= q <= 1
    else:
        if q.ndim > 1:
            raise RuntimeError(f"{name}: q must be a number or a vector, got shape {tuple(q.shape)}")
        if q.dtype != input.dtype:
            raise RuntimeError(f"{name}: q must have the input's dtype, {input.dtype}, got {q.dtype}")
        # On another device the host would have to wait for it.
        outside = str(getattr(q, "device", "cpu")) == "cpu" and not bool(((q >= 0) & (q <= 1)).all())
    if outside:
        raise RuntimeError(f"{name}: q must be from 0 to 1, got {q}")
    return q


def _ranked(name: str, input: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str, numbers: bool) -> Any:
    ndim = ndim_of(name, input)
    if input.dtype.kind != "f":
        raise RuntimeError(f"{name}: the input must be floating, got {input.dtype}; convert it with .float()")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(f"{name}: interpolation must be one of {', '.join(_INTERPOLATIONS)}, got {interpolation!r}")
    q = _levels(name, input, q)
    if 0 in input.shape:
        raise RuntimeError(f"{name}: the input has shape {tuple(input.shape)}; of no elements there is no quantile")
    if dim is None or ndim == 0:
        canonical_dim(name, dim or 0, ndim)
        rows, kept = reshape(input, (-1,)), (1,) * ndim
    else:
        dim = canonical_dim(name, dim, ndim)
        rows, kept = movedim(input, dim, -1), (*input.shape[:dim], 1, *input.shape[dim + 1 :])

    # NaNs stand at the end. They are not counted, or else the last of them is the answer.
    rows = sort(rows).values
    count = cast(add_up(rows == rows, dims=(rows.ndim - 1,), keepdim=True, dtype=dtypes.int64), dtype=input.dtype)
    rank = clamp(count - 1, min=0) * q
    if not numbers:
        rank = choose(count == rows.shape[-1], rank, rows.shape[-1] - 1)
    if interpolation == "nearest":
        rank = rank.round()
    below = cast(rank, dtype=dtypes.int64)
    whole = cast(below, dtype=input.dtype)
    if interpolation in ("lower", "nearest"):
        found = gather(rows, -1, below)
    else:
        above = below + (rank > whole)
        found = gather(rows, -1, above)
        if interpolation != "higher":
            low = gather(rows, -1, below)
            found = low + (found - low) * (0.5 if interpolation == "midpoint" else rank - whole)

    lead = tuple(getattr(q, "shape", ()))
    return reshape(movedim(found, -1, 0), (*lead, *(kept if keepdim else _reduced(kept, dim))))


def _reduced(kept: tuple[int, ...], dim: int | None) -> tuple[int, ...]:
    return () if dim is None or not kept else (*kept[:dim], *kept[dim + 1 :])


def quantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    **numpy_names: Any,
) -> Any:
    """The values below which a fraction `q` of the elements along a dimension lies. NaN if there is a NaN.

    Args:
        q: a number from 0 to 1, or a tensor of such, 0-d or a vector, of the input's dtype. The results for a vector
            stand along a new first dimension. It gets a gradient too.
        dim: an int, or None for all elements.
        keepdim: keep the reduced dimensions, with size 1.
        interpolation: what is taken where `q` falls between two elements i < j in their order, at i + fraction:
            `"linear"`, `i + (j - i) * fraction`; `"lower"`, i; `"higher"`, j; `"midpoint"`, their mean; `"nearest"`.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the input is not floating or has no elements; `q` is not as above; there is no such interpolation.
    """
    if numpy_names:
        return renamed(quantile, locals())
    return _ranked("quantile", input, q, dim, keepdim, interpolation, False)


def nanquantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    **numpy_names: Any,
) -> Any:
    """`quantile` of the elements that are not NaN; NaN where all are."""
    if numpy_names:
        return renamed(nanquantile, locals())
    return _ranked("nanquantile", input, q, dim, keepdim, interpolation, True)


# The most frequent value


def _most_frequent(xp: Any, x: Array, *, dim: int, keepdim: bool) -> tuple[Array, Array]:
    order = xp.argsort(x, axis=dim, kind="stable")
    ranked = xp.moveaxis(xp.take_along_axis(x, order, dim), dim, -1)
    # How many equal elements stand before each in order: as many as places since the last that began a run.
    places = xp.arange(ranked.shape[-1], dtype=xp.int64)
    begins = xp.zeros(ranked.shape, xp.int64)
    begins[..., 1:] = xp.where(ranked[..., 1:] != ranked[..., :-1], places[1:], 0)
    before = xp.moveaxis(places - xp.results_so_far(xp.maximum, begins, ranked.ndim - 1), -1, dim)
    longest = xp.argmax(before, axis=dim, keepdims=True)
    return chosen(xp, x, xp.take_along_axis(order, longest, dim), dim, keepdim)


_mode = op(
    "mode",
    _most_frequent,
    vjp=lambda g, indices, x_shape, dim, keepdim: place_chosen(g[0], indices, x_shape, dim, keepdim),
    outputs=("values", "indices"),
)


def mode(input: Any, dim: int = -1, keepdim: bool = False, **numpy_names: Any) -> ValuesAndIndices:
    """The most frequent value along a dimension, the smallest of several, and where it last stands:
    `(values, indices)`. A NaN equals nothing.

    Args:
        dim: an int.
        keepdim: keep the dimension, with size 1.

    Raises:
        IndexError: there is no such dimension, or it has size 0.
    """
    if numpy_names:
        return renamed(mode, locals())
    ndim = ordered_ndim("mode", input)
    dim = canonical_dim("mode", dim, ndim)
    if not ndim:
        return ValuesAndIndices(*[reshape(found, ()) for found in mode(reshape(input, (1,)))])
    if not input.shape[dim]:
        raise IndexError(
            f"mode: dimension {dim} of shape {tuple(input.shape)} has size 0; of no elements there is none"
        )
    return ValuesAndIndices(*_mode(input, dim=dim, keepdim=keepdim))


# Covariance and correlation


def _check_weights(name: str, weights: Any, observations: int, kinds: str, wanted: str) -> None:
    if weights.ndim > 1:
        raise RuntimeError(f"cov: {name} must be a vector, got shape {tuple(weights.shape)}")
    if weights.dtype.kind not in kinds:
        raise RuntimeError(f"cov: {name} must be {wanted}, got {weights.dtype}")
    if prod(weights.shape) != observations:
        raise RuntimeError(f"cov: {name} has {prod(weights.shape)} elements for {observations} observations")
    if str(getattr(weights, "device", "cpu")) == "cpu" and bool((weights < 0).any()):
        raise RuntimeError(f"cov: {name} must not be negative")


def cov(input: Any, *, correction: float = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariance matrix of variables in rows, observed in columns.

    Args:
        input: a matrix, or a vector (or a number): one variable, whose variance is the result, 0-d.
        correction: what is taken from the number of observations before dividing by it: 1 for the unbiased estimate.
        fweights: how often each observation counts: integers, not negative.
        aweights: how much each observation weighs: floating, not negative.

    With no more observations than `correction` the result is infinite or NaN.

    Raises:
        RuntimeError: more dimensions than two; weights of another length or dtype, or negative.
    """
    if ndim_of("cov", input) > 2:
        raise RuntimeError(f"cov: expected a matrix or a vector, got shape {tuple(input.shape)}")
    x = input if input.ndim == 2 else reshape(input, (1, prod(input.shape)))
    if x.dtype.kind in "biu":
        x = cast(x, dtype=get_default_dtype())
    count = x.shape[1]
    weights: Any = None
    if fweights is not None:
        _check_weights("fweights", fweights, count, "iu", "integers")
        kind = dtypes.real_dtype(x.dtype) if aweights is None else aweights.dtype
        weights = cast(reshape(fweights, (-1,)), dtype=kind)
    if aweights is not None:
        _check_weights("aweights", aweights, count, "f", "floating")
        weights = reshape(aweights, (-1,)) * (1 if weights is None else weights)
    if weights is None:
        away = x - average(x, dims=(1,), keepdim=True)
        return squeeze(matmul(away, conj(away).mT) / max(count - correction, 0))
    total = _total(weights)
    lost = correction if aweights is None else correction * _total(weights * reshape(aweights, (-1,))) / total
    away = x - add_up(x * weights, dims=(1,), keepdim=True) / total
    return squeeze(matmul(away * weights, conj(away).mT) / clamp(total - lost, min=0))


def _total(x: Any) -> Any:
    return add_up(x, dims=None, keepdim=False)


def corrcoef(input: Any) -> Any:
    """The correlation matrix of variables in rows, observed in columns: `cov` scaled to a diagonal of ones. NaN where a
    variable does not vary. Arguments and errors as for `cov`."""
    covariance = cov(input)
    if not covariance.ndim:
        return covariance / covariance
    variance = diagonal(covariance)
    real = covariance.dtype.kind != "c"
    deviation = sqrt(variance if real else abs(variance))
    correlation = covariance / unsqueeze(deviation, 1) / deviation
    return clamp(correlation, -1, 1) if real else correlation  # rounding may lead out of the interval


__all__ = ["corrcoef", "cov", "mode", "nanquantile", "quantile"]
