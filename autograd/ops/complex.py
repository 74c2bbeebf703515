"""Complex numbers: their parts, their conjugates, and what is made of two real tensors.

Inside the engine a cotangent `g` of `y` pairs with a change of `y` as `Re(g dy)` (see `record.conjugate`). So the VJP
of a holomorphic function is the formula of the real one; the functions here are those that are not holomorphic.
"""

from __future__ import annotations

from typing import Any

from ..op import op
from ..record import _fitting

_conj = op("conj", lambda xp, x: xp.conj(x), vjp=lambda g: conj(g), linear=True)


def conj(input: Any) -> Any:
    """The complex conjugate; a real tensor is its own, and is returned itself."""
    return _conj(input) if input.dtype.kind == "c" else input


_fitting["conj"] = conj

__all__ = ["conj"]
