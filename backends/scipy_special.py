"""`xp.special`: SciPy's special functions, or CuPy's of the same names, imported when one is first asked for.

    xp.special.gammaln(x)

They keep a floating dtype, as the other functions of `xp` do: half precision is computed in single precision, integers
and booleans in double.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .base import Array

_HALVES = ("float16", "bfloat16")


class SpecialFunctions:
    """The functions of a module as attributes, each made when it is first asked for.

    Args:
        load: imports the module, or raises ImportError and says what to install.
    """

    def __init__(self, load: Callable[[], Any]) -> None:
        self._load = load

    def __getattr__(self, name: str) -> Callable[..., Array]:
        if name.startswith("_"):
            raise AttributeError(name)
        module = self._load()
        if not hasattr(module, name):
            raise NotImplementedError(f"{module.__name__} has no function {name}")
        function = _keeping_dtype(getattr(module, name))
        setattr(self, name, function)
        return function


def _keeping_dtype(function: Callable[..., Array]) -> Callable[..., Array]:
    def keeping(*operands: Any) -> Array:
        found = [x.dtype for x in operands if hasattr(x, "dtype")]
        if all(dtype.char in "fd" for dtype in found):
            return function(*operands)
        result = function(*[_widened(x) if hasattr(x, "dtype") else x for x in operands])
        return result.astype(found[0]) if all(dtype.name in _HALVES for dtype in found) else result

    keeping.__name__ = keeping.__qualname__ = function.__name__
    keeping.__doc__ = function.__doc__
    return keeping


def _widened(x: Array) -> Array:
    if x.dtype.name in _HALVES:
        return x.astype(np.float32)
    return x.astype(np.float64) if x.dtype.kind in "biu" else x


def scipy_special() -> Any:
    """`scipy.special`.

    Raises:
        ImportError: SciPy is not installed.
    """
    try:
        import scipy.special
    except ImportError as error:
        raise ImportError(f'special functions need SciPy: run `pip install "chainrule[special]"` ({error})') from error
    return scipy.special
