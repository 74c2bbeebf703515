"""Who may import whom, read from the source: the rules of docs/architecture.md, held by a test.

Imports run one way, `backends` <- `autograd` <- {`nn`, `optim`, `viz`, `data`} <- `chainrule`, and are relative inside
the package. What comes from outside is listed below with its reason; an entry that is no longer needed fails as well.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-dir"]

LAYERS = {
    "backends": {"backends"},
    "autograd": {"backends", "autograd"},
    "nn": {"backends", "autograd", "nn"},
    "optim": {"backends", "autograd", "optim"},
    "viz": {"backends", "autograd", "viz"},
    "data": {"backends", "autograd", "data"},
    "": {"backends", "autograd", "nn", "optim", "viz", "data", ""},
}
"""Each part, and the parts it may import. The face of the package is the empty name."""

ENGINE = ["autograd.engine", "autograd.node", "autograd.op", "autograd.tensor"]
"""What runs at every call and every backward: it must work with nothing that looks at a graph from outside."""

NOT_IN_ENGINE = [
    "viz", "autograd.anomaly", "autograd.gradcheck", "autograd.graph", "autograd.inventory", "autograd.nodecheck",
]  # fmt: skip
"""Drawing, inspection and checking, which the engine never reaches, not even through another file or lazily."""

EAGER = {
    "graphviz": {"viz.drawing": "a drawing is a graphviz.Digraph, as its users expect"},
    "numpy": {
        "backends": "the NumPy backend, the dtypes of every backend, and what NumPy lacks",
        "autograd.numpy": "NumPy's own protocol: its functions are what the tables name",
        "autograd.printing": "writes out the numbers of a tensor, which were brought to the host",
        "data.images": "reads files; pictures and labels are host arrays until a loader makes tensors of them",
        "demo": "counts and splits labels, and scores predictions, on the host",
        "plots": "draws host arrays",
        "predict": "scores and shows predictions on the host",
    },
    "optree": {"autograd.trees": "nested containers of tensors"},
}
"""Outside packages imported at the top of a file -> the files or folders that may, and why."""

LAZY = {
    "cupy": {"backends.cupy": "the one file that knows CuPy"},
    "cupyx": {"backends.cupy": "the one file that knows CuPy"},
    "matplotlib": {"plots": "the pictures of the demo"},
    "safetensors": {"storage": "the file format of weights, read and written nowhere else"},
    "scipy": {"backends.scipy_special": "the values of special functions"},
    "sklearn": {
        "data.images": "the handwritten digits it carries",
        "demo": "a stratified split",
        "plots": "the confusion matrix",
    },
    "threadpoolctl": {"info": "tells the threads of BLAS", "demo": "small products run on one"},
    "tqdm": {"demo": "the progress bar"},
}
"""Outside packages imported inside a function alone: extras, which may be absent, and what is slow to import."""


@dataclass(frozen=True)
class Import:
    source: str  # dotted name inside the package, "autograd.engine"; "" is the package itself
    target: str  # dotted name inside the package if `inside`, else the outside module's full name
    inside: bool
    relative: bool
    lazy: bool  # inside a function
    typing: bool  # under `if TYPE_CHECKING`
    line: int

    def __str__(self) -> str:
        return f"{self.source or 'chainrule'}:{self.line} imports {self.target or 'chainrule'}"


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name without the leading `chainrule`."""
    found = {}
    for package, folder in PACKAGES.items():
        prefix = package.removeprefix("chainrule").lstrip(".")
        for path in sorted((ROOT / folder).glob("*.py")):
            found[".".join(filter(None, (prefix, "" if path.stem == "__init__" else path.stem)))] = path
    return found


