"""PyTorch's `torch.cuda`, as far as programs ask it where to run: the GPUs of the CuPy backend."""

from __future__ import annotations

from .autograd.random import manual_seed
from .backends import get_backend_by_name, unavailable


def is_available() -> bool:
    """Whether a GPU answers, through CuPy. `cr.available_backends()` says why not."""
    return unavailable("cupy") is None


def device_count() -> int:
    """How many GPUs answer."""
    return len(get_backend_by_name("cupy").devices()) if is_available() else 0


def manual_seed_all(seed: int) -> None:
    """Restarts the random streams, those of the GPUs and the host's alike."""
    manual_seed(seed)


def synchronize() -> None:
    """Waits until the GPU has finished all that was asked of it.

    Raises:
        BackendUnavailable: there is none.
    """
    get_backend_by_name("cupy").synchronize()


__all__ = ["device_count", "is_available", "manual_seed", "manual_seed_all", "synchronize"]
