"""The command line: `chainrule demo`, `chainrule predict`, `chainrule info`. What the commands do stands in modules of
their names."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ._version import __version__
from .backends import BackendUnavailable

OPTIMIZERS = ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


_positive.__name__ = "whole number"  # what argparse calls it when the text is none


def _rate(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"must be positive, got {text}")
    return value


_rate.__name__ = "number"


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    description = "Reverse-mode automatic differentiation in plain Python."
    top = argparse.ArgumentParser(prog="chainrule", description=description)
    top.add_argument("--version", action="version", version=f"chainrule {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, help: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name, help=help, description=help, formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )

    demo = command("demo", "Train a multi-layer perceptron on handwritten digits and draw its graph.")
    demo.add_argument("--backend", default="auto", help="where to compute: numpy, cupy, or auto (a GPU if one answers)")
    demo.add_argument("--data", nargs="+", type=Path, metavar="FILE",
                      help="an .npz with images and labels, or IDX files (images, labels); scikit-learn's digits "
                      "if left out")  # fmt: skip
    demo.add_argument("--hidden", nargs="*", type=_positive, default=[256, 128], metavar="N",
                      help="hidden layer widths")  # fmt: skip
    demo.add_argument("--epochs", type=_positive, default=30, help="passes over the training images")
    demo.add_argument("--batch-size", type=_positive, default=32, help="images per step")
    demo.add_argument("--optimizer", choices=OPTIMIZERS, default="Adam", help="how the weights follow the gradient")
    demo.add_argument("--lr", type=_rate, help="learning rate; a good one for the optimizer if left out")
    demo.add_argument("--seed", type=int, default=0, help="of the split, the weights and the order")
    demo.add_argument("--out", type=Path, default=Path("out"), help="folder for the model and the pictures")
    demo.add_argument("--quiet", action="store_true", help="no progress bar")

    predict = command("predict", "Classify images with a model that the demo saved.")
    predict.add_argument("model", nargs="?", type=Path, default=Path("out"), help="the demo's --out folder")
    predict.add_argument("--data", nargs="+", type=Path, metavar="FILE",
                         help="images as for the demo; the demo's held-out images if left out")  # fmt: skip
    predict.add_argument("--count", type=_positive, default=10, help="how many images to show")
    predict.add_argument("--backend", default="auto", help="where to compute")

    info = command("info", "Tell versions, backends, devices, BLAS and threads.")
    info.add_argument("--json", action="store_true", help="as JSON")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status. Bad input ends in one line on standard error and status 2."""
    options = parser().parse_args(arguments)
    try:
        if options.command == "demo":
            from .demo import run_demo

            run_demo(options)
        elif options.command == "predict":
            from .predict import run_predict

            run_predict(options)
        else:
            from .info import info

            rows = info()
            width = max(map(len, rows))
            table = "\n".join(f"{k:<{width}}  {v}" for k, v in rows.items())
            print(json.dumps(rows, indent=2) if options.json else table)
    except KeyboardInterrupt:
        print("chainrule: interrupted", file=sys.stderr)
        return 130
    except (ValueError, OSError, ImportError, BackendUnavailable) as error:
        print(f"chainrule {options.command}: {error}", file=sys.stderr)
        return 2
    return 0
