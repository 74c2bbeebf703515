"""Files that are not what they should be, and files that cannot be written: what is on the disk stays as it was, and so
does the model that was to be filled.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from refusals import snapshot

import chainrule as cr
from chainrule import nn
from chainrule.backends import Backend
from chainrule.cli import main
from chainrule.storage import metadata


def contents(folder: Path) -> dict[str, bytes | None]:
    """All files below a folder, hidden ones too."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    cr.save(nn.Linear(3, 2).state_dict(), path)
    return path


def with_header(change: Any) -> Any:
    """A file whose header `change` has edited."""

    def changed(content: bytes) -> bytes:
        (length,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + length])
        text = json.dumps(change(header) or header).encode()
        return struct.pack("<Q", len(text)) + text + content[8 + length :]

    return changed


CUTS = {
    "nothing": lambda c: b"",
    "in the header's length": lambda c: c[:5],
    "after the header's length": lambda c: c[:8],
    "in the header": lambda c: c[:40],
    "before the data": lambda c: c[: 8 + struct.unpack("<Q", c[:8])[0]],
    "in the data": lambda c: c[:-6],
    "before the last byte": lambda c: c[:-1],
}
FOREIGN = {
    "a pickle": lambda c: pickle.dumps({"weight": np.zeros((2, 3))}),
    "text": lambda c: b"weight = 3\n" * 50,
    "zeros": lambda c: bytes(400),
    "more data": lambda c: c + b"more",
    "a header that is no JSON": lambda c: c[:8] + b"{" + c[9:20] + b"!" + c[21:],
    "a header that is a list": with_header(lambda h: [h]),
    "an unknown dtype": with_header(lambda h: h["weight"].update(dtype="F33")),
    "a shape that does not fit": with_header(lambda h: h["weight"].update(shape=[9, 9])),
    "offsets beyond the end": with_header(lambda h: h["weight"].update(data_offsets=[0, 10**9])),
    "a negative shape": with_header(lambda h: h["weight"].update(shape=[-2, -3])),
}


@pytest.mark.parametrize("kind", [*CUTS, *FOREIGN])
def test_a_model_file_that_is_cut_off_or_foreign(kind: str, saved: Path, backend: Backend) -> None:
    saved.write_bytes((CUTS | FOREIGN)[kind](saved.read_bytes()))
    before = contents(saved.parent)
    for read in (cr.load, metadata):
        with pytest.raises(ValueError, match="is no safetensors file") as caught:
            read(saved)
        assert str(saved) in str(caught.value)
    assert contents(saved.parent) == before


def test_what_another_program_wrote_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "torch.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "empty").write_bytes(b"")
    for name, words in {"torch.pt": "pickled", "array.npy": "numpy.load", "empty": "it is empty"}.items():
        with pytest.raises(ValueError, match=words):
            cr.load(tmp_path / name)


def test_a_file_that_cannot_be_opened(tmp_path: Path, saved: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.st"):
        cr.load(tmp_path / "missing.st")
    with pytest.raises(IsADirectoryError):
        cr.load(tmp_path)
    for wrong in (3, None, 2.5):
        with pytest.raises(TypeError, match="path|PathLike"):
            cr.load(wrong)
        with pytest.raises(TypeError, match="path|PathLike"):
            cr.save({}, wrong)


def test_a_number_is_no_file_and_is_not_closed(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "mine", os.O_CREAT | os.O_RDWR)
    with pytest.raises(TypeError):
        cr.load(descriptor)  # type: ignore[arg-type]
    os.write(descriptor, b"still open")
    os.close(descriptor)


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user for whom permissions count, where we are one for whom they do not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name != "posix", reason="about POSIX permissions")
def test_a_file_and_a_folder_without_permission() -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "model.safetensors"
        cr.save({"a": cr.ones(3)}, path)
        cr.load(path)  # so that all that is needed is imported
        path.chmod(0o000)
        os.chmod(name, 0o555)
        before = path.stat()
        with without_rights():
            with pytest.raises(PermissionError) as caught:
                cr.load(path)
            assert caught.value.filename == str(path)
            with pytest.raises(PermissionError, match="nothing was saved") as caught:
                cr.save({"a": cr.zeros(3)}, path)
            assert caught.value.filename == str(path)
        os.chmod(name, 0o755)
        assert path.stat() == before and os.listdir(name) == [path.name]
        path.chmod(0o600)
        assert cr.load(path)["a"].tolist() == [1, 1, 1]


