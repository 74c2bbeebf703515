"""What the package asks of CuPy, held against the CuPy that is installed. No device is needed.

Names and keywords used through `xp`; the table the stand-in device is built from; the rules it imitates, as far as they
can be tried on arrays whose memory is never touched; views of such arrays; the kernels, compiled.

`python tests/test_cupy_surface.py` prints the table anew.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import textwrap
import types
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule import backends
from chainrule.backends import cupy as cupy_backend, cupy_names, philox, standin, standin_array
from chainrule.backends.cupy_shims import shims

cupy = pytest.importorskip("cupy", exc_type=ImportError)

PARAMETER = inspect.Parameter
LEFT_OUT = set(
    """DataSource alltrue annotations apply_along_axis apply_over_axes array2string array_repr array_str asfarray
    base_repr binary_repr byte_bounds clear_memo common_type cumproduct disable_experimental_feature_warning disp
    find_common_type format_float_positional format_float_scientific format_parser fromDlpack frombuffer fromfile
    fromfunction fromiter fromstring fuse genfromtxt get_array_module get_array_wrap get_default_memory_pool
    get_default_pinned_memory_pool get_printoptions in1d is_available issctype issubclass_ issubsctype iterable load
    loadtxt make_aligned_dtype memoize mintypecode msort obj2sctype piecewise poly poly1d polyadd polyfit polymul
    polysub polyval printoptions product roots round_ row_stack safe_eval save savetxt savez savez_compressed
    sctype2char set_printoptions set_string_function show_config sometrue trapz typename vectorize who""".split()
)
UNSIGNED = {"size": "a axis=", "min_scalar_type": "a", "from_dlpack": "array"}
"""Functions whose parameters Python cannot tell."""


def described(name: str, function: Any) -> str:
    """A function's line in the table."""
    if name in UNSIGNED:
        return f"{name} {UNSIGNED[name]}"
    words, keyword_only = [name], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is PARAMETER.VAR_POSITIONAL:
            words.append(f"*{parameter.name}")
            keyword_only = True
        elif parameter.kind is PARAMETER.VAR_KEYWORD:
            words.append(f"**{parameter.name}")
        else:
            if parameter.kind is PARAMETER.KEYWORD_ONLY and not keyword_only:
                words.append("*")
                keyword_only = True
            words.append(parameter.name + ("" if parameter.default is PARAMETER.empty else "="))
    return " ".join(words)


def table(module: Any) -> tuple[list[str], list[str]]:
    """The names of the elementwise functions of a module, and the lines of the others."""
    ufuncs, functions = [], []
    for name in sorted(set(dir(module)) - LEFT_OUT):
        item = getattr(module, name)
        if name.startswith("_") or isinstance(item, (type, types.ModuleType)):
            continue
        if isinstance(item, cupy.ufunc):
            ufuncs.append(name)
        elif callable(item):
            functions.append(described(name, item))
    return ufuncs, functions


# The table.

EXACT = cupy.__version__.startswith("14.2.")


@pytest.mark.parametrize(
    ("module", "lines"),
    [(cupy, cupy_names.FUNCTIONS), (cupy.linalg, cupy_names.LINALG), (cupy.fft, cupy_names.FFT)],
    ids=["cupy", "linalg", "fft"],
)
def test_the_table_of_functions(module, lines):
    listed, there = lines.strip().splitlines(), table(module)[1]
    if EXACT:
        assert listed == there
    assert {line.split()[0] for line in listed} <= {line.split()[0] for line in there}


def test_the_table_of_elementwise_functions():
    listed = cupy_names.UFUNCS.split()
    assert set(listed) <= set(table(cupy)[0])
    assert not EXACT or listed == table(cupy)[0]


def test_the_table_of_special_functions():
    listed, there = cupy_names.SPECIAL.split(), table(importlib.import_module("cupyx.scipy.special"))[0]
    assert set(listed) <= set(there)
    assert not EXACT or listed == there


