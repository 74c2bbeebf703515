from .rows import Row, Sample, T

_PAIRS = (
    Sample(T(3, 4), T(3, 4)),
    Sample(T(3, 4), T(4)),
    Sample(T(3, 1), T(2, 1, 4)),
    Sample(T(), T(2, 3)),
    Sample(T(), T()),
    Sample(T(2, 3), 1.5),
    Sample(T(0, 3), T(3)),
    Sample(T(2, 3, grad=False), T(2, 3)),
)
_APART = (
    Sample(T(3, 4), T(3, 4, low=0.5, high=2.0)),
    Sample(T(3, 4), T(4, low=-2.0, high=-0.5)),
    Sample(T(2, 3), 1.5),
    Sample(T(), T(2, 3, low=0.5)),
    Sample(T(0, 3), T(3, low=0.5)),
)
_INTEGERS = Sample(T(3, 4, dtype="int64"), T(3, 4, dtype="int64", low=1, high=4))

ROWS = [
    Row("add", *_PAIRS, Sample(T(2, 3), T(3), alpha=2.5), _INTEGERS),
    Row("sub", *_PAIRS, Sample(T(2, 3), T(3), alpha=2.5), _INTEGERS),
    Row("mul", *_PAIRS, _INTEGERS),
    Row("div", *_APART, Sample(T(2, 3), T(3, low=0.5), rounding_mode="floor"),
        Sample(T(2, 3), T(3, low=0.5), rounding_mode="trunc")),
    Row("div", Sample(T(3, dtype="int64", low=-9, high=9), T(3, dtype="int64", low=1, high=4), rounding_mode="trunc"),
        Sample(T(3, dtype="int64", low=-9, high=9), T(3, dtype="int64", low=1, high=4), rounding_mode="floor")),
    Row("floor_divide", *_APART, _INTEGERS, grad=False),
    Row("remainder", *_APART, _INTEGERS),
    Row("fmod", *_APART, _INTEGERS),
    Row("neg", Sample(T(3, 4)), Sample(T()), Sample(T(0, 3)), Sample(T(3, dtype="int64"))),
    Row("square", Sample(T(3, 4)), Sample(T()), Sample(T(3, dtype="int64"))),
    Row("pow", Sample(T(3, 4, low=0.2), 3), Sample(T(3, 4), 2), Sample(T(3, 4), 1), Sample(T(3, 4), 0),
        Sample(T(3, 4, low=0.2), 0.5), Sample(T(3, 4, low=0.2), -1.5), Sample(T(3, 4), -2),
        Sample(T(3, 4, low=0.2), T(3, 4)), Sample(T(3, 4, low=0.2), T(4)), Sample(2.5, T(3, 4)),
        Sample(T(3, dtype="int64"), 3), Sample(T(0), 2)),
    Row("floor", Sample(T(3, 4)), Sample(T(3, dtype="int64"))),
    Row("ceil", Sample(T(3, 4)), Sample(T(3, dtype="int64"))),
    Row("trunc", Sample(T(3, 4)), Sample(T(3, dtype="int64"))),
    Row("round", Sample(T(3, 4)), Sample(T(3, 4), decimals=1)),
    Row("frac", Sample(T(3, 4))),
    Row("addcmul", Sample(T(2, 3), T(3), T(2, 1)), Sample(T(2, 3), T(2, 3), T(2, 3), value=0.5)),
    Row("addcdiv", Sample(T(2, 3), T(3), T(2, 1, low=0.5)), Sample(T(2, 3), T(2, 3), T(2, 3, low=0.5), value=0.5)),
    Row("lerp", Sample(T(2, 3), T(2, 3), 0.3), Sample(T(2, 3), T(3), T(2, 1))),
    Row("cast", Sample(T(3, 4), dtype="float64"), torch=False, float32=False,
        reference=lambda np, x, dtype: x.astype(dtype)),
]  # fmt: skip
