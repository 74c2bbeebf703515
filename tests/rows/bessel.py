import scipy.special

from .rows import Row, Sample, T

_SAMPLES = (Sample(T(3, 4, low=-12.0, high=12.0)), Sample(T(values=[-1e-3, 0.0, 0.5])), Sample(T()), Sample(T(0, 3)))
_POSITIVE = (Sample(T(3, 4, low=0.3, high=12.0)), Sample(T(low=0.5)), Sample(T(0, 3)))
_AWAY = (Sample(T(3, 4, low=0.3, high=12.0)), Sample(T(4, low=-9.0, high=-0.3)), Sample(T(0, 3)))
_NAMES = {"bessel_j0": "j0", "bessel_j1": "j1", "bessel_y0": "y0", "bessel_y1": "y1", "modified_bessel_i0": "i0",
          "modified_bessel_i1": "i1", "modified_bessel_k0": "k0", "modified_bessel_k1": "k1",
          "scaled_modified_bessel_k0": "k0e", "scaled_modified_bessel_k1": "k1e"}  # fmt: skip

ROWS = [
    Row("i0", *_SAMPLES),
    Row("special.i1", *_SAMPLES),
    Row("special.i0e", *_AWAY, Sample(T(values=[-800.0, 800.0]))),
    Row("special.i1e", *_AWAY, Sample(T(values=[-800.0, 800.0]))),
    # PyTorch does not differentiate these, and has J and Y to seven digits only.
    *[Row(f"special.{name}", *(_SAMPLES if "_j" in name or "_i" in name else _POSITIVE), torch=False,
          reference=lambda np, x, theirs=theirs: getattr(scipy.special, theirs)(x))
      for name, theirs in _NAMES.items()],
    *[Row(f"special.{name}", Sample(T(values=[0.0, float("nan")])), grad=False) for name in _NAMES],
]  # fmt: skip
