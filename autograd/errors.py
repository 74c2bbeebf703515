"""Errors that are two built-in exceptions at once.

Python programs expect a ValueError for a shape that does not fit, a TypeError for a dtype, an IndexError for a place
that does not exist; PyTorch raises RuntimeError for nearly all of these, and programs written for it catch that. An
operator that PyTorch refuses so raises one of these classes, which both will catch.
"""

from __future__ import annotations


class ShapeError(RuntimeError, ValueError):
    """Shapes, sizes or numbers of things that do not fit."""


class DtypeError(RuntimeError, TypeError):
    """A dtype that does not fit."""


class PlaceError(RuntimeError, IndexError):
    """A dimension, or a place along it, that does not exist."""


__all__ = ["DtypeError", "PlaceError", "ShapeError"]
