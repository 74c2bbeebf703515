"""`cr.save` and `cr.load`: round trips, files of other programs, files that are none, and failures that leave the old
file."""

from __future__ import annotations

import json
import os
import pickle
import stat
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

import chainrule as cr
from chainrule import nn, optim, storage
from chainrule.backends import Backend


def host(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.backend.to_host(tensor.array))


def same(one: Any, two: Any) -> None:
    assert type(one) is type(two)
    if isinstance(one, cr.Tensor):
        assert one.dtype == two.dtype and one.shape == two.shape
        np.testing.assert_array_equal(host(one), host(two))
    elif isinstance(one, dict):
        assert list(one) == list(two)
        for key in one:
            same(one[key], two[key])
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            same(a, b)
    else:
        assert one == two or one != one


def test_a_state_dict_goes_round(backend: Backend, tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    net.register_buffer("count", cr.tensor(7))
    cr.save(net.state_dict(), tmp_path / "net.safetensors", metadata={"made by": "a test, naïve"})
    loaded = cr.load(tmp_path / "net.safetensors")
    assert sorted(loaded) == sorted(net.state_dict())
    for name, tensor in net.state_dict().items():
        same(tensor, loaded[name])
        assert loaded[name].backend is backend and not loaded[name].requires_grad
    twin = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))
    twin.register_buffer("count", cr.tensor(0))
    twin.load_state_dict(loaded)
    assert storage.metadata(tmp_path / "net.safetensors") == {"made by": "a test, naïve"}


