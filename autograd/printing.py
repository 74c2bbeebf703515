"""How a tensor prints: its values, and of the rest only what is not the default."""

from __future__ import annotations

import numpy as np

from ..backends import dtypes, get_default_dtype
from .tensor import Tensor


def tensor_text(tensor: Tensor) -> str:
    """`tensor([1., 2.], requires_grad=True)`. Waits for the device."""
    values = tensor.backend.to_host(tensor._array)
    if values.dtype.name == "bfloat16":
        values = values.astype(np.float32)
    opening = f"{'tensor' if type(tensor) is Tensor else type(tensor).__name__}("
    # Four decimals throughout, and none where there are none to show: 1., 2. but 1.0000, 0.7616.
    whole = all(_whole(part) for part in ((values.real, values.imag) if values.dtype.kind == "c" else (values,)))
    body = np.array2string(values, precision=4, separator=", ", prefix=opening, threshold=1000, edgeitems=3,
                           floatmode="maxprec" if whole else "fixed")  # fmt: skip
    if values.size == 0 and values.ndim != 1:
        body = f"[], size={tuple(values.shape)}"
    notes = []
    if tensor.device.type != "cpu":
        notes.append(f"device='{tensor.device}'")
    if tensor.dtype not in (default := get_default_dtype(), dtypes.complex_dtype(default), dtypes.int64, dtypes.bool):
        notes.append(f"dtype={tensor.dtype}")
    node = tensor.grad_fn
    if node is not None:
        notes.append(f"grad_fn={node!r}")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return f"{opening}{', '.join([body, *notes])})"


def _whole(values: np.ndarray) -> bool:
    return values.dtype.kind != "f" or bool((values[np.isfinite(values)] % 1 == 0).all())
