"""`nn.functional`: what the modules compute, as functions, under PyTorch's names. Most stand in the tables of ops."""

from __future__ import annotations

from ...autograd.ops.activation import gelu, logsigmoid, sigmoid, softplus
from ...autograd.ops.creation import one_hot
from ...autograd.ops.cross_entropy import cross_entropy, nll_loss
from ...autograd.ops.elementwise import tanh
from ...autograd.ops.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from ...autograd.ops.matmul import linear
from ...autograd.ops.padding import pad
from .activation import elu, hardtanh, leaky_relu, log_softmax, relu, relu6, silu, softmax, softmin
from .dropout import dropout
from .normalization import normalize

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "dropout", "elu", "gelu", "hardtanh",
    "huber_loss", "kl_div", "l1_loss", "leaky_relu", "linear", "log_softmax", "logsigmoid", "mse_loss", "nll_loss",
    "normalize", "one_hot", "pad", "relu", "relu6", "sigmoid", "silu", "smooth_l1_loss", "softmax", "softmin",
    "softplus", "tanh",
]  # fmt: skip
