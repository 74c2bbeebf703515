"""Bad input to the functions of tensors: shapes, dimensions, dtypes, operands, indices, and what is assigned."""

from __future__ import annotations

import pytest
from refusals import refused

import chainrule as cr
from chainrule.backends import Backend
from chainrule.backends.standin_array import count_syncs

V, T, I, R = ValueError, TypeError, IndexError, RuntimeError

BROADCAST = [
    *(f"z(2, 3) {sign} z(4)" for sign in ("+", "-", "*", "/", "**", "//", "%", "==", "!=", "<", "<=", ">", ">=")),
    *(f"cr.{name}(z(2, 3), z(4))" for name in (
        "add", "sub", "mul", "div", "pow", "floor_divide", "remainder", "fmod", "maximum", "minimum", "fmax", "fmin",
        "atan2", "hypot", "logaddexp", "eq", "ge", "isclose", "allclose", "logical_and", "logical_xor",
    )),
    *(f"i(1, 2) {sign} i(1, 2, 3)" for sign in ("&", "|", "^")),
    "cr.lerp(z(2, 3), z(4), 0.5)", "cr.addcmul(z(2, 3), z(4), z(4))", "cr.addcdiv(z(2, 3), o(4), o(4))",
    "cr.clamp(z(2, 3), min=z(4))", "cr.where(z(2, 3) > 0, z(2, 3), z(4))", "cr.where(z(4) > 0, z(2, 3), z(2, 3))",
    "z(2, 3).masked_fill(z(4) > 0, 1.0)", "z(2, 3).max(z(4))", "cr.addmm(z(5, 4), z(2, 3), z(3, 3))",
]  # fmt: skip


@pytest.mark.parametrize("line", BROADCAST)
def test_shapes_that_do_not_broadcast(line: str, backend: Backend) -> None:
    text = refused(line, ValueError, "do not broadcast", "dimension -1 has sizes")
    assert text.count("(") > 2  # the op with its operands, and their shapes


PRODUCTS = [
    ("z(2, 3) @ z(4, 5)", "matmul", "(2, 3)", "(4, 5)", "last dimension of the first, 3", "of the second, 4"),
    ("z(2, 3) @ z(4)", "matmul", "(2, 3)", "(4,)", "do not multiply"),
    ("z(3) @ z(4)", "matmul", "(3,)", "(4,)", "do not multiply"),
    ("z(2, 3) @ z(())", "matmul", "0-d", "use *"),
    ("z(2, 3, 4) @ z(3, 4, 5)", "matmul", "batches", "(2,)", "(3,)"),
    ("cr.mm(z(2, 3), z(3))", "mm", "two matrices", "(2, 3)", "(3,)"),
    ("cr.mm(z(2, 3), z(4, 5))", "(2, 3)", "(4, 5)", "do not multiply"),
    ("cr.bmm(z(2, 3, 4), z(3, 4, 5))", "bmm", "sizes 2 and 3"),
    ("cr.bmm(z(2, 3), z(3, 4))", "bmm", "3-d"),
    ("cr.mv(z(2, 3), z(3, 1))", "mv", "a matrix and a vector"),
    ("cr.dot(z(2), z(3))", "(2,)", "(3,)"),
    ("cr.outer(z(2, 2), z(3))", "outer", "1-d"),
    ("cr.inner(z(2, 3), z(2, 4))", "(2, 3)", "(2, 4)"),
    ("cr.baddbmm(z(2, 2, 2), z(2, 2, 3), z(2, 4, 2))", "(2, 2, 3)", "(2, 4, 2)"),
    ("F.linear(z(2, 3), z(4, 5), z(4))", "linear", "(2, 3)", "(4, 5)", "weight's, 5"),
    ("F.linear(z(2, 3), z(4, 3), z(5))", "linear", "bias must have shape (4,)", "(5,)"),
    ("F.linear(z(2, 3), z(1, 4, 3))", "linear", "weight must have shape", "(1, 4, 3)"),
    ("nn.Linear(3, 4)(z(2, 5))", "linear", "(2, 5)", "weight's, 3"),
    ("nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 5))(z(1, 2))", "linear", "(1, 3)", "weight's, 4"),
    ("cr.einsum('ij,jk', z(2, 3))", "einsum", "2 operands", "1 tensors"),
    ("cr.einsum('ij,jk', z(2, 3), z(4, 4))", "einsum", "'j'", "3 and 4"),
    ("cr.einsum('ij->ijj', z(2, 3))", "einsum", "'ij->ijj'", "once"),
    ("cr.einsum('ij,jk->il', z(2, 3), z(3, 4))", "einsum", "in an operand"),
    ("cr.einsum('i?->i', z(2))", "einsum", "'i?'", "letters"),
    ("cr.einsum('ijk', z(2, 3))", "einsum", "3 dimensions", "has 2"),
    ("cr.einsum('ii', z(2, 3))", "einsum", "sizes 2 and 3"),
    ("cr.tensordot(z(2, 3), z(4, 5))", "tensordot", "(2, 3)", "(4, 5)"),
    ("cr.tensordot(z(2, 3), z(4, 5), dims=3)", "tensordot", "dims=3"),
]


