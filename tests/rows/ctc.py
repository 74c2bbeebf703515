"""The loss of label sequences. PyTorch's gradient is the one behind a log_softmax, so the samples go through one."""

from __future__ import annotations

from typing import Any

from .rows import Row, Sample, T

F = "nn.functional."
TARGETS = T(values=[[1, 2, 2], [3, 3, 1]], dtype="int64")
LENGTHS = ((5, 4), (3, 2))


def _loss(library: Any, scores: Any, targets: Any, inputs: Any, lengths: Any, **settings: Any) -> Any:
    return library.nn.functional.ctc_loss(scores.log_softmax(-1), targets, inputs, lengths, **settings)


ROWS = [
    Row(
        F + "ctc_loss",
        *[Sample(T(5, 2, 4), TARGETS, *LENGTHS, reduction=reduction) for reduction in ("mean", "sum", "none")],
        Sample(T(5, 2, 4), T(values=[1, 2, 2, 3, 3], dtype="int64"), *LENGTHS, blank=0),
        Sample(T(5, 2, 4), T(values=[[1, 0, 0], [3, 3, 1]], dtype="int64"), (5, 4), (2, 0), blank=2),
        Sample(T(5, 4), T(values=[1, 1], dtype="int64"), T(values=5, dtype="int64"), T(values=2, dtype="int64")),
        # Two labels that are the same need a blank between them: of the first sample there is no alignment.
        Sample(T(4, 2, 4), T(values=[[1, 1, 1], [3, 2, 1]], dtype="int64"), (4, 4), (3, 3), zero_infinity=True),
        Sample(T(3, 2, 4), T(values=[[1, 2], [3, 1]], dtype="int64"), (0, 3), (0, 2), reduction="none"),
        torch=_loss,
        call=_loss,
    ),
]
