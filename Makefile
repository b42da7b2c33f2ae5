# What people and CI run. Needs Python 3.11 or newer with venv and pip; uses uv where it is installed.
# The environment is .venv; its stamps tell what is in it, so that nothing is fetched twice.

PYTHON ?= python3
PYTEST_ARGS ?=
# More than there are cores: many tests wait.
JOBS ?= 3
LOCK_ARGS ?=

# Tests start the daemon hundreds of times: what Python compiled is kept, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

UV := $(shell command -v uv)
BIN := .venv/bin
INSTALL = $(if $(UV),$(UV) pip install --python $(BIN)/python --quiet,$(BIN)/python -m pip install --quiet --disable-pip-version-check)
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command 'make lock' $(LOCK_ARGS) pyproject.toml

.PHONY: help run test torture faults hostile fuzz model properties soak api bench limits peers backends e2e systemd check lint types contracts build lock clean browser pictures
.DEFAULT_GOAL := help

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/run.stamp ## run the daemon in the foreground, with its defaults
	@echo 'The commands are in $(BIN); in another shell: export PATH="$(CURDIR)/$(BIN):$$PATH"'
	@$(BIN)/traced run

test: .venv/dev.stamp ## run all tests, in JOBS processes; PYTEST_ARGS='-k spool' runs some
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(PYTEST_ARGS)

# Of each of the next, `make test` runs a short form; docs/delivery.md says what they prove.
TORTURE := tests/torture $(addprefix tests/acceptance/test_,two_daemons.py concurrency.py recorded_sessions.py)
torture: .venv/dev.stamp ## kill the daemon hundreds of times while clients stream; KILLS=300
	TRACED_TORTURE_KILLS=$(or $(KILLS),300) $(BIN)/python -m pytest $(TORTURE) $(PYTEST_ARGS)

FAULTS := tests/faults $(addprefix tests/acceptance/test_,damage.py unavailable.py stop.py accounting.py)
faults: .venv/dev.stamp ## cut the power, fill the disk, damage the file, fail the n-th call, stop with the lock held
	TRACED_FAULTS=long TRACED_DAMAGE=all TRACED_STOP_LONG=1 $(BIN)/python -m pytest $(FAULTS) $(PYTEST_ARGS)

hostile: .venv/dev.stamp ## 10,000 idle clients, a line of 1 GiB, senders that never read
	TRACED_HOSTILE=long $(BIN)/python -m pytest tests/hostile $(PYTEST_ARGS)

fuzz: .venv/dev.stamp ## a million mutated lines through protocol, adapters and store; LINES=1000000
	TRACED_FUZZ_LINES=$(or $(LINES),1000000) $(BIN)/python -m pytest tests/fuzz $(PYTEST_ARGS)

model: .venv/dev.stamp ## hold the real store against a model of the laws; EXAMPLES=2000
	TRACED_MODEL_EXAMPLES=$(or $(EXAMPLES),2000) $(BIN)/python -m pytest tests/model $(PYTEST_ARGS)

properties: .venv/dev.stamp ## hold what must hold of any input against more of it; EXAMPLES=1000
	TRACED_EXAMPLES=$(or $(EXAMPLES),1000) $(BIN)/python -m pytest -m hypothesis tests/agents tests/cli tests/core tests/ingest tests/install tests/show $(PYTEST_ARGS)

soak: .venv/dev.stamp ## an hour at a steady rate with kills, slow clients and readers; SOAK_SECONDS=3600
	TRACED_SOAK_SECONDS=$(or $(SOAK_SECONDS),3600) $(BIN)/python -m pytest -s tests/soak $(PYTEST_ARGS)

api: .venv/dev.stamp ## ask the HTTP API what its description allows, and what it does not; EXAMPLES=300
	TRACED_API_EXAMPLES=$(or $(EXAMPLES),300) $(BIN)/python -m pytest tests/web/test_openapi.py $(PYTEST_ARGS)

SIZE = --rounds $(or $(ROUNDS),5) $(if $(EVENTS),--events $(EVENTS))
LARGE = --keep build/bench/large $(if $(ROWS),--rows $(ROWS))
bench: limits peers ## measure beside limits and peers; ROUNDS=5; in short: ROUNDS=1 EVENTS=2000 ROWS=4000 STEPS=2000

