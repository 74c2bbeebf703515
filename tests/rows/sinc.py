import scipy.special

from .rows import Row, Sample, T

_SAMPLES = (Sample(T(3, 4, low=-9.0, high=9.0)), Sample(T()), Sample(T(0, 3)))

ROWS = [
    Row("sinc", *_SAMPLES, Sample(T(values=[-1.0, 0.5, 2.0]))),
    # At 0 PyTorch takes the second derivative for 0; it is -pi**2 / 3.
    Row("sinc", Sample(T(values=[0.0, 1e-4, 0.3])), torch=False, reference=lambda np, x: np.sinc(x)),
    Row("special.spherical_bessel_j0", *_SAMPLES, Sample(T(values=[0.0, 1e-4, 1.0, 30.0])), torch=False,
        reference=lambda np, x: scipy.special.spherical_jn(0, x)),
    Row("special.spherical_bessel_j0", Sample(T(values=[float("inf"), -float("inf"), float("nan"), 2.0], grad=False))),
]  # fmt: skip
