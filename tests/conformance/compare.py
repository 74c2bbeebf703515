"""Two results compared: kind, numbers, gradients. A difference raises `Mismatch`, with what is wrong in its `kind`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

import chainrule as cr

TOLERANCE = {"value": 1e-11, "gradient": 1e-10, "second gradient": 1e-8}
"""In double precision, relative to each number and to the largest of its tensor, or to `FLOOR` if that is less."""

FLOOR = 0.01
"""Where numbers cancel, they leave something behind: 1e-12 of a gradient, where the sample's others are near 1."""

COARSER = {"float64": 1.0, "float32": 1e6, "float16": 1e8}
"""How many times that in the coarsest precision at hand: 1e-5 for a value in float32, 1e-3 in float16."""


class Mismatch(AssertionError):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def expect(holds: Any, kind: str, message: str) -> None:
    if not holds:
        raise Mismatch(kind, message)


def host(value: Any) -> np.ndarray:
    if isinstance(value, cr.Tensor):
        return np.asarray(value.backend.to_host(value.array))
    if isinstance(value, torch.Tensor):
        return value.detach().resolve_conj().resolve_neg().numpy(force=True)  # or it refuses its ZeroTensors
    return np.asarray(value)


def same(one: Any, two: Any) -> bool:
    """The same to the last bit."""
    a, b = host(one), host(two)
    return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def precision(dtype: np.dtype) -> str:
    """The real dtype behind a real or complex one."""
    return str(np.empty(0, dtype).real.dtype)


def expect_kind(ours: Any, theirs: Any, what: str) -> None:
    """Both are tensors of one shape and dtype, and both require a gradient or neither does."""
    if not isinstance(theirs, torch.Tensor):
        return
    expect(isinstance(ours, cr.Tensor), "wrong value", f"{what}: {type(ours).__name__} in place of a tensor")
    shape, dtype = tuple(theirs.shape), str(theirs.dtype).removeprefix("torch.")
    expect(tuple(ours.shape) == shape, "wrong shape", f"{what}: shape {tuple(ours.shape)}, PyTorch has {shape}")
    expect(str(ours.dtype) == dtype, "wrong dtype", f"{what}: {ours.dtype}, PyTorch has {dtype}")
    message = f"{what}: requires_grad is {ours.requires_grad}, PyTorch has {theirs.requires_grad}"
    expect(ours.requires_grad == theirs.requires_grad, "wrong requires_grad", message)


def tolerance(kind: str, dtypes: Iterable[Any]) -> float:
    found = {precision(np.dtype(str(dtype).removeprefix("torch."))) for dtype in dtypes}
    return TOLERANCE[kind] * max((COARSER.get(name, 1.0) for name in found), default=1.0)


def expect_equal(
    ours: Any, theirs: Any, kind: str, what: str, within: float | None = None, least: float = FLOOR
) -> None:
    """Equal within the tolerance of `kind`, or the one given; what is no floating-point number, exactly."""
    if not isinstance(theirs, (torch.Tensor, int, float, complex)):
        expect(ours == theirs, f"wrong {kind}", f"{what}: {ours!r}, PyTorch has {theirs!r}")
        return
    found, expected = host(ours), host(theirs)
    message = f"{what}: {_shown(found)}, PyTorch {_shown(expected)}"
    if found.dtype.kind not in "fc":
        expect(np.array_equal(found, expected), f"wrong {kind}", message)
        return
    if kind == "second gradient":  # PyTorch's formulas divide 0 by 0 here and there: finite differences judge then
        expected = np.where(np.isnan(expected), found, expected)
    sizes = np.abs(expected[np.isfinite(expected)])
    within = tolerance(kind, [expected.dtype]) if within is None else within
    scale = max(least, float(sizes.max(initial=0)))
    close = np.allclose(found, expected, rtol=within, atol=within * scale, equal_nan=True)
    expect(close, f"wrong {kind}", message)


def expect_gradients(
    ours: Sequence[Any], theirs: Sequence[Any], leaves: Sequence[Any], kind: str, within: float
) -> None:
    """None stands for zeros."""
    arrays = [host(g) for g in theirs if g is not None]
    least = FLOOR * max([1.0, *(float(np.abs(a[np.isfinite(a)]).max(initial=0)) for a in arrays)])
    for k, (found, expected, leaf) in enumerate(zip(ours, theirs, leaves, strict=True)):
        what = f"{kind} of input {k}"
        if found is not None:
            shape, dtype = tuple(leaf.shape), str(leaf.dtype).removeprefix("torch.")
            expect(tuple(found.shape) == shape, f"wrong {kind}", f"{what}: shape {tuple(found.shape)}, not {shape}")
            expect(str(found.dtype) == dtype, f"wrong {kind}", f"{what}: {found.dtype}, not {dtype}")
        zeros = torch.zeros_like(leaf)
        expect_equal(
            zeros if found is None else found, zeros if expected is None else expected, kind, what, within, least
        )


def only_theirs_is_nan(ours: Any, theirs: Any) -> bool:
    if theirs is None:
        return False
    found = np.zeros(tuple(theirs.shape)) if ours is None else host(ours)
    return bool(np.any(np.isnan(host(theirs)) & ~np.isnan(found)))


def random_like(stream: np.random.Generator, tensor: Any) -> np.ndarray:
    drawn = np.asarray(stream.uniform(-1, 1, tuple(tensor.shape)))
    if tensor.dtype.is_complex:
        drawn = drawn + 1j * stream.uniform(-1, 1, tuple(tensor.shape))
    return np.asarray(drawn, str(tensor.dtype).removeprefix("torch."))


def _shown(array: np.ndarray) -> str:
    text = np.array2string(array, precision=5, threshold=8, edgeitems=2).replace("\n", "")
    return text if len(text) < 160 else text[:160] + "..."