limits: .venv/dev.stamp ## the part of make bench that needs no other programs
	$(BIN)/python -m benchmarks.ingest $(SIZE)
	$(BIN)/python -m benchmarks.breakdown $(SIZE)
	$(BIN)/python -m benchmarks.acks $(SIZE)
	$(BIN)/python -m benchmarks.start $(SIZE)
	$(BIN)/python -m benchmarks.hook
	rm -rf build/bench/large
	$(BIN)/python -m benchmarks.growth $(SIZE) $(LARGE)
	$(BIN)/python -m benchmarks.reading $(SIZE) $(LARGE)
	rm -rf build/bench/large
	$(BIN)/python -m benchmarks.disk $(SIZE)
	$(BIN)/python -m benchmarks.retention --rounds $(or $(ROUNDS),5) $(if $(STEPS),--steps $(STEPS))

peers: .venv/dev.stamp ## the part of make bench beside sqlite-utils, and syslog-ng and socat where they are installed
	$(BIN)/python -m benchmarks.peers $(SIZE) --install

browser: .venv/dev.stamp ## look at the viewer with a real Chromium, which has to be on PATH
	@command -v chromium >/dev/null || { echo 'make browser drives chromium, which is not on PATH: apt-get install chromium'; exit 1; }
	$(BIN)/python -m pytest -m browser tests/browser $(PYTEST_ARGS)

pictures: .venv/dev.stamp ## redraw docs/pictures, with a real Chromium
	PYTHONPATH=tests $(BIN)/python -m support.pictures docs/pictures

BACKENDS := .cache/backends
backends: .venv/dev.stamp $(BACKENDS)/phoenix.stamp $(BACKENDS)/mlflow.stamp ## forward to the real Arize Phoenix and MLflow, 850 MB each from pip, and read back
	TRACED_BACKENDS=$(BACKENDS) $(BIN)/python -m pytest -m backends -rs tests/backends $(PYTEST_ARGS)

# The versions that were tried; each in an environment of its own, for neither likes the other's libraries.
$(BACKENDS)/phoenix.stamp: PACKAGE = arize-phoenix==20.26.1
$(BACKENDS)/mlflow.stamp: PACKAGE = mlflow==3.17.2
$(BACKENDS)/%.stamp:
	$(PYTHON) -m venv $(BACKENDS)/$*
	$(BACKENDS)/$*/bin/python -m pip install --quiet --disable-pip-version-check $(PACKAGE)
	@touch $@

systemd: .venv/dev.stamp ## run the service under a systemd of its own, in namespaces: as root
	$(BIN)/python -m pytest -m systemd -rs tests/systemd $(PYTEST_ARGS)

e2e: .venv/dev.stamp ## run the real agents, which npm fetches, against stand-ins for their models; E2E_VERSIONS=latest tries that of Claude Code, E2E_OTHERS=codex@latest that of others
	@command -v npm >/dev/null || { echo 'make e2e fetches the agents with npm, which is not on PATH: install Node.js 18 or newer'; exit 1; }
	$(BIN)/python -m pytest -m e2e -rs tests/e2e $(PYTEST_ARGS)

check: lint types contracts test ## lint, types, import contracts and tests: what CI runs

lint: .venv/dev.stamp ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/dev.stamp ## mypy, strict; tests may hold any JSON
	$(BIN)/mypy
	MYPYPATH=tests $(BIN)/mypy --explicit-package-bases tests

contracts: .venv/dev.stamp ## imports only point down
	$(BIN)/lint-imports

build: .venv/dev.stamp ## wheel and sdist into dist/
	$(BIN)/python -m build --no-isolation

lock: ## rewrite the lock files from pyproject.toml, with uv; LOCK_ARGS=--upgrade takes newer versions
	$(if $(UV),,$(error make lock needs uv, see CONTRIBUTING.md))
	$(COMPILE) --group dev --all-extras --output-file requirements-dev.lock
	$(COMPILE) --group build --constraints requirements-dev.lock --output-file requirements.lock

clean: ## remove the environment and everything that was built
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/python.stamp:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"$(PYTHON) is Python {v[0]}.{v[1]}, expected 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(if $(UV),$(UV) venv --quiet --seed --allow-existing --python $(PYTHON) .venv,$(PYTHON) -m venv .venv)
	@touch $@

.venv/run.stamp: .venv/python.stamp requirements.lock pyproject.toml traced/__init__.py
	$(INSTALL) -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.lock
	$(INSTALL) -r requirements-dev.lock
	@touch $@