def test_the_stand_in_has_no_name_that_cupy_lacks():
    xp = backends.get_backend_by_name("standin").xp
    ours = set(shims(types.SimpleNamespace())) | set(cupy_backend.SPECIAL_FUNCTIONS) | {"special"}
    for module, real in ((xp, cupy), (xp.linalg, cupy.linalg), (xp.fft, cupy.fft)):
        names = {name for name in vars(module) if not name.startswith("_")}
        assert names - ours <= set(dir(real))
    attributes = set(dir(standin.DeviceArray)) - set(dir(object)) - {"__annotations__", "__weakref__", "_array"}
    assert attributes <= set(dir(cupy.ndarray))


def documented(method: Any) -> list[str]:
    """The parameters of a compiled method, from the signature its documentation begins with."""
    arguments = method.__doc__.partition("\n")[0].partition("(")[2].rpartition(")")[0]
    return [argument.split("=")[0].split()[-1] for argument in arguments.split(",") if argument.strip() != "self"]


def test_the_stand_ins_methods_have_no_parameter_that_cupys_lack():
    assert documented(cupy.ndarray.sum) == ["axis", "dtype", "out", "keepdims"]
    for name in dir(standin.DeviceArray):
        ours, theirs = getattr(standin.DeviceArray, name), getattr(cupy.ndarray, name, None)
        if name.startswith("_") or not inspect.isfunction(ours) or name == "view":
            continue
        parameters = list(inspect.signature(ours).parameters)[1:]
        if name in standin_array._REDUCTIONS:
            parameters = standin_array._REDUCTIONS[name].split()
        real = list(inspect.signature(theirs).parameters)[1:] if inspect.isfunction(theirs) else documented(theirs)
        real = [parameter.lstrip("*") for parameter in real]
        assert set(parameters) <= set(real), name


# Names and keywords that the package uses.


def sources() -> Iterator[Path]:
    for package in ("autograd", "nn", "optim", "viz", "data", "backends"):
        spec = importlib.util.find_spec(f"chainrule.{package}")
        assert spec is not None and spec.submodule_search_locations
        for path in sorted(Path(spec.submodule_search_locations[0]).rglob("*.py")):
            # The stand-in's and NumPy's own files are about other namespaces.
            if package != "backends" or path.name in ("cupy_shims.py", "cupy.py"):
                yield path


