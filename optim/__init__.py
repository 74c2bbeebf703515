"""Optimizers: gradient descent and its kin, under PyTorch's names; learning-rate schedules in `lr_scheduler`.

They take tensors, not modules: `optim.Adam(model.parameters())`, or one bare tensor.
"""

from __future__ import annotations

from . import lr_scheduler
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Adamax", "Optimizer", "RMSprop", "lr_scheduler"]
