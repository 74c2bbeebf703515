from .rows import Row, Sample, T

_DIAGONALS = (Sample(T(3, 4)), Sample(T(4, 3), 1), Sample(T(2, 3, 3), -1), Sample(T(2, 3), 5), Sample(T(2, 3), -5),
              Sample(T(0, 3)), Sample(T(3, 3, dtype="int64")))  # fmt: skip

ROWS = [
    Row("flip", Sample(T(2, 3), (0,)), Sample(T(2, 3), dims=(0, 1)), Sample(T(2, 3, 4), [-1, 0]), Sample(T(2, 3), ()),
        Sample(T(), (0,)), Sample(T(0, 3), (1,)), Sample(T(3, dtype="bool"), (0,))),
    Row("Tensor.flip", Sample(T(2, 3), 1), Sample(T(2, 3), 0, 1)),
    Row("fliplr", Sample(T(2, 3)), Sample(T(2, 3, 2))),
    Row("flipud", Sample(T(2, 3)), Sample(T(3))),
    Row("roll", Sample(T(2, 3), 1), Sample(T(2, 3), 1, 0), Sample(T(2, 3), (1, -2), (0, 1)), Sample(T(2, 3), -7, -1),
        Sample(T(5), shifts=2), Sample(T(0, 3), 1, 1), Sample(T(3, 4), (1, 2), (1, 1)), Sample(T(), 1)),
    Row("rot90", Sample(T(2, 3)), Sample(T(2, 3), 2), Sample(T(2, 3), -1), Sample(T(2, 3), 0), Sample(T(2, 3, 4), 1, [1, 2]),
        Sample(T(2, 3, 4), 5, [-1, 0])),
    Row("Tensor.repeat", Sample(T(3), 2), Sample(T(2, 3), 2, 1, 3), Sample(T(2, 1), (1, 4)), Sample(T(), 3), Sample(T(), ()),
        Sample(T(2, 3), 0, 2), Sample(T(0, 2), 2, 2)),
    Row("tile", Sample(T(3), (2,)), Sample(T(2, 3), (2,)), Sample(T(2, 3), (2, 1, 2)), Sample(T(), (2,)),
        Sample(T(2, 3), dims=(1, 2))),
    Row("repeat_interleave", Sample(T(3), 2), Sample(T(2, 3), 2), Sample(T(2, 3), 3, 1), Sample(T(2, 3), 2, dim=-2),
        Sample(T(2, 3), T(values=[2, 0, 1], dtype="int64"), 1), Sample(T(3), T(values=[2], dtype="int64"), 0),
        Sample(T(2, 2), T(values=[0, 1, 2, 3], dtype="int64")), Sample(T(3), 0), Sample(T(), 2),
        Sample(T(3), T(values=[1, 2, 0], dtype="int64"), 0, output_size=3)),
    Row("tril", *_DIAGONALS),
    Row("triu", *_DIAGONALS),
    Row("diagonal", Sample(T(3, 4)), Sample(T(3, 4), 1), Sample(T(3, 4), -2), Sample(T(2, 3, 4), 0, 1, 2),
        Sample(T(2, 3, 4), 1, dim1=-1, dim2=0), Sample(T(2, 3), 7), Sample(T(0, 3))),
    Row("diag_embed", Sample(T(3)), Sample(T(2, 3)), Sample(T(2, 3), 1), Sample(T(2, 3), -2, 0, 2),
        Sample(T(2, 3), 0, dim1=2, dim2=0), Sample(T(0))),
    Row("diag", Sample(T(3)), Sample(T(3), 1), Sample(T(3), -2), Sample(T(3, 4)), Sample(T(3, 4), 1), Sample(T(3, 4), -2)),
    Row("trace", Sample(T(3, 3)), Sample(T(2, 4)), Sample(T(0, 0)), Sample(T(2, 2, dtype="int32")), ),
    Row("Tensor.unfold", Sample(T(7), 0, 3, 2), Sample(T(7), 0, 3, 1), Sample(T(2, 5), 1, 4, 1), Sample(T(5, 2), 0, 2, 3),
        Sample(T(2, 5, 3), -2, 2, 2), Sample(T(3), 0, 3, 1), Sample(T(), 0, 1, 1), Sample(T(2, 6), 1, 5, 1)),
]  # fmt: skip
