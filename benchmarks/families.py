"""One row or two for each family of operators, forward and backward, against PyTorch.

A row is a function of the library, of the kind one writes in either: the same lines run on PyTorch and on chainrule,
on the same arrays, and have to agree in value and gradients before they are timed. The cotangent is given, so that no
other operator is in the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from measure import Case, Samples, Settings, timed
from rivals import load

import chainrule as cr

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Family:
    """A row.

    Attributes:
        name, what: of the row.
        run: `run(library, *tensors)`, the result.
        inputs: the shapes of float32 tensors, drawn from a normal distribution, whose gradients are computed; or
            functions that draw an array, of which integers and booleans get no gradient.
        heavy: left out of `--quick`.
    """

    name: str
    what: str
    run: Callable[..., Any]
    inputs: tuple[Shape | Draw, ...]
    heavy: bool = False


def below(bound: int, *shape: int) -> Draw:
    """Integers in [0, bound)."""
    return lambda rng: rng.integers(0, bound, shape)


def some_of(bound: int, count: int) -> Draw:
    """Different integers in [0, bound)."""
    return lambda rng: rng.permutation(bound)[:count]


def mask(*shape: int) -> Draw:
    return lambda rng: rng.random(shape) < 0.5


def well_conditioned(*shape: int) -> Draw:
    """Matrices with a diagonal that outweighs the rest."""
    size = shape[-1]
    return lambda rng: (rng.standard_normal(shape) + 2 * size**0.5 * np.eye(size)).astype(np.float32)


def assign(_: Any, x: Any, values: Any, index: Any) -> Any:
    x = x.clone()
    x[index] = values
    return x


def attention(library: Any, query: Any, key: Any, value: Any) -> Any:
    return library.nn.functional.scaled_dot_product_attention(query, key, value)


def layer_norm(library: Any, x: Any, weight: Any, bias: Any) -> Any:
    return library.nn.functional.layer_norm(x, weight.shape, weight, bias)


def batch_norm(library: Any, x: Any, weight: Any, bias: Any) -> Any:
    return library.nn.functional.batch_norm(x, None, None, weight, bias, training=True)


def convolution(library: Any, x: Any, weight: Any, bias: Any) -> Any:
    return library.nn.functional.conv2d(x, weight, bias, padding=1)


def solve(library: Any, a: Any, b: Any) -> Any:
    return library.linalg.solve(a, b)


def embedding(library: Any, table: Any, index: Any) -> Any:
    return library.nn.functional.embedding(index, table)


def pick(_: Any, x: Any, index: Any) -> Any:
    return x[index]


def block(library: Any) -> Callable[..., Any]:
    """Two layers of a network, as a function that is checkpointed."""
    return lambda x, first, second: library.tanh(library.tanh(x @ first) @ second)


def checkpointed(library: Any, *tensors: Any) -> Any:
    if library is cr:
        return cr.checkpoint(block(cr), *tensors)
    return library.utils.checkpoint.checkpoint(block(library), *tensors, use_reentrant=False)


LARGE = (4096, 4096)
SCORES = (8, 8, 256, 256)
IMAGES = (32, 64, 28, 28)
HEADS = (8, 8, 256, 64)
WIDTH = 512
SMALL = (4, 4)

FAMILIES = [
    *(
        Family(f"{name} over dim {dim}", f"{name}({dim}) of 4096x4096", run, (LARGE,), heavy=True)
        for dim in (0, 1)
        for name, run in {
            "sum": lambda _, x, dim=dim: x.sum(dim),
            "mean": lambda _, x, dim=dim: x.mean(dim),
            "var": lambda _, x, dim=dim: x.var(dim),
        }.items()
    ),
    Family("sum of short rows", "sum(-1) of 65536x10", lambda _, x: x.sum(-1), ((65536, 10),)),
    Family("x[index] = v, small", "clone of 16x4, 4 rows assigned", assign, ((16, 4), SMALL, some_of(16, 4))),
    Family(
        "x[index] = v, large", "clone of 4096x256, 1024 rows assigned", assign,
        ((4096, 256), (1024, 256), some_of(4096, 1024)),
    ),
    Family("x[mask], small", "x[mask] of 8x8, half of it", pick, ((8, 8), mask(8, 8))),
    Family("x[mask], large", "x[mask] of 2048x1024, half of it", pick, ((2048, 1024), mask(2048, 1024))),
    Family(
        "linalg.solve, many", "32 systems of 64x64, 8 right sides", solve, (well_conditioned(32, 64, 64), (32, 64, 8))
    ),
    Family(
        "linalg.solve, large", "a system of 512x512, 64 right sides", solve, (well_conditioned(512, 512), (512, 64))
    ),
    Family("fft.rfft2", "abs of rfft2 of 1024x1024", lambda library, x: library.fft.rfft2(x).abs(), ((1024, 1024),)),
    Family("fft.fft", "real part of fft of 64x4096", lambda library, x: library.fft.fft(x).real, ((64, 4096),)),
    Family(
        "convolution, 64 channels", "3x3, 32x64x28x28 to 64 channels", convolution, (IMAGES, (64, 64, 3, 3), (64,)),
        heavy=True,
    ),
    Family("softmax, large", "softmax of 8x8x256x256", lambda _, x: x.softmax(-1), (SCORES,)),
    Family("log_softmax, large", "log_softmax of 8x8x256x256", lambda _, x: x.log_softmax(-1), (SCORES,)),
    Family("layer_norm", "of 16x512x512 over the last dimension", layer_norm, ((16, 512, WIDTH), (WIDTH,), (WIDTH,))),
    Family("batch_norm", "of 32x64x28x28, training", batch_norm, (IMAGES, (64,), (64,))),
    Family("attention", "scaled_dot_product_attention, 8x8 heads, 256x64", attention, (HEADS, HEADS, HEADS)),
    Family("embedding", "32x128 of 10000 rows of 128", embedding, ((10000, 128), below(10000, 32, 128))),
    Family("cat, small", "cat of two 4x4", lambda library, *tensors: library.cat(tensors), (SMALL, SMALL)),
    Family("stack, small", "stack of two 4x4", lambda library, *tensors: library.stack(tensors), (SMALL, SMALL)),
    Family("checkpoint", "of two layers, 64x256", checkpointed, ((64, 256), (256, 256), (256, 256))),
]  # fmt: skip


def step(family: Family, library: Any, arrays: list[np.ndarray]) -> Callable[[], list[Any]]:
    """Forward and backward; returns the value and the gradients."""
    tensors = [library.tensor(a, requires_grad=a.dtype == np.float32) for a in arrays]
    leaves = [t for t in tensors if t.requires_grad]
    shape = tuple(family.run(library, *tensors).shape)
    cotangent = library.tensor(np.random.default_rng(1).standard_normal(shape).astype(np.float32))

    def run() -> list[Any]:
        for leaf in leaves:
            leaf.grad = None
        out = family.run(library, *tensors)
        out.backward(cotangent)
        return [out.detach(), *(leaf.grad for leaf in leaves)]

    return run


def both_ways(family: Family, settings: Settings) -> Samples:
    rng = np.random.default_rng(0)
    arrays = [
        given(rng) if callable(given) else rng.standard_normal(given).astype(np.float32) for given in family.inputs
    ]
    sides = {"chainrule": step(family, cr, arrays)}
    if torch := load("torch"):
        load("torch.utils.checkpoint")
        sides["torch"] = step(family, torch, arrays)
    agree(family.name, sides)
    return timed(sides, settings)


def agree(name: str, sides: dict[str, Callable[[], list[Any]]]) -> None:
    """Raises unless every side computes the same value and gradients."""
    expected = [t.numpy() for t in sides["chainrule"]()]
    for side, run in sides.items():
        for ours, theirs in zip(expected, run(), strict=True):
            if not np.allclose(ours, theirs.numpy(), rtol=1e-3, atol=1e-4 * np.abs(ours).max()):
                raise AssertionError(f"{name}: not the same work by chainrule and {side}")


def transforms(settings: Settings) -> Samples:
    """`func.grad` of a small function."""
    start = np.full(SMALL, 0.5, np.float32)

    def side(library: Any) -> Callable[[], object]:
        gradient = library.func.grad(lambda x: (x * x).sum())
        x = library.tensor(start)
        return lambda: gradient(x)

    sides = {"chainrule": side(cr)}
    if torch := load("torch"):
        sides["torch"] = side(torch)
    return timed(sides, settings)


def dispatch(settings: Settings) -> Samples:
    """`np.sin(t)` against `t.sin()`."""
    x = cr.tensor(np.full(SMALL, 0.5, np.float32), requires_grad=True)
    return timed({"chainrule": lambda: np.sin(x), "t.sin()": x.sin}, settings)


def cases() -> Iterator[Case]:
    for family in FAMILIES:
        yield Case(
            f"family: {family.name}",
            f"{family.what}, float32, forward and backward",
            "us",
            "torch",
            None,
            lambda settings, family=family: both_ways(family, settings),
            heavy=family.heavy,
        )
    yield Case("family: func.grad", "func.grad of the sum of x*x, 4x4 float32", "us", "torch", None, transforms)
    yield Case("family: np.sin(t)", "np.sin(t) of a 4x4 tensor, against t.sin()", "us", "t.sin()", None, dispatch)
