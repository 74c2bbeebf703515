"""The command line, used as a newcomer uses it, and with the mistakes a newcomer makes."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main

QUICK = ["--epochs", "3", "--hidden", "32", "--quiet"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that a short demo wrote."""
    out = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--backend", "numpy", "--out", str(out), *QUICK]) == 0
    return out


def idx(array: np.ndarray) -> bytes:
    code = {"uint8": 8, "int32": 12}[array.dtype.name]
    head = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def digits_files(tmp_path: Path) -> dict[str, Path]:
    """The same 200 images as .npz, as IDX, and as gzipped IDX."""
    data = cr.data.load_digits()
    images, labels = (data.images[:200] * 255).astype(np.uint8), data.labels[:200].astype(np.uint8)
    np.savez(tmp_path / "digits.npz", images=images, labels=labels)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(images))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(labels))
    with gzip.open(tmp_path / "a-images.gz", "wb") as file:
        file.write(idx(images))
    with gzip.open(tmp_path / "a-labels.gz", "wb") as file:
        file.write(idx(labels))
    return {"npz": tmp_path / "digits.npz", "idx": tmp_path / "train-images-idx3-ubyte", "gz": tmp_path / "a-images.gz"}


def test_the_demo_reaches_97_percent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--backend", "numpy", "--out", str(tmp_path), "--quiet"]) == 0
    text = capsys.readouterr().out
    accuracy = float(next(line for line in text.splitlines() if "accuracy, held out" in line).split()[-1].rstrip("%"))
    assert accuracy >= 97.0
    for word in ("accuracy, training", "parameters", "seconds of training", "examples per second", "numpy"):
        assert word in text


def test_the_demo_leaves_what_it_promises(trained: Path) -> None:
    assert {p.name for p in trained.iterdir()} == {"graph.svg", "curves.png", "confusion.png", "model.safetensors",
                                                   "config.json"}  # fmt: skip
    ElementTree.fromstring((trained / "graph.svg").read_text(encoding="utf-8"))
    for picture in ("curves.png", "confusion.png"):
        assert (trained / picture).read_bytes().startswith(b"\x89PNG")
    config = json.loads((trained / "config.json").read_text(encoding="utf-8"))
    assert config["hidden"] == [32] and config["image_shape"] == [8, 8] and config["classes"] == 10


def test_the_same_seed_gives_the_same_weights(trained: Path, tmp_path: Path) -> None:
    assert main(["demo", "--backend", "numpy", "--out", str(tmp_path), *QUICK]) == 0
    assert (tmp_path / "model.safetensors").read_bytes() == (trained / "model.safetensors").read_bytes()


def test_predict_classifies_the_held_out_images(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(trained), "--count", "2"]) == 0
    text = capsys.readouterr().out
    assert text.count("with probability") == 2
    assert float(text.splitlines()[-1].split("%")[0]) > 80


@pytest.mark.parametrize("kind", ["npz", "idx", "gz"])
def test_files_are_learned_from_and_predicted(kind: str, digits_files: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["demo", "--data", str(digits_files[kind]), "--out", str(out), *QUICK]) == 0
    assert main(["predict", str(out), "--data", str(digits_files["npz"]), "--count", "1"]) == 0


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adamax"])
def test_every_optimizer_learns(optimizer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--optimizer", optimizer, "--epochs", "8", "--hidden", "--out", str(tmp_path), "--quiet"]) == 0
    text = capsys.readouterr().out
    assert float(next(line for line in text.splitlines() if "held out" in line and "%" in line).split()[-1][:-1]) > 85


def test_the_demo_runs_on_the_stand_in_device(tmp_path: Path) -> None:
    arguments = ["--backend", "standin", "--epochs", "1", "--hidden", "16", "--quiet", "--out", str(tmp_path)]
    assert main(["demo", *arguments]) == 0


def test_info_tells_versions_and_backends(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows["chainrule"] == cr.__version__
    assert rows["backend numpy"].startswith("available")
    assert "numpy" in rows and "blas" in rows and "threads" in rows and "backend cupy" in rows


def bad(*arguments: str) -> str:
    """The one line on standard error that a bad call ends in."""
    run = subprocess.run([sys.executable, "-m", "chainrule", *arguments], capture_output=True, text=True, timeout=120)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    return run.stderr


def test_mistakes_get_one_clear_line(trained: Path, tmp_path: Path, digits_files: dict[str, Path]) -> None:
    assert "no data file" in bad("demo", "--data", str(tmp_path / "missing.npz"))
    (tmp_path / "note.txt").write_text("not images")
    assert "neither an .npz nor an IDX file" in bad("demo", "--data", str(tmp_path / "note.txt"))
    assert "no backend is called 'tpu'" in bad("demo", "--backend", "tpu")
    assert "invalid choice" in bad("demo", "--optimizer", "Magic")
    assert "must be positive" in bad("demo", "--lr", "-1")
    assert "no model" in bad("predict", str(tmp_path / "nowhere"))
    (tmp_path / "model.safetensors").write_bytes((trained / "model.safetensors").read_bytes()[:100])
    assert "model.safetensors" in bad("predict", str(tmp_path))
    np.savez(tmp_path / "wide.npz", images=np.zeros((30, 4, 9), np.uint8), labels=np.arange(30) % 3)
    assert "4x9" in bad("predict", str(trained), "--data", str(tmp_path / "wide.npz"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (idx(np.zeros((4, 8, 8), np.uint8))[:-7], "asks for"),
        (b"\0\0\x08", "not an IDX file"),
        (gzip.compress(idx(np.zeros((4, 8, 8), np.uint8)))[:-12], "unzipped"),
        (b"PK\x03\x04 and nothing more", "cannot be read as .npz"),
        (b"\x89PNG....", "neither"),
    ],
    ids=["truncated idx", "bare header", "truncated gzip", "broken npz", "png"],
)
def test_a_data_file_that_is_not_what_it_says(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x-images-idx3-ubyte"
    path.write_bytes(content)
    (tmp_path / "x-labels-idx1-ubyte").write_bytes(idx(np.zeros(4, np.uint8)))
    with pytest.raises(cr.data.DataFileError, match=message) as caught:
        cr.data.read_images(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.zeros((4, 8, 8), np.uint8)}, "expected 'images' and 'labels'"),
        ({"images": np.zeros((4, 8, 8), np.uint8), "labels": np.zeros(3, int)}, "4 images but 3 labels"),
        ({"images": np.zeros((4, 8, 8), np.uint8), "labels": np.full(4, -1)}, "class numbers from 0"),
        ({"images": np.zeros((4, 8, 8, 3), np.uint8), "labels": np.zeros(4, int)}, "height, width"),
        ({"images": np.full((4, 8, 8), np.nan), "labels": np.zeros(4, int)}, "not finite"),
        ({"images": np.array(["a"] * 4, object), "labels": np.zeros(4, int)}, "allow_pickle"),
    ],
    ids=["no labels", "lengths", "negative", "colour", "nan", "pickled"],
)
def test_arrays_that_are_not_labelled_images(arrays: dict[str, np.ndarray], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(cr.data.DataFileError, match=message):
        cr.data.read_images(tmp_path / "data.npz")