@pytest.mark.parametrize(("line", "words"), [(line, words) for line, *words in PRODUCTS])
def test_products_that_do_not_fit(line: str, words: list[str], backend: Backend) -> None:
    refused(line, ValueError, *words)


SHAPES = [
    ("cr.cat([z(2, 3), z(3, 2)])", V, "cat", "(2, 3)", "(3, 2)", "dimension 0"),
    ("cr.cat([z(2, 3), z(2)])", V, "cat", "(2, 3)", "(2,)"),
    ("cr.cat([z(())])", V, "cat", "0-d", "stack()"),
    ("cr.cat([])", V, "cat", "at least one tensor"),
    ("cr.cat([z(2)], 2)", I, "cat", "dimension 2", "expected -1 to 0"),
    ("cr.stack([z(2, 3), z(3, 2)])", V, "stack", "(2, 3)", "(3, 2)", "the same"),
    ("cr.stack([z(2)], 4)", I, "stack", "dimension 4"),
    ("cr.stack([z(2, 3), z(4)], 1)", V, "stack", "(2, 3)", "(4,)", "the same"),
    ("cr.narrow(z(()), 2, 0, 1)", R, "narrow", "0-d"),
    ("cr.hsplit('a', 2)", T, "hsplit", "expected a tensor"),
    ("cr.diff(z(2, 3), prepend=z(2))", R, "diff", "prepend", "(2,)", "(2, 3)"),
    ("cr.div(z(2), z(2), rounding_mode='up')", R, "div", "'trunc'", "'up'"),
    ("cr.masked_fill(i(1, 2), cr.tensor([True, False]), float('nan'))", R, "int64", "nan"),
    ("cr.arange()", T, "arange", "end"),
    ("cr.stack([])", V, "stack", "at least one tensor"),
    ("cr.hstack([z(2, 3), z(3, 3)])", V, "(2, 3)", "(3, 3)"),
    ("z(4).split([1, 1])", V, "split", "[1, 1]", "add up to 4"),
    ("z(4).split([5, -1])", V, "split", "none be negative"),
    ("z(4).split(0)", V, "split", "positive", "0"),
    ("z(4).chunk(0)", V, "chunk", "positive"),
    ("cr.tensor_split(z(4), 0)", V, "tensor_split", "positive"),
    ("z(4).unbind(2)", I, "unbind", "dimension 2"),
    ("z(4).narrow(0, 2, 3)", I, "narrow", "start 2", "length 3", "size 4"),
    ("z(4).narrow(0, 1, -1)", V, "narrow", "negative"),
    ("z(4).select(0, 4)", I, "select", "index 4", "size 4"),
    ("z(3, 4).reshape(5)", V, "reshape", "(3, 4)", "(5,)"),
    ("z(3, 4).reshape(-2, 6)", V, "reshape", "negative", "(-2, 6)"),
    ("z(3, 4).view(-3, 4)", V, "view", "negative"),
    ("z(3, 4).reshape(-1, -1)", V, "reshape", "(-1, -1)"),
    ("z(3, 4).T.view(12)", V, "view", "reshape()", "strides"),
    ("z(3, 4).permute(0, 0)", V, "permute", "(0, 0)", "once"),
    ("z(3, 4).permute(0)", V, "permute", "(0,)", "2 dimensions"),
    ("z(3, 4).expand(2, 4)", V, "expand", "(3, 4)", "(2, 4)"),
    ("z(3, 4).expand(-1, 3, 4)", V, "expand", "need a size"),
    ("z(3).broadcast_to((2,))", V, "(3,)", "(2,)"),
    ("cr.broadcast_tensors(z(3), z(4))", V, "(3,), (4,)"),
    ("z(2, 3).unflatten(1, (2, 2))", V, "unflatten", "(2, 2)", "3"),
    ("z(2, 3).flatten(1, 0)", V, "flatten", "start_dim 1", "end_dim 0"),
    ("z(2, 3).movedim((0, 1), 0)", V, "movedim", "2", "1"),
    ("z(2, 3, 4).t()", V, "t:", "(2, 3, 4)", "transpose"),
    ("z(3, 4).repeat(2)", V, "repeat", "at least 2", "tile"),
    ("z(3, 4).repeat(2, -1)", V, "repeat", "none negative"),
    ("z(3, 4).repeat_interleave(i(1, 2), 0)", V, "repeat_interleave", "3 slices", "(2,)"),
    ("z(3, 4).repeat_interleave(i(1, -2, 1), 0)", V, "repeat_interleave", "-2 times"),
    ("z(2, 3).reshape(size=(3, 2))", T, "reshape", "'size'", "shape"),
    ("z(2, 3).view(6, size=(6,))", T, "view", "size twice"),
    ("z(2, 3).clone(memory_format=cr.channels_last)", R, "channels_last", "(2, 3)"),
    ("z(3).tril()", V, "tril", "matrix", "(3,)"),
    ("cr.diag(z(2, 2, 2))", V, "diag", "(2, 2, 2)"),
    ("z(3).trace()", V, "trace", "(3,)"),
    ("z(3, 4).unfold(0, 4, 1)", V, "unfold", "4", "(3, 4)"),
    ("z(3, 4).roll((1, 2), 0)", V, "roll", "2 shifts", "1 dims"),
    ("F.pad(z(3, 4), (1,))", V, "pad", "two numbers", "(1,)"),
    ("F.pad(i(1, 2), (1, 1), value=nan)", R, "pad", "int64", "nan"),
    ("cr.addmm(z(2, 2), z(1, 3), z(3, 1))", V, "addmm", "(1, 1)", "(2, 2)"),
    ("cr.addbmm(z(4, 2, 2), z(4, 2, 3), z(4, 3, 2))", V, "addbmm", "(2, 2)", "(4, 2, 2)"),
    ("F.pad(z(3, 4), (4, 0), 'reflect')", V, "pad", "reflect", "at most 3"),
    ("F.pad(z(3, 4), (1, 1), 'zero')", V, "pad", "'zero'", "'constant'"),
    ("cr.topk(z(2, 3), 4)", R, "topk", "k=4", "3"),
    ("z(0).max()", R, "max", "(0,)", "no elements"),
    ("z(0, 3).argmin(0)", I, "argmin", "dimension 0", "size 0"),
    ("z(0, 3).norm(inf)", R, "norm", "p=inf", "(0, 3)"),
    ("cr.meshgrid(z(2, 2))", V, "meshgrid", "(2, 2)", "1-d"),
]


