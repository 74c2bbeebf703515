"""The overhead of one small op: chains of 200 ops on 4x4 float32, with gradients and without.

Three chains, because programs are made of all of them: tensors only, tensors and Python numbers, and a mixture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from measure import Case, Samples, Settings, timed
from rivals import load

import chainrule as cr

OPS = 200


def tensors(x: Any, w: Any, tanh: Callable[[Any], Any]) -> Any:
    for _ in range(OPS // 2):
        x = x * w + w
    return x


def numbers(x: Any, w: Any, tanh: Callable[[Any], Any]) -> Any:
    for _ in range(OPS // 2):
        x = x * 0.5 + 0.25
    return x


def mixture(x: Any, w: Any, tanh: Callable[[Any], Any]) -> Any:
    for _ in range(OPS // 4):
        x = tanh(x * w + 0.5 - w)
    return x


CHAINS = {"x*w + w": tensors, "x*0.5 + 0.25": numbers, "tanh(x*w + 0.5 - w)": mixture}


def both_ways(chain: Callable[..., Any], settings: Settings) -> Samples:
    start = np.full((4, 4), 0.5, np.float32)
    sides: dict[str, Callable[[], object]] = {}

    def side(x: Any, w: Any, cotangent: Any, tanh: Callable[[Any], Any]) -> Callable[[], object]:
        def run() -> None:
            x.grad = w.grad = None
            chain(x, w, tanh).backward(cotangent)

        return run

    def leaf(make: Callable[..., Any]) -> Any:
        return make(start.copy(), requires_grad=True)

    sides["chainrule"] = side(leaf(cr.Tensor), leaf(cr.Tensor), cr.ones(4, 4), cr.tanh)
    if torch := load("torch"):
        sides["torch"] = side(leaf(torch.tensor), leaf(torch.tensor), torch.ones(4, 4), torch.tanh)
    if hips := load("autograd"):
        anp = load("autograd.numpy")
        vjp_of = hips.make_vjp(lambda both: chain(both[0], both[1], anp.tanh))
        inputs, ones = (start.copy(), start.copy()), np.ones((4, 4), np.float32)
        sides["HIPS autograd"] = lambda: vjp_of(inputs)[0](ones)
    if mygrad := load("mygrad"):
        x, w = mygrad.tensor(start.copy()), mygrad.tensor(start.copy())
        ones = np.ones((4, 4), np.float32)

        def mygrads() -> None:
            x.null_grad()
            w.null_grad()
            chain(x, w, mygrad.tanh).backward(ones)

        sides["MyGrad"] = mygrads
    return timed(sides, settings, OPS)


def forward(chain: Callable[..., Any], settings: Settings) -> Samples:
    start = np.full((4, 4), 0.5, np.float32)

    def side(make: Callable[..., Any], tanh: Callable[[Any], Any], off: Callable[[], Any]) -> Callable[[], object]:
        x, w = make(start.copy(), requires_grad=True), make(start.copy(), requires_grad=True)

        def run() -> None:
            with off():
                chain(x, w, tanh)

        return run

    sides: dict[str, Callable[[], object]] = {"chainrule": side(cr.Tensor, cr.tanh, cr.no_grad)}
    if torch := load("torch"):
        sides["torch"] = side(torch.tensor, torch.tanh, torch.no_grad)
    if mygrad := load("mygrad"):
        x, w = mygrad.tensor(start.copy()), mygrad.tensor(start.copy())

        def mygrads() -> None:
            with mygrad.no_autodiff:
                chain(x, w, mygrad.tanh)

        sides["MyGrad"] = mygrads
    return timed(sides, settings, OPS)


def cases() -> Iterator[Case]:
    for formula, chain in CHAINS.items():
        yield Case(
            f"small op, both ways: {formula}",
            f"one op of a 200-op chain of {formula} on 4x4 float32, and its backward",
            "us",
            "torch",
            0.55,
            lambda settings, chain=chain: both_ways(chain, settings),
        )
    for formula, chain in CHAINS.items():
        yield Case(
            f"small op, no_grad: {formula}",
            f"one op of a 200-op chain of {formula} on 4x4 float32, under no_grad",
            "us",
            "torch",
            0.45,
            lambda settings, chain=chain: forward(chain, settings),
        )
