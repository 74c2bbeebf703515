from .rows import Row, Sample, T

ROWS = [
    Row("nn.functional.pad", Sample(T(3), (1, 2)), Sample(T(2, 3), (1, 0, 2, 1)), Sample(T(2, 3), (1, 2), value=1.5),
        Sample(T(2, 3), [-1, 2]), Sample(T(2, 4), (-1, -2, 1, -1)), Sample(T(2, 3), (0, 0)),
        Sample(T(0, 2), (1, 1, 1, 1)), Sample(T(2, 3), ()), Sample(T(2, 3, dtype="int64"), (1, 1), "constant", 7),
        *[Sample(T(2, 3, 5), amounts, mode) for mode in ("reflect", "replicate", "circular")
          for amounts in ((2, 1), (0, 3), (1, -2), (-1, 1))],
        *[Sample(T(1, 2, 3, 4), amounts, mode) for mode in ("reflect", "replicate", "circular")
          for amounts in ((2, 1, 1, 2), (0, 0, 1, 0), (3, 0, -1, 0))],
        Sample(T(1, 1, 2, 3, 4), (1, 2, 1, 1, 1, 0), mode="reflect"), Sample(T(2, 3), (4, 5), "replicate"),
        Sample(T(2, 3), (3, 3), "circular")),
    Row("constant_pad_nd", Sample(T(2, 3), (1, 2)), Sample(T(2, 3), (0, -1, 2, 0), 1.5)),
]  # fmt: skip
