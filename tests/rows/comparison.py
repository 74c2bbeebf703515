from .rows import Row, Sample, T

_PAIRS = (
    Sample(T(3, 4), T(3, 4)),
    Sample(T(values=[1.0, 2.0, float("nan")]), T(values=[1.0, 3.0, float("nan")])),
    Sample(T(3, 4, dtype="int64"), T(4, dtype="int64")),
    Sample(T(2, 3), 0.5),
    Sample(T(), T(0, 3)),
)
_ODD = T(values=[0.0, 1.0, float("nan"), float("inf"), -float("inf")])
_BOOLS = (Sample(T(3, 4, dtype="bool"), T(3, 4, dtype="bool")), Sample(T(3, 4, dtype="bool"), T(4, dtype="bool")))
_INTS = Sample(T(3, 4, dtype="int64"), T(3, 4, dtype="int64"))

ROWS = [
    *[Row(name, *_PAIRS, grad=False) for name in ("eq", "ne", "lt", "le", "gt", "ge")],
    *[Row(name, Sample(_ODD), Sample(T()), grad=False) for name in ("isnan", "isinf", "isfinite")],
    *[Row(name, Sample(_ODD), Sample(T(3, dtype="int64")), grad=False) for name in ("isneginf", "isposinf")],
    *[Row(name, Sample(T(3, 4, dtype="int64"), T(4, dtype="int64", low=0)), Sample(T(3, dtype="uint8"), 2),
          Sample(T(3, dtype="int32", low=0), T(3, dtype="int64", low=0)), grad=False)
      for name in ("bitwise_left_shift", "bitwise_right_shift", "Tensor.__lshift__", "Tensor.__rshift__")],
    *[Row(name, *_BOOLS, _INTS, grad=False) for name in ("logical_and", "logical_or", "logical_xor")],
    *[Row(name, *_BOOLS, _INTS, grad=False) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")],
    Row("logical_not", Sample(T(3, dtype="bool")), Sample(T(3, dtype="int64")), grad=False),
    Row("bitwise_not", Sample(T(3, dtype="bool")), Sample(T(3, dtype="int64")), grad=False),
    Row("isclose", Sample(T(values=[1.0, 1.0, float("nan")]), T(values=[1.0 + 1e-7, 1.1, float("nan")])),
        Sample(T(values=[1.0, float("nan")]), T(values=[1.05, float("nan")]), rtol=0.1, equal_nan=True), grad=False),
    Row("allclose", Sample(T(3, 4), T(3, 4)), Sample(T(values=[1.0]), T(values=[1.0 + 1e-9])),
        Sample(T(values=[1.0]), T(values=[1.1]), rtol=0.2), grad=False),
    Row("equal", Sample(T(3, 4), T(3, 4)), Sample(T(3, 4), T(4)), Sample(T(values=[1.0]), T(values=[1.0])), grad=False),
]  # fmt: skip
