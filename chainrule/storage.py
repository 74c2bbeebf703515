"""Weights in files: `cr.save` and `cr.load`, on safetensors.

A file holds named tensors and a header of text; reading one runs no code, whoever wrote it. A flat dict of tensors
(a state dict) becomes a plain safetensors file, which every tool of that format reads. Anything nested (an optimizer's
state, a checkpoint of several parts) is taken apart into named tensors, and its structure is kept in the header.
"""

from __future__ import annotations

import errno
import json
import math
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .autograd.tensor import Tensor, from_array
from .backends import Backend, backend_of, is_array, resolve

_STRUCTURE = "chainrule"
"""The entry of the header that holds the structure of what was nested."""

_KINDS = "float16, float32, float64, bfloat16, bool, and integers"

StrPath = str | os.PathLike[str]


def save(obj: Any, f: StrPath, metadata: Mapping[str, str] | None = None) -> None:
    """Writes tensors to a file. Until all of it is on the disk, a file that was there before stays as it was.

    Args:
        obj: a dict of tensors by name, such as `model.state_dict()`; a tensor; or dicts, lists and tuples of tensors,
            numbers, strings and None, such as `optimizer.state_dict()`.
        f: the path. A file that is there is replaced.
        metadata: texts to keep beside the tensors; see `metadata`.

    Raises:
        TypeError: it holds something else, a dtype the format lacks, or metadata that is no text. Nothing is written.
        OSError: the file cannot be written. What was there before is unchanged.
    """
    header = _checked_metadata(metadata)
    tensors: dict[str, Tensor] = {}
    if isinstance(obj, Mapping) and all(isinstance(k, str) and _is_tensor(v) for k, v in obj.items()):
        tensors = {name: _as_tensor(value) for name, value in obj.items()}
    else:
        structure = _take_apart(obj, "", tensors)
        header[_STRUCTURE] = json.dumps(structure)
    arrays = {name: _on_host(name, tensor) for name, tensor in tensors.items()}

    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    with _replacing(Path(os.path.realpath(f))) as path:
        try:
            save_file(arrays, path, metadata=header or None)
        except SafetensorError as error:  # a full disk, say
            number = re.search(r"\(os error (\d+)\)", str(error))
            raise OSError(int(number[1]) if number else errno.EIO, str(error)) from None


