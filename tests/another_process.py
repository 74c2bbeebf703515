"""What `test_pickle.py` runs in another process: a module of its own, so that nothing else is imported there."""

from __future__ import annotations

from typing import Any


def train(queue: Any, model: Any, x: Any) -> None:
    """Sends back what the model's parameters, gradients and loss are here."""
    loss = model(x).sum()
    loss.backward()
    queue.put((model.state_dict(), [p.grad for p in model.parameters()], loss.detach()))
