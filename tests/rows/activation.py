from .rows import Row, Sample, T

_SAMPLES = (Sample(T(3, 4)), Sample(T()), Sample(T(0, 3)))
_KINKED = (Sample(T(3, 4, distinct=True, low=-2, high=2.1)), Sample(T(low=0.5)), Sample(T(0, 3)))
_FAR = Sample(T(values=[-800.0, -30.0, 0.0, 30.0, 800.0], grad=False))
_F = "nn.functional."

ROWS = [
    Row("sigmoid", *_SAMPLES, _FAR),
    Row("relu", *_KINKED, Sample(T(3, dtype="int64"))),
    *[Row(name, *_KINKED, torch=_F + name) for name in ("leaky_relu", "elu", "relu6", "hardtanh")],
    *[Row(name, *_SAMPLES, _FAR, torch=_F + name) for name in ("silu", "softplus", "gelu", "logsigmoid")],
    Row("leaky_relu", Sample(T(3, 4), 0.3), torch=_F + "leaky_relu"),
    Row("elu", Sample(T(3, 4), 1.7), torch=_F + "elu"),
    *[Row(name, *_SAMPLES, _FAR, torch=_F + name) for name in ("mish", "softsign", "tanhshrink")],
    *[Row(name, *_KINKED, _FAR, torch=_F + name) for name in ("celu", "selu")],
    Row("celu", Sample(T(3, 4), 0.5), Sample(T(3, 4), -1.5), torch=_F + "celu"),
    Row("glu", Sample(T(3, 4)), Sample(T(6)), Sample(T(2, 3, 2), 0), Sample(T(0, 4)), torch=_F + "glu"),
    Row("gelu", Sample(T(3, 4), approximate="tanh"), torch=_F + "gelu"),
    Row("softplus", Sample(T(3, 4), beta=2.0), Sample(T(3, 4), beta=3.0, threshold=4.0), torch=_F + "softplus"),
    Row("hardtanh", Sample(T(3, 4), -0.5, 1.5), torch=_F + "hardtanh"),
]
