"""The demo's pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .demo import History


def _figure(width: float, height: float, panels: int = 1) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, panels)


def plot_curves(history: History, path: Path) -> None:
    """Loss and accuracy over the epochs, side by side."""
    figure, (left, right) = _figure(9, 3.6, 2)
    epochs = np.arange(1, len(history.loss) + 1)
    left.plot(epochs, history.loss, color="#0072B2", marker="o", markersize=3)
    left.set(title="Training loss", xlabel="epoch", ylabel="cross-entropy", yscale="log")
    right.plot(epochs, history.train_accuracy, color="#0072B2", marker="o", markersize=3, label="training")
    right.plot(epochs, history.test_accuracy, color="#D55E00", marker="s", markersize=3, label="held out")
    right.set(title="Accuracy", xlabel="epoch", ylabel="fraction right")
    right.axhline(1.0, color="0.8", linewidth=0.8, zorder=0)
    right.legend(loc="lower right", frameon=False)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def plot_confusion(labels: np.ndarray, predicted: np.ndarray, classes: int, path: Path) -> None:
    """How many images of each class were taken for which."""
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix(labels, predicted, labels=np.arange(classes))
    size = max(4.5, 0.45 * classes + 1)
    figure, axes = _figure(size, size)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        if counts[row, column]:
            dark = shares[row, column] > 0.5
            axes.text(column, row, counts[row, column], ha="center", va="center", color="white" if dark else "black")
    accuracy = float(np.mean(labels == predicted))
    axes.set(title=f"{accuracy:.2%} of {len(labels)} held-out images right", xlabel="predicted", ylabel="true",
             xticks=np.arange(classes), yticks=np.arange(classes))  # fmt: skip
    figure.savefig(path, dpi=150)