NOT_SAVED: list[tuple[Any, type[Exception], str]] = [
    ({"a": object()}, TypeError, "object at 'a'"),
    (nn.Linear(2, 2), TypeError, r"Linear.*state_dict\(\)"),
    ({"a": cr.tensor([1j])}, TypeError, "complex64"),
    ({2.5: cr.zeros(1)}, TypeError, "keys of a dict.*float"),
    ({"a": cr.zeros(1), "b": {"c": [1, {2}]}}, TypeError, "set at 'b.c.1'"),
]


@pytest.mark.parametrize(("obj", "kind", "message"), NOT_SAVED)
def test_what_cannot_be_saved(obj: Any, kind: type[Exception], message: str, saved: Path) -> None:
    before = contents(saved.parent)
    for path in (saved, saved.parent / "new"):
        with pytest.raises(kind, match=message):
            cr.save(obj, path)
    assert contents(saved.parent) == before


def test_where_nothing_can_be_saved(saved: Path) -> None:
    folder = saved.parent
    (folder / "inner").mkdir()
    before = contents(folder)
    for path, kind in {
        folder / "missing" / "model.st": FileNotFoundError,
        saved / "model.st": NotADirectoryError,
        folder / "inner": IsADirectoryError,
    }.items():
        with pytest.raises(kind, match="nothing was saved") as caught:
            cr.save({"a": cr.ones(3)}, path)
        assert caught.value.filename == str(path)  # not that of the temporary file
    assert contents(folder) == before


FULL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
cr.save({'a': cr.ones(100_000)}, sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files as POSIX does")
def test_a_disk_that_is_full_leaves_the_old_file(saved: Path) -> None:
    before = contents(saved.parent)
    command = [sys.executable, "-c", f"import sys\nimport chainrule as cr\n{FULL_DISK}", str(saved)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "OSError: [Errno 27]" in done.stderr and "nothing was saved" in done.stderr
    assert contents(saved.parent) == before
    assert cr.load(saved)["weight"].shape == (2, 3)


MISFITS: dict[str, Any] = {
    "missing": lambda s: s.pop("0.bias"),
    "surplus": lambda s: s.update(more=cr.ones(1)),
    "misshapen": lambda s: s.update({"2.weight": cr.ones(3, 3)}),
    "all of it": lambda s: (s.pop("0.bias"), s.update({"more": cr.ones(1), "2.weight": cr.ones(3, 3)})),
}


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("misfit", MISFITS)
def test_a_state_dict_that_does_not_fit(misfit: str, strict: bool, tmp_path: Path, backend: Backend) -> None:
    def model() -> nn.Module:
        return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))

    state = dict(model().state_dict())
    MISFITS[misfit](state)
    cr.save(state, tmp_path / "model")
    filled = model()
    filled(cr.ones(1, 2)).sum().backward()
    parameters = dict(filled.named_parameters())
    before = {name: snapshot(p) for name, p in parameters.items()}
    found = cr.load(tmp_path / "model")
    if strict or misfit in ("misshapen", "all of it"):
        with pytest.raises(RuntimeError, match="does not fit Sequential") as caught:
            filled.load_state_dict(found, strict=strict)
        text = str(caught.value)
        assert ("missing: 0.bias" in text) == (strict and misfit in ("missing", "all of it"))
        assert ("unexpected: more" in text) == (strict and misfit in ("surplus", "all of it"))
        shapes = "2.weight: shape (3, 3), the module has (1, 3)"
        assert (shapes in text) == (misfit in ("misshapen", "all of it"))
        assert {name: snapshot(p) for name, p in parameters.items()} == before
    else:
        missing, unexpected = filled.load_state_dict(found, strict=False)
        assert (missing, unexpected) == {"missing": (["0.bias"], []), "surplus": ([], ["more"])}[misfit]
        assert snapshot(parameters["0.weight"])[2] == snapshot(state["0.weight"])[2]
    assert all(dict(filled.named_parameters())[name] is p for name, p in parameters.items())


def test_predicting_with_a_model_that_is_none(tmp_path: Path, saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = {"hidden": [4], "image_shape": [8, 8], "classes": 10, "mean": 0.0, "std": 1.0, "data": [], "seed": 0,
              "epochs": 1, "batch_size": 1, "optimizer": "Adam", "lr": 0.1, "backend": "numpy"}  # fmt: skip
    models = {
        "no configuration": None,
        "no JSON": "{",
        "no table": "3",
        "lacks": "{}",
        "wrong types": json.dumps({**config, "hidden": "wide"}),
        "does not fit": json.dumps(config),
    }
    for name, text in models.items():
        path = tmp_path / f"{name}.safetensors"
        cr.save({"weight": cr.ones(2, 3)}, path, metadata=None if text is None else {"config": text})
        assert main(["predict", str(path), "--backend", "numpy"]) == 2, name
        said = capsys.readouterr()
        assert str(path) in said.err and said.err.startswith("chainrule predict: ") and not said.out
