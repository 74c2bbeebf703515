"""Linear algebra beyond its table of samples: what fails, sizes that are worked on in blocks, singular matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import chainrule as cr

rng = np.random.default_rng(3)


def host(tensor: Any) -> np.ndarray:
    return np.array(tensor.backend.to_host(tensor.detach().array))


def regular(*shape: int) -> np.ndarray:
    """Matrices that need their rows exchanged, and are far from singular."""
    n = shape[-1]
    return rng.standard_normal(shape) + 3 * np.sqrt(n) * np.eye(n)[::-1]


SINGULAR = np.array([np.eye(3), [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]])
INDEFINITE = np.array([np.eye(3), np.diag([2.0, 1.0, -1.0]), np.diag([4.0, -2.0, 1.0])])


class TestFailures:
    @pytest.mark.parametrize(
        "call", [cr.linalg.inv, lambda A: cr.linalg.solve(A, A), lambda A: cr.linalg.matrix_power(A, -2)]
    )
    def test_a_singular_matrix_is_named(self, backend, call):
        with pytest.raises(cr.linalg.LinAlgError, match=r"matrix 1 of the batch is singular: pivot 3") as caught:
            call(cr.tensor(SINGULAR))
        for kind in (RuntimeError, ValueError, np.linalg.LinAlgError):
            assert isinstance(caught.value, kind)
        with pytest.raises(cr.linalg.LinAlgError, match="the matrix is singular"):
            call(cr.tensor(SINGULAR[1]))

    def test_singular_but_for_rounding(self, backend):
        """Whether such a matrix fails is for LAPACK to say, and `inv` and `inv_ex` say the same."""
        for k in range(50):
            stream = np.random.default_rng(k)
            A = cr.tensor(stream.integers(-3, 4, (4, 2)) @ stream.integers(-3, 4, (2, 4)) / 7)
            inverse, info = cr.linalg.inv_ex(A)
            try:
                cr.linalg.inv(A)
            except cr.linalg.LinAlgError:
                assert info.item() > 0 and np.isnan(host(inverse)).all()
            else:
                assert info.item() == 0 and not np.isnan(host(inverse)).any()

    def test_not_positive_definite(self, backend):
        with pytest.raises(cr.linalg.LinAlgError, match="matrix 1 of the batch .* minor of order 3"):
            cr.linalg.cholesky(cr.tensor(INDEFINITE))

    def test_ex_tells_instead(self, backend):
        A = cr.tensor(INDEFINITE, requires_grad=True)
        L, info = cr.linalg.cholesky_ex(A)
        assert host(info).tolist() == torch.linalg.cholesky_ex(torch.tensor(INDEFINITE)).info.tolist() == [0, 3, 2]
        assert np.isnan(host(L)).any((-2, -1)).tolist() == [False, True, True]
        L[0].sum().backward()
        assert np.isfinite(host(A.grad)).all()
        B = rng.standard_normal((2, 3))
        X, info = cr.linalg.solve_ex(cr.tensor(SINGULAR), cr.tensor(B))
        assert host(info).tolist() == [0, 3] and info.dtype == cr.int32
        np.testing.assert_allclose(host(X)[0], B[0])
        assert np.isnan(host(X)[1]).all()
        for call in (cr.linalg.inv_ex, cr.linalg.cholesky_ex):
            with pytest.raises(cr.linalg.LinAlgError):
                call(cr.tensor(np.zeros((2, 2))), check_errors=True)

    def test_lu_of_a_singular_matrix(self, backend):
        LU, pivots, info = cr.linalg.lu_factor_ex(cr.tensor(SINGULAR))
        assert host(info).tolist() == [0, 3]
        P, L, U = cr.lu_unpack(LU, pivots)
        np.testing.assert_allclose(host(P @ L @ U), SINGULAR, atol=1e-15)
        with pytest.raises(cr.linalg.LinAlgError, match="a pivot is 0"):
            cr.linalg.lu_factor_ex(cr.tensor(SINGULAR), check_errors=True)
        with pytest.raises(cr.linalg.LinAlgError, match="0 on its diagonal"):
            cr.linalg.lu_solve(LU, pivots, cr.tensor(SINGULAR))

    @pytest.mark.parametrize(
        ("call", "match"),
        [
            (lambda t: cr.linalg.inv(t(2, 3)), r"square.*\(2, 3\)"),
            (lambda t: cr.linalg.svd(t(3)), r"matrix.*\(3,\)"),
            (lambda t: cr.linalg.solve(t(2, 3, 3), t(2, 2)), r"\(2, 3, 3\).*\(2, 2\)"),
            (lambda t: cr.linalg.solve(t(2, 3, 3), t(5, 3, 1)), "do not broadcast"),
            (lambda t: cr.linalg.solve(t(3, 3), t(3, 3).float()), "same dtype"),
            (lambda t: cr.linalg.det(t(3, 3).long()), r"int64.*double\(\)"),
            (lambda t: cr.linalg.qr(t(3, 3), "raw"), "'reduced', 'complete' or 'r'"),
            (lambda t: cr.linalg.eigh(t(3, 3), "X"), "UPLO"),
            (lambda t: cr.linalg.lstsq(t(3, 2), t(2, 1)), r"\(3, 2\).*\(2, 1\)"),
            (lambda t: cr.linalg.lstsq(t(3, 2), t(3, 1), driver="qr"), "driver"),
            (lambda t: cr.linalg.multi_dot([t(2, 3), t(2, 3)]), "tensors 0 and 1"),
            (lambda t: cr.linalg.multi_dot([t(2, 3)]), "at least two"),
            (lambda t: cr.linalg.householder_product(t(2, 3), t(2)), "more columns than rows"),
            (lambda t: cr.linalg.tensorinv(t(2, 3, 5)), "square"),
            (lambda t: cr.linalg.lu_solve(t(3, 3), t(3), t(3, 1)), "int32"),
            (lambda t: cr.svd_lowrank(t(3, 4), q=4), "q must be from 0 to 3"),
        ],
    )
    def test_arguments_that_do_not_fit(self, backend, call, match):
        with pytest.raises(RuntimeError, match=match):
            call(lambda *shape: cr.ones(*shape, dtype=cr.float64))

    def test_what_has_no_gradient_says_so(self, backend):
        A = cr.tensor(regular(3, 3)[:, :2].copy(), requires_grad=True)
        Q, _ = cr.linalg.qr(A, "complete")
        with pytest.raises(RuntimeError, match="mode='reduced'"):
            Q.sum().backward()

    @pytest.mark.parametrize(
        "vectors",
        [
            lambda A: cr.linalg.eigh(A + A.mH)[1],
            lambda A: cr.linalg.eig(A)[1],
            lambda A: cr.linalg.svd(A)[0],
        ],
    )
    def test_the_phase_of_a_complex_vector_has_no_gradient(self, backend, vectors):
        A = cr.tensor(rng.standard_normal((3, 3)) + 1j * rng.standard_normal((3, 3)), requires_grad=True)
        with pytest.raises(RuntimeError, match=r"up to a factor e\^\(i phi\)"):
            cr.real(vectors(A)).sum().backward()
        cr.abs(vectors(A)).sum().backward()


class TestBlocks:
    """Larger matrices than one block, against PyTorch: values, pivots and gradients."""

    @pytest.mark.parametrize("shape", [(70, 70), (2, 40, 90), (90, 40)])
    def test_lu(self, backend, shape):
        a = rng.standard_normal(shape)
        ours, theirs = cr.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
        (LU, pivots), expected = cr.linalg.lu_factor(ours), torch.linalg.lu_factor(theirs)
        assert np.array_equal(host(pivots), expected.pivots.numpy())
        np.testing.assert_allclose(host(LU), expected.LU.detach().numpy(), rtol=1e-8, atol=1e-10)
        weights = rng.standard_normal(shape)
        (LU * cr.tensor(weights)).sum().backward()
        (expected.LU * torch.tensor(weights)).sum().backward()
        scale = theirs.grad.abs().max().item()
        np.testing.assert_allclose(host(ours.grad), theirs.grad.numpy(), rtol=1e-7, atol=1e-10 * scale)

    @pytest.mark.parametrize("upper", [False, True])
    @pytest.mark.parametrize("unit", [False, True])
    def test_triangular(self, backend, upper, unit):
        a = rng.standard_normal((2, 45, 45)) / 45 + np.eye(45) * (1 - unit)
        b = rng.standard_normal((45, 3))
        X = cr.linalg.solve_triangular(cr.tensor(a), cr.tensor(b), upper=upper, unitriangular=unit)
        options = {"upper": upper, "unitriangular": unit}
        expected = torch.linalg.solve_triangular(torch.tensor(a), torch.tensor(b), **options)
        np.testing.assert_allclose(host(X), expected.numpy(), rtol=1e-10, atol=1e-12)

    def test_complex_pivots(self, backend):
        a = rng.standard_normal((2, 40, 40)) + 1j * rng.standard_normal((2, 40, 40))
        assert np.array_equal(
            host(cr.linalg.lu_factor(cr.tensor(a))[1]), torch.linalg.lu_factor(torch.tensor(a)).pivots.numpy()
        )


class TestSingularAndDegenerate:
    def test_det_next_to_singular(self, backend):
        """The cofactors stay accurate where the inverse is infinite."""
        a = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
        for nudge in (0.0, 1e-15, 1e-10):
            A = cr.tensor(a + nudge * np.eye(3), requires_grad=True)
            cr.linalg.det(A).backward()
            np.testing.assert_allclose(host(A.grad), [[-3, 6, -3], [6, -12, 6], [-3, 6, -3]], rtol=1e-8)

    def test_hessian_of_det_at_rank_one(self, backend):
        A = cr.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=cr.float64, requires_grad=True)
        (g,) = cr.autograd.grad(cr.linalg.det(A), A, create_graph=True)
        (h,) = cr.autograd.grad(g[0, 0], A)
        np.testing.assert_allclose(host(h), [[0, 0], [0, 1]], atol=1e-14)

    @pytest.mark.parametrize(
        ("values", "expected"),
        [(cr.linalg.svdvals, np.eye(3)), (cr.linalg.eigvalsh, np.eye(3))],
    )
    def test_equal_values_have_a_gradient(self, backend, values, expected):
        A = cr.tensor(np.eye(3), requires_grad=True)
        values(A).sum().backward()
        np.testing.assert_allclose(host(A.grad), expected, atol=1e-15)

    def test_values_of_svd_and_eigh_alone_do_not_ask_for_the_vectors(self, backend):
        for decompose, place in ((cr.linalg.svd, 1), (cr.linalg.eigh, 0)):
            A = cr.tensor(np.eye(3), requires_grad=True)
            decompose(A)[place].sum().backward()
            np.testing.assert_allclose(host(A.grad), np.eye(3), atol=1e-15)

    def test_slogdet_does_not_overflow(self, backend):
        A = cr.tensor(np.eye(400) * 1e3, requires_grad=True)
        sign, log = cr.linalg.slogdet(A)
        assert sign.item() == 1 and log.item() == pytest.approx(400 * np.log(1e3))
        log.backward()
        np.testing.assert_allclose(host(A.grad), np.eye(400) / 1e3)

    def test_the_columns_that_complete_u(self, backend):
        """A projector onto what A does not reach: its gradient comes from the last columns of U alone."""
        A = cr.tensor(rng.standard_normal((4, 2)), requires_grad=True)

        def beyond(A: Any) -> Any:
            U = cr.linalg.svd(A)[0]
            return U[:, 2:] @ U[:, 2:].mT

        assert cr.autograd.gradcheck(beyond, (A,)) and cr.autograd.gradgradcheck(beyond, (A,))


def test_matrix_exp_of_large_and_defective_matrices(backend):
    A = cr.tensor([[[0.0, 700.0], [0.0, 0.0]], [[-300.0, 0.0], [0.0, 2.0]]], dtype=cr.float64)
    expected = [[[1, 700], [0, 1]], [[np.exp(-300.0), 0], [0, np.exp(2.0)]]]
    np.testing.assert_allclose(host(cr.linalg.matrix_exp(A)), expected, rtol=1e-11, atol=1e-300)
