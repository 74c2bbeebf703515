"""The API reference from the docstrings: a directive that documents the public names of a module, and a check,
when all is built, that no public function or class was left out.

    ```{public} chainrule.autograd.ops.elementwise
    :as: chainrule
    ```

documents what `__all__` of that module lists, under the names by which users reach it: `chainrule.exp`, ...
"""

from __future__ import annotations

import inspect
from importlib import import_module
from types import ModuleType
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

MODULES = [
    "chainrule", "chainrule.autograd", "chainrule.data", "chainrule.fft", "chainrule.func", "chainrule.linalg",
    "chainrule.masked", "chainrule.nn", "chainrule.nn.functional", "chainrule.nn.init", "chainrule.nn.utils",
    "chainrule.optim", "chainrule.special", "chainrule.viz",
]  # fmt: skip
"""Where the check at the end looks for public names."""

_log = logging.getLogger(__name__)


def public_names(module: ModuleType) -> list[str]:
    """The functions and classes that a module offers: those in its `__all__`, or else all of chainrule's in it."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [n for n in dir(module) if n[0] != "_" and _home(getattr(module, n)).startswith("chainrule")]
    return [name for name in names if callable(getattr(module, name, None))]


def _home(thing: Any) -> str:
    return getattr(thing, "__module__", None) or ""


def _identity(thing: Any) -> int:
    """The same for all names of one function, also where each was given an `out=` of its own."""
    return id(inspect.unwrap(thing))


class Public(SphinxDirective):
    """Documents the public names of the module given as argument, or of these those in its body.

    Options:
        as: the module users take the names from; names it does not have are left out. By default the module itself.
        except: names to leave out, separated by spaces.
    """

    required_arguments = 1
    has_content = True
    option_spec = {"as": directives.unchanged, "except": str.split}

    def run(self) -> list[nodes.Node]:
        home = import_module(self.arguments[0])
        prefix = self.options.get("as", self.arguments[0])
        face = import_module(prefix)
        names = " ".join(self.content).split() or public_names(home)
        left_out = self.options.get("except", ())
        spelled: dict[int, list[str]] = {}
        for name in names:
            if name not in left_out and hasattr(face, name):
                spelled.setdefault(_identity(getattr(face, name)), []).append(name)
        for name in public_names(face):
            same = spelled.get(_identity(getattr(face, name)), [])
            if same and name not in (*same, *left_out):
                same.append(name)
        lines = ["```{eval-rst}"]
        also = []
        for same in spelled.values():
            # Of several names for one thing, the one it was made with.
            main = next((n for n in same if n == getattr(getattr(face, n), "__name__", None)), same[0])
            also += [f"`{name}` is `{main}`" for name in same if name != main]
            lines += _entry(f"{prefix}.{main}", getattr(face, main))
            documented(self.env).setdefault(self.env.docname, set()).update(f"{prefix}.{name}" for name in same)
        lines += ["```", ""]
        if also:
            lines += [f"Other names: {', '.join(also)}.", ""]
        return self.parse_text_to_nodes("\n".join(lines), offset=self.content_offset)


def documented(env: Any) -> dict[str, set[str]]:
    """The full names met so far, by the page they are on."""
    if not hasattr(env, "chainrule_pages"):
        env.chainrule_pages = {}
    return env.chainrule_pages


def forget(app: Sphinx, env: Any, page: str) -> None:
    """A page that is read again, or is gone, documents nothing until then."""
    documented(env).pop(page, None)


def _entry(path: str, thing: Any) -> list[str]:
    if inspect.isclass(thing):
        return [f".. autoclass:: {path}", "   :members:", ""]
    return [f".. autofunction:: {path}", ""]


def check_nothing_is_missing(app: Sphinx, error: Exception | None) -> None:
    if error is not None:
        return
    seen = {_identity(_thing(path)) for names in documented(app.env).values() for path in names}
    for module in map(import_module, MODULES):
        for name in public_names(module):
            if _identity(getattr(module, name)) not in seen:
                _log.warning("%s.%s is public, and on no page of the reference", module.__name__, name)


def _thing(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("public", Public)
    app.connect("env-purge-doc", forget)
    app.connect("build-finished", check_nothing_is_missing)
    return {"parallel_read_safe": False}
