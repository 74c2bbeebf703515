"""What `visualize` returns: a `graphviz.Digraph` that also renders where no Graphviz is installed.

With Graphviz's `dot` program on the PATH it behaves as any other Digraph. Without, the `graphviz-pure` program, a
port of it that pip installs, takes its place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any

import graphviz


class RendererNotFound(graphviz.ExecutableNotFound):
    """There is no program that turns a graph into a picture."""

    def __init__(self) -> None:
        RuntimeError.__init__(
            self,
            "no program found to render the graph: neither `dot` nor `graphviz-pure`. `pip install graphviz-pure` (or "
            "'chainrule[viz]') installs a `dot` in a wheel; Graphviz itself comes by `apt install graphviz`, `brew "
            "install graphviz` or from https://graphviz.org/download. The DOT text is there without: `.source`",
        )


def find_pure() -> str | None:
    """The path of the `graphviz-pure` program: on the PATH, or where pip has put it for this Python."""
    found = shutil.which("graphviz-pure")
    if found is not None:
        return found
    try:
        files = metadata.files("graphviz-pure") or []
    except metadata.PackageNotFoundError:
        files = []
    places = [Path(str(file.locate())) for file in files if file.stem == "graphviz-pure"]
    places += [Path(sysconfig.get_path("scripts")) / f"graphviz-pure{ending}" for ending in ("", ".exe")]
    return next((str(place.resolve()) for place in places if os.access(place, os.X_OK) and place.is_file()), None)


class Drawing(graphviz.Digraph):
    """A computation graph in DOT. In a notebook it shows itself as SVG.

    All of `graphviz.Digraph` is there: `source` is the DOT text, `render(outfile="graph.png")` writes a picture,
    `pipe(format="svg")` returns one, `attr`, `node` and `edge` add to it. The default format is SVG.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("format") is None:
            kwargs["format"] = "svg"
        super().__init__(*args, **kwargs)

    def save_svg(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to `path`, and returns it.

        Raises:
            RendererNotFound: there is neither `dot` nor `graphviz-pure`.
            OSError: the file cannot be written.
        """
        picture = self.pipe(format="svg", encoding="utf-8")
        target = Path(path)
        target.write_text(picture, encoding="utf-8")
        return target

    def _repr_svg_(self) -> str:
        return self.pipe(format="svg", encoding="utf-8")

    def pipe(self, format: str | None = None, *args: Any, encoding: str | None = None, **kwargs: Any) -> Any:
        """The picture as bytes, or as text where an `encoding` is given; arguments as for `graphviz.Digraph.pipe`.

        Raises:
            RendererNotFound: there is neither `dot` nor `graphviz-pure`.
            ValueError: an unknown format, or one that `graphviz-pure` does not write.
        """
        if shutil.which("dot") is not None:
            return super().pipe(format, *args, encoding=encoding, **kwargs)
        picture = self._pure(format, kwargs.get("engine"))
        return picture if encoding is None else picture.decode(encoding)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> str:
        """Writes the DOT text and the picture, and returns the picture's path; arguments as for
        `graphviz.Digraph.render`. `outfile="graph.png"` says name and format at once; `cleanup` removes the DOT text.

        Raises:
            RendererNotFound: there is neither `dot` nor `graphviz-pure`. No file is written then.
            ValueError: an unknown format, or one that `graphviz-pure` does not write.
        """
        if shutil.which("dot") is not None:
            given = dict(directory=directory, view=view, cleanup=cleanup, format=format, outfile=outfile, **kwargs)
            return str(super().render(filename, **given))
        if outfile is not None:
            target = Path(outfile) if directory is not None else Path(self.directory or "", outfile)
            picture = self._pure(format or target.suffix.removeprefix(".") or None, kwargs.get("engine"))
            source = self.save(filename or target.with_suffix(".gv"), directory=directory)
        else:
            picture = self._pure(format, kwargs.get("engine"))
            source = self.save(filename, directory=directory)
            target = Path(f"{source}.{format or self.format}")
        target.write_bytes(picture)
        if cleanup:
            os.remove(source)
        if view:
            graphviz.view(str(target))
        return str(target)

    def _pure(self, format: str | None, engine: str | None) -> bytes:
        """The picture drawn by `graphviz-pure`."""
        program = find_pure()
        if program is None:
            raise RendererNotFound
        command = [program, f"-K{engine or self.engine}", f"-T{format or self.format}"]
        done = subprocess.run(command, input=self.source.encode(self.encoding), capture_output=True, check=False)
        if done.returncode == 0:
            return done.stdout
        said = done.stderr.decode("utf-8", "replace").strip()
        if "not recognized" in said:
            raise ValueError(f"graphviz-pure cannot do this; Graphviz itself writes more formats. {said}")
        raise graphviz.CalledProcessError(done.returncode, command, done.stdout, said)
