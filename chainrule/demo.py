"""`chainrule demo`: a multi-layer perceptron learns handwritten digits, and its computation graph is drawn.

Left in the output folder: `graph.svg`, `curves.png`, `confusion.png`, `model.safetensors`, `config.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from . import nn, optim
from ._version import __version__
from .autograd import Tensor, no_grad
from .autograd.random import manual_seed
from .backends import Backend, use_backend
from .data import DataLoader, Images, TensorDataset, load_digits, read_images
from .storage import save
from .viz import visualize

_SMALL_PRODUCT = 1 << 22
"""Multiplications of a matrix product below which several BLAS threads cost more than they bring."""

LEARNING_RATES = {"SGD": 0.1, "Adam": 2e-3, "AdamW": 2e-3, "RMSprop": 1e-3, "Adagrad": 2e-2, "Adamax": 4e-3}
HELD_OUT = 0.2


@dataclass
class Config:
    """All that is needed to rebuild the model and find its held-out images again: `config.json`."""

    hidden: list[int]
    image_shape: list[int]
    classes: int
    mean: float
    std: float
    data: list[str]
    seed: int
    epochs: int
    batch_size: int
    optimizer: str
    lr: float
    backend: str
    version: str = __version__


@dataclass
class History:
    """Loss and accuracy after every epoch."""

    loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)


def layer_widths(config: Config) -> list[int]:
    """From the pixels over the hidden layers to the classes."""
    return [int(np.prod(config.image_shape)), *config.hidden, config.classes]


def build_model(config: Config) -> nn.Sequential:
    """The perceptron: flatten, then linear layers with ReLU between them; the outputs are class scores (logits)."""
    widths = layer_widths(config)
    layers: list[nn.Module] = [nn.Flatten()]
    for k, (fan_in, fan_out) in enumerate(pairwise(widths)):
        if k:
            layers.append(nn.ReLU())
        layers.append(nn.Linear(fan_in, fan_out))
    return nn.Sequential(*layers)


def load_data(files: Sequence[Path | str] | None) -> Images:
    """The images to learn from: files as `read_images` takes them, or scikit-learn's digits."""
    if not files:
        return load_digits()
    if len(files) > 2:
        raise ValueError(f"--data takes one .npz or a pair of IDX files, got {len(files)} files")
    return read_images(*files)


def split(data: Images, seed: int) -> tuple[Images, Images]:
    """Images to learn from and images held out, every class in the same proportion in both.

    Raises:
        ValueError: there are too few images, or a class appears only once.
    """
    from sklearn.model_selection import train_test_split

    counts = np.bincount(data.labels)
    if len(data.labels) < 20 or np.min(counts[counts > 0]) < 2 or (counts > 0).sum() < 2:
        raise ValueError(
            f"{len(data.labels)} images with {int((counts > 0).sum())} classes are too few to learn from: at least 20 "
            f"images, two classes and two images of each are needed"
        )
    parts = train_test_split(
        data.images, data.labels, test_size=HELD_OUT, random_state=seed % 2**32, stratify=data.labels
    )
    return Images(parts[0], parts[2]), Images(parts[1], parts[3])


def as_inputs(images: np.ndarray, config: Config) -> Tensor:
    """Images as the model wants them: with the training images' mean taken off, divided by their deviation."""
    return Tensor((images - np.float32(config.mean)) / np.float32(config.std), backend=config.backend)


@no_grad()
def classify(model: nn.Module, inputs: Tensor, batch_size: int = 2048) -> tuple[np.ndarray, np.ndarray]:
    """The most probable class of every input, and its probability."""
    model.eval()
    classes, probabilities = [], []
    for start in range(0, len(inputs), batch_size):
        scores = model(inputs[start : start + batch_size]).softmax(1)
        best = scores.max(1)
        classes.append(best.indices.cpu().numpy())
        probabilities.append(best.values.cpu().numpy())
    model.train()
    return np.concatenate(classes), np.concatenate(probabilities)


