# Two commands: `make demo` and `make test`. The others are for those who stay.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
MMRAG_HOME ?= $(CURDIR)/.mmrag
export MMRAG_HOME
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.PHONY: demo test dev dev-s3 check format static k8s-render clean help

help:            ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: $(VENV)/.run      ## index the demo corpus, search it, write the report
	@$(BIN)/mmrag demo

dev: $(VENV)/.run       ## open the Dagster UI on the same data
	@echo "The UI opens at http://127.0.0.1:3000 (Dagster's own hint to use 'dg dev' needs no action)"
	@mkdir -p "$(MMRAG_HOME)/dagster" && cp -n dagster.yaml "$(MMRAG_HOME)/dagster/dagster.yaml" || true
	cd "$(MMRAG_HOME)/dagster" && DAGSTER_HOME="$$PWD" "$(CURDIR)/$(BIN)/dagster" dev -w "$(CURDIR)/workspace.yaml"

dev-s3: $(VENV)/.dev    ## a local S3 with the demo corpus, and the UI with the sensors on
	@$(BIN)/python -m demo.dev_s3

test: $(VENV)/.dev      ## run the tests
	$(BIN)/python -m pytest --numprocesses logical

check: static test      ## format, lint, types, floors, tests

static: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev    ## format and mend what a tool can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

k8s-render: $(VENV)/.dev  ## render and check all that a cluster is given, into build/k8s
	@$(BIN)/python -m deploy.render

clean:                  ## remove the environment and the state
	rm -rf $(VENV) .mmrag

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed ($(PYTHON) not found): install it, or say PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing pinned dependencies into $(VENV) (once; a few minutes)"
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/.run
	@echo "Installing what the tests need"
	$(PIP) --editable '.[dev]'
	@touch $@
