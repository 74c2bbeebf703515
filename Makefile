# Each target makes the virtual environment it needs the first time, and starts at once after that.
#
#   make demo   trains on handwritten digits         make lint       ruff: rules and formatting
#   make test   every test, in parallel              make typecheck  mypy on the installed wheel
#   make bench  ratios against PyTorch and others    make wheel      sdist and wheel, tried in an empty environment
#   make conformance  the score on PyTorch's own operator database, written to docs/conformance.md
#   make docs   the documentation, into site/        make format     lets ruff repair what it can
#   make surface  what is asked of CuPy, against the real package
#
# make test ARGS="tests/test_ops.py -x", make demo ARGS="--epochs 5": ARGS goes to the command that is run.
# make PYTHON=python3.13 ...: which Python. make TORCH=... test: another build of PyTorch, to which results are compared.

PYTHON ?= python3
TORCH ?= torch==2.13.0
ARGS ?=

# The folders of the top level are called autograd, nn, data, ...: keep the current folder off sys.path, so that they
# are found as chainrule.autograd alone, and `import autograd` is the HIPS package that the benchmarks compare with.
export PYTHONSAFEPATH := 1

.PHONY: demo test conformance surface bench docs lint format typecheck wheel installed-wheel clean

demo: .venv-demo/ready
	.venv-demo/bin/chainrule demo $(ARGS)

test: .venv/ready
	.venv/bin/pytest -n auto --maxprocesses 8 --dist worksteal $(ARGS)

# Against the real CuPy and its compiler, which need no GPU for this; in an environment of their own.
surface: .venv-cupy/ready
	.venv-cupy/bin/pytest tests/test_cupy_surface.py tests/test_philox.py tests/test_backends.py $(ARGS)

# PyTorch's operator database: a minute or two. CI runs it with ARGS=--check.
conformance: .venv/ready
	.venv/bin/python tests/conformance $(ARGS)

bench: .venv/ready-bench
	.venv/bin/python benchmarks $(ARGS)

docs: .venv/ready-docs
	.venv/bin/sphinx-build --fail-on-warning --keep-going -q docs site

lint: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

format: .venv/ready
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

wheel: installed-wheel
	.venv-wheel/bin/python -I .ci/check_wheel.py

typecheck: installed-wheel
	cd .venv-wheel && ../.venv/bin/mypy --config-file ../pyproject.toml --python-executable bin/python -p chainrule
	cd .venv-wheel && ../.venv/bin/mypy --strict --config-file= --python-executable bin/python ../.ci/check_wheel.py

clean:
	rm -rf .venv .venv-cupy .venv-demo .venv-wheel build dist site chainrule.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Installed editable, so that an edit is seen at once; the wheel is what `make wheel` and `make typecheck` look at.
.venv-demo/ready: pyproject.toml
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/pip install --quiet -e ".[demo]"
	touch $@

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet -e ".[test,viz,demo]" $(TORCH)
	touch $@

.venv-cupy/ready: pyproject.toml
	$(PYTHON) -m venv .venv-cupy
	.venv-cupy/bin/pip install --quiet -e . "cupy-cuda13x>=14.0,<15" pytest hypothesis scipy psutil ml_dtypes
	.venv-cupy/bin/pip install --quiet --no-deps nvidia-cuda-nvrtc nvidia-cuda-runtime
	touch $@

# Built anew each time, the wheel from the sdist: what a build of another day left behind cannot get into it.
installed-wheel: .venv/ready
	rm -rf dist
	.venv/bin/python -m build --quiet --outdir dist .
	$(PYTHON) -m venv --clear .venv-wheel
	.venv-wheel/bin/pip install --quiet dist/chainrule-*.whl

.venv/ready-bench: .venv/ready
	.venv/bin/pip install --quiet -e ".[bench]"
	touch $@

.venv/ready-docs: .venv/ready
	.venv/bin/pip install --quiet -e ".[docs]"
	touch $@
