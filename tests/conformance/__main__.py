"""Every operator of PyTorch's own database, against the function of the same name here.

    make conformance                              the whole database: prints the score, writes docs/conformance.md
    make conformance ARGS="linalg.* fft.rfft"     these operators, and every sample of them that fails
    make conformance ARGS="--dtype complex128"    the same with complex samples; its score stands on the same page
    make conformance ARGS="--backend standin"     the same on a strict stand-in for CuPy
    make conformance ARGS="--check"               fails if an operator that passed whole no longer does (CI)

`database.py` reads the database, `adapters.py` finds the function here, `checks.py` judges one sample by what
`compare.py` calls equal, `report.py` writes the page. The database is `op_db` in
`torch.testing._internal.common_methods_invocations` of PyTorch 2.13.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from fnmatch import fnmatchcase
from functools import partial
from multiprocessing import get_context
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # a process for each core, one thread in each

HERE = Path(__file__).resolve().parent
# The modules beside this file are found wherever it is started from; the folders of the checkout are not.
sys.path[:] = [str(HERE), *(p for p in sys.path if Path(p).resolve() not in (HERE, HERE.parents[1]))]


def _judge(name: str, dtype: str, first: int | None) -> object:
    warnings.simplefilter("ignore")
    import torch
    from checks import judge_operator
    from database import operators

    wanted = getattr(torch, dtype)
    return judge_operator(operators(wanted)[name], wanted, first)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make conformance ARGS=...", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="operators, as the database calls them; * stands for anything")
    parser.add_argument("--check", action="store_true", help="compare with the published score; write nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes, one for each core")
    parser.add_argument("--dtype", choices=["float64", "float32", "complex128"], default="float64",
                        help="of the samples")  # fmt: skip
    parser.add_argument("--backend", default="numpy", help="where it runs")
    parser.add_argument("--first", type=int, metavar="N", help="the first N samples of each operator alone")
    parser.add_argument("--all", action="store_true", help="with names: every failing sample, not the first three")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")

    import report
    import torch
    from database import operators

    wanted = [
        name
        for name in operators(getattr(torch, arguments.dtype))
        if not arguments.names
        or any(fnmatchcase(name, n) or fnmatchcase(name.partition("|")[0], n) for n in arguments.names)
    ]
    if not wanted:
        sys.exit(f"the database has no operator {' '.join(arguments.names)}")
    import chainrule as cr

    cr.set_backend(arguments.backend)
    began = time.monotonic()
    results = []
    jobs = min(arguments.jobs, len(wanted))
    # Imported before the processes are forked, so that they share it.
    import checks  # noqa: F401

    if jobs == 1:
        results = [_judge(name, arguments.dtype, arguments.first) for name in wanted]
    else:
        with get_context("fork").Pool(jobs, maxtasksperchild=40) as pool:
            judge = partial(_judge, dtype=arguments.dtype, first=arguments.first)
            for k, result in enumerate(pool.imap_unordered(judge, wanted), 1):
                results.append(result)
                if sys.stderr.isatty():
                    print(f"\r{k} of {len(wanted)} operators", end="", file=sys.stderr)
    results.sort(key=lambda result: result.name)
    print(f"{time.monotonic() - began:.0f} s")

    if arguments.names:
        print(report.failures(results, None if arguments.all else 3))
    print(report.summary(results))
    asked = {"float64": "", "numpy": ""}.get
    options = [
        asked(arguments.dtype, f"--dtype {arguments.dtype}"),
        asked(arguments.backend, f"--backend {arguments.backend}"),
    ]
    run = {how: name for name, how in report.RUNS.items()}.get(" ".join(filter(None, options)))
    if arguments.check:
        rows = report.published().get(run)
        if rows is None:
            sys.exit(f"no score of {' '.join(options)} is published")
        sys.exit(report.compare(results, run, rows, arguments.first is not None))
    if run and not arguments.names and not arguments.first:
        report.write(results, run)


if __name__ == "__main__":
    main()