def chain(node: ast.AST) -> list[str] | None:
    """`['linalg', 'norm']` for `xp.linalg.norm` and `backend.xp.linalg.norm`."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        if node.attr == "xp":
            return names[::-1]
        names.append(node.attr)
        node = node.value
    return names[::-1] if isinstance(node, ast.Name) and node.id == "xp" else None


def uses() -> dict[str, set[tuple[int, frozenset[str]]]]:
    """Every `xp.name` in the package, and the ways it is called: how many positional arguments, which keywords."""
    found: dict[str, set[tuple[int, frozenset[str]]]] = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and (names := chain(node)):
                found.setdefault(".".join(names), set())
            if isinstance(node, ast.Call) and (names := chain(node.func)):
                positional = [a for a in node.args if not isinstance(a, ast.Starred)]
                keywords = frozenset(k.arg for k in node.keywords if k.arg)
                found.setdefault(".".join(names), set()).add((len(positional), keywords))
    return found


USES = uses()


@pytest.fixture(scope="module")
def backend() -> cupy_backend.CupyBackend:
    """The backend as it would be with a device: its namespace and its kernels, none of them launched."""
    patch = pytest.MonkeyPatch()
    patch.setattr(cupy_backend, "_no_device", lambda cupy: None)
    patch.setattr(cupy_backend, "_no_kernels", lambda cupy: None)
    made = cupy_backend.CupyBackend()
    patch.undo()
    return made


def found_in(namespace: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        namespace = getattr(namespace, name)
    return namespace


def test_the_package_uses_xp():
    assert {"add", "sum", "where", "matmul", "scatter_add", "erf"} <= set(USES)


@pytest.mark.parametrize("name", sorted(USES))
def test_a_name_exists_on_the_gpu_and_on_the_stand_in(backend, name):
    for namespace in (backend.xp, backends.get_backend_by_name("standin").xp):
        function = found_in(namespace, name)
        if namespace is not backend.xp or isinstance(function, type) or not callable(function):
            continue
        for positional, keywords in USES[name]:
            if isinstance(function, cupy.ufunc):
                assert keywords <= {"out", "dtype", "casting"}
                assert function.nin <= positional <= function.nargs
            elif name in UNSIGNED:
                allowed = UNSIGNED[name].replace("=", "").split()
                assert keywords <= set(allowed) and positional <= len(allowed)
            elif "." in name and isinstance(found_in(backend.xp, name.rpartition(".")[0]), cupy.ufunc):
                # CuPy's own method of an elementwise function; see `test_reductions_by_add_and_multiply`.
                assert not keywords
            else:
                # Raises TypeError for a keyword that is not there and for too many arguments.
                inspect.signature(function).bind_partial(*range(positional), **dict.fromkeys(keywords))


def test_reductions_by_add_and_multiply():
    methods = {name for name in USES if name.split(".")[-1] in ("reduce", "accumulate", "at", "reduceat", "outer")}
    ats = {"add.at", "maximum.at", "minimum.at"}
    assert methods <= {"add.reduce", "multiply.reduce", "add.accumulate", "multiply.accumulate", *ats}
    assert documented(cupy.ufunc.reduce) == ["array", "axis", "dtype", "out", "keepdims"]
    assert documented(cupy.ufunc.accumulate) == ["array", "axis", "dtype", "out"]
    for name in ("maximum", "logical_and"):
        with pytest.raises(NotImplementedError):
            getattr(cupy, name).reduce(phantom((3,)))


UFUNCS = sorted(
    n for n in USES if isinstance(getattr(cupy, n, None), cupy.ufunc) and isinstance(getattr(np, n), np.ufunc)
)


@pytest.mark.parametrize("name", UFUNCS)
def test_an_elementwise_function_gives_numpys_dtype(name):
    """For inputs of one dtype, and of two. What NumPy refuses is not our business."""
    ours, theirs = getattr(cupy, name), getattr(np, name)
    dtypes = [np.dtype(code) for code in "?bhilBefdFD"]
    pairs = [(d,) * ours.nin for d in dtypes]
    pairs += [(d, e) for d in dtypes for e in dtypes] if ours.nin == 2 else []
    for given in pairs:
        try:
            wanted = theirs.resolve_dtypes((*given, *(None,) * ours.nout))[ours.nin :]
        except TypeError:
            continue
        if name.startswith("logical_") and any(d.kind == "c" for d in given):
            continue  # CuPy has no logic of complex numbers
        for loop in ours.types:
            inputs, outputs = loop.split("->")
            if "E" in loop:  # bfloat16, where ml_dtypes is installed
                continue
            if all(np.can_cast(d, code) for d, code in zip(given, inputs, strict=True)):
                assert [np.dtype(code) for code in outputs] == list(wanted), (name, given)
                break
        else:
            raise AssertionError(f"cupy.{name} takes no {given}")


# Rules that the stand-in imitates.


def phantom(shape: tuple[int, ...], dtype: Any = "float32", address: int = 4096) -> Any:
    """An array whose memory is never touched: views and shapes of it need no device."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = cupy.cuda.UnownedMemory(address, size, None, 0)
    return cupy.ndarray(shape, dtype, memptr=cupy.cuda.MemoryPointer(memory, 0))


def xp_flags() -> Any:
    return backends.get_backend_by_name("standin").asarray([1.0]).flags


