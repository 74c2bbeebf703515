"""Functions that draw random numbers: what they draw by statistics, that a seed repeats it, and their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.backends import Backend
from chainrule.nn import functional as F

N = 200_000


def host(tensor: cr.Tensor) -> np.ndarray:
    return np.asarray(tensor.backend.to_host(tensor.array))


def signs(backend: Backend, n: int = N, dtype: str = "float64") -> cr.Tensor:
    """-1 and 1 in turn."""
    return cr.Tensor(backend.asarray(np.resize([-1.0, 1.0], n).astype(dtype)), requires_grad=True)


class TestRrelu:
    def test_slopes_are_uniform_between_the_bounds(self, backend: Backend) -> None:
        cr.manual_seed(1)
        out = host(F.rrelu(signs(backend), 0.1, 0.4, training=True))
        np.testing.assert_array_equal(out[1::2], 1.0)
        slopes = -out[::2]
        assert slopes.min() >= 0.1 and slopes.max() < 0.4
        # Within five standard errors of a uniform distribution's mean, variance and share below the first quarter.
        n, spread = slopes.size, 0.3 / np.sqrt(12)
        assert abs(slopes.mean() - 0.25) < 5 * spread / np.sqrt(n)
        assert abs(slopes.var() / spread**2 - 1) < 5 * np.sqrt(0.8 / n)
        assert abs((slopes < 0.175).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / n)
        assert abs(np.corrcoef(slopes[1:], slopes[:-1])[0, 1]) < 5 / np.sqrt(n)

    def test_a_seed_repeats_it_and_the_next_call_does_not(self, backend: Backend) -> None:
        x = signs(backend, 64)
        cr.manual_seed(3)
        first, second = host(F.rrelu(x, training=True)), host(F.rrelu(x, training=True))
        cr.manual_seed(3)
        np.testing.assert_array_equal(host(F.rrelu(x, training=True)), first)
        assert (first[::2] != second[::2]).all()

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
    def test_its_gradient_is_the_slope_that_was_drawn(self, backend: Backend, dtype: str) -> None:
        x = signs(backend, 64, dtype)
        out = F.rrelu(x, training=True)
        (g,) = cr.autograd.grad(out.sum(), x)
        assert out.dtype == g.dtype == dtype
        np.testing.assert_array_equal(host(g), host(out) / host(x))

    def test_in_place(self, backend: Backend) -> None:
        x = signs(backend, 64)
        cr.manual_seed(5)
        expected = F.rrelu(x, training=True)
        for function in (lambda t: F.rrelu(t, training=True, inplace=True), lambda t: F.rrelu_(t, training=True)):
            changed = x.clone()
            cr.manual_seed(5)
            assert function(changed) is changed
            np.testing.assert_array_equal(host(changed), host(expected))
            (g,) = cr.autograd.grad(changed.sum(), x)
            np.testing.assert_array_equal(host(g), np.abs(host(expected)))

    def test_out_of_training_it_is_a_fixed_slope(self, backend: Backend) -> None:
        np.testing.assert_allclose(host(F.rrelu(signs(backend, 4), 0.1, 0.4)), [-0.25, 1, -0.25, 1], rtol=1e-15)

    def test_bounds_in_the_wrong_order(self) -> None:
        with pytest.raises(RuntimeError, match=r"lower cannot be above upper, got 0\.5 and 0\.2"):
            F.rrelu(cr.zeros(2), 0.5, 0.2)


def ones(backend: Backend, *shape: int, dtype: str = "float64") -> cr.Tensor:
    return cr.Tensor(backend.asarray(np.ones(shape, dtype)), requires_grad=True)


CHANNELWISE = [(F.dropout1d, (300, 200, 2)), (F.dropout2d, (300, 200, 2, 1)), (F.dropout3d, (300, 200, 1, 2, 1)),
               (F.feature_alpha_dropout, (300, 200, 2))]  # fmt: skip


class TestDropout:
    @pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
    def test_elements_are_kept_with_their_probability(self, backend: Backend, p: float) -> None:
        cr.manual_seed(1)
        out = host(F.dropout(ones(backend, N), p))
        np.testing.assert_allclose(np.unique(out), [0.0, 1 / (1 - p)], rtol=1e-12)
        kept = out != 0
        assert abs(kept.mean() - (1 - p)) < 5 * np.sqrt(p * (1 - p) / N)
        assert abs(np.corrcoef(kept[1:], kept[:-1])[0, 1]) < 5 / np.sqrt(N)

    @pytest.mark.parametrize(("function", "shape"), CHANNELWISE)
    def test_channels_are_dropped_whole(self, backend: Backend, function: object, shape: tuple[int, ...]) -> None:
        cr.manual_seed(2)
        out = host(function(ones(backend, *shape), 0.3, training=True)).reshape(shape[0], shape[1], -1)
        np.testing.assert_array_equal(out[:, :, :1] == out, True)
        kept = out[:, :, 0] == out.max()
        assert abs(kept.mean() - 0.7) < 5 * np.sqrt(0.21 / kept.size)
        assert np.ptp(kept.mean(axis=0)) < 0.3 and np.ptp(kept.mean(axis=1)) < 0.35  # in every channel and sample

    @pytest.mark.parametrize("function", [F.alpha_dropout, F.feature_alpha_dropout])
    def test_alpha_dropout_keeps_mean_and_variance(self, backend: Backend, function: object) -> None:
        cr.manual_seed(3)
        drawn = np.random.default_rng(0).standard_normal((1000, 400))
        out = host(function(cr.Tensor(backend.asarray(drawn)), 0.4, training=True))
        assert abs(out.mean()) < 5 / np.sqrt(out.size) * 1.2
        assert abs(out.var() - 1) < 0.02

    @pytest.mark.parametrize("function", [F.dropout, F.dropout1d, F.alpha_dropout, F.feature_alpha_dropout])
    def test_a_seed_repeats_it_in_place_as_well(self, backend: Backend, function: object) -> None:
        x = ones(backend, 8, 8, 4)
        cr.manual_seed(4)
        first, second = host(function(x, 0.5, training=True)), host(function(x, 0.5, training=True))
        assert (first != second).any()
        cr.manual_seed(4)
        changed = x.clone()
        assert function(changed, 0.5, training=True, inplace=True) is changed
        np.testing.assert_array_equal(host(changed), first)

    @pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
    @pytest.mark.parametrize("function", [F.dropout, F.dropout2d, F.alpha_dropout, F.feature_alpha_dropout])
    def test_its_gradient_is_the_factor_of_each_element(self, backend: Backend, function: object, dtype: str) -> None:
        x = ones(backend, 6, 5, 4, 3, dtype=dtype)
        cr.manual_seed(5)
        out = function(x, 0.5, training=True)
        (g,) = cr.autograd.grad(out.sum(), x)
        assert out.dtype == g.dtype == dtype
        cr.manual_seed(5)
        doubled = host(function(x.detach() * 2, 0.5, training=True))
        np.testing.assert_allclose(host(g), doubled - host(out), rtol=2e-3 if dtype == "float16" else 1e-6, atol=1e-6)

    @pytest.mark.parametrize("function", [F.dropout, F.dropout1d, F.alpha_dropout, F.feature_alpha_dropout])
    def test_all_or_nothing(self, backend: Backend, function: object) -> None:
        x = ones(backend, 3, 4, 2)
        assert function(x, 0.5, training=False) is x
        assert function(x, 0.0, training=True) is x
        np.testing.assert_array_equal(host(function(x, 1.0, training=True)), 0.0)

    def test_what_is_refused(self, backend: Backend) -> None:
        with pytest.raises(ValueError, match=r"dropout1d: the probability must be in \[0, 1\], got 1.5"):
            F.dropout1d(ones(backend, 2, 3), 1.5)
        with pytest.raises(ValueError, match=r"dropout1d: expected shape \(N, C, L\) or \(C, L\)"):
            F.dropout1d(ones(backend, 2))
        with pytest.warns(UserWarning, match=r"dropout2d: shape \(2, 3, 4\) is taken as \(N, C, ...\)"):
            F.dropout2d(ones(backend, 2, 3, 4))
        with pytest.raises(TypeError, match="alpha_dropout: expected a tensor of a floating dtype, got int64"):
            F.alpha_dropout(cr.arange(3), training=True)


class TestAttention:
    def test_weights_are_dropped(self, backend: Backend) -> None:
        cr.manual_seed(6)
        n, keys = 400, 500  # every weight is 1 / keys, so that a result is the share of those kept, over 1 - p
        zeros, values = cr.Tensor(backend.asarray(np.zeros((n, 4)))), ones(backend, keys, 1)
        out = host(F.scaled_dot_product_attention(zeros, zeros[:1].expand(keys, 4), values, dropout_p=0.2))
        assert abs(out.mean() - 1) < 5 * np.sqrt(0.25 / (n * keys))
        assert abs(out.var() / (0.25 / keys) - 1) < 5 * np.sqrt(2 / n)

    def test_the_weights_shown_are_those_that_dropout_left(self, backend: Backend) -> None:
        cr.manual_seed(7)
        rng = np.random.default_rng(8)
        x, maps, out_map = (cr.Tensor(backend.asarray(rng.normal(size=s))) for s in ((6, 2, 4), (12, 4), (4, 4)))
        out, weights = F.multi_head_attention_forward(
            x, x, x, 4, 1, maps, None, None, None, False, 0.5, out_map, None, training=True
        )
        assert 0.2 < (host(weights) == 0).mean() < 0.8
        values = F.linear(x, maps[8:]).transpose(0, 1)
        np.testing.assert_allclose(host(out), host(F.linear((weights @ values).transpose(0, 1), out_map)), rtol=1e-12)


class TestGumbelSoftmax:
    def test_hard_samples_have_the_categories_probabilities(self, backend: Backend) -> None:
        cr.manual_seed(9)
        shares, n = np.array([0.1, 0.2, 0.7]), 20_000
        logits = cr.Tensor(backend.asarray(np.tile(np.log(shares)[:, None], (1, n))), requires_grad=True)
        drawn = F.gumbel_softmax(logits, tau=0.5, hard=True, dim=0)
        found = host(drawn)
        np.testing.assert_array_equal(np.sort(found, 0), np.sort(np.eye(3)[[0] * n].T, 0))
        assert (abs(found.mean(1) - shares) < 5 * np.sqrt(shares * (1 - shares) / n)).all()

    def test_its_gradient_is_that_of_the_shares(self, backend: Backend) -> None:
        logits = cr.Tensor(backend.asarray(np.array([[0.5, -1.0, 2.0], [0.0, 0.3, 0.1]])), requires_grad=True)
        weights = cr.Tensor(backend.asarray(np.array([1.0, -2.0, 0.5])))
        gradients = []
        for hard in (False, True):
            cr.manual_seed(10)
            out = F.gumbel_softmax(logits, 2.0, hard)
            gradients.append(host(cr.autograd.grad((out * weights).sum(), logits)[0]))
            if not hard:
                np.testing.assert_allclose(host(out).sum(-1), 1, rtol=1e-12)
        np.testing.assert_allclose(*gradients, rtol=1e-12)
        assert (gradients[0] != 0).all()


def test_exponential_numbers_are_never_0(monkeypatch: pytest.MonkeyPatch) -> None:
    x = cr.ones(4)
    monkeypatch.setattr("chainrule.autograd.fills._uniform", lambda *_: np.zeros(4, np.float32))
    assert (host(x.exponential_()) > 0).all()
