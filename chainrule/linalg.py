"""`cr.linalg`: linear algebra, under PyTorch's names. All of it takes batches of matrices, of shape (*, m, n)."""

from __future__ import annotations

from .autograd.ops.decomposition import cholesky, cholesky_ex, eig, eigh, eigvals, eigvalsh, qr, svd, svdvals
from .autograd.ops.determinant import det, slogdet
from .autograd.ops.householder import householder_product
from .autograd.ops.least_squares import cond, lstsq, matrix_rank, pinv
from .autograd.ops.lu import lu, lu_factor, lu_factor_ex, lu_solve
from .autograd.ops.matmul import matmul
from .autograd.ops.matrix_function import matrix_exp, matrix_power, multi_dot
from .autograd.ops.matrix_norm import matrix_norm, norm, vector_norm
from .autograd.ops.products import linalg_cross as cross, linalg_vander as vander
from .autograd.ops.solve import inv, inv_ex, solve, solve_ex, solve_triangular, tensorinv, tensorsolve
from .autograd.ops.vectors import diagonal, vecdot
from .autograd.out import offer_out
from .backends import LinAlgError

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh",
    "householder_product", "inv", "inv_ex", "lstsq", "lu", "lu_factor", "lu_factor_ex", "lu_solve", "matmul",
    "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve",
    "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander", "vecdot", "vector_norm",
]  # fmt: skip

offer_out(globals(), __all__, __name__)
