from .rows import Kink, Row, Sample, T


def _samples(**bounds: float) -> tuple[Sample, ...]:
    return Sample(T(3, 4, **bounds)), Sample(T(**bounds)), Sample(T(0, 3, **bounds)), Sample(T(2, 1, 3, **bounds))


_POSITIVE = _samples(low=0.3, high=3.0)
_INSIDE = _samples(low=-0.9, high=0.9)
_AWAY_FROM_ZERO = (*_samples(low=0.3, high=2.0), *_samples(low=-2.0, high=-0.3))
_PAIRS = (Sample(T(3, 4, distinct=True), T(3, 4)), Sample(T(3, 1), T(2, 1, 4)), Sample(T(), T()), Sample(T(0, 2), T(2)))
_FULL = (Sample(T(3, 4, low=0.3), T(3, 4)), Sample(T(3, 1, low=0.3), T(4)), Sample(T(low=0.3), T()))

ROWS = [
    *[Row(name, *_samples()) for name in ("exp", "exp2", "expm1", "sin", "cos", "sinh", "cosh", "tanh", "atan", "asinh",
                                          "erf", "erfc", "sign", "nan_to_num")],
    *[Row(name, *_POSITIVE) for name in ("log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal")],
    *[Row(name, *_INSIDE) for name in ("asin", "acos", "atanh", "tan")],
    Row("acosh", *_samples(low=1.2, high=3.0)),
    Row("abs", *_AWAY_FROM_ZERO, Sample(T(3, dtype="int64"))),
    *[Row(name, Sample(T(2, 3, low=lo, high=hi)), torch=name)
      for name, lo, hi in (("absolute", 0.3, 2), ("arcsin", -0.9, 0.9), ("arccos", -0.9, 0.9), ("arctan", -2, 2),
                           ("arcsinh", -2, 2), ("arccosh", 1.2, 3), ("arctanh", -0.9, 0.9))],
    Row("atan2", *_FULL), Row("arctan2", *_FULL), Row("hypot", *_FULL),
    Row("logaddexp", *_PAIRS, Sample(T(2), T(values=[800.0, -800.0]))),
    *[Row(name, *_PAIRS) for name in ("maximum", "minimum", "fmax", "fmin")],
    Row("clamp", Sample(T(3, 4), -0.5, 0.7), Sample(T(3, 4), min=0.1), Sample(T(3, 4), max=0.1),
        Sample(T(3, 4), T(4, low=-1, high=-0.5), T(3, 1, low=0.5, high=1)), Sample(T(), 0.0, 1.0),
        Sample(T(5, dtype="int64"), -1, 2),
        Kink(T(values=[-2.0, 0.5, 2.0, 0.5]), T(values=[0.0, 1.0, 0.0, 1.0]), T(values=[0.0, 1.0, 1.0, 0.0])),
        Kink(T(values=[0.5, 2.0, float("nan")]), T(values=[float("nan"), 0.0, 0.0]),
             T(values=[1.0, float("nan"), 1.0]))),
    *[Row(name, Sample(T(3, 4), 0.1), Sample(T(3, 4), T(4)), Sample(T(3, 1), T(2, 1, 4)),
          Sample(T(5, dtype="int64"), 2))
      for name in ("clamp_min", "clamp_max")],
    Row("deg2rad", *_samples()), Row("rad2deg", *_samples()),
    Row("logaddexp2", *_PAIRS, Sample(T(2), T(values=[800.0, -800.0]))),
    Row("fill", Sample(T(3, 4), 1.5), Sample(T(3, 4), T()), Sample(T(), T()), Sample(T(3, dtype="int64"), 2),
        Sample(T(0, 2), True)),
    Row("heaviside", Sample(T(3, 4), T(4)), Kink(T(values=[-1.0, 0.0, 2.0, float("nan")]), T(4)), Sample(T(3), 0.5),
        torch=False, reference=lambda np, x, values: np.heaviside(x, values)),
    Row("heaviside", Sample(T(values=[-1.0, 0.0, -0.0, 2.0]), T(4)), grad=False),
    Row("clip", Sample(T(3, 4), -0.5, 0.7)),
    Row("nan_to_num", Sample(T(values=[float("nan"), float("inf"), -float("inf"), 1.0], grad=False)),
        Sample(T(values=[float("nan"), float("inf"), 1.0], grad=False), nan=2.0, posinf=5.0),
        Sample(T(values=[float("nan"), -float("inf")], grad=False), nan=None, neginf=-1.0)),
]  # fmt: skip
