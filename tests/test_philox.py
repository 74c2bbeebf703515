"""The counter-based generator: the published vectors, the distributions, and the CUDA source run on the CPU."""

from __future__ import annotations

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from chainrule.backends import get_backend_by_name, philox

DTYPES = ["float16", "float32", "float64"]


class HostGenerator(philox.PhiloxGenerator):
    def _draw(self, name, first, n, *arguments):
        return philox.draw(name, self._key, first, n, *arguments)


def test_published_vector():
    want = "6627e8d5 e169c58d bc57ac4c 9b00dbd8"  # of counter 0 and key 0, from the authors' own tests
    assert " ".join(f"{word:08x}" for word in philox.words(0, 0, 1)[0]) == want


def test_words_against_a_scalar_reading_of_the_paper():
    def philox4x32(counter, key):
        c, k = list(counter), list(key)
        for _ in range(10):
            p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
            k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
        return c

    # The authors' third vector checks the scalar reading itself; all four counter words are used.
    vector = philox4x32([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0])
    assert [f"{word:08x}" for word in vector] == ["d16cfe09", "94fdcceb", "5001e420", "24126ea1"]
    for key, block in ((1, 0), (2**64 - 1, 2**64 - 1), (0x299F31D0A4093822, 0x85A308D3243F6A88)):
        want = philox4x32([block & 0xFFFFFFFF, block >> 32, 0, 0], [key & 0xFFFFFFFF, key >> 32])
        assert philox.words(key, block, 1)[0].tolist() == want
    assert philox.words(7, 5, 3).tolist() == [philox4x32([block, 0, 0, 0], [7, 0]) for block in (5, 6, 7)]


class TestStream:
    def test_the_same_seed_gives_the_same_bits(self):
        def take(generator):
            return [
                generator.random((3, 5), np.dtype("float32")),
                generator.normal((7,), np.dtype("float64")),
                generator.integers(0, 10, (4,), np.dtype("int64")),
                generator.permutation(6),
                generator.random((1,), np.dtype("float64")),
            ]

        generator = HostGenerator(12)
        first = take(generator)
        for other in (take(HostGenerator(12)), take(generator.manual_seed(12))):
            for x, y in zip(first, other, strict=True):
                np.testing.assert_array_equal(x, y)
        assert not np.array_equal(first[0], HostGenerator(13).random((3, 5), np.dtype("float32")))

    def test_a_stream_does_not_repeat_itself(self):
        generator = HostGenerator(0)
        blocks = [generator.random((n,), np.dtype("float64")) for n in (1, 2, 3, 1000)]
        assert len(np.unique(np.concatenate(blocks))) == 1006

    def test_empty_draws(self):
        generator = HostGenerator(3)
        for dtype in DTYPES:
            assert generator.random((0, 2), np.dtype(dtype)).shape == (0, 2)
            assert generator.normal((2, 0), np.dtype(dtype)).dtype == dtype
        assert generator.permutation(0).shape == (0,)
        assert generator.random((), np.dtype("float32")).shape == ()
        np.testing.assert_array_equal(
            HostGenerator(3).random((), np.dtype("float32")), HostGenerator(3).random((1,), np.dtype("float32"))[0]
        )

    @pytest.mark.parametrize("seed", [-1, 2**64])
    def test_seeds_out_of_range(self, seed):
        with pytest.raises(ValueError, match=str(seed)):
            HostGenerator(seed)

    def test_an_empty_range(self):
        with pytest.raises(ValueError, match="low=3, high=3"):
            HostGenerator(0).integers(3, 3, (1,), np.dtype("int64"))


