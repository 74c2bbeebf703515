"""What loads when it is first used, so that `import chainrule` costs little more than NumPy.

A family of ops that not every program needs gets a line in `NAMES`; the names are then public as `cr.NAME` without an
import. Methods of a tensor that lead there say so in autograd/methods.py, with `_later`.
"""

from __future__ import annotations

PARTS = frozenset({"cuda", "data", "fft", "func", "linalg", "masked", "nn", "optim", "special", "viz"})
"""Modules of the package that are attributes of it."""

_BY_MODULE = {
    "storage": "load save",
    "viz": "visualize",
}
"""Module, relative to the package -> the public names it gives to `cr`."""

NAMES = {name: module for module, names in _BY_MODULE.items() for name in names.split()}