class TestRules:
    def test_no_implicit_conversion(self):
        with pytest.raises(TypeError, match="Implicit conversion"):
            np.asarray(phantom((3,)))

    def test_it_is_no_index_and_cannot_be_hashed(self):
        assert not hasattr(phantom(()), "__index__")
        with pytest.raises(TypeError, match="unhashable"):
            hash(phantom((3,)))

    def test_no_memory_is_read_only(self):
        for array in (phantom((3,)), cupy.broadcast_to(phantom((3,)), (2, 3))):
            assert not hasattr(array.flags, "writeable")
        assert {name for name in dir(phantom((3,)).flags) if not name.startswith("_")} >= {
            name for name in vars(xp_flags()) if not name.startswith("_")
        }

    def test_sorting_kinds(self):
        for function in (cupy.sort, cupy.argsort):
            assert list(inspect.signature(function).parameters) == ["a", "axis", "kind"]
        with pytest.raises(ValueError, match="stable"):
            phantom((3,)).argsort(kind="quicksort")

    @pytest.mark.parametrize("keyword", ["where", "initial"])
    @pytest.mark.parametrize("name", ["sum", "prod", "mean", "max", "min", "any", "all", "var", "std"])
    def test_reductions_lack_keywords_of_numpy(self, name, keyword):
        with pytest.raises(TypeError):
            getattr(cupy, name)(phantom((3,)), **{keyword: None})

    def test_elementwise_functions_lack_where(self):
        with pytest.raises(TypeError, match="Wrong arguments"):
            cupy.add(phantom((3,)), phantom((3,)), where=True)

    def test_indices(self):
        a = phantom((3, 4))
        for index in (3, -4, (0, 4)):
            with pytest.raises(IndexError):
                a[index]
        with pytest.raises(IndexError, match="integer or boolean"):
            a[phantom((2,), "float32")]
        with pytest.raises(IndexError):
            a[0, 0, 0]

    def test_errors_of_shape_functions(self):
        a = phantom((3, 4))
        with pytest.raises(ValueError, match="out of range") as caught:
            a.swapaxes(0, 2)
        assert not isinstance(caught.value, IndexError)
        with pytest.raises(ValueError):
            a.reshape(5)
        with pytest.raises(ValueError, match="copy"):
            a.T.reshape(12, copy=False)
        with pytest.raises(ValueError):
            cupy.broadcast_to(a, (2, 4))
        assert a.squeeze(()) is a
        with pytest.raises(TypeError, match="unexpected keyword"):
            cupy.take(a, a, mode="wrap")

    def test_missing_names(self):
        for name in ("vecdot", "unstack", "block", "insert", "einsum_path", "errstate", "geomspace", "nanpercentile"):
            assert not hasattr(cupy, name)

    def test_what_this_machine_says_without_a_device(self):
        if cupy.is_available():
            pytest.skip("a device answers")
        reason = backends.unavailable("cupy")
        assert reason is not None
        if cupy.cuda.runtime.driverGetVersion() == 0:
            assert "no NVIDIA driver answers" in reason


# Views.

