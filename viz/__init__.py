"""A graph drawn: as a picture (`visualize`) and as text (`graph_text`)."""

from __future__ import annotations

from .draw import visualize
from .text import graph_text

__all__ = ["graph_text", "visualize"]
