"""What every test shares: the backends it runs on, seeds, and strictness.

A test that takes the fixture `backend` runs once for each, with that backend as the place where new tensors are born.
Warnings are errors, and a test that leaves a mode, a default or the backend changed fails.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: one thread each (set before NumPy is loaded)
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import hypothesis
import numpy as np
import pytest

import chainrule as cr
from chainrule.autograd.modes import current
from chainrule.backends import Backend, get_backend, get_default_dtype, unavailable

BACKENDS = ["numpy", "standin", pytest.param("cupy", marks=pytest.mark.gpu)]

hypothesis.settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "error")
    # What PyTorch, to which we compare, says about itself.
    config.addinivalue_line("filterwarnings", "ignore:::torch[.]")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each backend in turn, in use."""
    reason = unavailable(request.param)
    if reason is not None:
        pytest.skip(reason)
    with cr.use_backend(request.param) as active:
        yield active


@pytest.fixture(autouse=True)
def repeatable_and_tidy() -> Iterator[None]:
    """Every test starts from the same seeds and leaves the modes as they were."""
    random.seed(0)
    np.random.seed(0)
    cr.manual_seed(0)
    before = _state()
    yield
    assert _state() == before, "the test left a mode, the default dtype or the backend changed"


def _state() -> tuple[object, ...]:
    mode = current()
    return (mode.grad, mode.inference, mode.debug, mode.scope, get_default_dtype(), get_backend().name)
