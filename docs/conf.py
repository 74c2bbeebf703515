"""How Sphinx builds these pages: `make docs`, or `sphinx-build --fail-on-warning docs site` with the `docs` extra."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # for reference.py

project = "chainrule"
author = "chainrule contributors"
copyright = "chainrule contributors"
version = release = installed_version("chainrule")

extensions = ["reference", "myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"chainrule {release}"
html_copy_source = False

# Pages are Markdown: formulas in $...$, directives between ::: fences, a link target at every heading.
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3

# Docstrings are plain text in Google's sections (Args, Returns, Raises); a word in single backticks is code.
default_role = "literal"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True

_CODE_OR_SIGN = re.compile(r"`[^`]*`|[|*\\]|(?<=\w)_(?!\w)")


def as_plain_text(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are written for a terminal: `|x|` and `a * b` mean what they say, and an indented block is code."""
    text: list[str] = []
    block = False
    for number, line in enumerate(lines):
        indented = line.startswith("    ")
        if line.strip() and not indented:
            block = False
        elif indented and number > 1 and not lines[number - 1].strip() and not lines[number - 2].startswith("    "):
            block = True
            text += [".. code-block:: python", ""]
        text.append(line if block else _CODE_OR_SIGN.sub(lambda m: m[0] if m[0][0] == "`" else "\\" + m[0], line))
    lines[:] = text


def signature_for_readers(
    app: Any, what: str, name: str, thing: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """`input: Any` says no more than `input`: most functions take tensors, arrays and numbers. That
    there is `axis=` for `dim=` is told once, in docs/api/index.md."""
    if signature is not None:
        signature = re.sub(r",? ?\*\*numpy_names(: ~?(typing\.)?Any)?", "", signature).replace(", *)", ")")
        signature = re.sub(r"(?<=\w): (?:~?typing\.)?Any(?= =|[,)])( = )?", lambda m: "=" if m[1] else "", signature)
    return signature, None if returns in ("Any", "~typing.Any") else returns


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", as_plain_text, priority=400)  # before napoleon, which is at 500
    app.connect("autodoc-process-signature", signature_for_readers)
