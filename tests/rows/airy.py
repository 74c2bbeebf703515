import scipy.special

from .rows import Row, Sample, T

ROWS = [
    Row("special.airy_ai", Sample(T(40, low=-12.0, high=6.0)), Sample(T(values=[-1.0, -1e-9, 0.0, 0.5, 1.0])),
        Sample(T(0, 3)), Sample(T()), torch=False, reference=lambda np, x: scipy.special.airy(x)[0]),
]  # fmt: skip
