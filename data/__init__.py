"""Data for training: readers of image files, datasets, and a loader that hands out batches."""

from __future__ import annotations

from .dataset import DataLoader, Dataset, TensorDataset, random_split
from .images import DataFileError, Images, load_digits, read_images

__all__ = ["DataFileError", "DataLoader", "Dataset", "Images", "TensorDataset", "load_digits", "random_split",
           "read_images"]  # fmt: skip
