"""Rows that need a process of their own per sample: peak memory and import time.

Peak memory: in a fresh process the network, the batch and the optimizer are made, the kernel is told to forget the
highest resident size so far (`/proc/self/clear_refs`), and after five steps the highest resident size since, less the
resident size before, is what the steps needed: gradients, optimizer state, saved activations and scratch memory,
whoever allocated them. It needs Linux.

Import time: what the import statement takes in a fresh interpreter, bytecode and file cache warm.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from measure import Case, Samples, Settings, alternate
from rivals import THREADS, load

HERE = Path(__file__).resolve().parent
SIZES = (784, 1024, 1024, 10)


def resident(field: str) -> int:
    """A line of this process's `/proc/self/status`, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def peak_of_steps(library: str, batch: int) -> int:
    """Bytes that five training steps with Adam needed beyond what was there before."""
    from rivals import limit_threads
    from training import pytorch_style

    limit_threads()
    step = pytorch_style(load(library), "Adam", batch, SIZES)
    pytorch_style(load(library), "Adam", 1, (8, 8, 8))()  # code, thread pools: not the step's
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    for _ in range(5):
        step()
    return resident("VmHWM") - before


def python(*arguments: str) -> str:
    """What a fresh interpreter prints."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(THREADS))
    done = subprocess.run(
        [sys.executable, "-P", *arguments], env=environment, cwd=HERE, check=True, capture_output=True, text=True
    )
    return done.stdout


def peaks(batch: int, settings: Settings) -> Samples:
    def side(library: str) -> float:
        return float(python(str(HERE), "--peak-of", library, str(batch))) / 2**20

    sides = {name: lambda name=name: side(name) for name in ("chainrule", "torch") if load(name)}
    return alternate(sides, 2 if settings.quick else 5)


def import_times(settings: Settings) -> Samples:
    def side(name: str) -> float:
        program = f"from time import perf_counter as t; t0 = t(); import {name}; print(t() - t0)"
        return float(python("-c", program)) * 1e3

    names = {name: name for name in ("chainrule", "numpy", "torch")}
    names |= {"HIPS autograd": "autograd.numpy", "MyGrad": "mygrad"}
    sides = {title: lambda name=name: side(name) for title, name in names.items() if load(name)}
    for warm in sides.values():
        warm()
    return alternate(sides, 3 if settings.quick else max(settings.rounds // 2, 5))


def cases() -> Iterator[Case]:
    if Path("/proc/self/clear_refs").exists():
        for batch in (1, 4096):
            yield Case(
                f"peak memory of a step, batch {batch}",
                f"resident memory that steps of 784-1024-1024-10 with Adam add at their peak, batch {batch}",
                "MiB",
                "torch",
                1.0,
                lambda settings, batch=batch: peaks(batch, settings),
                heavy=batch > 1,
            )
    yield Case("import", "the import statement in a fresh interpreter, caches warm", "ms", "numpy", 1.5, import_times)
