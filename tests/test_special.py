"""The error functions of the NumPy backend, against the C library and mpmath."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from chainrule.backends.special import erf, erfc, sigmoid

# Dense where the approximations change (0.46875 and 4) and around zero, out to where erfc underflows.
POINTS = np.unique(
    np.concatenate(
        [
            np.linspace(-6, 6, 4001),
            np.linspace(-30, 30, 1201),
            np.nextafter(0.46875, [0, 1]),
            np.nextafter(4.0, [0, 5]),
            -np.nextafter(0.46875, [0, 1]),
            [0.46875, -0.46875, 4.0, -4.0, 1e-300, -1e-300, 5e-324, 1e-8, 26.5, 27.2],
        ]
    )
)


def ulps(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    return np.abs(got - want) / np.spacing(np.abs(want))


def test_erf_is_within_two_units_of_the_c_library():
    want = np.array([math.erf(x) for x in POINTS])
    assert ulps(erf(POINTS), want).max() <= 2


def test_erfc_keeps_its_digits_in_the_tail():
    want = np.array([math.erfc(x) for x in POINTS])
    normal = want > np.finfo(np.float64).tiny
    assert normal.sum() > 4000
    assert ulps(erfc(POINTS), want)[normal].max() <= 6
    np.testing.assert_allclose(erfc(POINTS)[~normal], want[~normal], rtol=0, atol=1e-300)


def test_erfc_against_high_precision():
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(40):
        points = [0.3, 0.46875, 0.5, 1.0, 2.7, 3.999, 4.0, 4.001, 7.5, 12.25, 20.0, 25.9]
        want = np.array([float(mpmath.erfc(x)) for x in points])
    assert ulps(erfc(np.array(points)), want).max() <= 6


def test_special_values():
    inf, nan = math.inf, math.nan
    np.testing.assert_array_equal(erf(np.array([0.0, -0.0, inf, -inf, nan])), [0.0, -0.0, 1.0, -1.0, nan])
    np.testing.assert_array_equal(erfc(np.array([0.0, -0.0, inf, -inf, nan])), [1.0, 1.0, 0.0, 2.0, nan])
    assert np.signbit(erf(np.array(-0.0)))


def test_no_floating_point_warning_escapes():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        erf(np.array([np.inf, -np.inf, 1e30, 5.0, 0.0], np.float32))
        erfc(np.array([np.inf, -np.inf, 1e300, 27.0, 40.0]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 3)])
def test_dtype_and_shape_are_kept(dtype, shape):
    x = np.full(shape, 0.7, dtype)
    for function in (erf, erfc, sigmoid):
        assert function(x).dtype == dtype
        assert function(x).shape == shape


@pytest.mark.parametrize(("dtype", "units"), [(np.float16, 1), (np.float32, 3)])
def test_narrow_dtypes(dtype, units):
    x = np.linspace(-4, 4, 2001).astype(dtype)
    want = np.array([math.erf(float(v)) for v in x])
    assert (np.abs(erf(x).astype(np.float64) - want) / np.spacing(np.abs(want).astype(dtype))).max() <= units


def test_integers_become_double():
    assert erf(np.array([-1, 0, 2])).dtype == np.float64
    np.testing.assert_allclose(erf(np.array([-1, 0, 2])), [math.erf(-1), 0.0, math.erf(2)], rtol=1e-15)


def test_the_input_is_untouched_and_may_be_strided():
    x = np.linspace(-3, 3, 24).reshape(4, 6)
    kept = x.copy()
    np.testing.assert_array_equal(erf(x.T[::2, ::-1]), erf(x).T[::2, ::-1])
    np.testing.assert_array_equal(x, kept)


class TestSigmoid:
    def test_both_tails_keep_their_digits(self):
        mpmath = pytest.importorskip("mpmath")
        points = np.concatenate([np.linspace(-700, 700, 1401), np.linspace(-3, 3, 601), [0.0, 1e-300, -36.8, 36.8]])
        with mpmath.workdps(30):
            want = np.array([float(1 / (1 + mpmath.exp(-x))) for x in points])
        assert ulps(sigmoid(points), want).max() <= 3

    def test_the_ends(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for dtype in (np.float16, np.float32, np.float64):
                x = np.array([-np.inf, -1e4, 0, 1e4, np.inf, np.nan], dtype)
                np.testing.assert_array_equal(sigmoid(x), np.array([0, 0, 0.5, 1, 1, np.nan], dtype), strict=True)

    def test_integers_become_double(self):
        np.testing.assert_allclose(sigmoid(np.array([-1, 0, 2])), 1 / (1 + np.exp([1.0, 0.0, -2.0])), rtol=1e-15)
        assert sigmoid(np.array([True])).dtype == np.float64


@pytest.mark.parametrize("function", [erf, erfc])
def test_complex_numbers_are_refused(function):
    with pytest.raises(TypeError, match="complex128"):
        function(np.array([1j]))
