"""Reductions and normalisations that leave out what a mask excludes, under the names of `torch.masked`."""

from __future__ import annotations

from .autograd.ops.masked import *
from .autograd.ops.masked import __all__ as __all__