VIEWS = {
    "itself": lambda xp, x: x[...],
    "reshape": lambda xp, x: x.reshape(4, 6),
    "flat": lambda xp, x: x.reshape(-1),
    "inferred": lambda xp, x: xp.reshape(x, (3, -1)),
    "transposed": lambda xp, x: x.T,
    "matrix-transposed": lambda xp, x: x.mT,
    "permuted": lambda xp, x: x.transpose((1, 2, 0)),
    "permuted by a function": lambda xp, x: xp.transpose(x, (2, 0, 1)),
    "exchanged": lambda xp, x: x.swapaxes(0, -1),
    "moved": lambda xp, x: xp.moveaxis(x, 0, -1),
    "squeezed": lambda xp, x: x[:, :1].squeeze((1,)),
    "expanded": lambda xp, x: xp.expand_dims(x, (0, 2)),
    "new axis": lambda xp, x: x[:, None, ..., None],
    "broadcast": lambda xp, x: xp.broadcast_to(x, (5, 2, 3, 4)),
    "broadcast from one": lambda xp, x: xp.broadcast_to(x[:, :, :1], (2, 3, 7)),
    "sliced": lambda xp, x: x[1:, ::2, 1:3],
    "backwards": lambda xp, x: x[:, ::-1, ::-2],
    "one element": lambda xp, x: x[1, 2, 3, ...],
    "a row": lambda xp, x: x[1, ..., 2],
    "empty": lambda xp, x: x[2:],
    "flipped": lambda xp, x: xp.flip(x, 1),
    "split": lambda xp, x: xp.split(x, 2, axis=2)[1],
    "diagonal": lambda xp, x: x.diagonal(0, 1, 2),
    "view of a view": lambda xp, x: x[1:].T[::2].reshape(2, 3, 1)[1],
    "rolled axis": lambda xp, x: xp.rollaxis(x, 2),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_lie_where_numpys_do(backend, name):
    """Shape, strides, offset, owner and extent of a view, on CuPy, the stand-in and NumPy alike."""
    source = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    device, other = phantom((2, 3, 4)), backends.get_backend_by_name("standin")
    ours, wanted = VIEWS[name](backend.xp, device), VIEWS[name](np, source)
    assert ours.shape == wanted.shape
    if wanted.size:
        assert [s for s, n in zip(ours.strides, ours.shape, strict=True) if n > 1] == [
            s for s, n in zip(wanted.strides, wanted.shape, strict=True) if n > 1
        ]
        low, high = np.lib.array_utils.byte_bounds(wanted)
        start = source.ctypes.data
        assert backend.extent(ours) == (low - start + 4096, high - start + 4096)
    assert backend.owner(ours) is device
    like = other.asarray(source)
    stood_in = VIEWS[name](other.xp, like)
    assert stood_in.shape == wanted.shape
    assert other.owner(stood_in) is like


def test_real_and_imaginary_parts_are_views(backend):
    """So `scatter_add` may add to them."""
    z = phantom((4,), "complex64")
    for part, offset in ((z.real, 0), (z.imag, 4)):
        assert backend.owner(part) is z
        assert part.dtype == np.float32
        assert backend.extent(part) == (4096 + offset, 4096 + offset + 3 * 8 + 4)


def test_owners_are_weakly_referenceable(backend):
    owner = phantom((4,))
    view, watch = owner[1:][1:], weakref.ref(owner)
    assert view.base is owner
    assert backend.device_of(view) == "cuda:0"
    del owner, view
    assert watch() is None


# Kernels, compiled.


def source_of(kernel: Any, types_of: dict[str, Any], scalars: frozenset[str], contiguous: bool, wide: bool) -> str:
    """The CUDA source that CuPy makes of an elementwise kernel for arrays of given dtypes and layout."""
    from cupy._core import _carray, _kernel, _scalar

    kinds, ndim, infos, named = (1, 2, 3), 1 if contiguous else 2, [], {}
    for parameter in kernel.params:
        if parameter.name == "_ind":
            infos.append(_kernel._ArgInfo(kinds[1], _carray.Indexer, None, ndim, True, not wide))
            continue
        dtype = parameter.dtype
        if dtype is None:
            dtype = named[parameter.ctype] = np.dtype(types_of[parameter.ctype])
        if parameter.name in scalars:
            infos.append(_kernel._ArgInfo(kinds[2], _scalar.CScalar, dtype, 0, True, True))
        else:
            infos.append(_kernel._ArgInfo(kinds[0], cupy.ndarray, dtype, ndim, contiguous, not wide))
    return _kernel._get_elementwise_kernel_code(
        tuple(infos), _kernel._TypeMap(tuple(named.items())), kernel.params, kernel.operation, kernel.name,
        kernel.preamble,
    )  # fmt: skip


def compiled(source: str, architecture: str) -> bytes:
    from cupy._core import core
    from cupy.cuda import compiler

    try:
        cupy.cuda.nvrtc.getVersion()
        options = (*core.assemble_cupy_compiler_options(()), f"-arch={architecture}")
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"no CUDA compiler here: {str(error).splitlines()[0]}")
    headers = "".join(f"#include <{header}>\n" for header in core._cupy_header_list)
    return compiler._NVRTCProgram(headers + source, "kernel.cu", (), (), None, "cubin").compile(options)[0]


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("name", philox.KERNELS)
def test_random_kernels_compile(name, architecture):
    spec = philox.KERNELS[name]
    kernel = cupy.ElementwiseKernel(spec.inputs, spec.output, spec.body, f"chainrule_{name}", preamble=philox.PREAMBLE)
    scalars = frozenset(parameter.split()[1] for parameter in spec.inputs.split(","))
    assert compiled(source_of(kernel, {}, scalars, True, False), architecture)


