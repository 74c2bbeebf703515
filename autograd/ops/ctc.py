"""Connectionist temporal classification: the loss of a sequence of labels that is shorter than the input, over all ways
to place the labels in time (Graves et al. 2006).

The labels are read with a blank before, between and after them, as S' = 2 * S + 1 states. `alpha[t, s]` is the
logarithm of the probability of all paths that are in state s at time t, `beta[t, s]` that of all ways on from there.
Both run over time in logarithms, for the whole batch at once. What is impossible has a logarithm of -1e30, not of
minus infinity, so that every derivative of the recursion is a number.
"""

from __future__ import annotations

import math
from typing import Any

from ...backends import Array, backend_of
from ..errors import DtypeError, PlaceError, ShapeError
from ..op import op
from ..tensor import Tensor
from .arithmetic import cast
from .comparison import choose
from .dims import integer, sizes_of
from .elementwise import exp
from .getitem import at
from .indexing import gather, index_on, scatter_add
from .joining import cat, stack
from .loss import reduced, reduction_of
from .shape import reshape
from .softmax import logsumexp

_NEVER = -1e30
_IMPOSSIBLE = 1e29
"""A loss above this is of labels for which the input is too short."""


class _Paths:
    """The states of a batch of label sequences, and how one leads to another.

    Attributes:
        states: (N, S'), the class of each.
        skips: (N, S'), whether a state can be reached from the second before it: from another label.
        ends: (N, S'), whether a path may end there.
        times: (N,), how long each input is.
    """

    def __init__(self, labels: Array, lengths: Array, times: Array, blank: int) -> None:
        xp = backend_of(labels).xp
        samples, longest = labels.shape
        place = xp.arange(2 * longest + 1)
        self.states = xp.full((samples, 2 * longest + 1), blank, labels.dtype)
        self.states[:, 1::2] = xp.where(xp.arange(longest) < lengths[:, None], labels, blank)
        self.skips = xp.zeros(self.states.shape, bool)
        self.skips[:, 3::2] = self.states[:, 3::2] != self.states[:, 1:-2:2]
        last = 2 * lengths[:, None]
        self.ends = (place == last) | ((place == last - 1) & (last > 0))
        self.times = times


def _before(x: Any) -> tuple[Any, Any]:
    """(N, S') moved up by one state and by two; what enters is impossible."""
    home = backend_of(x._array if isinstance(x, Tensor) else x)
    wider = cat([home.xp.full((x.shape[0], 2), _NEVER, x.dtype), x], 1)
    whole = slice(None)
    return at(wider, index=(whole, slice(1, -1))), at(wider, index=(whole, slice(None, -2)))


def _after(x: Any) -> tuple[Any, Any]:
    """(N, S') moved down by one state and by two."""
    home = backend_of(x._array if isinstance(x, Tensor) else x)
    wider = cat([x, home.xp.full((x.shape[0], 2), _NEVER, x.dtype)], 1)
    whole = slice(None)
    return at(wider, index=(whole, slice(1, -1))), at(wider, index=(whole, slice(2, None)))


def _alphas(emitted: Any, paths: _Paths) -> list[Any]:
    """One (N, S') for each time. After an input's end the last one stays."""
    start = backend_of(paths.states).xp.arange(paths.states.shape[1]) < 2
    alphas = [choose(start, at(emitted, index=(0, ...)), _NEVER)]
    for t in range(1, emitted.shape[0]):
        alpha = alphas[-1]
        one, two = _before(alpha)
        reached = logsumexp(stack([alpha, one, choose(paths.skips, two, _NEVER)]), 0)
        alphas.append(choose((paths.times > t)[:, None], reached + at(emitted, index=(t, ...)), alpha))
    return alphas


def _betas(emitted: Any, paths: _Paths) -> list[Any]:
    """One (N, S') for each time, without what is emitted then. From an input's last time on it is what may end."""
    xp = backend_of(paths.states).xp
    end = xp.where(paths.ends, 0.0, _NEVER).astype(emitted.dtype)
    betas: list[Any] = [end]
    for t in range(emitted.shape[0] - 1, 0, -1):
        following = betas[-1] + at(emitted, index=(t, ...))
        one, _ = _after(following)
        _, two = _after(choose(paths.skips, following, _NEVER))
        betas.append(choose((paths.times > t)[:, None], logsumexp(stack([following, one, two]), 0), end))
    return betas[::-1]


def _emitted(x: Any, paths: _Paths) -> tuple[Any, Array]:
    """(T, N, S'), the log-probability of each state's class at each time, and these classes."""
    xp = backend_of(paths.states).xp
    classes = xp.broadcast_to(paths.states, (x.shape[0], *paths.states.shape))
    return gather(x, 2, classes), classes


def _log_likelihood(alpha: Any, paths: _Paths) -> Any:
    return logsumexp(choose(paths.ends, alpha, _NEVER), 1)


def _forward(xp: Any, x: Array, *, paths: _Paths, impossible: float) -> Array:
    loss = -_log_likelihood(_alphas(_emitted(x, paths)[0], paths)[-1], paths)
    loss = xp.where((loss > _IMPOSSIBLE) | ((paths.times == 0) & ~paths.ends[:, 0]), impossible, loss)
    return xp.where((paths.times == 0) & paths.ends[:, 0], 0, loss)


def _vjp(g: Any, x: Any, paths: _Paths, impossible: float) -> Any:
    """Each time and class takes the probability that the labels' path is there then, negative."""
    xp = backend_of(paths.states).xp
    emitted, classes = _emitted(x, paths)
    alphas = _alphas(emitted, paths)
    whole = reshape(_log_likelihood(alphas[-1], paths), (-1, 1))
    there = exp(stack(alphas) + stack(_betas(emitted, paths)) - whole) * reshape(-g, (-1, 1))
    there = choose(whole < -_IMPOSSIBLE, 0.0 if impossible == 0 else math.nan, there)
    there = choose((xp.arange(x.shape[0])[:, None] < paths.times)[:, :, None], there, 0.0)
    return scatter_add(xp.zeros(x.shape, x.dtype), 2, classes, there)


