"""The short-time Fourier transform: a signal cut into overlapping windows, each transformed; and its inverse."""

from __future__ import annotations

from typing import Any

from ...backends import dtypes
from ..errors import DtypeError, ShapeError
from . import creation
from .complex import is_complex, view_as_real
from .dims import integer, ndim_of, sizes_of
from .fourier import fft, ifft, irfft, rfft
from .getitem import at
from .padding import pad
from .rearrange import fold_windows, unfold
from .shape import expand, squeeze, transpose, unsqueeze


def _frame(name: str, input: Any, n_fft: int, hop_length: int | None, win_length: int | None,
           window: Any) -> tuple[int, Any]:  # fmt: skip
    """The hop, and the window with zeros on both sides up to a length of `n_fft`."""
    hop = integer(name, "hop_length", n_fft // 4 if hop_length is None else hop_length)
    length = integer(name, "win_length", n_fft if win_length is None else win_length)
    if hop < 1:
        raise ShapeError(f"{name}: hop_length must be at least 1, got {hop}")
    if not 0 < length <= n_fft:
        raise ShapeError(f"{name}: win_length must be between 1 and n_fft, got {length} and {n_fft}")
    if window is None:
        window = creation.ones(length, dtype=dtypes.real_dtype(input.dtype), device=input.device)
    elif sizes_of(name, window) != (length,):
        raise ShapeError(f"{name}: the window must have shape ({length},), that of win_length; got {window.shape}")
    left = (n_fft - length) // 2
    return hop, pad(window, (left, n_fft - length - left)) if length < n_fft else window


def stft(
    input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None, window: Any = None,
    center: bool = True, pad_mode: str = "reflect", normalized: bool = False, onesided: bool | None = None,
    return_complex: bool | None = None, align_to_window: bool | None = None,
) -> Any:  # fmt: skip
    """The Fourier transforms of the windows of a signal.

    Args:
        input: the signals, of shape (L,) or (B, L); real or complex.
        n_fft: how many elements are transformed at a time.
        hop_length: how far the next window is; `n_fft // 4` unless given.
        win_length: the window's length; `n_fft` unless given. A shorter one is set into the middle of `n_fft` elements.
        window: what they are multiplied by, of shape (win_length,); ones unless given.
        center: pad the signal on both sides by `n_fft // 2`, so that window t has its middle at `t * hop_length`.
        pad_mode: how, see `nn.functional.pad`.
        normalized: divide by the root of `n_fft`.
        onesided: leave out the second half of each transform; by default for real signals and windows.
        return_complex: give complex numbers (what to write in new programs), or real ones with a last dimension of 2;
            must be given for real input.
        align_to_window: without `center`, leave out nothing but what no whole window of `win_length` covers.

    Returns:
        A tensor of shape (frequencies, windows), with B before and 2 behind where there are such.

    Raises:
        RuntimeError: the shapes or lengths do not fit; `onesided` with complex numbers; no `return_complex` where it
            must be; the dtype is not floating or complex.
    """
    if ndim_of("stft", input) not in (1, 2):
        raise ShapeError(f"stft: expected signals of shape (L,) or (B, L), got shape {tuple(input.shape)}")
    if input.dtype.kind not in "fc":
        raise DtypeError(f"stft: expected floating-point or complex signals, got {input.dtype}")
    if center and align_to_window is not None:
        raise ShapeError("stft: align_to_window has a meaning with center=False only")
    complicated = is_complex(input) or (window is not None and is_complex(window))
    if return_complex is None:
        if not complicated:
            raise ShapeError("stft: for a real signal give return_complex, True in new programs (see view_as_real)")
        return_complex = True
    n_fft = integer("stft", "n_fft", n_fft)
    signal = input if input.ndim == 2 else unsqueeze(input, 0)
    if center:
        signal = pad(signal, (n_fft // 2, n_fft // 2), pad_mode)
    if not 0 < n_fft <= signal.shape[-1]:
        raise ShapeError(f"stft: n_fft must be between 1 and the length of the signal, {signal.shape[-1]}; got {n_fft}")
    hop, window = _frame("stft", input, n_fft, hop_length, win_length, window)
    if align_to_window:
        beside = (n_fft - (n_fft if win_length is None else win_length)) // 2
        signal = pad(signal, (beside, beside))
    if onesided is None:
        onesided = not complicated
    if onesided and complicated:
        raise ShapeError("stft: of complex numbers the transform has no second half to leave out; onesided=False")
    frames = unfold(signal, -1, n_fft, hop) * window
    found = transpose((rfft if onesided else fft)(frames, norm="ortho" if normalized else None), 1, 2)
    found = found if input.ndim == 2 else squeeze(found, 0)
    return found if return_complex else view_as_real(found)


def istft(
    input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None, window: Any = None,
    center: bool = True, normalized: bool = False, onesided: bool | None = None, length: int | None = None,
    return_complex: bool = False,
) -> Any:  # fmt: skip
    """The signal whose `stft` comes closest to `input`: the windows are transformed back, multiplied by the window once
    more, added where they overlap, and divided by the sum of the windows' squares (Griffin and Lim 1984).

    Args:
        input: complex, of shape (frequencies, windows) or (B, frequencies, windows).
        n_fft, hop_length, win_length, window, center, normalized, onesided: as in the `stft`.
        length: the length of the signal; by default all that the windows reach.
        return_complex: whether the signal is complex.

    Raises:
        RuntimeError: the shapes or lengths do not fit; the input is real; or the sum of the windows' squares is 0
            somewhere (which is looked at on the host alone: on a device those elements are infinite or NaN).
    """
    if ndim_of("istft", input) not in (2, 3) or 0 in input.shape:
        raise ShapeError(f"istft: expected a shape of (frequencies, windows), or three sizes; got {tuple(input.shape)}")
    if not is_complex(input):
        raise DtypeError(f"istft: expected complex numbers, got {input.dtype}; see view_as_complex")
    n_fft, frequencies = integer("istft", "n_fft", n_fft), input.shape[-2]
    hop, window = _frame("istft", input, n_fft, hop_length, win_length, window)
    if hop > (n_fft if win_length is None else win_length):
        raise ShapeError(f"istft: hop_length must be at most win_length, got {hop}")
    if onesided is None:
        onesided = frequencies != n_fft
    if frequencies != (n_fft // 2 + 1 if onesided else n_fft):
        raise ShapeError(f"istft: {frequencies} frequencies do not fit n_fft={n_fft} with onesided={onesided}")
    if return_complex and onesided:
        raise ShapeError("istft: half a transform gives a real signal; onesided=False for a complex one")
    if not return_complex and is_complex(window):
        raise DtypeError("istft: a complex window gives a complex signal; return_complex=True")
    spectra = transpose(input if input.ndim == 3 else unsqueeze(input, 0), 1, 2)
    norm = "ortho" if normalized else None
    # For a real signal the first half of a transform is enough, and all that counts.
    frames = ifft(spectra, norm=norm) if return_complex else irfft(spectra, n_fft, norm=norm)
    count = frames.shape[1]
    whole = n_fft + hop * (count - 1)
    signal = _added_up(frames * window, whole, hop)
    weights = _added_up(expand(window * window, (count, n_fft)), whole, hop)
    start = n_fft // 2 if center else 0
    stop = whole - start if length is None else min(start + integer("istft", "length", length), whole)
    signal, weights = at(signal, index=(..., slice(start, stop))), at(weights, index=(slice(start, stop),))
    if weights.backend.device_type == "cpu" and not bool((abs(weights) > 1e-11).all()):
        raise ShapeError("istft: somewhere the windows are all 0, so that nothing tells the signal there")
    signal = signal / weights
    if length is not None and stop - start < length:
        signal = pad(signal, (0, length - (stop - start)))
    return signal if input.ndim == 3 else squeeze(signal, 0)


def _added_up(frames: Any, whole: int, hop: int) -> Any:
    """The windows of the last two dimensions, added where they overlap, in a last dimension of length `whole`."""
    dim, size = frames.ndim - 2, frames.shape[-1]
    return fold_windows(frames, shape=(*frames.shape[:-2], whole), dim=dim, size=size, step=hop)


__all__ = ["istft", "stft"]
