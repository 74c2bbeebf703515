"""Special functions where a formula is most easily wrong: derivatives to the fourth order against mpmath, at 0 and far
out as well; dtypes; and what is said where SciPy is missing."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.backends import Backend

mp: Any = pytest.importorskip("mpmath")

ANYWHERE = [-20.0, -3.0, -1.0, -1e-5, 0.0, 1e-9, 0.3, 0.9, 2.0, 3.5, 9.0, 30.0]
OFF_0 = [x for x in ANYWHERE if abs(x) > 1e-6]  # where the function has a corner at 0
POSITIVE = [0.1, 0.5, 1.0, 2.5, 7.0, 30.0]
A_FEW = [0.5, 2.5, 7.0]  # of what takes mpmath long
INSIDE = [-0.99, -0.5, 0.0, 0.2, 0.9]
PART = [0.01, 0.2, 0.5, 0.7, 0.99]

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "airy_ai": (lambda x: mp.airyai(x), ANYWHERE),
    "bessel_j0": (lambda x: mp.besselj(0, x), ANYWHERE),
    "bessel_j1": (lambda x: mp.besselj(1, x), ANYWHERE),
    "bessel_y0": (lambda x: mp.bessely(0, x), A_FEW),
    "bessel_y1": (lambda x: mp.bessely(1, x), A_FEW),
    "digamma": (lambda x: mp.psi(0, x), [-2.5, -0.3, *POSITIVE]),
    "entr": (lambda x: -x * mp.log(x), POSITIVE),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), [-2.0, -0.5, 0.0, 1.0, 5.0]),
    "erfinv": (lambda x: mp.erfinv(x), INSIDE),
    "gammaln": (lambda x: mp.log(abs(mp.gamma(x))), [-2.5, -0.3, *POSITIVE]),
    "i0": (lambda x: mp.besseli(0, x), ANYWHERE),
    "i0e": (lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), OFF_0),
    "i1": (lambda x: mp.besseli(1, x), ANYWHERE),
    "i1e": (lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), OFF_0),
    "log_ndtr": (lambda x: mp.log(mp.ncdf(x)), [-9.0, -1.0, 0.0, 1.0, 9.0, 50.0]),
    "logit": (lambda x: mp.log(x / (1 - x)), PART),
    "modified_bessel_k0": (lambda x: mp.besselk(0, x), A_FEW),
    "modified_bessel_k1": (lambda x: mp.besselk(1, x), A_FEW),
    "ndtr": (lambda x: mp.ncdf(x), [-9.0, -1.0, 0.0, 1.0, 9.0]),
    "ndtri": (lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1), PART),
    "scaled_modified_bessel_k0": (lambda x: mp.besselk(0, x) * mp.exp(x), A_FEW),
    "scaled_modified_bessel_k1": (lambda x: mp.besselk(1, x) * mp.exp(x), A_FEW),
    "sinc": (lambda x: mp.sincpi(x), ANYWHERE),
    "spherical_bessel_j0": (lambda x: mp.sinc(x), ANYWHERE),
}


@cache
def exact_derivatives(name: str) -> list[list[float]]:
    """Of order 0 to 4 at every point, from the Taylor series that mpmath finds."""
    exact, points = FUNCTIONS[name]
    with mp.workdps(30):
        series = [mp.taylor(exact, p, 4) for p in points]
        return [[float(mp.factorial(k) * terms[k]) for terms in series] for k in range(5)]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_to_the_fourth_order(name: str, backend: Backend) -> None:
    x = cr.Tensor(backend.asarray(np.array(FUNCTIONS[name][1])), requires_grad=True)
    value = getattr(cr.special, name)(x)
    for order, wanted in enumerate(exact_derivatives(name)):
        found = value.detach().tolist()
        np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-11, err_msg=f"derivative {order}")
        (value,) = cr.autograd.grad(value.sum(), x, create_graph=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_floating_point_warning_inside(name: str) -> None:
    x = cr.tensor(FUNCTIONS[name][1], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(cr.special, name)(x).sum().backward()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_narrow_dtypes_are_kept_and_integers_become_double(name: str, backend: Backend) -> None:
    function = getattr(cr.special, name)
    points = np.array([0.25, 0.5])
    wide = np.array(function(cr.Tensor(backend.asarray(points))).tolist())
    for dtype, digits in (("float16", 2e-3), ("float32", 1e-6)):
        x = cr.Tensor(backend.asarray(points.astype(dtype)), requires_grad=True)
        out = function(x)
        (g,) = cr.autograd.grad(out.sum(), x)
        assert out.dtype == g.dtype == dtype
        np.testing.assert_allclose(out.detach().tolist(), wide, rtol=digits)
    with np.errstate(all="ignore"):
        assert function(cr.Tensor(backend.asarray(np.array([1])))).dtype == np.float64


@pytest.mark.parametrize("name", ["igamma", "igammac", "special.zeta"])
def test_a_derivative_without_a_formula_raises(name: str) -> None:
    function = cr.special.zeta if "zeta" in name else getattr(cr, name)
    a = cr.tensor([1.5], requires_grad=True)
    with pytest.raises(NotImplementedError, match="with respect to its first input"):
        function(a, cr.tensor([2.0])).backward()


def test_degrees_that_overflow_elsewhere_do_no_harm() -> None:
    x = cr.tensor([5.0, 5.0], dtype=cr.float64, requires_grad=True)
    with np.errstate(over="ignore", invalid="ignore"):
        out = cr.special.hermite_polynomial_h(x, cr.tensor([1, 400]))
        (g,) = cr.autograd.grad(out[0], x)
    assert out[0].item() == 10.0 and not np.isfinite(out[1].item())
    assert g[0].item() == 2.0


def test_without_scipy_the_error_says_what_to_install() -> None:
    program = """
import sys
sys.modules["scipy"] = None
import chainrule as cr
x = cr.tensor([0.5])
cr.sinc(x), cr.xlogy(x, x), cr.logit(x), cr.special.entr(x), cr.special.ndtr(x), cr.special.airy_ai(x)
try:
    cr.lgamma(x)
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "lgamma" in done.stdout and 'pip install "chainrule[special]"' in done.stdout
