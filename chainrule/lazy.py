"""What loads when it is first used, so that `import chainrule` costs little more than NumPy.

A family of ops that not every program needs gets a line in `NAMES`; the names are then public as `cr.NAME` without an
import. Methods of a tensor that lead there say so in autograd/methods.py, with `_later`.
"""

from __future__ import annotations

PARTS = frozenset({"cuda", "data", "fft", "func", "linalg", "masked", "nn", "optim", "special", "viz"})
"""Modules of the package that are attributes of it."""

_BY_MODULE = {
    "autograd.ops.classic_linalg": "chain_matmul cholesky lu lu_solve pinverse qr svd",
    "autograd.ops.determinant": "det logdet slogdet",
    "autograd.ops.householder": "geqrf orgqr ormqr",
    "autograd.ops.low_rank": "pca_lowrank svd_lowrank",
    "autograd.ops.lu": "lu_unpack",
    "autograd.ops.matrix_function": "matrix_exp matrix_power",
    "autograd.ops.solve": "cholesky_inverse cholesky_solve inverse triangular_solve",
    "autograd.ops.distance": "cdist cosine_similarity dist pairwise_distance pdist",
    "autograd.ops.grid_sample": "grid_sampler grid_sampler_2d grid_sampler_3d",
    "autograd.ops.pixels": "channel_shuffle pixel_shuffle pixel_unshuffle",
    "autograd.ops.interpolation": "_upsample_bilinear2d_aa",
    "autograd.ops.pooling": "adaptive_avg_pool1d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d "
    "avg_pool1d max_pool1d max_pool2d max_pool2d_with_indices_backward max_pool3d",
    "autograd.ops.convolution": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    "autograd.ops.bessel": "i0",
    "autograd.ops.gamma": "digamma igamma igammac lgamma mvlgamma polygamma",
    "autograd.ops.piecewise": "hardshrink prelu rrelu threshold",
    "autograd.ops.representation": "copysign frexp ldexp nextafter signbit",
    "autograd.ops.running": "cummax cummin logcumsumexp",
    "autograd.ops.sinc": "sinc",
    "autograd.ops.special": "erfinv logit xlogy",
    "autograd.ops.spectrogram": "istft stft",
    "autograd.ops.statistics": "corrcoef cov mode nanquantile quantile",
    "autograd.ops.calculus": "cumulative_trapezoid diff gradient trapezoid trapz",
    "autograd.ops.copies": (
        "alias_copy as_strided_copy diagonal_copy expand_copy narrow_copy permute_copy select_copy slice_copy "
        "split_copy split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy unfold_copy unsqueeze_copy "
        "view_copy"
    ),
    "autograd.ops.counting": (
        "bucketize isin nonzero_static searchsorted tril_indices triu_indices unique unique_consecutive unravel_index"
    ),
    "autograd.ops.histogram": "bincount histc histogram histogramdd",
    "autograd.ops.padding": "constant_pad_nd",
    "autograd.ops.products": "block_diag cartesian_prod combinations cross kron vander",
    "autograd.ops.scatter": (
        "_unsafe_masked_index _unsafe_masked_index_put_accumulate diagonal_scatter masked_scatter put "
        "select_scatter slice_scatter"
    ),
    "autograd.ops.scatter_reduce": "index_reduce scatter_reduce segment_reduce",
    "autograd.ops.strided": "as_strided as_strided_scatter",
    "autograd.ops.tapers": "bartlett_window blackman_window hamming_window hann_window kaiser_window",
    "autograd.anomaly": "is_anomaly_check_nan_enabled is_anomaly_enabled",
    "autograd.checkpoint": "checkpoint",
    "storage": "load save",
    "viz": "visualize",
}
"""Module, relative to the package -> the public names it gives to `cr`."""

NAMES = {name: module for module, names in _BY_MODULE.items() for name in names.split()}