@pytest.mark.parametrize(("line", "kind", "words"), [(line, kind, words) for line, kind, *words in SHAPES])
def test_shapes_and_sizes_that_do_not_fit(line: str, kind: type[Exception], words: list[str], backend: Backend) -> None:
    refused(line, kind, *words)


ALONG = ["sum", "mean", "var", "std", "amax", "argmax", "all", "any", "logsumexp", "norm", "cumsum", "softmax", "sort",
         "topk", "median", "max", "unsqueeze", "squeeze", "flip", "unbind"]  # fmt: skip


def _along(name: str, dim: str) -> str:
    first = {"norm": "2, ", "topk": "1, "}.get(name, "")
    return f"z(2, 3).{name}({first}{dim})"


@pytest.mark.parametrize("name", ALONG)
def test_dimensions_that_are_not_there(name: str, backend: Backend) -> None:
    ndim = 3 if name == "unsqueeze" else 2
    refused(_along(name, "7"), IndexError, f"{name}: dimension 7", f"expected -{ndim} to {ndim - 1}")
    refused(_along(name, "-4"), IndexError, f"{name}: dimension -4")


@pytest.mark.parametrize("name", ALONG)
@pytest.mark.parametrize("dim", ["1.0", "'a'"])
def test_dimensions_that_are_no_integers(name: str, dim: str, backend: Backend) -> None:
    refused(_along(name, dim), TypeError, f"{name}: dim must be an int, got {dim}")