_ctc = op("ctc_loss", _forward, vjp=_vjp, flops=lambda out, x: 10 * math.prod(x))


def ctc_loss(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:  # fmt: skip
    """The negative logarithm of the probability of the targets, over all alignments.

    The gradient is the derivative with respect to `log_probs`. (PyTorch's own is that of
    `ctc_loss(log_softmax(log_probs))`; behind a `log_softmax` both are the same.)

    Args:
        log_probs: log-probabilities of shape (T, N, C), or (T, C) of one sample.
        targets: class indices other than the blank, of shape (N, S), of which the first `target_lengths` count; or
            those of all samples one after the other, in one dimension.
        input_lengths, target_lengths: integers of shape (N,), or () for one sample; tensors, or tuples or lists.
        blank: the class of the blank.
        reduction: `"mean"`, the mean of the losses divided by their targets' lengths; `"sum"`; or `"none"`.
        zero_infinity: make the loss and the gradient 0 where the input is too short for the targets, in place of
            infinite and NaN.

    Returns:
        A 0-d tensor, or with `"none"` one loss per sample, of shape (N,) or ().

    Raises:
        DtypeError: the log-probabilities are not floating, or the targets or lengths are not integers.
        PlaceError: a target is no class. (On a device that is not looked at.)
        ShapeError: shapes or lengths do not fit.
        ValueError: there is no such reduction.
    """
    name = "ctc_loss"
    reduction = reduction_of(name, reduction, None, None)
    shape = sizes_of(name, log_probs)
    if len(shape) not in (2, 3) or not shape[0]:
        raise ShapeError(f"{name}: expected log-probabilities of shape (T, N, C) or (T, C), got {shape}")
    if log_probs.dtype.kind != "f":
        raise DtypeError(f"{name}: the log-probabilities must be floating, got {log_probs.dtype}")
    x = cast(log_probs, dtype="float32") if log_probs.dtype.itemsize == 2 else log_probs
    x = reshape(x, (shape[0], 1, shape[1])) if len(shape) == 2 else x
    blank = integer(name, "blank", blank)
    if not 0 <= blank < x.shape[2]:
        raise PlaceError(f"{name}: the blank {blank} is none of {x.shape[2]} classes")
    times, lengths = (_lengths(name, log_probs, given, x.shape[1]) for given in (input_lengths, target_lengths))
    labels = _labels(name, log_probs, targets, lengths, len(shape) == 2)
    _expect_inside(name, x.shape, labels, times, lengths)
    losses = _ctc(x, paths=_Paths(labels, lengths, times, blank), impossible=0.0 if zero_infinity else math.inf)
    if reduction == "mean":
        losses = losses / cast(backend_of(lengths).xp.maximum(lengths, 1), dtype=losses.dtype)
    loss = reduced(reshape(losses, ()) if len(shape) == 2 else losses, reduction)
    return loss if loss.dtype == log_probs.dtype else cast(loss, dtype=log_probs.dtype)


def _raw(name: str, x: Any, integers: Any) -> Array:
    found = index_on(name, x, integers)
    return found._array if isinstance(found, Tensor) else found


def _lengths(name: str, x: Any, given: Any, samples: int) -> Array:
    lengths = _raw(name, x, given)
    if lengths.shape != (samples,) and not (lengths.shape == () and samples == 1):
        raise ShapeError(f"{name}: {samples} samples need lengths of shape ({samples},), got {tuple(lengths.shape)}")
    return lengths.reshape((samples,))


def _labels(name: str, x: Any, targets: Any, lengths: Array, single: bool) -> Array:
    """The targets as (N, S)."""
    labels = _raw(name, x, targets)
    samples = lengths.shape[0]
    if single and labels.ndim < 2:
        return labels.reshape((1, -1))
    if labels.ndim == 2 and labels.shape[0] == samples:
        return labels
    if labels.ndim != 1:
        raise ShapeError(
            f"{name}: {samples} samples need targets of shape ({samples}, S) or (sum,), got {labels.shape}"
        )
    home = backend_of(labels)
    xp = home.xp
    if home.device_type == "cpu" and lengths.sum() != labels.shape[0]:
        raise ShapeError(f"{name}: {labels.shape[0]} targets do not have the lengths {lengths}, of sum {lengths.sum()}")
    longest: Any = home.item(lengths.max()) if samples else 0
    place = xp.arange(longest)
    index = (xp.cumsum(lengths) - lengths)[:, None] + place
    return labels[xp.minimum(index, labels.shape[0] - 1)] if labels.shape[0] else xp.zeros(index.shape, labels.dtype)


def _expect_inside(name: str, shape: tuple[int, ...], labels: Array, times: Array, lengths: Array) -> None:
    """Raises where lengths or classes do not fit, if looking takes no waiting."""
    home = backend_of(labels)
    if home.device_type != "cpu" or not lengths.size:
        return
    for what, given, most in (("input", times, shape[0]), ("target", lengths, labels.shape[1])):
        if given.min() < 0 or given.max() > most:
            raise ShapeError(f"{name}: the {what} lengths must be in [0, {most}], got {given}")
    counted = labels[home.xp.arange(labels.shape[1]) < lengths[:, None]]
    if counted.size and (counted.min() < 0 or counted.max() >= shape[2]):
        raise PlaceError(f"{name}: targets from {counted.min()} to {counted.max()} are not all of {shape[2]} classes")


__all__ = ["ctc_loss"]
