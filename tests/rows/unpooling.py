from .rows import Row, Sample, T

ROWS = [
    Row("nn.functional.max_unpool1d", Sample(T(1, 2, 3), T(values=[[[0, 2, 5], [1, 3, 4]]], dtype="int64"), 2),
        Sample(T(1, 2), T(values=[[0, 4]], dtype="int64"), 3, 2, 0, [6])),
    Row("nn.functional.max_unpool2d",
        Sample(T(1, 1, 2, 2), T(values=[[[[0, 7], [12, 10]]]], dtype="int64"), 2),
        Sample(T(1, 2, 2), T(values=[[[0, 2], [10, 14]]], dtype="int64"), 3, 2, 1, [4, 4])),
    Row("nn.functional.max_unpool3d", Sample(T(1, 1, 1, 1, 2), T(values=[[[[[3, 14]]]]], dtype="int64"), (2, 2, 2))),
]  # fmt: skip
