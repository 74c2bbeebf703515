"""A graph drawn: as a picture (`visualize`) and as text (`graph_text`)."""

from __future__ import annotations

from .draw import visualize

__all__ = ["visualize"]
