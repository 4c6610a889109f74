# Everything below needs Python 3.11 or later, git and make; the rest installs itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help test lint format reference docs pictures demo bench clean

help:  ## Show what there is
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*##/\t/'

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or later is needed: make PYTHON=python3.12"'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $(READY)

test: $(READY)  ## Run all tests with branch coverage
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest --numprocesses auto --dist worksteal
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report

lint: $(READY)  ## Check style, types and the layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## Mend what a machine can mend
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
	$(BIN)/python -m docs.examples.demo

bench: $(READY)  ## Measure against package-python-function 1.0.0 in one run
	$(BIN)/python -m bench

clean:  ## Remove what the targets have made
	rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