@pytest.mark.parametrize("name", ["sum", "mean", "var", "amax", "logsumexp", "norm", "flip", "squeeze"])
def test_dimensions_named_twice(name: str, backend: Backend) -> None:
    refused(_along(name, "(0, -2)"), RuntimeError, name, "(0, -2)", "more than once")


DTYPES = [
    ("i(1, 2).mean()", R, "mean", "int64", "cr.float32"),
    ("i(1, 2).var()", R, "var", "int64", ".float()"),
    ("b(1, 0).std()", R, "std", "bool"),
    ("cr.norm(i(1, 2))", R, "norm", "int64"),
    ("i(1, 2).softmax(0)", NotImplementedError, "softmax", "int64", "dtype=cr.float32"),
    ("z(2) & z(2)", T, "bitwise_and", "float32", "integers or booleans"),
    ("~z(2)", T, "bitwise_not", "float32"),
    ("-b(1, 0)", T, "neg", "bool", "logical_not"),
    ("b(1, 0) - b(1, 0)", T, "sub", "bool", "^"),
    ("i(2) ** -1", V, "pow", "-1", ".float()"),
    ("i(1, 2).add_(0.5)", R, "add_", "float64", "int64"),
    ("i(1, 2).div_(2)", R, "div_", "int64"),
    ("a = i(1, 2); a[0] = w(1)[0]", T, "setitem", "int64", "detach()"),
    ("cr.tensor([1, 2], requires_grad=True)", R, "int64", "floats"),
    ("cr.tensor([True], requires_grad=True)", R, "bool"),
    ("cr.arange(3, requires_grad=True)", R, "int64"),
    ("i(1).requires_grad_()", R, "int64", "cr.float32"),
    ("z(3).to('nonsense')", V, "'nonsense'", "'cuda'"),
    ("z(3).to(3)", T, "3 is not a dtype", "cr.float32"),
    ("z(3, dtype='float33')", T, "'float33' is not a dtype"),
    ("z(3, dtype=object)", T, "numbers or booleans", "object"),
    ("F.one_hot(z(3))", R, "one_hot", "integers", "float32"),
    ("cr.rand(2, dtype=cr.int64)", R, "rand", "int64", "randint"),
    ("z(3)[t([0.5])]", I, "integer or boolean", "float32"),
    ("z(3)[1.5]", I, "integers, slices", "float"),
    ("z(3)['a']", I, "integers, slices", "str"),
    ("z(3)[0:1.5]", T, "slice", "1.5"),
    ("z(3).gather(0, t([0.0]))", T, "gather", "integers", "float32"),
    ("z(3).gather(0, b(1))", T, "gather", "bool"),
    ("z(3).scatter(0, i(0), i(1))", T, "scatter", "float32", "int64"),
    ("z(3).index_select(0, t([0.0]))", T, "index_select", "float32"),
    ("z(3).take(t([0.5]))", T, "take", "float32"),
    ("z(3).masked_fill(z(3), 1.0)", T, "masked_fill", "boolean", "float32"),
    ("z(3).masked_select(i(1, 1, 1))", T, "masked_select", "boolean", "int64"),
]


