"""How Sphinx builds these pages: `make docs`, or `sphinx-build --fail-on-warning docs site` with the `docs` extra."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "chainrule"
author = "chainrule contributors"
copyright = "chainrule contributors"
version = release = installed_version("chainrule")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
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
