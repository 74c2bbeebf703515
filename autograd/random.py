"""Random numbers: one seeded stream per backend, and the functions that draw from it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..backends import Backend, Generator as BackendGenerator, dtypes, get_backend_by_name, get_default_dtype, resolve
from .op import op
from .ops.creation import born, shape_of
from .ops.dims import integer
from .tensor import Tensor, from_array

_DEFAULT_SEED = 0
_SQRT_HALF = 0.7071067811865476
_seed = _DEFAULT_SEED
_streams: dict[str, BackendGenerator] = {}


class Generator:
    """A stream of random numbers of its own, for `generator=` arguments.

    Args:
        device: where it draws; by default where new tensors are born.
    """

    def __init__(self, device: object = None) -> None:
        self.backend = resolve(device)[0]
        self._initial = _DEFAULT_SEED
        self.stream = self.backend.generator(self._initial)

    def manual_seed(self, seed: int) -> Generator:
        """Restarts the stream from `seed`. Errors as for the function `manual_seed`."""
        self.stream.manual_seed(_checked(seed))
        self._initial = int(seed)
        return self

    def get_state(self) -> dict[str, Any]:
        """Where it stands, for `set_state`."""
        return self.stream.state()

    def set_state(self, state: dict[str, Any]) -> Generator:
        """Goes to where it stood at `get_state`."""
        self.stream.restore(state)
        return self

    def initial_seed(self) -> int:
        """The seed it was started from."""
        return self._initial

    def seed(self) -> int:
        """Restarts the stream from a seed taken from the operating system, and returns it."""
        seed = _entropy()
        self.manual_seed(seed)
        return seed


def _entropy() -> int:
    """A seed from the operating system."""
    return int.from_bytes(os.urandom(8), "little") >> 1


def _checked(seed: int) -> int:
    found = integer("manual_seed", "the seed", seed)
    if not -(2**63) <= found < 2**64:
        raise ValueError(f"manual_seed: the seed must fit into 64 bits, got {found}")
    return found % 2**64


def manual_seed(seed: int) -> None:
    """Restarts the random streams of all backends. The same seed on the same backend gives the same bits.

    Raises:
        TypeError: the seed is no integer.
        ValueError: it is below -2**63 or above 2**64 - 1. A negative one counts modulo 2**64.
    """
    global _seed
    _seed = _checked(seed)
    for stream in _streams.values():
        stream.manual_seed(_seed)


def initial_seed() -> int:
    """The seed last given to `manual_seed`."""
    return _seed


def seed() -> int:
    """Restarts the random streams from a seed taken from the operating system, and returns it."""
    value = _entropy()
    manual_seed(value)
    return value


def get_rng_state() -> dict[str, Any]:
    """Where the random streams of all backends stand, for `set_rng_state`: a dictionary of numbers and strings, which
    JSON can hold."""
    return {"seed": _seed, "streams": {name: stream.state() for name, stream in _streams.items()}}


def set_rng_state(state: dict[str, Any]) -> None:
    """Takes the random streams back to where they stood at `get_rng_state`.

    Raises:
        TypeError: `state` is not what `get_rng_state` gives.
    """
    global _seed
    if not isinstance(state, dict) or state.keys() != {"seed", "streams"}:
        raise TypeError(f"set_rng_state: expected what get_rng_state gives, got {type(state).__name__}")
    _seed = state["seed"]
    for name in [name for name in _streams if name not in state["streams"]]:
        del _streams[name]  # begun since
    for name, position in state["streams"].items():
        stream_of(get_backend_by_name(name)).restore(position)


def stream_of(backend: Backend, generator: Generator | None = None) -> BackendGenerator:
    """The stream to draw from on `backend`.

    Raises:
        TypeError: `generator` is none.
        ValueError: it draws on another backend.
    """
    if generator is not None:
        if not isinstance(generator, Generator):
            raise TypeError(f"generator must be a cr.Generator or None, got {type(generator).__name__}")
        if generator.backend is not backend:
            raise ValueError(f"the generator draws on {generator.backend.name}, the tensor is on {backend.name}")
        return generator.stream
    stream = _streams.get(backend.name)
    if stream is None:
        stream = _streams[backend.name] = get_backend_by_name(backend.name).generator(_seed)
    return stream


def _drawn(name: str, draw: Any, size: tuple[Any, ...], dtype: Any) -> Any:
    """What `draw(shape, dtype)` gives in a floating or complex dtype: of a complex number it draws both parts."""
    wanted = get_default_dtype() if dtype is None else dtypes.as_dtype(dtype)
    shape = shape_of(name, size)
    if wanted.kind == "c":
        return draw((*shape, 2), dtypes.real_dtype(wanted)).view(wanted)[..., 0]
    if not dtypes.is_differentiable(wanted):
        raise RuntimeError(f"{name} draws floating-point numbers, not {wanted}; see randint")
    return draw(shape, wanted)


def rand(*size: Any, generator: Generator | None = None, dtype: Any = None, device: object = None,
         backend: str | None = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Uniform on [0, 1); of complex numbers, both parts."""
    home, place = resolve(device, backend)
    array = _drawn("rand", stream_of(home, generator).random, size, dtype)
    return born(array, home, place, requires_grad)


