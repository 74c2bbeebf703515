from .rows import Kink, Row, Sample, T

_SAMPLES = (Sample(T(3, 4, distinct=True, low=-5, high=5.1)), Sample(T(low=0.6)), Sample(T(0, 3)))
_NAN = float("nan")
_F = "nn.functional."

ROWS = [
    Row(_F + "hardsigmoid", *_SAMPLES, Sample(T(values=[-3.0, 3.0, _NAN])), grad=False),
    # PyTorch divides its gradient by a 6 of single precision.
    Row(_F + "hardsigmoid", *_SAMPLES, gradgrad=False, torch=False,
        reference=lambda np, x: np.clip(x / 6 + 0.5, 0, 1)),
    Row(_F + "hardswish", *_SAMPLES, Kink(T(values=[-3.0, 3.0, _NAN, -float("inf")]))),
    Row("hardshrink", *_SAMPLES, Sample(T(3, 4), 0.05), Kink(T(values=[-0.5, 0.5, _NAN]))),
    Row(_F + "softshrink", *_SAMPLES, Sample(T(3, 4), 0.05), Kink(T(values=[-0.5, 0.5, _NAN]))),
    Row("threshold", Sample(T(3, 4), 0.1, 2.5), Kink(T(values=[0.5, _NAN]), 0.5, 2.0), Sample(T(0), 0.1, 3),
        Sample(T(6, dtype="int32"), 0.5, 2.5)),
    Row("prelu", Sample(T(2, 3, 4), T(3)), Sample(T(2, 3), T(1)), Sample(T(3), T(1)), Sample(T(), T()),
        Sample(T(0, 2), T(2)), Kink(T(values=[[0.0, _NAN, -float("inf")]]), T(3))),
    Row("rrelu", Sample(T(3, 4)), Sample(T(3, 4), 0.2, 0.5), Sample(T(0, 3))),
    Row("rrelu", Sample(T(3, 4), 0.25, 0.25, True)),
]  # fmt: skip