@pytest.mark.parametrize(("line", "kind", "words"), [(line, kind, words) for line, kind, *words in DTYPES])
def test_dtypes_that_do_not_do(line: str, kind: type[Exception], words: list[str], backend: Backend) -> None:
    refused(line, kind, *words)


OF_ONE = [
    "exp", "sin", "abs", "neg", "round", "isnan", "relu", "sigmoid", "clone", "sum", "mean", "prod", "var", "norm",
    "amax", "max", "argmax", "all", "sort", "argsort", "median", "flatten", "squeeze", "t", "tril", "triu", "diag",
    "trace", "fliplr", "flipud", "nonzero", "unbind", "atleast_1d", "meshgrid", "frac", "square", "zeros_like",
    "ones_like", "empty_like", "rand_like", "bernoulli", "logsumexp@0", "cumsum@0", "softmax@0", "unsqueeze@0",
    "flip@0", "roll@1", "reshape@(2, 1)", "permute@0, 1", "transpose@0, 1", "movedim@0, 1", "chunk@2", "split@2",
    "narrow@0, 0, 1", "select@0, 0", "repeat_interleave@2", "tile@(2,)", "take@i(0)", "gather@0, i(0)",
    "index_select@0, i(0)", "clamp@0, 1", "pow@2", "masked_select@b(1)", "diagonal@0", "unflatten@0, (1, 1)",
    "expand_as@z(2)", "full_like@1", "topk@1",
    "cat", "stack", "hstack", "vstack", "F.gelu", "F.elu", "F.softplus", "F.hardtanh", "F.logsigmoid", "F.normalize",
    "F.one_hot", "F.dropout", "F.pad@(1, 1)", "F.softmax@0", "F.leaky_relu", "F.relu", "nn.Linear(2, 2)", "nn.ReLU()",
]  # fmt: skip


@pytest.mark.parametrize("given", ["'ab'", "None", "3j.__class__"])
@pytest.mark.parametrize("name", OF_ONE)
def test_what_is_no_tensor(name: str, given: str, backend: Backend) -> None:
    function, _, rest = name.partition("@")
    function = function if function.startswith(("F.", "nn.")) else f"cr.{function}"
    refused(f"{function}({given}{', ' if rest else ''}{rest})", TypeError, "expected", "got")


@pytest.mark.parametrize("given", ["[1, 2, 3]", "'abc'", "None", "{}", "object()"])
@pytest.mark.parametrize("line", [
    "z(3) + {}", "{} + z(3)", "z(3) * {}", "{} / z(3)", "z(3) ** {}", "z(3) @ {}", "z(3) < {}", "{} - z(3)",
    "cr.add(z(3), {})", "cr.maximum(z(3), {})", "cr.dot(z(3), {})", "cr.mm(z(2, 3), {})", "cr.outer(z(3), {})",
    "cr.einsum('i,i->', z(3), {})", "cr.cat([z(3), {}])", "cr.stack([z(3), {}])", "cr.where({}, z(3), z(3))",
    "cr.where(z(3) > 0, z(3), {})", "cr.lerp(z(3), z(3), {})", "z(3).masked_fill({}, 1.0)", "z(3).add_({})",
    "F.linear(z(3), {})", "cr.isclose(z(3), {})", "cr.atan2({}, z(3))", "z(3).type_as({})", "z(3).reshape_as({})",
])  # fmt: skip
def test_operands_that_are_no_tensors(line: str, given: str, backend: Backend) -> None:
    refused(line.format(given), TypeError, "where" if "where" in line else "got")


@pytest.mark.parametrize("line", ["z(2, 3) @ 2.0", "2.0 @ z(3)", "cr.cat([z(2), 3.0])", "cr.stack([z(2), 3.0])",
                                  "nn.Linear(3, 4)(2.0)", "cr.dot(z(3), 2.0)", "z(3) @ True"])  # fmt: skip
def test_numbers_where_only_tensors_do(line: str, backend: Backend) -> None:
    refused(line, TypeError, "expected", "tensor")