def _walk(node: ast.AST, lazy: bool = False, typing: bool = False) -> Iterator[tuple[ast.AST, bool, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, lazy, typing
        inner = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for statement in child.body:
                yield statement, inner, True
                yield from _walk(statement, inner, True)
            for statement in child.orelse:
                yield statement, inner, typing
                yield from _walk(statement, inner, typing)
        else:
            yield from _walk(child, inner, typing)


def read_imports(source: str, text: str, is_package: bool, known: set[str]) -> Iterator[Import]:
    """The imports a module's text makes; `from x import y` counts as one of the module `x.y` where there is one."""
    package = source if is_package else source.rpartition(".")[0]
    for node, lazy, typing in _walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                inside = alias.name.partition(".")[0] == "chainrule"
                target = alias.name.removeprefix("chainrule").lstrip(".") if inside else alias.name
                yield Import(source, target, inside, False, lazy, typing, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            inside = node.level > 0 or module.partition(".")[0] == "chainrule"
            if node.level > 0:
                parts = package.split(".") if package else []
                climb = node.level - 1
                assert climb <= len(parts), f"{source}:{node.lineno} climbs out of the package"
                module = ".".join([*parts[: len(parts) - climb], *filter(None, [module])])
            elif inside:
                module = module.removeprefix("chainrule").lstrip(".")
            if not inside:
                yield Import(source, module, False, False, lazy, typing, node.lineno)
                continue
            for alias in node.names:
                submodule = ".".join(filter(None, [module, alias.name]))
                target = submodule if submodule in known else module
                yield Import(source, target, True, node.level > 0, lazy, typing, node.lineno)


@cache
def imports() -> tuple[Import, ...]:
    found: list[Import] = []
    for name, path in modules().items():
        found += read_imports(name, path.read_text(encoding="utf-8"), path.stem == "__init__", set(modules()))
    return tuple(found)


def layer(module: str) -> str:
    first = module.partition(".")[0]
    return first if first in LAYERS else ""


def within(module: str, folder: str) -> bool:
    return module == folder or module.startswith(folder + ".")


def outside() -> list[Import]:
    return [i for i in imports() if not i.inside and i.target.partition(".")[0] not in sys.stdlib_module_names]


def test_the_reader_sees_every_form_of_import() -> None:
    text = """
from __future__ import annotations
import os, numpy as np
from typing import TYPE_CHECKING
from . import node
from .node import Node
from ..backends import cupy, Array
if TYPE_CHECKING:
    from ..viz import draw
else:
    import eager
def f():
    import cupy.cuda
    class C:
        from .. import nn
import chainrule.optim
"""
    known = {"autograd", "autograd.node", "backends", "backends.cupy", "viz", "nn", ""}
    seen = {(i.target, i.inside, i.relative, i.lazy, i.typing) for i in read_imports("autograd.op", text, False, known)}
    assert {s for s in seen if s[0] not in ("__future__", "typing")} == {
        ("os", False, False, False, False),
        ("numpy", False, False, False, False),
        ("autograd.node", True, True, False, False),
        ("backends.cupy", True, True, False, False),
        ("backends", True, True, False, False),
        ("viz", True, True, False, True),
        ("eager", False, False, False, False),
        ("cupy.cuda", False, False, True, False),
        ("nn", True, True, True, False),
        ("optim", True, False, False, False),
    }
    in_package = read_imports("autograd", "from .op import Op\nfrom .. import backends", True, known | {"autograd.op"})
    assert [i.target for i in in_package] == ["autograd.op", "backends"]


def test_every_folder_of_the_package_is_read() -> None:
    names = set(modules())
    assert {"", "autograd", "backends", "nn", "optim", "viz", "data", *ENGINE} <= names


def test_imports_inside_the_package_are_relative() -> None:
    top = {part for part in LAYERS if part}
    assert not [str(i) for i in imports() if i.inside and not i.relative]
    assert not [str(i) for i in imports() if not i.inside and i.target.partition(".")[0] in top]


def test_imports_run_one_way() -> None:
    wrong = [i for i in imports() if i.inside and layer(i.target) not in LAYERS[layer(i.source)]]
    assert not [str(i) for i in wrong]


def test_the_engine_reaches_neither_drawing_nor_checking() -> None:
    known = set(modules())
    assert {name for name in NOT_IN_ENGINE if name not in known} == set(), "NOT_IN_ENGINE names a module that is gone"
    reached, todo = set(ENGINE), list(ENGINE)
    while todo:
        module = todo.pop()
        for i in imports():
            # A package's __init__ only gathers names for users; what it gathers is not what the module uses.
            if i.source == module and i.inside and not i.typing and i.target not in reached:
                reached.add(i.target)
                if modules()[i.target].stem != "__init__":
                    todo.append(i.target)
    assert not [name for name in reached if any(within(name, banned) for banned in NOT_IN_ENGINE)]


def test_no_module_needs_itself_to_be_imported() -> None:
    needs: dict[str, set[str]] = {name: set() for name in modules()}
    for i in imports():
        if i.inside and not i.lazy and not i.typing and not within(i.source, i.target):
            needs[i.source].add(i.target)
    while free := {name for name, targets in needs.items() if not targets & set(needs)}:
        for name in free:
            del needs[name]
    assert not needs, f"these import each other in a circle: {sorted(needs)}"


def test_outside_packages_stand_where_they_are_allowed() -> None:
    wrong = []
    for i in outside():
        if i.typing:
            continue
        package = i.target.partition(".")[0]
        allowed = {**EAGER.get(package, {}), **(LAZY.get(package, {}) if i.lazy else {})}
        if not any(within(i.source, place) for place in allowed):
            wrong.append(f"{i}{' lazily' if i.lazy else ''}")
    assert not wrong


@pytest.mark.parametrize("table", [EAGER, LAZY], ids=["eager", "lazy"])
def test_every_allowance_is_used(table: dict[str, dict[str, str]]) -> None:
    used = {(i.target.partition(".")[0], i.source, i.lazy) for i in outside() if not i.typing}
    idle = [
        f"{package} in {place}"
        for package, places in table.items()
        for place in places
        if not any(p == package and within(s, place) and lazy == (table is LAZY) for p, s, lazy in used)
    ]
    assert not idle


def test_every_module_says_what_stands_in_it() -> None:
    silent = [name for name, path in modules().items() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert not silent


def test_no_package_folder_is_left_out_of_the_map() -> None:
    """A folder with Python files below a mapped one would be missing from the wheel."""
    mapped = {ROOT / folder for folder in PACKAGES.values()}
    held = {path.parent for top in mapped for path in top.rglob("*.py") if "__pycache__" not in path.parts}
    assert held == mapped