@pytest.mark.parametrize("layout", [(True, False), (False, False), (False, True)], ids=["dense", "strided", "large"])
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", [name for name in cupy_backend.SPECIAL_FUNCTIONS if not name.endswith("_half")])
def test_special_function_kernels_compile(name, dtype, architecture, layout):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    half = dtype in cupy_backend._HALVES
    body = cupy_backend.SPECIAL_FUNCTIONS[f"{name}_half" if half else name]
    kernel = cupy.ElementwiseKernel("T x", "T y", body, f"chainrule_{name}")
    assert compiled(source_of(kernel, {"T": dtype}, frozenset(), *layout), architecture)


# CuPy's ufuncs and kernels, asked with a tensor


def test_ufuncs_and_kernels_ask_a_tensor_among_their_arguments() -> None:
    t = cr.tensor([0.5, 0.25], dtype=cr.float64, requires_grad=True)
    assert cupy.sin(t).tolist() == np.sin([0.5, 0.25]).tolist() and cupy.sin(t).requires_grad
    assert cupy.add(t, 1).tolist() == [1.5, 1.25] and cupy.true_divide(1, t).tolist() == [2, 4]
    with pytest.raises(TypeError, match="kernel 'squares' has no derivative"):
        cupy.ElementwiseKernel("T x", "T y", "y = x * x", "squares")(t)


def test_cupys_ufuncs_are_known_by_numpys_names() -> None:
    ufuncs = {u for u in vars(cupy).values() if isinstance(u, cupy.ufunc)}
    known = {u for u in ufuncs if isinstance(getattr(np, u.name.removeprefix("cupy_"), None), np.ufunc)}
    assert {u.name for u in ufuncs - known} <= {"cupy_fix", "cupy_i0", "cupy_sinc"} and len(known) > 80


def test_operators_of_an_array_ask_the_tensor() -> None:
    """They hand over to NumPy's ufunc, which asks the tensor. Arrays of two backends then meet (or, without a driver,
    the backend of the array cannot be used), and the error is ours."""
    t = cr.tensor([0.5, 0.25, 1.0], requires_grad=True)
    array = phantom((3,))
    for run in (
        lambda: array * t, lambda: array @ t, lambda: array == t, lambda: array < t, lambda: np.concatenate([array, t]),
        lambda: array.__iadd__(t),
    ):  # fmt: skip
        with pytest.raises((TypeError, cr.BackendUnavailable)) as caught:
            run()
        assert caught.traceback[-1].path.is_relative_to(Path(backends.__file__).parents[1])


if __name__ == "__main__":
    elementwise, functions = table(cupy)
    print('UFUNCS = """', textwrap.fill(" ".join(elementwise), 118), '"""\n', sep="\n")
    for title, lines in (
        ("FUNCTIONS", functions),
        ("LINALG", table(cupy.linalg)[1]),
        ("FFT", table(cupy.fft)[1]),
    ):
        print(f'{title} = """', *lines, '"""\n', sep="\n")
