"""Learning-rate schedules: `scheduler.step()` after each epoch (or step) sets the rates of the optimizer's groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .optimizer import Optimizer


class LRScheduler:
    """The base of all schedules. The rate a group has when the schedule is made is kept as its `"initial_lr"`.

    Args:
        optimizer: whose rates to set.
        last_epoch: how many steps to have taken already, less one; other than -1 when resuming, and then the groups
            must have an `"initial_lr"`.

    Attributes:
        last_epoch: the number of steps taken.
        base_lrs: the initial rate of each group.

    Raises:
        TypeError: `optimizer` is none.
        KeyError: resuming, and a group has no `"initial_lr"`.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: expected an optimizer, got {type(optimizer).__name__}")
        for k, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group["initial_lr"] = float(group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"resuming at epoch {last_epoch} needs 'initial_lr' in group {k}; load the optimizer's state"
                )
        self.optimizer = optimizer
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def get_lr(self) -> list[float]:
        """The rate of each group for `last_epoch`, from what the rates are now. Every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr method")

    def get_last_lr(self) -> list[float]:
        """The rates set last."""
        return list(self._last_lr)

    def step(self) -> None:
        """Goes one epoch on, and sets the rates."""
        self.last_epoch += 1
        try:
            self._last_lr = self.get_lr()
        except BaseException:
            self.last_epoch -= 1
            raise
        for group, lr in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = lr

    def state_dict(self) -> dict[str, Any]:
        """What to save for resuming: all but the optimizer and functions."""
        return {k: v for k, v in vars(self).items() if k not in ("optimizer", "lr_lambdas")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes what `state_dict` returned."""
        vars(self).update(state_dict)

    def _rates(self) -> list[float]:
        return [float(group["lr"]) for group in self.optimizer.param_groups]


class LambdaLR(LRScheduler):
    """The initial rate times what a function of the epoch returns.

    Args:
        lr_lambda: the function, or one per group.

    Raises:
        ValueError: there are not as many functions as groups.
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        count = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * count if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != count:
            raise ValueError(f"LambdaLR: {count} groups need as many functions, got {len(self.lr_lambdas)}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class StepLR(LRScheduler):
    """The rate times `gamma` every `step_size` epochs."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        falls = self.last_epoch > 0 and self.last_epoch % self.step_size == 0
        return [lr * self.gamma if falls else lr for lr in self._rates()]


class ExponentialLR(LRScheduler):
    """The rate times `gamma` every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        return [lr * self.gamma if self.last_epoch > 0 else lr for lr in self._rates()]


class CosineAnnealingLR(LRScheduler):
    """`eta_min + (lr - eta_min) * (1 + cos(pi * epoch / T_max)) / 2`, from the initial rate down to `eta_min` in
    `T_max` epochs, and up again (Loshchilov and Hutter 2017). Computed from the rate before, as PyTorch does, so that
    it goes along with other schedules."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        epoch, period, low = self.last_epoch, self.T_max, self.eta_min
        if epoch == 0:
            return self._rates()
        if (epoch - 1 - period) % (2 * period) == 0:  # at the bottom, where the rate before says nothing
            rise = (1 - math.cos(math.pi / period)) / 2
            return [lr + (base - low) * rise for lr, base in zip(self._rates(), self.base_lrs, strict=True)]
        ratio = (1 + math.cos(math.pi * epoch / period)) / (1 + math.cos(math.pi * (epoch - 1) / period))
        return [ratio * (lr - low) + low for lr in self._rates()]


__all__ = ["CosineAnnealingLR", "ExponentialLR", "LRScheduler", "LambdaLR", "StepLR"]
