"""Every operator of PyTorch's own database, against the function of the same name here.

    make conformance                              the whole database: prints the score, writes docs/conformance.md
    make conformance ARGS="linalg.* fft.rfft"     these operators, and every sample of them that fails
    make conformance ARGS="--check"               fails if an operator that passed whole no longer does (CI)

`database.py` reads the database, `adapters.py` finds the function here, `checks.py` judges one sample, `report.py`
writes the page. The judge is `torch.testing._internal.common_methods_invocations.op_db` of PyTorch 2.13: its samples
in float64 that ask for a gradient.
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


def _judge(name: str, dtype: str) -> object:
    warnings.simplefilter("ignore")
    import torch
    from checks import judge_operator
    from database import operators

    wanted = getattr(torch, dtype)
    return judge_operator(operators(wanted)[name], wanted)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make conformance ARGS=...", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="operators, as the database calls them; * stands for anything")
    parser.add_argument("--check", action="store_true", help="compare with the published score; write nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes, one for each core")
    parser.add_argument("--dtype", choices=["float64", "float32", "complex128"], default="float64",
                        help="of the samples; the published score is that of float64")  # fmt: skip
    parser.add_argument("--backend", default="numpy", help="where it runs; the published score is that of numpy")
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
        results = [_judge(name, arguments.dtype) for name in wanted]
    else:
        with get_context("fork").Pool(jobs, maxtasksperchild=40) as pool:
            for k, result in enumerate(pool.imap_unordered(partial(_judge, dtype=arguments.dtype), wanted), 1):
                results.append(result)
                if sys.stderr.isatty():
                    print(f"\r{k} of {len(wanted)} operators", end="", file=sys.stderr)
    results.sort(key=lambda result: result.name)
    print(f"{time.monotonic() - began:.0f} s")

    if arguments.names:
        print(report.failures(results, None if arguments.all else 3))
    print(report.summary(results))
    if arguments.check:
        sys.exit(report.compare(results))
    if not arguments.names and arguments.dtype == "float64" and arguments.backend == "numpy":
        report.write(results)


if __name__ == "__main__":
    main()
