# make serve     a server on the real ports + 1000      make serve ARGS="--json"
# make test      every check that needs only Python     make test ARGS="-k starttls"
# make lint      ruff, mypy and pyright
# make coverage  all tests, and a floor of coverage
# make kill-test kills a server under load, 20 times
# make bench     all benchmarks, 10 minutes              make bench ARGS=--quick
# make clean     removes everything that the others created
#
# Each creates its environment first. Another interpreter gets another environment:
#   make test PYTHON=python3.13 VENV=.venv-3.13

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 4
ARGS ?=

# `make serve` needs only what users install.
SERVE := $(VENV)-serve
BIN := $(VENV)/bin
READY := $(VENV)/ready
BENCH := .cache/benchmarks
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: serve test lint pytest kill-test coverage bench bench-peers bench-test clean
.NOTPARALLEL:
.DEFAULT_GOAL := test

serve: $(SERVE)/ready
	@$(SERVE)/bin/fakesmtp serve $(ARGS)

test: lint pytest

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

# `-rs` prints why a test was skipped. make exits with 2 for every failure, so `.cache/pytest-exit`
# keeps the exit code of pytest.
pytest: $(READY)
	@mkdir -p .cache
	$(BIN)/pytest -rs -n $(JOBS) $(ARGS); code=$$?; echo $$code > .cache/pytest-exit; exit $$code

# `make test` kills the server five times.
kill-test: $(READY)
	FAKESMTP_TEST_KILLS=20 $(BIN)/pytest -q tests/cli/test_kill.py tests/cli/test_replicas.py tests/storage/test_writer.py $(ARGS)

# Not part of `make test`: it takes a third more CPU time. coverage starts pytest, because pytest-cov
# would miss the plugin, which pytest imports first. The floor is `fail_under` in pyproject.toml.
coverage: $(READY)
	$(BIN)/coverage run $(BIN)/pytest -q -rs -n $(JOBS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

bench: $(READY)
	@$(BIN)/python -m benchmarks $(ARGS)

# The other servers, if npm and Go are installed; smtp-sink is part of Debian's postfix.
bench-peers:
	-npm install --prefix $(BENCH) --no-audit --no-fund --silent smtp-server@3.21.6
	-GOBIN=$(CURDIR)/$(BENCH)/bin go install github.com/axllent/mailpit@v1.33.1

bench-test: $(READY)
	$(BIN)/python -m pytest benchmarks/tests $(ARGS)

clean: remove-venv
	@$(MAKE) --no-print-directory remove-venv VENV=$(SERVE)
	rm -rf .cache .hypothesis .coverage .coverage.* build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements-dev.lock
	@$(MAKE) --no-print-directory new-venv
	$(PIP) --requirement requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(SERVE)/ready: pyproject.toml requirements-dev.lock
	@$(MAKE) --no-print-directory new-venv VENV=$(SERVE)
	$(SERVE)/bin/python -m pip install --quiet --disable-pip-version-check \
	    --constraint requirements-dev.lock --editable '.[server]'
	@touch $@

.PHONY: new-venv
new-venv: remove-venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo >&2 \
	    "fakesmtp needs Python 3.11 or newer: name one, as in 'make test PYTHON=python3.12'."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Only removes the folder VENV if it is a virtual environment.
.PHONY: remove-venv
remove-venv:
	@if [ -e $(VENV)/pyvenv.cfg ]; then rm -rf $(VENV); fi
