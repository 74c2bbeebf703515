from .rows import Kink, Row, Sample, T

_SAMPLES = (Sample(T(3, 4)), Sample(T()), Sample(T(0, 3)))
_INSIDE = (Sample(T(3, 4, low=-0.9, high=0.9)), Sample(T(low=-0.9, high=0.9)), Sample(T(0, 3)))
_PART = (Sample(T(3, 4, low=0.1, high=0.9)), Sample(T(low=0.1, high=0.9)), Sample(T(0, 3)))
_FAR = Sample(T(values=[-30.0, -9.0, 0.0, 9.0, 30.0]))
_NAN, _INF = float("nan"), float("inf")
_PAIRS = (Sample(T(3, 4), T(3, 4, low=0.3)), Sample(T(3, 1), T(2, 1, 4, low=0.3)), Sample(T(), T(0, 3)),
          Sample(T(3), 2.0), Sample(2.0, T(3, low=0.3)))  # fmt: skip
_ODD = Sample(T(values=[0.0, 0.0, 0.0, 1.0, _NAN]), T(values=[0.0, _NAN, -2.0, 0.0, 1.0]))

ROWS = [
    Row("erfinv", *_INSIDE, Sample(T(values=[-1.0, 1.0, 2.0], grad=False))),
    Row("special.erfcx", *_SAMPLES, Sample(T(values=[-5.0, 0.0, 30.0]))),
    Row("special.ndtr", *_SAMPLES, Sample(T(values=[-9.0, 0.0, 9.0]))),
    Row("special.ndtri", *_PART, Sample(T(values=[0.0, 1.0, 2.0], grad=False))),
    Row("special.log_ndtr", *_SAMPLES, _FAR),
    Row("special.entr", *_PART, Sample(T(values=[-1.0, 0.0, _NAN], grad=False))),
    Row("xlogy", *_PAIRS, Kink(T(values=[0.0, 0.0, 1.5]), T(values=[2.0, 0.5, 3.0]))),
    Row("xlogy", _ODD, grad=False),
    Row("special.xlog1py", *_PAIRS, Kink(T(values=[0.0, 0.0, 1.5]), T(values=[2.0, -0.5, 3.0]))),
    Row("special.xlog1py", _ODD, grad=False),
    Row("logit", *_PART, Kink(T(values=[-0.5, 1.5, 0.5])), Sample(T(3, 4, low=-0.5, high=1.5), 0.2),
        Kink(T(values=[-1.0, 0.0, 0.25, 0.75, 1.0, 3.0, float("nan")]), eps=0.25)),
    Row("special.expit", *_SAMPLES),
]  # fmt: skip