def train(
    model: nn.Module, config: Config, training: Images, held_out: Images, quiet: bool = False
) -> tuple[History, float]:
    """Trains `model`. Returns its history and the seconds spent in training steps."""
    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    inputs, labels = as_inputs(training.images, config), Tensor(training.labels, backend=config.backend)
    test_inputs = as_inputs(held_out.images, config)
    loader = DataLoader(TensorDataset(inputs, labels), batch_size=config.batch_size, shuffle=True)
    loss_function = nn.CrossEntropyLoss()
    optimizer = getattr(optim, config.optimizer)(model.parameters(), lr=config.lr)
    history, seconds = History(), 0.0
    widths = layer_widths(config)
    largest = config.batch_size * max(a * b for a, b in pairwise(widths))
    threads = threadpool_limits(limits=1 if largest < _SMALL_PRODUCT else None, user_api="blas")
    with threads, tqdm(total=config.epochs * len(loader), desc="training", unit="step", disable=quiet) as bar:
        for epoch in range(config.epochs):
            started = time.perf_counter()
            total = 0.0
            for batch, target in loader:
                loss = loss_function(model(batch), target)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total = loss.detach() * len(target) + total
                bar.update()
            history.loss.append(float(total) / len(labels))
            seconds += time.perf_counter() - started
            if not np.isfinite(history.loss[-1]):
                raise ValueError(f"the loss became {history.loss[-1]} in epoch {epoch + 1}; try a smaller --lr")
            history.train_accuracy.append(float(np.mean(classify(model, inputs)[0] == training.labels)))
            history.test_accuracy.append(float(np.mean(classify(model, test_inputs)[0] == held_out.labels)))
            accuracy = history.test_accuracy[-1]
            bar.set_postfix(epoch=epoch + 1, loss=f"{history.loss[-1]:.4f}", accuracy=f"{accuracy:.2%}")
    return history, seconds


def draw_graph(model: nn.Module, config: Config, held_out: Images, path: Path) -> None:
    """The graph of one training loss, with shapes, values and gradients."""
    loss = nn.CrossEntropyLoss()(
        model(as_inputs(held_out.images[:32], config)), Tensor(held_out.labels[:32], backend=config.backend)
    )
    model.zero_grad()
    loss.backward(retain_graph=True)
    visualize(loss, params=model, show_values=True).save_svg(path)


def report(rows: dict[str, str]) -> str:
    """A two-column table."""
    width = max(map(len, rows))
    body = [f"  {name:<{width}}  {value}" for name, value in rows.items()]
    line = "-" * max(map(len, body))
    return "\n".join([line, *body, line])


def run_demo(options: argparse.Namespace) -> dict[str, Any]:
    """Runs the demo with the command line's options; returns what the table shows.

    Raises:
        ImportError: the `demo` extra is not installed.
        ValueError: data that cannot be used, or a loss that diverges.
        BackendUnavailable: the backend cannot work here.
    """
    _require("sklearn", "matplotlib", "tqdm", "threadpoolctl")
    from .plots import plot_confusion, plot_curves

    with use_backend(options.backend) as backend:
        data = load_data(options.data)
        training, held_out = split(data, options.seed)
        config = _config(options, data, training, backend)
        options.out.mkdir(parents=True, exist_ok=True)
        manual_seed(options.seed)
        model = build_model(config)
        print(f"{len(training.labels)} images of {config.image_shape[0]}x{config.image_shape[1]} pixels to learn from, "
              f"{len(held_out.labels)} held out, {config.classes} classes")  # fmt: skip
        print(model)
        history, seconds = train(model, config, training, held_out, options.quiet)
        predicted = classify(model, as_inputs(held_out.images, config))[0]
        save(model.state_dict(), options.out / "model.safetensors", metadata={"config": json.dumps(asdict(config))})
        (options.out / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n", encoding="utf-8")
        draw_graph(model, config, held_out, options.out / "graph.svg")
        plot_curves(history, options.out / "curves.png")
        plot_confusion(held_out.labels, predicted, config.classes, options.out / "confusion.png")
    results = {
        "train_accuracy": history.train_accuracy[-1],
        "test_accuracy": history.test_accuracy[-1],
        "parameters": model.num_parameters(),
        "seconds": seconds,
        "examples_per_second": config.epochs * len(training.labels) / seconds,
        "backend": backend.name,
    }
    print(report({
        "accuracy, training": f"{results['train_accuracy']:.2%}",
        "accuracy, held out": f"{results['test_accuracy']:.2%}",
        "parameters": f"{results['parameters']:,}",
        "seconds of training": f"{seconds:.2f}",
        "examples per second": f"{results['examples_per_second']:,.0f}",
        "backend": backend.name,
    }))  # fmt: skip
    print(f"in {options.out}: graph.svg, curves.png, confusion.png, model.safetensors, config.json")
    return results


def _config(options: argparse.Namespace, data: Images, training: Images, backend: Backend) -> Config:
    return Config(
        hidden=list(options.hidden),
        image_shape=list(data.images.shape[1:]),
        classes=int(data.labels.max()) + 1,
        mean=float(training.images.mean()),
        std=float(training.images.std()) or 1.0,
        data=[str(path.resolve()) for path in options.data or ()],
        seed=options.seed,
        epochs=options.epochs,
        batch_size=options.batch_size,
        optimizer=options.optimizer,
        lr=options.lr or LEARNING_RATES[options.optimizer],
        backend=backend.name,
    )


def _require(*modules: str) -> None:
    from importlib.util import find_spec

    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ImportError(f"the demo needs {', '.join(missing)}: pip install 'chainrule[demo]'")
