"""Fourier transforms, windows and spectrograms beyond the samples of rows/: dtypes, errors, identities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from judge import agree, raised

import chainrule as cr
from chainrule.backends import Backend, get_backend_by_name

WHOLE = ("fft", "ifft", "fft2", "ifft2", "fftn", "ifftn")
FROM_REAL = ("rfft", "ihfft", "rfft2", "rfftn", "ihfft2", "ihfftn")
TO_REAL = ("irfft", "hfft", "irfft2", "irfftn", "hfft2", "hfftn")


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("name", [*WHOLE, *FROM_REAL, *TO_REAL])
def test_single_precision_stays_single(name: str, norm: str | None, backend: Backend) -> None:
    real = cr.rand(6, 10) - 0.5
    transform = getattr(cr.fft, name)
    given = [real] if name in FROM_REAL else [real, cr.complex(real, real.flip(0))]
    for x in given:
        out = transform(x, norm=norm)
        assert out.dtype == (cr.float32 if name in TO_REAL else cr.complex64)
        exact = transform(x.to(cr.complex128 if x.is_complex() else cr.float64), norm=norm)
        difference = (out.to(exact.dtype) - exact).abs().max()
        assert float(difference) <= 1e-6 * float(exact.abs().max())


def test_the_factor_of_single_precision_is_exact_in_length_and_place() -> None:
    """What backends/fourier.py multiplies by afterwards, for lengths given and not, and for both directions."""
    fft = get_backend_by_name("numpy").xp.fft
    x = np.random.default_rng(0).standard_normal((3, 5, 7)).astype(np.float32)
    z = (x + 1j * x[::-1]).astype(np.complex64)
    for s, axes in ((None, (0, 2)), ((4, 6), (0, 2)), ((9,), (1,)), (None, (1,))):
        for norm in (None, "backward", "forward", "ortho"):
            for name, a in (("fftn", x), ("fftn", z), ("ifftn", z), ("rfftn", x), ("irfftn", z)):
                found, expected = getattr(fft, name)(a, s, axes, norm), getattr(np.fft, name)(a, s, axes, norm)
                assert found.dtype == expected.dtype
                np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("there", "back"), [("fftn", "ifftn"), ("rfftn", "irfftn"), ("ihfftn", "hfftn")])
@pytest.mark.parametrize("shape", [(4, 6), (3, 5), (2, 1, 2)])
def test_there_and_back(there: str, back: str, shape: tuple[int, ...], backend: Backend) -> None:
    x = cr.rand(*shape, dtype=cr.float64)
    for norm in ("backward", "ortho", "forward"):
        found = getattr(cr.fft, back)(getattr(cr.fft, there)(x, norm=norm), s=shape, norm=norm)
        np.testing.assert_allclose(cr.real(found).tolist(), x.tolist(), atol=1e-12)


def test_third_derivatives() -> None:
    def program(lib: Any) -> Any:
        x = lib.tensor([[0.3, -1.2, 0.7, 0.1], [1.1, 0.4, -0.6, 0.9]], dtype=lib.float64, requires_grad=True)
        loss = (lib.fft.rfft2(x).abs() ** 4).sum() + (lib.fft.irfft(lib.fft.fft(x) ** 2, 5) ** 3).sum()
        found = []
        for power in (3, 2, 1):
            (g,) = lib.autograd.grad(loss, x, create_graph=True)
            found.append(g)
            loss = (g**power).sum()
        return found

    agree(program, rtol=1e-9)


ERRORS: dict[str, Callable[[Any], Any]] = {
    "no such dim": lambda lib: lib.fft.fft(lib.ones(3), dim=1),
    "0-d": lambda lib: lib.fft.fft(lib.ones(())),
    "0-d, dim": lambda lib: lib.fft.fftn(lib.ones(()), dim=0),
    "length 0": lambda lib: lib.fft.fft(lib.ones(3), n=0),
    "nothing": lambda lib: lib.fft.fft(lib.ones(0)),
    "norm": lambda lib: lib.fft.fft(lib.ones(3), norm="none"),
    "complex to rfft": lambda lib: lib.fft.rfft(lib.ones(3, dtype=lib.complex64)),
    "one to irfft": lambda lib: lib.fft.irfft(lib.ones(1)),
    "twice": lambda lib: lib.fft.fftn(lib.ones(3, 3), dim=(0, 0)),
    "sizes and dims": lambda lib: lib.fft.fftn(lib.ones(3, 3), s=(2,), dim=(0, 1)),
    "too many sizes": lambda lib: lib.fft.fftn(lib.ones(3), s=(2, 2)),
    "no dims": lambda lib: lib.fft.rfftn(lib.ones(3), dim=()),
    "stft says which": lambda lib: lib.stft(lib.ones(20), 8),
    "stft 3-d": lambda lib: lib.stft(lib.ones(2, 2, 20), 8, return_complex=True),
    "stft too long": lambda lib: lib.stft(lib.ones(4), 20, center=False, return_complex=True),
    "stft hop": lambda lib: lib.stft(lib.ones(20), 8, 0, return_complex=True),
    "stft window": lambda lib: lib.stft(lib.ones(20), 8, window=lib.ones(7), return_complex=True),
    "stft half of complex": lambda lib: lib.stft(lib.ones(20, dtype=lib.complex64), 8, onesided=True),
    "istft real": lambda lib: lib.istft(lib.ones(5, 7), 8),
    "istft frequencies": lambda lib: lib.istft(lib.ones(6, 7, dtype=lib.complex64), 8),
    "istft zeros": lambda lib: lib.istft(lib.ones(5, 7, dtype=lib.complex64), 8, window=lib.zeros(8)),
    "istft half of complex": lambda lib: lib.istft(lib.ones(5, 7, dtype=lib.complex64), 8, return_complex=True),
    "window length": lambda lib: lib.hann_window(-1),
    "window dtype": lambda lib: lib.hann_window(4, dtype=lib.int64),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name: str) -> None:
    theirs = raised(lambda: ERRORS[name](torch))
    assert theirs is not None
    with pytest.raises(getattr(__import__("builtins"), theirs)):
        ERRORS[name](cr)


@pytest.mark.parametrize("name", ["fft", "rfft2", "hfft", "irfftn", "fftshift"])
def test_what_is_no_tensor(name: str) -> None:
    with pytest.raises(TypeError, match="expected a tensor"):
        getattr(cr.fft, name)([1.0, 2.0])


@pytest.mark.parametrize("length", [100, 128, 131])
def test_a_spectrogram_gives_its_signal_back(length: int, backend: Backend) -> None:
    signal = cr.rand(2, length, dtype=cr.float64)
    window = cr.hann_window(32, dtype=cr.float64)
    spectra = cr.stft(signal, 32, 8, window=window, return_complex=True)
    assert spectra.shape == (2, 17, length // 8 + 1)
    back = cr.istft(spectra, 32, 8, window=window, length=length // 8 * 8)
    np.testing.assert_allclose(back.tolist(), signal[:, : length // 8 * 8].tolist(), atol=1e-12)


def test_windows_have_the_default_dtype(backend: Backend) -> None:
    window = cr.kaiser_window(6, requires_grad=True)
    assert (window.dtype, window.backend, window.requires_grad) == (cr.float32, backend, True)
    assert cr.hann_window(6, dtype=cr.float64).dtype == cr.float64
    assert cr.fft.fftfreq(6).dtype == cr.float32
    np.testing.assert_allclose(cr.fft.fftfreq(5, 0.5).tolist(), np.fft.fftfreq(5, 0.5), rtol=1e-6)