class TestDistributions:
    """With 200 000 draws the standard error is known; five of them are a chance of one in a million, and the seed is
    fixed."""

    n = 200_000

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_uniform(self, dtype):
        x = HostGenerator(1).random((self.n,), np.dtype(dtype))
        assert x.dtype == dtype
        assert x.min() >= 0 and x.max() < 1
        wide = x.astype(np.float64)
        rounding = np.finfo(dtype).eps / 2
        assert abs(wide.mean() - 0.5) < 5 * np.sqrt(1 / 12 / self.n) + rounding
        counts = np.histogram(wide, 64, (0, 1))[0]
        assert ((counts - self.n / 64) ** 2 / (self.n / 64)).sum() < 63 + 5 * np.sqrt(2 * 63)
        assert abs(np.corrcoef(wide[:-1], wide[1:])[0, 1]) < 5 / np.sqrt(self.n)

    def test_half_precision_never_reaches_one(self):
        most = np.array([[0xFFFFFFFF] * 4], np.uint32)
        for bits in (8, 11, 24):
            assert philox.TWINS["uniform32"](most, np.int32(32 - bits), np.float32(2.0**-bits)).max() == 1 - 2.0**-bits
        assert philox.TWINS["uniform64"](most).max() == 1 - 2.0**-53

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_normal(self, dtype):
        x = HostGenerator(2).normal((self.n,), np.dtype(dtype))
        assert x.dtype == dtype
        assert np.isfinite(x).all()
        wide = x.astype(np.float64)
        assert abs(wide.mean()) < 5 / np.sqrt(self.n)
        assert abs(wide.var() - 1) < 5 * np.sqrt(2 / self.n)
        assert abs((wide**3).mean()) < 5 * np.sqrt(15 / self.n)
        assert abs((wide**4).mean() - 3) < 5 * np.sqrt(96 / self.n)
        pairs = wide[: self.n // 2 * 2].reshape(-1, 2)
        assert abs(np.corrcoef(pairs.T)[0, 1]) < 5 / np.sqrt(len(pairs))

    def test_normal_at_the_ends(self):
        for word in (0, 0xFFFFFFFF):
            ends = np.full((1, 4), word, np.uint32)
            for name in ("normal32", "normal64"):
                assert np.isfinite(philox.TWINS[name](ends)).all()

    @pytest.mark.parametrize(("low", "high"), [(0, 7), (-3, 4), (10, 11), (-(2**62), 2**62), (0, 2**63 - 1)])
    def test_integers(self, low, high):
        x = HostGenerator(4).integers(low, high, (self.n,), np.dtype("int64"))
        assert x.dtype == np.int64
        assert x.min() >= low and x.max() < high
        places = ((x.astype(np.float64) - low) / (high - low) * 7).astype(np.int64)
        if high - low >= 7:
            counts = np.bincount(places, minlength=7)
            assert ((counts - self.n / 7) ** 2 / (self.n / 7)).sum() < 6 + 5 * np.sqrt(2 * 6)

    def test_integers_against_exact_arithmetic(self):
        words = philox.words(9, 0, 100)
        for span in (1, 3, 2**32 + 5, 2**63, 2**64 - 1):
            got = philox.TWINS["integers"](words, np.int64(0), np.uint64(span)).ravel()
            wide = [(int(a) << 32 | int(b)) * span >> 64 for row in words for a, b in (row[:2], row[2:])]
            np.testing.assert_array_equal(got.astype(np.uint64), np.array(wide, np.uint64))

    def test_permutation(self):
        generator = HostGenerator(5)
        first = np.bincount([int(generator.permutation(5)[0]) for _ in range(2000)], minlength=5)
        np.testing.assert_array_equal(np.sort(generator.permutation(1000)), np.arange(1000))
        assert generator.permutation(3).dtype == np.int64
        assert ((first - 400) ** 2 / 400).sum() < 4 + 5 * np.sqrt(2 * 4)


def test_the_stand_in_device_draws_these_numbers():
    backend = get_backend_by_name("standin")
    generator, host = backend.generator(21), HostGenerator(21)
    for dtype in map(np.dtype, DTYPES):
        np.testing.assert_array_equal(
            backend.to_host(generator.normal((2, 3), dtype)), host.normal((2, 3), dtype), strict=True
        )
    np.testing.assert_array_equal(backend.to_host(generator.permutation(9)), host.permutation(9), strict=True)


# The CUDA source, compiled for the CPU.

C_TYPES = {
    "uint64": "unsigned long long",
    "int64": "long long",
    "int32": "int",
    "float32": "float",
    "float64": "double",
}
SHIMS = """
#include <math.h>
#define __device__ static
static unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)(((unsigned __int128)a * b) >> 64);
}
static void sincospi(double x, double* s, double* c) { *s = sin(M_PI * x); *c = cos(M_PI * x); }
static void sincospif(float x, float* s, float* c) { *s = (float)sin(M_PI * x); *c = (float)cos(M_PI * x); }
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler here")
    folder = tmp_path_factory.mktemp("philox")
    source = SHIMS + philox.PREAMBLE
    for name, kernel in philox.KERNELS.items():
        inputs = ", ".join(f"{C_TYPES[t]} {v}" for t, v in (p.split() for p in kernel.inputs.split(",")))
        _, out, variable = kernel.output.split()
        source += f"""
extern "C" void {name}(long long blocks, {inputs}, {C_TYPES[out]}* {variable}) {{
    for (long long i = 0; i < blocks; ++i) {{ {kernel.body} }}
}}
"""
    (folder / "philox.cpp").write_text(source)
    library = folder / "philox.so"
    subprocess.run(
        [compiler, "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-o", library, folder / "philox.cpp"], check=True
    )
    return ctypes.CDLL(str(library))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("uniform32", (np.int32(8), np.float32(2.0**-24))),
        ("uniform32", (np.int32(21), np.float32(2.0**-11))),
        ("uniform64", ()),
        ("integers", (np.int64(-5), np.uint64(11))),
        ("integers", (np.int64(0), np.uint64(2**63))),
        ("normal32", ()),
        ("normal64", ()),
    ],
)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 1001])
def test_kernels_on_the_cpu_equal_their_twins(compiled, name, arguments, n):
    kernel = philox.KERNELS[name]
    key, first = 0x123456789ABCDEF, 2**33 + 5
    out = np.full(n + 4, 77, kernel.output.split()[1])
    scalars = [(np.uint64(key)), np.uint64(first), np.int64(n), *arguments]
    kinds = {"uint64": ctypes.c_uint64, "int64": ctypes.c_int64, "int32": ctypes.c_int32, "float32": ctypes.c_float}
    getattr(compiled, name)(
        ctypes.c_longlong(-(-n // kernel.per_block)),
        *(kinds[value.dtype.name](value.item()) for value in scalars),
        out.ctypes.data_as(ctypes.c_void_p),
    )
    want = philox.draw(name, key, first, n, *arguments)
    assert want.dtype == out.dtype
    if name.startswith("normal"):
        np.testing.assert_allclose(out[:n], want, rtol=0, atol=32 * np.finfo(want.dtype).eps)
    else:
        np.testing.assert_array_equal(out[:n], want)
    np.testing.assert_array_equal(out[n:], 77)  # nothing written past the end
