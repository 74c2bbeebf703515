"""Draws the pictures of the README and the tutorial anew, from the programs in them: `python docs/pictures.py`."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = {"README.md": "neuron.svg", "docs/tutorial.md": "tutorial-neuron.svg"}


def main() -> None:
    for page, picture in PICTURES.items():
        scope: dict[str, object] = {}
        home = Path.cwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)  # the programs save files
            try:
                text = (ROOT / page).read_text(encoding="utf-8")
                for code in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S):
                    exec(code, scope)
                    if "graph" in scope:
                        break
            finally:
                os.chdir(home)
        scope["graph"].save_svg(ROOT / "docs" / "images" / picture)  # type: ignore[attr-defined]
        print(f"docs/images/{picture}")


if __name__ == "__main__":
    main()
