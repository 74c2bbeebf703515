"""Labelled images from files: MNIST-style `.npz` and IDX, and the digits that come with scikit-learn.

Everything here is NumPy on the host; a tensor is made of it where it is wanted.
"""

from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

_NPZ_KEYS = (("images", "labels"), ("x", "y"), ("data", "target"), ("x_train", "y_train"))
_IDX_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


class DataFileError(ValueError):
    """A data file is not what it should be; the message names the file, what was found and what was expected."""


class Images(NamedTuple):
    """Images and what they show.

    `images`: float32 (n, height, width), scaled to [0, 1]. `labels`: int64 (n,), classes from 0.
    """

    images: np.ndarray
    labels: np.ndarray


def load_digits() -> Images:
    """The 1797 handwritten digits of 8x8 pixels that scikit-learn ships (E. Alpaydin and C. Kaynak, 1998).

    Raises:
        ImportError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits as load
    except ImportError:
        raise ImportError("the handwritten digits come with scikit-learn: pip install 'chainrule[demo]'") from None
    bunch = load()
    return Images((bunch.images / 16.0).astype(np.float32), bunch.target.astype(np.int64))


def read_images(path: str | os.PathLike[str], labels: str | os.PathLike[str] | None = None) -> Images:
    """Labelled images from an `.npz` with arrays `images` and `labels` (or `x` and `y`, `data` and `target`,
    `x_train` and `y_train`), or from a pair of IDX files, gzipped or not.

    Args:
        path: the `.npz`, or the IDX file of the images.
        labels: the IDX file of the labels; by default the one beside it whose name has `labels-idx1` in the place of
            `images-idx3`.

    Raises:
        FileNotFoundError: there is no such file.
        DataFileError: it is truncated, of another format, or its arrays do not fit each other.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no data file {path}")
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] == b"PK":
        images, classes, source = _read_npz(path)
    elif start[:2] == b"\x1f\x8b" or (start[:2] == b"\0\0" and start[2:3] and start[2] in _IDX_DTYPES):
        images, source = _read_idx(path), str(path)
        classes = _read_idx(_labels_beside(path) if labels is None else Path(labels))
    else:
        raise DataFileError(f"{path} is neither an .npz nor an IDX file: it starts with {start!r}")
    return _checked(images, classes, source)


def _read_npz(path: Path) -> tuple[np.ndarray, np.ndarray, str]:
    if not zipfile.is_zipfile(path):
        raise DataFileError(f"{path} cannot be read as .npz, is it truncated? It starts as a zip file but is none")
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = archive.files
            for images, labels in _NPZ_KEYS:
                if images in names and labels in names:
                    return archive[images], archive[labels], f"{path} ({images}, {labels})"
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise DataFileError(f"{path} cannot be read as .npz, is it truncated? {error}") from None
    raise DataFileError(f"{path} has the arrays {', '.join(names) or 'none'}; expected 'images' and 'labels'")


def _read_idx(path: Path) -> np.ndarray:
    """An IDX file: two zero bytes, the dtype, the number of dimensions, their sizes, the elements; big-endian."""
    if not path.is_file():
        raise FileNotFoundError(f"no data file {path}")
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError) as error:
            raise DataFileError(f"{path} cannot be unzipped, is it truncated? {error}") from None
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] not in _IDX_DTYPES:
        raise DataFileError(
            f"{path} is not an IDX file: it starts with {raw[:4]!r}, expected two zero bytes and a dtype"
        )
    ndim, dtype = raw[3], np.dtype(_IDX_DTYPES[raw[2]])
    header = 4 + 4 * ndim
    shape = tuple(int(n) for n in np.frombuffer(raw[4:header][: 4 * ((len(raw) - 4) // 4)], ">u4"))
    expected = header + dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    if len(shape) != ndim or len(raw) != expected:
        raise DataFileError(f"{path} holds {len(raw)} bytes, its header {shape} {dtype.name} asks for {expected}")
    return np.frombuffer(raw, dtype, offset=header).reshape(shape)


def _labels_beside(path: Path) -> Path:
    name = path.name
    for images, labels in (("images-idx3", "labels-idx1"), ("images.idx3", "labels.idx1"), ("images", "labels")):
        candidate = path.with_name(name.replace(images, labels))
        if images in name and candidate.is_file():
            return candidate
    raise DataFileError(f"no labels found beside {path}; name the IDX file that holds them")


def _checked(images: np.ndarray, labels: np.ndarray, source: str) -> Images:
    labels = labels.reshape(-1) if labels.ndim == 2 and 1 in labels.shape else labels
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or (labels.size and labels.min() < 0):
        raise DataFileError(
            f"{source}: labels must be a vector of class numbers from 0, got {labels.dtype} {labels.shape}"
        )
    if images.ndim == 2:
        side = round(images.shape[1] ** 0.5)
        images = images.reshape(-1, side, side) if side * side == images.shape[1] else images[:, None, :]
    if images.ndim != 3 or images.dtype.kind not in "iuf" or len(images) == 0:
        raise DataFileError(f"{source}: images must be (n, height, width) numbers, got {images.dtype} {images.shape}")
    if len(images) != len(labels):
        raise DataFileError(f"{source}: {len(images)} images but {len(labels)} labels")
    scaled = images.astype(np.float32)
    if not np.isfinite(scaled).all():
        raise DataFileError(f"{source}: the images have values that are not finite")
    top = 255.0 if images.dtype == np.uint8 and np.max(images) > 16 else max(float(np.max(scaled)), 1.0)
    return Images(scaled / np.float32(top), labels.astype(np.int64))