@pytest.mark.parametrize("line", [
    "z(2).chunk(1.5)", "z(4).split(2.0)", "z(4).split('a')", "z(3).roll(1.5)", "z(3).repeat('a')",
    "cr.tile(z(3), 'a')", "z(3, 3).tril(0.5)", "F.pad(z(3), 'ab')", "F.pad(z(3), (1.5, 1))", "cr.topk(z(3), 1.5)",
    "z(3).expand('a')", "cr.cat([z(2)], 'a')", "z(4).narrow(0, 0.5, 1)", "z(3, 3).diagonal(0.5)",
    "cr.kthvalue(z(3), 1.5)",
])  # fmt: skip
def test_counts_that_are_no_integers(line: str, backend: Backend) -> None:
    refused(line, TypeError, "must be an int, got")


# Indices, and what is assigned

INDICES = [
    ("z(3, 4)[3]", I, "getitem", "(3, 4)", "[3, ...]"),
    ("z(3, 4)[0, 4]", I, "getitem", "[0, 4, ...]"),
    ("z(3, 4)[0, 0, 0]", I, "getitem", "(3, 4)"),
    ("t(1.0)[0]", I, "getitem", "()"),
    ("z(3)[2**70]", I, "getitem", str(2**70)),
    ("z(3, 4)[b(1, 0)]", I, "mask of shape (2,)", "(3,)"),
    ("z(3, 4)[z(3, 3) > 0]", I, "(3, 3)", "(3, 4)"),
    ("z(3, 4)[i(0, 1), i(0, 1, 2)]", I, "(2,)", "(3,)"),
    ("z(3, 4).gather(0, i(3))", V, "gather", "(1,)", "(3, 4)"),
    ("z(3, 4).gather(2, t([[1]]))", I, "gather", "dimension 2"),
    ("z(3, 4).gather(1, t([[0]] * 4))", V, "gather", "(4, 1)", "none larger"),
    ("z(3, 4).scatter(0, t([[0, 0]]), z(1, 1))", V, "scatter", "(1, 2)", "src of shape (1, 1)"),
    ("z(3, 4).scatter(0, i(0), 1.0)", V, "scatter", "(1,)", "(3, 4)"),
    ("z(3, 4).scatter(0, t([[0]]))", T, "scatter", "src or value"),
    ("z(3, 4).scatter_add(5, t([[0]]), z(1, 1))", I, "scatter_add", "dimension 5"),
    ("z(3, 4).scatter_add(0, t([[0] * 5]), z(1, 5))", V, "scatter_add", "(1, 5)", "(3, 4)"),
    ("z(3, 4).index_select(0, t([[0]]))", V, "index_select", "one dimension", "(1, 1)"),
    ("z(3, 4).index_select(2, i(0))", I, "index_select", "dimension 2"),
    ("z(3, 4).index_add(0, i(0), z(3, 4))", V, "index_add", "(1, 4)", "(3, 4)"),
    ("z(3, 4).index_add(0, i(0), 1.0)", T, "index_add", "float"),
    ("z(3, 4).index_copy(0, i(0), z(1, 5))", V, "index_copy", "(1, 4)", "(1, 5)"),
    ("z(3, 4).index_fill(0, i(0), z(2))", V, "0-d", "(2,)"),
    ("z(3, 4).index_put((i(0),), z(3))", V, "setitem", "(3,)"),
    ("z(3, 4).masked_fill(z(3, 4) > 0, z(3, 4))", V, "masked_fill", "0-d"),
    ("z(3, 4).masked_select(b(1, 0, 1))", V, "(3, 4)", "(3,)", "do not broadcast"),
    ("cr.take_along_dim(z(3, 4), i(0), 1)", V, "take_along_dim", "(3, 4)", "(1,)"),
    ("cr.where(z(3) > 0, 1)", T, "where", "both input and other"),
    ("a = z(3); a[5] = 1.0", I, "setitem", "(3,)"),
    ("a = z(3); a[0] = 'x'", T, "setitem", "str"),
    ("a = z(3); a[0] = None", T, "setitem", "NoneType"),
    ("a = i(1, 2); a[0] = 1j", T, "setitem", "int64", "1j", "complex"),
    ("a = z(3); a[0] = z(2)", V, "setitem", "(3,)", "(2,)"),
    ("a = z(2, 3); a[0] = o(2)", V, "setitem", "(2, 3)", "(2,)"),
    ("a = z(2, 3); a[[0, 1]] = o(3, 3)", V, "setitem", "(3, 3)"),
    ("a = z(2, 3); a[a < 5] = o(3)", V, "setitem", "(3,)"),
    ("a = z(3); a[:2] = [1.0, 'x']", V, "numbers", "'x'"),
    ("a = z(3); a[1.5] = 1", I, "integers, slices", "float"),
    ("a = z(3); a.copy_(o(2))", V, "copy_", "(2,)", "(3,)"),
    ("a = z(3); a.fill_('x')", T, "fill_", "str"),
    ("a = z(3); a.fill_(o(3))", V, "fill_", "0-d", "(3,)"),
    ("a = z(3); a.add_(o(2, 3))", R, "add_", "(2, 3)", "(3,)"),
    ("a = z(3); a += o(2, 3)", R, "add_", "(2, 3)", "(3,)"),
    ("a = z(1).expand(3); a.add_(1)", R, "add_", "one place in memory", "clone()"),
    ("a = w(3); a.add_(1)", R, "add_", "leaf", "no_grad"),
    ("a = w(3); a[0] = 1", R, "setitem", "leaf", "no_grad"),
    ("a = w(3); a.zero_()", R, "zero_", "leaf"),
    ("a = w(3); F.relu(a, inplace=True)", R, "relu_", "leaf"),
]