def randn(*size: Any, generator: Generator | None = None, dtype: Any = None, device: object = None,
          backend: str | None = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Standard normal: mean 0, variance 1. (Of complex numbers, each part has the variance 1/2.)"""
    home, place = resolve(device, backend)
    array = _drawn("randn", stream_of(home, generator).normal, size, dtype)
    if array.dtype.kind == "c":
        array *= _SQRT_HALF
    return born(array, home, place, requires_grad)


def randint(low: int, high: Any = None, size: Sequence[int] | None = None, *, generator: Generator | None = None,
            dtype: Any = None, device: object = None, backend: str | None = None) -> Tensor:  # fmt: skip
    """Uniform integers in [low, high); `randint(high, size)` starts from 0. int64 unless `dtype` is given.

    Raises:
        TypeError: a bound or a size is no integer, or there is no size.
        RuntimeError: a size is negative.
        ValueError: there is no integer from `low` to below `high`, or the dtype does not hold them all.
    """
    if size is None:
        low, high, size = 0, low, high
    if size is None:
        raise TypeError("randint: give a size, randint(high, (2, 3))")
    low, high = integer("randint", "low", low), integer("randint", "high", high)
    shape = shape_of("randint", (size,))
    if low >= high:
        raise ValueError(f"randint: low must be below high, got {low} and {high}")
    home, place = resolve(device, backend)
    wanted = dtypes.int64 if dtype is None else dtypes.as_dtype(dtype)
    integral = wanted if wanted.kind in "iu" else dtypes.int64
    least, most = bounds_of(integral)
    if low < least or high - 1 > most:
        raise ValueError(f"randint: {low} to {high - 1} do not fit into {integral}, which holds {least} to {most}")
    array = stream_of(home, generator).integers(low, high, shape, integral)
    return born(array.astype(wanted), home, place, False)


def bounds_of(dtype: dtypes.DType) -> tuple[int, int]:
    """The least and the greatest number of an integer dtype."""
    bits = 8 * dtype.itemsize
    return (0, 2**bits - 1) if dtype.kind == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None, device: object = None,
             backend: str | None = None) -> Tensor:  # fmt: skip
    """The integers 0 .. n-1 in random order, int64 unless `dtype` is given.

    Raises:
        TypeError: `n` is no integer.
        ValueError: it is negative.
    """
    if integer("randperm", "n", n) < 0:
        raise ValueError(f"randperm: n cannot be negative, got {n}")
    home, place = resolve(device, backend)
    array = stream_of(home, generator).permutation(n)
    return born(array if dtype is None else array.astype(dtypes.as_dtype(dtype)), home, place, False)


def _like(draw: Any, input: Tensor, dtype: Any, device: object, requires_grad: bool) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{draw.__name__}_like: expected a tensor, got {type(input).__name__}")
    wanted = input.dtype if dtype is None else dtype
    place = input.device if device is None else device
    return draw(*input.shape, dtype=wanted, device=place, requires_grad=requires_grad)


def rand_like(input: Tensor, *, dtype: Any = None, device: object = None, requires_grad: bool = False) -> Tensor:
    """Uniform on [0, 1), with the shape, dtype and device of `input` unless given."""
    return _like(rand, input, dtype, device, requires_grad)


def randn_like(input: Tensor, *, dtype: Any = None, device: object = None, requires_grad: bool = False) -> Tensor:
    """Standard normal, with the shape, dtype and device of `input` unless given."""
    return _like(randn, input, dtype, device, requires_grad)


# A draw has no derivative with respect to what it was drawn from: as in PyTorch, the gradient is 0.

_normal = op(
    "normal", lambda xp, mean, std, drawn: drawn * std + mean,
    vjp=(lambda g: g * 0, lambda g: g * 0, None), elementwise=True,
)  # fmt: skip
_bernoulli = op(
    "bernoulli", lambda xp, p, drawn: (drawn < p).astype(p.dtype), vjp=(lambda g: g * 0, None), elementwise=True
)


def normal(mean: Any = 0.0, std: Any = 1.0, size: Sequence[int] | None = None, *,
           generator: Generator | None = None, **options: Any) -> Tensor:  # fmt: skip
    """Normal with the given means and standard deviations: numbers with a `size`, or tensors that broadcast. The
    gradient of means and deviations is 0; `mean + std * cr.randn_like(mean)` has one.

    Raises:
        TypeError: neither `mean` nor `std` is a tensor, and there is no size.
        ValueError: the standard deviation is a negative number.
    """
    if isinstance(std, (int, float)) and not std >= 0:
        raise ValueError(f"normal: std cannot be negative, got {std}")
    if size is not None:
        return randn(*size, generator=generator, **options) * std + mean
    example = mean if isinstance(mean, Tensor) else std
    if not isinstance(example, Tensor):
        raise TypeError("normal: give a size, or tensors for mean or std")
    shape = (mean + std).shape if isinstance(mean, Tensor) and isinstance(std, Tensor) else example.shape
    return _normal(mean, std, randn(*shape, generator=generator, dtype=example.dtype, device=example.device))


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability in each element of `input` (or `p` for all), else 0, in the dtype of `input`; the gradient
    is 0.

    Raises:
        TypeError: `input` is no tensor.
        ValueError: `p` is not in [0, 1], or an element of `input` is not (which is looked at on the host alone).
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"bernoulli: expected a tensor, got {type(input).__name__}")
    if p is not None and not 0 <= p <= 1:
        raise ValueError(f"bernoulli: the probability must be in [0, 1], got {p}")
    given = input._array
    if p is None and input.backend.device_type == "cpu" and given.size and not (given.min() >= 0 and given.max() <= 1):
        raise ValueError(f"bernoulli: probabilities must be in [0, 1], got values from {given.min()} to {given.max()}")
    drawn = stream_of(input.backend, generator).random(input.shape, dtypes.float32)
    return _bernoulli(input, drawn) if p is None else from_array((drawn < p).astype(input.dtype))


__all__ = ["Generator", "bernoulli", "get_rng_state", "initial_seed", "manual_seed", "normal", "rand", "rand_like",
           "randint", "randn",           "randn_like", "randperm", "seed", "set_rng_state"]  # fmt: skip
