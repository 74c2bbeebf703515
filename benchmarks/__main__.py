"""Ratios against PyTorch on the CPU, and against HIPS autograd, MyGrad, micrograd and NumPy where they can do the row.

    make bench                                   everything: about ten minutes
    make bench ARGS="--quick"                    a rough picture in one minute, nothing written
    make bench ARGS="--rows 'small op' --rounds 60"

One table is printed; a full run writes `results/<date>.json` and a picture beside it. `measure.py` says how the numbers
come about, the files of the rows (`small_ops.py`, `scalars.py`, `training.py`, `families.py`, `processes.py`,
`long_chains.py`) say what is measured.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The modules beside this file are found wherever it is started from; the folders of the checkout are not, since one of
# them would be taken for HIPS autograd.
sys.path[:] = [str(HERE), *(p for p in sys.path if Path(p).resolve() not in (HERE, HERE.parent))]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few rounds, no long rows, nothing written without --out")
    parser.add_argument("--rows", metavar="TEXT", default="", help="only rows whose name contains TEXT")
    parser.add_argument("--rounds", type=int, metavar="N", help="30, or 5 with --quick")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write; results/ beside this file")
    parser.add_argument("--peak-of", nargs=2, metavar=("LIBRARY", "BATCH"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()

    if arguments.peak_of:
        from processes import peak_of_steps

        print(peak_of_steps(arguments.peak_of[0], int(arguments.peak_of[1])))
        return

    import families
    import long_chains
    import processes
    import report
    import rivals
    import scalars
    import small_ops
    import training
    from measure import Row, Settings

    rivals.limit_threads()
    quick = arguments.quick
    settings = Settings(arguments.rounds or (5 if quick else 30), 0.003 if quick else 0.03, quick)
    rows = []
    for part in (small_ops, scalars, training, families, processes, long_chains):
        for case in part.cases():
            if arguments.rows.lower() not in case.name.lower() or (quick and case.heavy):
                continue
            print(f"{case.name} ...", file=sys.stderr, flush=True)
            rows.append(Row(case, case.measure(settings)))
    if not rows:
        sys.exit(f"no row's name contains {arguments.rows!r}")
    print(report.table(rows))
    folder = arguments.out or (None if quick or arguments.rows else HERE / "results")
    if folder is not None:
        for path in report.write(rows, settings.rounds, folder):
            print(f"written: {path}", file=sys.stderr)


main()
