"""Random numbers by counting: Philox4x32-10, as CUDA source and as its NumPy twin.

J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC'11): a keyed bijection turns
the number of a block, 0, 1, 2, ..., into four 32-bit words. The state is two integers on the host, the seed and the
next block, so the same seed gives the same bits whatever the size of the device; any block can be computed alone.

A kernel of `KERNELS` runs once a block and writes the block's two or four numbers; `TWINS` holds the same by NumPy,
equal bit for bit but for the logarithm, sine and cosine of the normal ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .base import Array, Generator

_M0, _M1 = 0xD2511F53, 0xCD9E8D57
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10

PREAMBLE = f"""
__device__ void philox(unsigned long long block, unsigned long long key, unsigned int* w) {{
    unsigned int k0 = (unsigned int)key, k1 = (unsigned int)(key >> 32);
    w[0] = (unsigned int)block; w[1] = (unsigned int)(block >> 32); w[2] = 0; w[3] = 0;
    for (int round = 0; round < {_ROUNDS}; ++round) {{
        unsigned long long p0 = {_M0}ULL * w[0], p1 = {_M1}ULL * w[2];
        unsigned int n0 = (unsigned int)(p1 >> 32) ^ w[1] ^ k0, n2 = (unsigned int)(p0 >> 32) ^ w[3] ^ k1;
        w[1] = (unsigned int)p1; w[3] = (unsigned int)p0; w[0] = n0; w[2] = n2;
        k0 += {_W0}U; k1 += {_W1}U;
    }}
}}
"""


class Kernel(NamedTuple):
    """One elementwise kernel over blocks: its parameters and body, and how many numbers a block gives."""

    inputs: str
    output: str
    body: str
    per_block: int


_HEAD = "uint64 key, uint64 first, int64 n"
_DRAW = "unsigned int w[4]; philox(first + (unsigned long long)i, key, w);"

KERNELS = {
    "uniform32": Kernel(
        f"{_HEAD}, int32 drop, float32 scale",
        "raw float32 out",
        f"""{_DRAW}
        for (int j = 0; j < 4; ++j) {{
            long long at = 4 * (long long)i + j;
            if (at < n) out[at] = (float)(w[j] >> drop) * scale;
        }}""",
        4,
    ),
    "uniform64": Kernel(
        _HEAD,
        "raw float64 out",
        f"""{_DRAW}
        for (int j = 0; j < 2; ++j) {{
            long long at = 2 * (long long)i + j;
            double whole = (double)(w[2 * j] >> 5) * 67108864.0 + (double)(w[2 * j + 1] >> 6);
            if (at < n) out[at] = whole * 1.1102230246251565e-16;
        }}""",
        2,
    ),
    "integers": Kernel(
        f"{_HEAD}, int64 low, uint64 span",
        "raw int64 out",
        f"""{_DRAW}
        for (int j = 0; j < 2; ++j) {{
            long long at = 2 * (long long)i + j;
            unsigned long long word = ((unsigned long long)w[2 * j] << 32) | w[2 * j + 1];
            if (at < n) out[at] = (long long)((unsigned long long)low + __umul64hi(word, span));
        }}""",
        2,
    ),
    "normal32": Kernel(
        _HEAD,
        "raw float32 out",
        f"""{_DRAW}
        for (int j = 0; j < 4; j += 2) {{
            long long at = 4 * (long long)i + j;
            float u = (float)w[j] * 2.3283064365386963e-10f + 1.1641532182693481e-10f;
            float radius = sqrtf(-2.0f * logf(u)), s, c;
            sincospif((float)w[j + 1] * 4.6566128730773926e-10f, &s, &c);
            if (at < n) out[at] = radius * c;
            if (at + 1 < n) out[at + 1] = radius * s;
        }}""",
        4,
    ),
    "normal64": Kernel(
        _HEAD,
        "raw float64 out",
        f"""{_DRAW}
        long long at = 2 * (long long)i;
        double u = ((double)(w[0] >> 5) * 67108864.0 + (double)(w[1] >> 6) + 1.0) * 1.1102230246251565e-16;
        double v = ((double)(w[2] >> 5) * 67108864.0 + (double)(w[3] >> 6)) * 2.2204460492503131e-16;
        double radius = sqrt(-2.0 * log(u)), s, c;
        sincospi(v, &s, &c);
        if (at < n) out[at] = radius * c;
        if (at + 1 < n) out[at + 1] = radius * s;
        """,
        2,
    ),
}


def words(key: int, first: int, blocks: int) -> np.ndarray:
    """The four words of each of `blocks` blocks from number `first` on: uint32, shape (blocks, 4)."""
    counter = np.uint64(first) + np.arange(blocks, dtype=np.uint64)
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    w0, w1 = counter & low, counter >> shift
    w2 = w3 = np.zeros(blocks, np.uint64)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(_ROUNDS):
        p0, p1 = np.uint64(_M0) * w0, np.uint64(_M1) * w2
        w0, w1, w2, w3 = (p1 >> shift) ^ w1 ^ np.uint64(k0), p1 & low, (p0 >> shift) ^ w3 ^ np.uint64(k1), p0 & low
        k0, k1 = (k0 + _W0) & 0xFFFFFFFF, (k1 + _W1) & 0xFFFFFFFF
    return np.stack([w0, w1, w2, w3], axis=1).astype(np.uint32)


def _uniform32(w: np.ndarray, drop: np.int32, scale: np.float32) -> np.ndarray:
    return (w >> np.uint32(drop)).astype(np.float32) * scale


def _whole53(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    return (high >> np.uint32(5)).astype(np.float64) * 67108864.0 + (low >> np.uint32(6)).astype(np.float64)


def _uniform64(w: np.ndarray) -> np.ndarray:
    return _whole53(w[:, 0::2], w[:, 1::2]) * 2.0**-53


def _integers(w: np.ndarray, low: np.int64, span: np.uint64) -> np.ndarray:
    word = (w[:, 0::2].astype(np.uint64) << np.uint64(32)) | w[:, 1::2]
    # The upper half of the 128-bit product, from 32-bit halves.
    mask, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    a, b, c, d = word >> half, word & mask, span >> half, span & mask
    middle = a * d + ((b * d) >> half)
    upper = a * c + (middle >> half) + ((b * c + (middle & mask)) >> half)
    return (upper + np.int64(low).astype(np.uint64)).astype(np.int64)


def _polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Box-Muller: a normal pair from a radius and an angle in units of pi."""
    turned = np.pi * angle.astype(np.float64)
    pair = np.stack([radius * np.cos(turned).astype(radius.dtype), radius * np.sin(turned).astype(radius.dtype)], 2)
    return pair.reshape(len(radius), 2 * radius.shape[1])


