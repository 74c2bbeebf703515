"""Draws the pictures of the README and of the pages anew, from the programs in them: `python docs/pictures.py`."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = {"README.md": "neuron.svg", "docs/tutorial.md": "tutorial-neuron.svg", "docs/debugging.md": "nan.svg"}
"""Page -> its picture: of the first `graph` that its program draws, or a file of this name that it writes."""


def main() -> None:
    for page, picture in PICTURES.items():
        scope: dict[str, object] = {}
        home = Path.cwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)  # the programs save files
            try:
                text = (ROOT / page).read_text(encoding="utf-8")
                for code in re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S):
                    exec(compile(code, "hunt.py", "exec"), scope)
                    if "graph" in scope:
                        scope["graph"].save_svg(picture)  # type: ignore[attr-defined]
                    if Path(picture).exists():
                        break
                drawn = Path(picture).read_text(encoding="utf-8")
            finally:
                os.chdir(home)
        (ROOT / "docs" / "images" / picture).write_text(drawn, encoding="utf-8")
        print(f"docs/images/{picture}")


if __name__ == "__main__":
    main()
