"""A training step of a multi-layer perceptron 784-256-128-10: forward, cross-entropy, backward, optimizer.

The step is one function that is given the library: the same lines run on PyTorch and on chainrule, from the same
weights, on the same batch of float32 inputs and int64 labels. HIPS autograd and MyGrad bring no such optimizers: they
get the SGD rows, with the update written out as their users write it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from measure import Case, Samples, Settings, timed
from rivals import load

import chainrule as cr

SIZES = (784, 256, 128, 10)
BATCHES = (1, 32, 128, 512)
RATE = {"SGD": 1e-3, "Adam": 1e-4}


def data(batch: int, sizes: tuple[int, ...] = SIZES) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Inputs, labels, and the weights and biases to start from, weights as (outputs, inputs)."""
    rng = np.random.default_rng(0)
    parameters = []
    for before, width in pairwise(sizes):
        bound = before**-0.5
        parameters.append(rng.uniform(-bound, bound, (width, before)).astype(np.float32))
        parameters.append(rng.uniform(-bound, bound, width).astype(np.float32))
    return (
        rng.standard_normal((batch, sizes[0])).astype(np.float32),
        rng.integers(0, sizes[-1], batch).astype(np.int64),
        parameters,
    )


def pytorch_style(
    torch: Any, optimizer: str, batch: int, sizes: tuple[int, ...] = SIZES, **options: Any
) -> Callable[[], object]:
    """The step for a library with PyTorch's names."""
    nn = torch.nn
    inputs, labels, values = data(batch, sizes)
    layers: list[Any] = []
    for before, width in pairwise(sizes):
        layers += [nn.Linear(before, width), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), values, strict=True):
            parameter.copy_(torch.tensor(value))
    x, y = torch.tensor(inputs), torch.tensor(labels)
    criterion = nn.CrossEntropyLoss()
    update = getattr(torch.optim, optimizer)(model.parameters(), lr=RATE[optimizer], **options)

    def step() -> Any:
        update.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        update.step()
        return loss

    return step


def hips_style(batch: int) -> Callable[[], object]:
    anp, hips = load("autograd.numpy"), load("autograd")
    inputs, labels, values = data(batch)
    parameters = [v.T.copy() for v in values]
    rows = np.arange(batch)

    def loss(parameters: list[Any]) -> Any:
        h = inputs
        for k in range(0, len(parameters), 2):
            h = anp.dot(h, parameters[k]) + parameters[k + 1]
            if k + 2 < len(parameters):
                h = anp.maximum(h, 0)
        shifted = h - anp.max(h, axis=1, keepdims=True)
        return -anp.mean((shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True)))[rows, labels])

    loss_and_gradients = hips.value_and_grad(loss)

    def step() -> Any:
        value, gradients = loss_and_gradients(parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= np.float32(RATE["SGD"]) * gradient
        return value

    return step


def mygrad_style(batch: int) -> Callable[[], object]:
    mg = load("mygrad")
    relu = load("mygrad.nnet.activations").relu
    cross_entropy = load("mygrad.nnet.losses").softmax_crossentropy
    inputs, labels, values = data(batch)
    parameters = [mg.tensor(v.T.copy()) for v in values]

    def step() -> Any:
        h = inputs
        for k in range(0, len(parameters), 2):
            h = mg.matmul(h, parameters[k]) + parameters[k + 1]
            if k + 2 < len(parameters):
                h = relu(h)
        loss = cross_entropy(h, labels)
        loss.backward()
        for parameter in parameters:
            parameter.data -= np.float32(RATE["SGD"]) * parameter.grad
        return loss

    return step


def steps(optimizer: str, batch: int, settings: Settings) -> Samples:
    sides = {"chainrule": pytorch_style(cr, optimizer, batch)}
    if torch := load("torch"):
        sides["torch"] = pytorch_style(torch, optimizer, batch)
        if optimizer == "Adam":
            sides["torch, fused Adam"] = pytorch_style(torch, optimizer, batch, fused=True)
    if optimizer == "SGD" and load("autograd"):
        sides["HIPS autograd"] = hips_style(batch)
    if optimizer == "SGD" and load("mygrad"):
        sides["MyGrad"] = mygrad_style(batch)
    agree(sides)
    return timed(sides, settings)


def agree(sides: dict[str, Callable[[], object]]) -> None:
    """Raises unless every side computes the same losses in its first three steps."""
    losses = {side: [float(np.asarray(_number(step()))) for _ in range(3)] for side, step in sides.items()}
    expected = losses["chainrule"]
    for side, found in losses.items():
        if not np.allclose(found, expected, rtol=1e-4):
            raise AssertionError(f"not the same work on all sides: losses {found} of {side}, {expected} of chainrule")


def _number(loss: Any) -> Any:
    return loss.item() if hasattr(loss, "item") else loss


def cases() -> Iterator[Case]:
    for optimizer in RATE:
        for batch in BATCHES:
            yield Case(
                f"MLP step, {optimizer}, batch {batch}",
                f"784-256-128-10, ReLU, cross-entropy, {optimizer} with default settings, batch {batch}, float32",
                "us",
                "torch",
                1.0,
                lambda settings, optimizer=optimizer, batch=batch: steps(optimizer, batch, settings),
                heavy=batch == 512,
            )