def _normal32(w: np.ndarray) -> np.ndarray:
    f = np.float32
    u = w[:, 0::2].astype(f) * f(2.0**-32) + f(2.0**-33)
    return _polar(np.sqrt(f(-2) * np.log(u)), w[:, 1::2].astype(f) * f(2.0**-31))


def _normal64(w: np.ndarray) -> np.ndarray:
    u = (_whole53(w[:, 0:1], w[:, 1:2]) + 1.0) * 2.0**-53
    return _polar(np.sqrt(-2.0 * np.log(u)), _whole53(w[:, 2:3], w[:, 3:4]) * 2.0**-52)


TWINS: dict[str, Callable[..., np.ndarray]] = {
    "uniform32": _uniform32,
    "uniform64": _uniform64,
    "integers": _integers,
    "normal32": _normal32,
    "normal64": _normal64,
}


def draw(name: str, key: int, first: int, n: int, *arguments: Any) -> np.ndarray:
    """What the kernel called `name` writes, by NumPy: n numbers from block `first` on."""
    blocks = -(-n // KERNELS[name].per_block)
    return TWINS[name](words(key, first, blocks), *arguments).ravel()[:n]


class PhiloxGenerator(Generator):
    """A generator on any backend that can run the kernels above; a subclass says how in `_draw`."""

    def __init__(self, seed: int) -> None:
        self.manual_seed(seed)

    def manual_seed(self, seed: int) -> PhiloxGenerator:
        if not 0 <= seed < 2**64:
            raise ValueError(f"a seed is an integer from 0 to 2**64 - 1, got {seed}")
        self._key, self._next = int(seed), 0
        return self

    def state(self) -> dict[str, Any]:
        return {"key": self._key, "next": self._next}

    def restore(self, state: dict[str, Any]) -> None:
        self._key, self._next = state["key"], state["next"]

    def _draw(self, name: str, first: int, n: int, *arguments: Any) -> Array:
        """n numbers of the kernel called `name` from block `first` on, one-dimensional."""
        raise NotImplementedError

    def _numbers(self, name: str, n: int, *arguments: Any) -> Array:
        first, self._next = self._next, self._next - (-n // KERNELS[name].per_block)
        return self._draw(name, first, n, *arguments)

    def random(self, shape: Sequence[int], dtype: np.dtype) -> Array:
        dtype, n = np.dtype(dtype), math.prod(shape)
        if dtype == np.float64:
            flat = self._numbers("uniform64", n)
        else:
            # As many bits as the significand holds, so that no rounding reaches 1.
            bits = 8 if dtype.name == "bfloat16" else np.finfo(dtype).nmant + 1
            flat = self._numbers("uniform32", n, np.int32(32 - bits), np.float32(2.0**-bits))
        return flat.astype(dtype, copy=False).reshape(tuple(shape))

    def normal(self, shape: Sequence[int], dtype: np.dtype) -> Array:
        name = "normal64" if dtype == np.float64 else "normal32"
        return self._numbers(name, math.prod(shape)).astype(dtype, copy=False).reshape(tuple(shape))

    def integers(self, low: int, high: int, shape: Sequence[int], dtype: np.dtype) -> Array:
        if not low < high:
            raise ValueError(f"integers needs low < high, got low={low}, high={high}")
        # A 64-bit word times the span, upper half: uneven by less than span / 2**64.
        flat = self._numbers("integers", math.prod(shape), np.int64(low), np.uint64(high - low))
        return flat.astype(dtype, copy=False).reshape(tuple(shape))

    def permutation(self, n: int) -> Array:
        return self._numbers("integers", n, np.int64(0), np.uint64(2**63)).argsort()