def load(f: StrPath, map_location: object = None, *, backend: str | None = None, weights_only: bool = True) -> Any:
    """Reads what `save` wrote, or any safetensors file: then a dict of tensors by name.

    Args:
        f: the path.
        map_location: the device of the tensors; by default where new tensors are born.
        backend: its backend, if it is not clear from the device.
        weights_only: PyTorch's code gives it; True is all there is, as nothing is ever unpickled.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no safetensors file, is cut off, or has a dtype or structure that is not known; or
            `weights_only` is False.
        BackendUnavailable: the device's backend cannot work here.
    """
    if not weights_only:
        raise ValueError("load: weights_only=False would mean unpickling, which chainrule never does")
    home, place = resolve(map_location, backend)
    with _opened(f) as file:
        header = file.metadata() or {}
        tensors = {name: _tensor(file, f, name, home, place) for name in file.keys()}
    if _STRUCTURE not in header:
        return tensors
    try:
        return _put_together(json.loads(header[_STRUCTURE]), tensors)
    except (AttributeError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{os.fspath(f)}: the structure in the header cannot be read ({error!r})") from None


def metadata(f: StrPath) -> dict[str, str]:
    """The texts that were saved beside the tensors of a file. Errors as for `load`."""
    with _opened(f) as file:
        return {key: value for key, value in (file.metadata() or {}).items() if key != _STRUCTURE}


# Objects


def _is_tensor(value: Any) -> bool:
    return isinstance(value, Tensor) or is_array(value)


def _as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else from_array(backend_of(value).asarray(value))


def _checked_metadata(given: Mapping[str, str] | None) -> dict[str, str]:
    texts = dict(given or {})
    for key, value in texts.items():
        if not (isinstance(key, str) and isinstance(value, str)):
            kind = type(value).__name__
            raise TypeError(f"save: metadata is text by text, got {key!r}: {kind}; json.dumps makes text")
    if _STRUCTURE in texts:
        raise ValueError(f"save: the metadata key {_STRUCTURE!r} is taken")
    return texts


def _take_apart(obj: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """The structure of `obj` as JSON has it; its tensors are put into `tensors` under their paths."""
    if _is_tensor(obj):
        name, number = path or "tensor", 1
        while name in tensors:  # {"a.b": ..., "a": {"b": ...}}
            number += 1
            name = f"{path}#{number}"
        tensors[name] = _as_tensor(obj)
        return {"tensor": name}
    if isinstance(obj, Mapping):
        return {"dict": [[_key(k, path), _take_apart(v, f"{path}.{k}" if path else str(k), tensors)]
                         for k, v in obj.items()]}  # fmt: skip
    if isinstance(obj, (list, tuple)):
        items = [_take_apart(v, f"{path}.{k}" if path else str(k), tensors) for k, v in enumerate(obj)]
        return {"tuple" if isinstance(obj, tuple) else "list": items}
    if obj is None or isinstance(obj, (bool, int, str)):
        return {"value": obj}
    if isinstance(obj, float):
        return {"value": obj} if math.isfinite(obj) else {"float": repr(obj)}
    where = f" at {path!r}" if path else ""
    hint = "; save its state_dict()" if hasattr(obj, "state_dict") else ""
    raise TypeError(
        f"save: tensors, numbers, texts, None, and dicts, lists and tuples of them can be saved, got "
        f"{type(obj).__name__}{where}{hint}"
    )


def _key(key: Any, path: str) -> Any:
    if isinstance(key, (str, int)):
        return key
    raise TypeError(f"save: the keys of a dict are texts or integers, got {type(key).__name__} at {path!r}")


def _put_together(structure: Any, tensors: dict[str, Tensor]) -> Any:
    ((kind, content),) = structure.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _put_together(value, tensors) for key, value in content}
    if kind == "list":
        return [_put_together(item, tensors) for item in content]
    if kind == "tuple":
        return tuple([_put_together(item, tensors) for item in content])
    if kind == "float":
        return float(content)
    if kind == "value":
        return content
    raise ValueError(f"unknown kind {kind!r}")


# Files


def _on_host(name: str, tensor: Tensor) -> Any:
    """A contiguous NumPy array of the values, in this machine's byte order."""
    if tensor.dtype.kind not in "fiub" and tensor.dtype.name != "bfloat16":
        raise TypeError(f"save: {name!r} has dtype {tensor.dtype}; the format holds {_KINDS}")
    array = tensor.backend.to_host(tensor._array)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return backend_of(array).copy(array)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A new file beside `path` to write into, which takes its place when all of it is on the disk. After an error it is
    removed."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        mode = _new_file(new, like=path)
        yield new
        os.chmod(new, mode)  # what wrote it may have put a file of its own there
        with open(new, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(new, path)
    except BaseException as error:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:  # with the name the caller knows
            raise OSError(error.errno, f"{os.strerror(error.errno)}, so nothing was saved", os.fspath(path)) from None
        raise
    _sync_folder(path.parent)


def _new_file(path: Path, like: Path) -> int:
    """Makes an empty file with the permissions of the file `like`, or with those that any new file gets, and returns
    them."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    return ((like if like.exists() else path).stat().st_mode) & 0o777


def _sync_folder(folder: Path) -> None:
    """Has the file's new name written to the disk too, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _opened(f: StrPath) -> Iterator[Any]:
    from safetensors import SafetensorError, safe_open

    with open(os.fspath(f), "rb") as file:  # the usual errors for a file that is missing or cannot be read
        start = file.read(8)
    try:
        with safe_open(os.fspath(f), framework="np") as opened:
            yield opened
    except SafetensorError as error:
        raise ValueError(f"{os.fspath(f)} is no safetensors file, or is cut off ({error}){_guess(start)}") from None
    except OSError as error:
        raise ValueError(f"{os.fspath(f)} is no safetensors file ({error}){_guess(start)}") from None


def _guess(start: bytes) -> str:
    """What the file may be instead."""
    if not start:
        return "; it is empty"
    if start.startswith((b"PK\x03\x04", b"\x80")):
        return (
            "; it looks like one of PyTorch's pickled files, which chainrule does not read: where PyTorch is "
            "installed, safetensors.torch.save_file writes its tensors to a safetensors file"
        )
    if start.startswith(b"\x93NUMPY"):
        return "; it looks like one of NumPy's, which numpy.load reads"
    return ""


def _tensor(file: Any, f: StrPath, name: str, home: Backend, place: str | None) -> Tensor:
    try:
        array = file.get_tensor(name)
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"{os.fspath(f)}: tensor {name!r} has a dtype that NumPy lacks ({error})") from None
    moved = home.asarray(array, None, place)
    if moved is array and not array.flags.writeable:
        moved = home.copy(array)
    return from_array(moved)


__all__ = ["load", "metadata", "save"]
