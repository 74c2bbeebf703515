from .rows import Kink, Row, Sample, T

_APART = (Sample(T(3, 4, low=0.2), T(3, 4)), Sample(T(3, 1, low=0.2), T(2, 1, 4)), Sample(T(low=0.2), T()))
_ODD = T(values=[0.0, -0.0, 1.0, -3.0, float("inf"), -float("inf"), float("nan")])

ROWS = [
    Row("signbit", Sample(_ODD), Sample(T(3, 4)), Sample(T(3, dtype="int64")), grad=False),
    Row("copysign", *_APART, Sample(T(3, 4, low=0.2), -1.0),
        Kink(T(values=[0.0, -0.0, 1.0]), T(values=[1.0, -0.0, -2.0]))),
    Row("nextafter", *_APART, Kink(T(values=[0.0, 1.0, 2.0]), T(values=[1.0, 1.0, -float("inf")])), gradgrad=False),
    Row("frexp", Sample(T(3, 4, low=1.1, high=1.9)), Sample(T(low=-7.9, high=-4.1)), Sample(T(0, 3)),
        Kink(T(values=[0.0, 1024.0, 3e-310])), gradgrad=False),
    Row("ldexp", Sample(T(3, 4), T(4)), Sample(T(), T(0, 3, dtype="int64"))),
    # PyTorch's gradient is 0 where an integer exponent is negative.
    Row("ldexp", Sample(T(3, 4), T(4, dtype="int32")), Sample(T(3), 5), torch=False,
        reference=lambda np, x, n: x * 2.0**n),
]  # fmt: skip
