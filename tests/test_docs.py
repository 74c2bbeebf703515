"""Every Python block of the README and of the pages runs, in order, and prints what the page says it prints."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})(?P<language>[^\n`]*)\n(?P<code>.*?)^(?P=fence)\s*$", re.M | re.S)

LANGUAGES = {"python", "text", "console", "toml", ""}


def blocks(page: Path) -> list[tuple[str, str, int]]:
    text = page.read_text(encoding="utf-8")
    return [
        (m["language"].strip(), m["code"], text[: m.start()].count("\n") + 2)
        for m in FENCE.finditer(text)
        if not m["language"].strip().startswith("{")
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_block_runs_and_prints_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks of a page share their names, as in a notebook. A `text` block after a `python` one is its output."""
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {"__name__": "__main__"}
    printed: str | None = None
    for language, code, line in blocks(page):
        assert language in LANGUAGES, f"{page.name}:{line}: a block in {language!r} is run by nobody"
        if language == "python":
            out = io.StringIO()
            # Blank lines put the block at its place in the page, so that a traceback names the line.
            source = compile("\n" * (line - 1) + code, str(page), "exec")
            with contextlib.redirect_stdout(out):
                exec(source, scope)
            printed = out.getvalue()
        elif language == "text" and printed:
            assert code.strip() == printed.strip(), f"{page.name}:{line}"
            printed = None
        elif language == "toml":
            tomllib.loads(code)
    from chainrule.backends import set_backend

    set_backend(None)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_make_targets_named_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for page in PAGES:
        for name in re.findall(r"`make ([a-z]+)", page.read_text(encoding="utf-8")):
            assert name in targets, f"{page.name}: make {name}"


def test_the_readme_tells_the_score_of_the_page() -> None:
    page = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
    score = re.search(r"^\| operators whole \| (\d+ of \d+) \|$", page, re.M)
    assert score is not None
    assert f" {score[1]} pass with every sample" in (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")


def test_the_readme_tells_what_make_runs() -> None:
    """What the README says beside the two commands is what their recipes run."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(PYTHON)", "python3")
    makefile = makefile.replace("$(TORCH)", "torch==2.13.0").replace(" $(ARGS)", "").replace(" --quiet", "")
    for command in re.findall(r"^\$ ((?:python3 -m venv|\.venv).*)$", readme, re.M):
        bare = command.removeprefix("PYTHONSAFEPATH=1 ")
        assert re.search(rf"^\t{re.escape(bare)}$", makefile, re.M), command
    assert os.path.exists(ROOT / "LICENSE")
