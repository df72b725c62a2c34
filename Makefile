# pointvos: `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
REVIEW_VENV := .venv-review
DOCS_VENV := .venv-docs
DEMO := demo-run
STUDIO := studio-run
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s $$'\t'

$(VENV)/.done: requirements.lock pyproject.toml
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -P pipeline/install_locked.py requirements.lock --download-mb 3575 --disk-mb 7350 --minutes "3 to 20"
	@$(BIN)/pip install -qq --no-deps --no-build-isolation -e .
	@touch $@
	@echo "Set up. Try it with: make studio (click on objects, in your browser) or make demo. Your own videos:"
	@echo "  source $(VENV)/bin/activate"
	@echo "  pointvos studio VIDEOS --run RUN"

$(REVIEW_VENV)/.done: verification_ui/requirements-review.lock | $(VENV)/.done
	@test -x $(REVIEW_VENV)/bin/pip || $(PYTHON) -m venv $(REVIEW_VENV)
	@$(REVIEW_VENV)/bin/python -P pipeline/install_locked.py verification_ui/requirements-review.lock \
	  --download-mb 300 --disk-mb 1000 --minutes "1 to 5"
	@$(BIN)/python -m verification_ui.server.empty_database
	@touch $@

$(DOCS_VENV)/.done: docs/requirements-docs.lock
	@test -x $(DOCS_VENV)/bin/pip || $(PYTHON) -m venv $(DOCS_VENV)
	@$(DOCS_VENV)/bin/python -P pipeline/install_locked.py docs/requirements-docs.lock \
	  --download-mb 30 --disk-mb 170 --minutes 1
	@touch $@

.PHONY: setup
setup: $(VENV)/.done ## make .venv with the locked packages and the project

.PHONY: review-setup
review-setup: $(REVIEW_VENV)/.done ## make .venv-review with Label Studio

.PHONY: demo
demo: setup ## annotate two real clips and show what came out
	@$(BIN)/python -m pipeline.demo --run $(DEMO)

.PHONY: studio
studio: setup ## open the demo's clips in the studio; Ctrl-C ends it
	@$(BIN)/pointvos studio "$$($(BIN)/python -c 'from pipeline.demo.__main__ import clips; print(clips())')" --run $(STUDIO)

.PHONY: review
review: setup review-setup demo ## start Label Studio with the demo's queue; Ctrl-C ends it
	@$(BIN)/pointvos review up --run $(DEMO)

.PHONY: test
test: setup review-setup ## the test suite (15 minutes on 2 cores at most)
	@$(BIN)/python -m pytest -q -m "not slow and not cluster" -n 2 --dist loadfile

.PHONY: check
check: setup ## ruff, mypy, import contracts, docstring examples, sizes
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q schemas stages pipeline verification_ui tests/test_house.py

.PHONY: docs
docs: $(DOCS_VENV)/.done ## build the documentation in build/docs; fails on broken links
	@NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict

.PHONY: check-full
check-full: check docs review-setup ## everything, the slow tests included
	@$(BIN)/python -m pytest -q -m "not cluster" -n 2 --dist loadfile
	@$(BIN)/python -m pytest -q -m cluster tests/cluster

.PHONY: check-cluster
check-cluster: setup ## annotate on a Flink cluster of this machine, parts of it killed; needs Java 17, Maven, root
	@$(BIN)/python -m pytest -q -m cluster tests/cluster -k "not embedded"

.PHONY: check-cluster-quick
check-cluster-quick: setup ## the parts of check-cluster in which a TaskManager and a pool of workers are killed
	@$(BIN)/python -m pytest -q -m cluster tests/cluster -k killed

.PHONY: bench
bench: setup ## measure accuracy, speed and memory; writes build/benchmarks.md
	@$(BIN)/python -m tests.bench

AGAINST =
.PHONY: bench-speed
bench-speed: setup ## speed and memory as ratios, half an hour; AGAINST=TREE compares with another working tree, ONLY=speed measures a part
	@$(BIN)/python -m tests.bench.ratios $(if $(AGAINST),--against $(AGAINST)) $(if $(ONLY),--only $(ONLY))

.PHONY: bench-gpu
bench-gpu: setup ## Cutie against its bare loop and the embedded models on a GPU, six minutes; writes build/gpu.json
	@$(BIN)/python -m tests.bench.gpu

UV := build/lock/bin/uv
COMPILE = $(UV) pip compile --python $(PYTHON) --generate-hashes --no-annotate --no-header --quiet
# Versions that are asked for beside pyproject.toml.
PINNED := torch==2.14.1 torchvision==0.29.1

DOCS_EXTRA = import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["docs"], sep="\n")

.PHONY: lock
lock: ## write the locks, with the hashes of every file of each package; LOCK_FLAGS=--upgrade takes newer versions
	@test -x $(UV) || { $(PYTHON) -m venv build/lock && build/lock/bin/pip install -qq uv==0.13.9; }
	@printf '%s\n' $(PINNED) > build/lock/pinned.txt
	@$(COMPILE) $(LOCK_FLAGS) --extra dev --constraint build/lock/pinned.txt pyproject.toml -o requirements.lock >/dev/null
	@echo label-studio==1.23.2 > build/lock/review.in
	@$(COMPILE) $(LOCK_FLAGS) build/lock/review.in -o verification_ui/requirements-review.lock >/dev/null
	@$(PYTHON) -c '$(DOCS_EXTRA)' > build/lock/docs.in
	@$(COMPILE) $(LOCK_FLAGS) build/lock/docs.in -o docs/requirements-docs.lock >/dev/null
	@sed -i '1i # Written by make lock; installed with --no-deps --require-hashes.' \
	  requirements.lock verification_ui/requirements-review.lock docs/requirements-docs.lock
