# Everything below needs Python 3.11 or later, git and make; the rest installs itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What is compiled once, tests' rewritten assertions among it, is there for the next run.
unexport PYTHONDONTWRITEBYTECODE
# Modules stay together, so that what their tests share is made once.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help quick test test-all test-tools lint format reference docs pictures demo \
	bench dist release-check clean

help:  ## Show what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*##/\t/' | expand -t 12

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or later is needed: make PYTHON=python3.12"'
	@echo "Installing what development takes into $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --upgrade pip
	@$(BIN)/python -m pip install -qq --editable . --group dev
	@touch $(READY)

quick: $(READY)  ## Run the tests that need no Poetry process, network or browser
	$(PYTEST) -m "not slow and not large" --hypothesis-profile=quick

test: $(READY)  ## Run all tests that take no more than Python, git and the package index
	$(PYTEST) -m "not large"

test-all: $(READY)  ## Run all tests, with branch coverage
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest --numprocesses auto --dist loadfile
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

test-tools:  ## Install what some tests take beside Python (Debian, as root)
	tools/test-tools.sh

lint: $(READY)  ## Check style, types on each system, and the layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --exclude '/(extraction|tracer)\.py$$' src
	$(BIN)/mypy --platform darwin src
	$(BIN)/lint-imports

format: $(READY)  ## Fix what a machine can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

reference: $(READY)  ## Write the page of options out of the command's definition
	$(BIN)/python tools/reference.py

# Material for MkDocs announces the end of its maintenance (May 2027) at each start;
# CONTRIBUTING.md says so, and this silences it, so that each warning is one of ours.
docs: export NO_MKDOCS_2_WARNING := 1
docs: $(READY)  ## Build the site into site/; anything wrong is an error
	$(BIN)/python -m mkdocs --quiet build --strict

pictures: $(READY)  ## Write the README's pictures out of a real run (takes Chromium)
	$(BIN)/python -m tools.pictures

demo: $(READY)  ## Package real examples and run them as Lambda would
	@$(BIN)/python -m docs.examples.demo

bench: $(READY)  ## Measure against package-python-function 1.0.0 in one run
	$(BIN)/python -m bench

dist: $(READY)  ## Build what goes to the package index into dist/
	@$(BIN)/python -m tools.distributions

release-check: dist  ## Build it, and install and use it with the oldest and newest Poetry
	$(PYTEST) tests/release

clean:  ## Remove what the targets have made
	rm -rf $(VENV) dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