@pytest.mark.parametrize(("line", "kind", "words"), [(line, kind, words) for line, kind, *words in INDICES])
def test_indices_and_assignments(line: str, kind: type[Exception], words: list[str], backend: Backend) -> None:
    refused(line, kind, *words)


@pytest.mark.parametrize("line", [
    "z(3, 4)[[5]]", "z(3, 4)[i(-4)]", "z(3, 4).gather(0, t([[3]]))", "z(3, 4).index_select(0, i(3))",
    "z(3, 4).scatter(0, t([[7]]), 1.0)", "z(3, 4).scatter_add(0, t([[9]]), z(1, 1))", "z(3, 4).take(i(12))",
    "z(3, 4).index_add(0, i(5), z(1, 4))", "z(3, 4).index_copy(0, i(5), z(1, 4))", "z(3, 4).index_fill(0, i(5), 1.0)",
    "z(3, 4).index_put((i(5),), t(1.0))", "cr.take_along_dim(z(3, 4), t([[9]]), 1)", "a = z(3); a[i(0, 7)] = 1.0",
    "a = z(3); a[[0, 1, 9]] = o(3)", "a = z(3); a.index_add_(0, i(5), o(1))",
])  # fmt: skip
def test_index_arrays_out_of_range_on_the_host(line: str) -> None:
    """A device does not look, which would mean waiting, and wraps them around."""
    refused(line, IndexError, "out of bounds", "int64")


def test_the_length_of_repeats_is_checked_where_nobody_has_to_wait() -> None:
    refused("z(3, 4).repeat_interleave(i(1, 2, 1), 0, output_size=5)", ValueError, "output_size 5", "4")
    with cr.use_backend("standin"):
        x, repeats = cr.arange(3.0), cr.tensor([2, 0, 3])
        with count_syncs() as log:
            found = x.repeat_interleave(repeats, 0, output_size=5)
        assert log.total == 0, log
        with count_syncs() as log:
            again = x.repeat_interleave(repeats, 0)
        assert log.total == 1, log
        assert found.tolist() == again.tolist() == [0, 0, 2, 2, 2]


@pytest.mark.parametrize("line", [
    "cr.tril_indices(3, 4, 1)", "cr.triu_indices(4, 3, -1)", "cr.nonzero_static(x, size=5)",
    "cr.nn.functional.pdist(x)", "cr.searchsorted(x, x)",
])  # fmt: skip
def test_a_device_is_not_asked_for_what_is_known(line: str) -> None:
    with cr.use_backend("standin"):
        x = cr.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 5.0]])
        with count_syncs() as log:
            eval(line, {"cr": cr, "x": x})
        assert log.total == 0, log
