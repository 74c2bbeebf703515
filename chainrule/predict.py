"""`chainrule predict`: classifies images with a model that the demo saved."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from pathlib import Path

import numpy as np

from . import nn
from .backends import use_backend
from .data import DataFileError, Images
from .demo import Config, as_inputs, build_model, classify, load_data, split
from .storage import load, metadata

_SHADES = " .:-=+*#%@"


def load_model(folder: Path) -> tuple[nn.Module, Config]:
    """The model in a folder that the demo wrote (or in a `model.safetensors` by itself), and its configuration.

    Raises:
        FileNotFoundError: there is none.
        ValueError: the file is not a model of the demo's.
    """
    path = folder / "model.safetensors" if folder.is_dir() else folder
    if not path.is_file():
        raise FileNotFoundError(f"no model {path}; `chainrule demo --out {folder}` trains one")
    weights = load(path)
    text = metadata(path).get("config")
    if text is None:
        raise ValueError(f"{path} holds weights but no configuration; expected a model saved by `chainrule demo`")
    try:
        values = json.loads(text)
        missing = {f.name for f in fields(Config)} - set(values)
        if missing:
            raise ValueError(f"the configuration lacks {', '.join(sorted(missing))}")
        config = Config(**{f.name: values[f.name] for f in fields(Config)})
        model = build_model(config)
        model.load_state_dict(weights)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"{path} is no model that `chainrule demo` saved: {error}") from None
    return model, config


def sketch(image: np.ndarray, width: int = 28) -> list[str]:
    """A grey-scale image in [0, 1] as lines of characters, two to a pixel."""
    step = max(1, -(-image.shape[1] // width))
    levels = np.clip(image[::step, ::step] * (len(_SHADES) - 1), 0, len(_SHADES) - 1).round().astype(int)
    return ["".join(_SHADES[v] * 2 for v in row) for row in levels]


def run_predict(options: argparse.Namespace) -> float:
    """Runs the command with the command line's options; returns the accuracy.

    Raises:
        FileNotFoundError, ValueError: no such model or data, or images of another size than the model's.
    """
    with use_backend(options.backend) as backend:
        model, config = load_model(options.model)
        config.backend = backend.name
        data = load_data(options.data or config.data)
        if options.data is None:
            data = split(data, config.seed)[1]
        if list(data.images.shape[1:]) != config.image_shape:
            raise DataFileError(
                f"the images are {'x'.join(map(str, data.images.shape[1:]))} pixels, the model was trained on "
                f"{'x'.join(map(str, config.image_shape))}"
            )
        classes, probabilities = classify(model, as_inputs(data.images, config))
    _show(data, classes, probabilities, min(options.count, len(classes)))
    accuracy = float(np.mean(classes == data.labels))
    print(f"{accuracy:.2%} of {len(classes)} images right")
    return accuracy


def _show(data: Images, classes: np.ndarray, probabilities: np.ndarray, count: int) -> None:
    """Sketches of the first images, with what the model takes them for."""
    for k in range(count):
        verdict = "right" if classes[k] == data.labels[k] else f"wrong: it is a {data.labels[k]}"
        print("\n".join(sketch(data.images[k])))
        print(f"image {k}: {classes[k]} with probability {probabilities[k]:.3f} ({verdict})\n")
