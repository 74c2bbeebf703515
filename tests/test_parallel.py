"""Batches in threads: every element once, BLAS told to use one thread and told back, the same results as in one."""

from __future__ import annotations

from threading import Lock

import numpy as np
import pytest

import chainrule as cr
from chainrule.backends import parallel
from chainrule.nn import functional as F


@pytest.fixture
def three_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "thread_count", lambda: 3)
    monkeypatch.setattr(parallel, "SMALL", 0)


def blas_threads() -> int | None:
    found = parallel._blas()
    return None if found is None else found[0]()


@pytest.mark.parametrize("count", [0, 1, 2, 7, 40])
@pytest.mark.parametrize("memory", [0, parallel.IN_CACHE // 3, parallel.IN_CACHE * 5])
def test_a_batch_is_gone_through_once(three_threads: None, count: int, memory: int) -> None:
    done, lock = np.zeros(count, int), Lock()

    def make(most: int):
        def work(first: int, last: int) -> None:
            assert 0 < last - first <= most
            with lock:
                done[first:last] += 1

        return work

    parallel.in_batches(count, memory, 1, make)
    assert (done == 1).all()


def test_blas_gets_its_threads_back() -> None:
    before = blas_threads()
    if before is None:
        pytest.skip("this BLAS cannot be told how many threads to use")
    with parallel.one_blas_thread():
        with parallel.one_blas_thread() as told:
            assert told and blas_threads() == 1
        assert blas_threads() == 1
    assert blas_threads() == before
    with pytest.raises(ZeroDivisionError), parallel.one_blas_thread():
        raise ZeroDivisionError
    assert blas_threads() == before


def test_an_unknown_blas_is_left_alone(three_threads: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_blas", lambda: None)
    ran = []
    parallel.in_batches(5, 0, 1, lambda most: lambda first, last: ran.append((first, last)))
    assert ran == [(0, 5)]


CASES = {
    "conv2d": lambda x, w: F.conv2d(x, w, padding=1),
    "strided": lambda x, w: F.conv2d(x, w, stride=2, dilation=2, padding=2),
    "transposed": lambda x, w: F.conv_transpose2d(x, w, stride=2),
    "grouped": lambda x, w: F.conv2d(x, w[:, :2], groups=3),
    "interpolate": lambda x, w: F.interpolate(x, scale_factor=1.7, mode="bicubic") * w.sum(),
    "avg_pool2d": lambda x, w: F.avg_pool2d(x, 3, 2, 1) * w.sum(),
}


@pytest.mark.parametrize("name", CASES)
def test_threads_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = np.random.default_rng(0)
    arrays = stream.standard_normal((7, 6, 9, 8)), stream.standard_normal((6, 6, 3, 3))

    def results() -> list[np.ndarray]:
        x, w = (cr.Tensor(a, True) for a in arrays)
        y = CASES[name](x, w)
        return [t.numpy() for t in (y.detach(), *cr.autograd.grad((y * y).sum(), (x, w)))]

    monkeypatch.setattr(parallel, "thread_count", lambda: 1)
    one = results()
    monkeypatch.setattr(parallel, "thread_count", lambda: 3)
    monkeypatch.setattr(parallel, "SMALL", 0)
    monkeypatch.setattr(parallel, "IN_CACHE", 1)
    three, again = results(), results()
    for a, b, c in zip(one, three, again, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(b, c)


def test_half_precision_adds_up_in_single() -> None:
    x = cr.ones(1, 1, 64, 64, dtype=cr.float16)
    w = cr.ones(1, 1, 64, 64, dtype=cr.float16)
    y = F.conv2d(x, w)
    assert y.dtype == cr.float16 and y.item() == 4096
