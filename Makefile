# pointvos: `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
REVIEW_VENV := .venv-review
DEMO := demo-run
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s $$'\t'

$(VENV)/.done: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV) (a few minutes the first time) …"
	@$(BIN)/pip install -qq --no-deps -r requirements.lock
	@$(BIN)/pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

$(REVIEW_VENV)/.done: verification_ui/requirements-review.lock | $(VENV)/.done
	@test -x $(REVIEW_VENV)/bin/python || $(PYTHON) -m venv $(REVIEW_VENV)
	@echo "Installing Label Studio into $(REVIEW_VENV) …"
	@$(REVIEW_VENV)/bin/pip install -qq --no-deps -r verification_ui/requirements-review.lock
	@$(BIN)/python -m verification_ui.template
	@touch $@

.PHONY: setup
setup: $(VENV)/.done ## make .venv with the locked packages and the project

.PHONY: review-setup
review-setup: $(REVIEW_VENV)/.done ## make .venv-review with Label Studio

.PHONY: demo
demo: setup ## annotate a real clip and show what came out
	@$(BIN)/python -m pipeline.demo --run $(DEMO)

.PHONY: review
review: setup review-setup demo ## start Label Studio with the demo's queue; Ctrl-C ends it
	@$(BIN)/pointvos review up --run $(DEMO)

.PHONY: test
test: setup review-setup ## the test suite (15 minutes on 2 cores at most)
	@$(BIN)/python -m pytest -q -m "not slow" -n 2 --dist loadfile

.PHONY: check
check: setup ## ruff, mypy, import contracts, docstring examples, sizes
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q schemas stages pipeline verification_ui tests/test_house.py

.PHONY: check-full
check-full: check review-setup ## everything, the slow tests included
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile

.PHONY: bench
bench: setup ## measure accuracy, speed and memory; writes BENCHMARKS.md
	@$(BIN)/python -m tests.bench

.PHONY: lock
lock: ## resolve the packages anew from pyproject.toml into requirements.lock
	@rm -rf build/lock && $(PYTHON) -m venv build/lock
	@build/lock/bin/pip install -qq -e '.[dev]' torch==2.14.1 torchvision==0.29.1
	@(echo "# Made by make lock; installed with --no-deps."; build/lock/bin/pip freeze --all --exclude pointvos --exclude pip) > requirements.lock
	@rm -rf build/lock