@pytest.mark.parametrize(
    "dtype", "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool".split()
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_every_dtype_and_shape(dtype: str, shape: tuple[int, ...], backend: Backend, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    tensor = cr.Tensor(backend.asarray(np.asarray(values)))
    cr.save({"x": tensor}, tmp_path / "x")
    same(cr.load(tmp_path / "x"), {"x": tensor})


def test_any_memory_layout(backend: Backend, tmp_path: Path) -> None:
    x = cr.arange(24).reshape(2, 3, 4)
    tensors = {"t": x.permute(2, 0, 1), "s": x[:, ::2, 1:], "e": cr.ones(3, 1).expand(3, 4), "v": x[1]}
    cr.save(tensors, tmp_path / "x")
    loaded = cr.load(tmp_path / "x")
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(host(loaded[name]), host(tensor))
        assert loaded[name].is_contiguous()
    loaded["t"] += 1  # the memory can be written
    big_endian = cr.from_numpy(np.arange(3, dtype=">f4"))
    cr.save({"x": big_endian}, tmp_path / "x")
    assert cr.load(tmp_path / "x")["x"].tolist() == [0, 1, 2]


NESTED: list[Any] = [
    *(5, "text", None, True, 2.5, float("inf"), float("nan"), [], {}, ()),
    [1, (2, [3]), {"a": None}],
    {1: 2, "1": 3, -4: []},
    {"a.b": 1, "a": {"b": 2}},
]


@pytest.mark.parametrize("obj", NESTED, ids=repr)
def test_what_is_nested_goes_round(obj: Any, tmp_path: Path) -> None:
    cr.save(obj, tmp_path / "x")
    same(cr.load(tmp_path / "x"), obj)


def test_a_checkpoint_goes_round(backend: Backend, tmp_path: Path) -> None:
    net = nn.Linear(3, 2)
    optimizer = optim.Adam(net.parameters(), lr=0.1)
    net(cr.ones(1, 3)).sum().backward()
    optimizer.step()
    checkpoint = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "name": "x",
                  "a.b": cr.ones(1), "a": {"b": cr.zeros(2)}, "rows": [cr.ones(2), (cr.zeros(()), 1)]}  # fmt: skip
    cr.save(checkpoint, tmp_path / "x", metadata={"k": "v"})
    same(cr.load(tmp_path / "x"), checkpoint)
    assert storage.metadata(tmp_path / "x") == {"k": "v"}
    cr.save(net.weight, tmp_path / "x")
    same(cr.load(tmp_path / "x"), net.weight.detach())
    assert sorted(safetensors.numpy.load_file(tmp_path / "x")) == ["tensor"]


def test_arrays_are_saved_as_tensors(tmp_path: Path) -> None:
    cr.save({"a": np.ones(3), "b": np.float32(2)}, tmp_path / "x")
    loaded = cr.load(tmp_path / "x")
    assert loaded["a"].tolist() == [1, 1, 1] and loaded["b"].shape == () and loaded["b"].dtype == cr.float32


def test_other_programs_read_and_write_these_files(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    net = nn.Linear(3, 2)
    cr.save(net.state_dict(), tmp_path / "ours")
    theirs = torch.nn.Linear(3, 2)
    theirs.load_state_dict(load_file(tmp_path / "ours"))
    np.testing.assert_array_equal(theirs.weight.detach().numpy(), net.weight.detach().numpy())
    save_file({k: v + 1 for k, v in theirs.state_dict().items()}, tmp_path / "theirs", metadata={"format": "pt"})
    net.load_state_dict(cr.load(tmp_path / "theirs"))
    np.testing.assert_array_equal(theirs.weight.detach().numpy() + 1, net.weight.detach().numpy())
    assert storage.metadata(tmp_path / "theirs") == {"format": "pt"}


def test_tensors_go_where_they_are_asked_to(tmp_path: Path) -> None:
    cr.save({"x": cr.ones(2)}, tmp_path / "x")
    assert cr.load(tmp_path / "x", "standin")["x"].backend.name == "standin"
    assert cr.load(tmp_path / "x", backend="standin")["x"].backend.name == "standin"
    with cr.use_backend("standin"):
        assert cr.load(tmp_path / "x", map_location="cpu", weights_only=True)["x"].backend.name == "numpy"
    with pytest.raises(ValueError, match="abacus"):
        cr.load(tmp_path / "x", "abacus")
    with pytest.raises(ValueError, match="never"):
        cr.load(tmp_path / "x", weights_only=False)


# Bad files


def _good(path: Path) -> bytes:
    cr.save({"a": cr.arange(100), "b": cr.ones(3)}, path)
    return path.read_bytes()


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole, path = _good(tmp_path / "good"), tmp_path / "cut"
    for length in [*range(0, len(whole) - 1, 37), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut.* no safetensors file"):
            cr.load(path)
        with pytest.raises(ValueError, match=r"cut.* no safetensors file"):
            storage.metadata(path)


def _file(data: int = 0, structure: str = "", **tensors: tuple[str, int, int, int]) -> bytes:
    """A file with `data` bytes behind its header; a tensor is its dtype, its length, and the offsets it claims."""
    entries: dict[str, Any] = {"__metadata__": {"chainrule": structure}} if structure else {}
    for name, (dtype, length, start, stop) in tensors.items():
        entries[name] = {"dtype": dtype, "shape": [length], "data_offsets": [start, stop]}
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + bytes(data)


FOREIGN: dict[str, tuple[bytes, str]] = {
    "text": (b"accuracy,loss\n0.5,1.0\n" * 9, "no safetensors file"),
    "zeros": (bytes(1000), "no safetensors file"),
    "pickle": (pickle.dumps({"weights": list(range(50))}), "looks like one of PyTorch's pickled files"),
    "zip": (b"PK\x03\x04" + bytes(200), "looks like one of PyTorch's pickled files"),
    "npy": (b"\x93NUMPY\x01\x00" + bytes(100), "looks like one of NumPy's"),
    "empty": (b"", "it is empty"),
    "huge header": (struct.pack("<Q", 2**62) + b"{}", "no safetensors file"),
    "not JSON": (struct.pack("<Q", 4) + b"{{{{", "no safetensors file"),
    "data missing": (_file(8, a=("F32", 9, 0, 36)), "no safetensors file"),
    "data surplus": (_file(8, a=("F32", 1, 0, 4)), "no safetensors file"),
    "overlap": (_file(12, a=("F32", 2, 0, 8), b=("F32", 2, 4, 12)), "no safetensors file"),
    "wrong size": (_file(8, a=("F32", 3, 0, 8)), "no safetensors file"),
    "unknown dtype": (_file(8, a=("F77", 1, 0, 8)), "no safetensors file"),
    "missing tensor": (_file(structure='{"dict": [["a", {"tensor": "missing"}]]}'), "structure in the header"),
    "no structure": (_file(structure="[]"), "structure in the header"),
    "no such kind": (_file(structure='{"code": "import os"}'), "structure in the header"),
    "too deep": (_file(structure='{"list":[' * 9999 + "]}" * 9999), "structure in the header"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused(kind: str, tmp_path: Path) -> None:
    content, message = FOREIGN[kind]
    path = tmp_path / "model.file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        cr.load(path)
    assert "model.file" in str(caught.value)


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return (os.mkdir, (str(tmp_path / "exploded"),))

    for name, write in [("raw", lambda f: pickle.dump(Bomb(), f)), ("torch", lambda f: torch.save(Bomb(), f))]:
        with open(tmp_path / name, "wb") as file:
            write(file)
        with pytest.raises(ValueError, match="pickled files, which chainrule does not read"):
            cr.load(tmp_path / name)
    assert not (tmp_path / "exploded").exists()


def test_a_dtype_that_numpy_lacks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(_file(2, a=("F8_E4M3", 2, 0, 2)))
    with pytest.raises(ValueError, match="'a' has a dtype that NumPy lacks"):
        cr.load(tmp_path / "x")


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        cr.load(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError):
        cr.load(tmp_path)


# Failures to write


BAD_OBJECTS: list[tuple[Any, type[Exception], str]] = [
    (object(), TypeError, "got object"),
    ({"a": cr.ones(1), "b": {"c": object()}}, TypeError, "got object at 'b.c'"),
    ([1, {2, 3}], TypeError, "got set at '1'"),
    ({(1, 2): cr.ones(1)}, TypeError, "the keys of a dict are texts or integers, got tuple"),
    (nn.Linear(2, 2), TypeError, r"got Linear; save its state_dict\(\)"),
    ({"z": cr.ones(2, dtype=cr.complex64)}, TypeError, "'z' has dtype complex64; the format holds"),
]


@pytest.mark.parametrize(("obj", "kind", "message"), BAD_OBJECTS, ids=[m for _, _, m in BAD_OBJECTS])
def test_what_cannot_be_saved_leaves_the_old_file(obj: Any, kind: Any, message: str, tmp_path: Path) -> None:
    before = _good(tmp_path / "x")
    with pytest.raises(kind, match=message):
        cr.save(obj, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == before and os.listdir(tmp_path) == ["x"]


def test_metadata_is_text(tmp_path: Path) -> None:
    for wrong in ({"a": 1}, {1: "a"}):
        with pytest.raises(TypeError, match="metadata is text by text"):
            cr.save({}, tmp_path / "x", metadata=wrong)
    with pytest.raises(ValueError, match="'chainrule' is taken"):
        cr.save({}, tmp_path / "x", metadata={"chainrule": "x"})
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("stage", ["save_file", "fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _good(tmp_path / "x")

    def fail(*args: Any, **kwargs: Any) -> None:
        if stage == "save_file":
            Path(args[1]).write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safetensors.numpy if stage == "save_file" else os, stage, fail)
    with pytest.raises(OSError, match="No space left"):
        cr.save({"a": cr.zeros(5)}, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == before and os.listdir(tmp_path) == ["x"]


def test_a_program_killed_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    before = _good(tmp_path / "x")
    program = """
import os, sys
import safetensors.numpy
import chainrule as cr
def die(tensors, path, metadata=None):
    open(path, "wb").write(b"half of it")
    os._exit(9)
safetensors.numpy.save_file = die
cr.save({"a": cr.zeros(5)}, sys.argv[1])
"""
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path / "x")]).returncode == 9
    assert (tmp_path / "x").read_bytes() == before
    same(cr.load(tmp_path / "x"), {"a": cr.arange(100), "b": cr.ones(3)})


def test_a_folder_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        cr.save({"a": cr.ones(1)}, tmp_path / "no" / "x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        cr.save({"a": cr.ones(1)}, tmp_path / "folder")
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.skipif(os.name != "posix", reason="permissions and links as POSIX has them")
def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    cr.save({"a": cr.ones(1)}, tmp_path / "x")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    os.chmod(tmp_path / "x", 0o640)
    os.symlink(tmp_path / "x", tmp_path / "link")
    cr.save({"a": cr.zeros(1)}, tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640
    assert cr.load(tmp_path / "x")["a"].tolist() == [0]
    cr.save({"a": cr.ones(1)}, str(tmp_path / "x"))
    assert cr.load(str(tmp_path / "x"))["a"].tolist() == [1]


def test_importing_the_package_loads_no_storage() -> None:
    program = """
import sys, chainrule
print([m for m in sys.modules if "safetensors" in m or m in ("chainrule.nn", "chainrule.storage")])
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "[]"
