# make run    sets up what is missing and starts the app; PORT=8000 and HOST=0.0.0.0 may follow
# make test   sets up what is missing, checks the style and runs every test
# make quick  the same without the tests that need a browser, data or many seconds
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= $(firstword $(foreach v,python3.13 python3.12 python3.11 python3,\
    $(shell $(v) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $(v))))
VENV ?= .venv
BIN := $(VENV)/bin
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip -qq

# HOST is a variable of some shells too, so it counts only where it is given to make.
LISTEN := $(if $(PORT),GRADIO_SERVER_PORT=$(PORT)) \
    $(if $(filter command line,$(origin HOST)),GRADIO_SERVER_NAME=$(HOST))

# How many processes is in tests/conftest.py; each has one thread, or they would be in each
# other's way. What was compiled once is kept: processes that tests start would compile it anew.
PYTEST := env -u PYTHONDONTWRITEBYTECODE OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

# Debian packages the tests need, as program:package.
TEST_PROGRAMS := chromium:chromium espeak-ng:espeak-ng
# Without PostgreSQL (or GENREGENIE_TEST_DATABASE_URL) the account tests run on SQLite alone, and
# what a shell completes is tried in the shells there are, and so is what stands in front.
# Most pages are drawn by Chromium's shell without windows where there is one.
OPTIONAL_PROGRAMS := pg_ctlcluster:postgresql zsh:zsh fish:fish /usr/sbin/nginx:nginx caddy:caddy \
    chromium-headless-shell:chromium-headless-shell

# What the example clips are played with, and where that lies once installed.
EXAMPLE_PACKAGES := fluidsynth fluid-soundfont-gm
EXAMPLE_FILES := /usr/bin/fluidsynth /usr/share/sounds/sf2/FluidR3_GM.sf2

.PHONY: help run test quick check train lab plots benchmark screenshots network hearing tempo-key examples example-packages system-packages clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "GenreGenie needs Python 3.11 or newer. Install it, or say 'make PYTHON=/path/to/python3 ...'."; exit 1; }
	@echo "Setting up GenreGenie in $(VENV), once. That takes a minute or two."
	@echo "- an environment for Python"
	@$(PYTHON) -m venv $(VENV) || { echo "Python could not make a virtual environment. On Debian: apt-get install python3-venv"; exit 1; }
	@$(PIP) install --upgrade pip

$(VENV)/.run-ready: requirements.txt pyproject.toml | $(BIN)/python
	@echo "- what GenreGenie stands on: about 40 seconds, longer where the network is slow"
	@$(PIP) install --requirement requirements.txt
	@echo "- the command genregenie"
	@$(PIP) install --no-deps --editable .
	@touch $@

$(VENV)/.test-ready: requirements-dev.txt $(VENV)/.run-ready
	@echo "- what the tests stand on: about half a minute"
	@$(PIP) install --requirement requirements-dev.txt
	@touch $@

system-packages:
	@missing=""; \
	wanted="$(TEST_PROGRAMS)"; \
	if [ "$$(id -u)" = 0 ]; then wanted="$$wanted $(OPTIONAL_PROGRAMS)"; fi; \
	for pair in $$wanted; do \
	    command -v "$${pair%%:*}" >/dev/null || missing="$$missing $${pair##*:}"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing$$missing"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	        apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else \
	    echo "The tests need these programs; install them first: sudo apt-get install$$missing"; \
	    exit 1; \
	fi

run: $(VENV)/.run-ready
	@$(LISTEN) $(BIN)/python app.py

check: $(VENV)/.test-ready
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports --no-logo

test: system-packages check
	$(PYTEST)

quick: check
	$(PYTEST) -m "not browser and not data and not slow"

train: $(VENV)/.run-ready
	$(BIN)/genregenie train

lab: $(VENV)/.run-ready
	$(BIN)/genregenie lab

example-packages:
	@if ls $(EXAMPLE_FILES) >/dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing $(EXAMPLE_PACKAGES)"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	        apt-get install -y -qq --no-install-recommends $(EXAMPLE_PACKAGES) >/dev/null; \
	else \
	    echo "The examples are played by FluidSynth; install it first: sudo apt-get install $(EXAMPLE_PACKAGES)"; \
	    exit 1; \
	fi

examples: example-packages $(VENV)/.test-ready
	$(BIN)/python scripts/examples/compose.py

network: $(VENV)/.test-ready
	$(BIN)/python scripts/convert_musicnn.py

hearing: $(VENV)/.test-ready
	$(BIN)/python scripts/learn_hearing.py

tempo-key: $(VENV)/.test-ready
	OMP_NUM_THREADS=1 $(BIN)/python scripts/learn_tempo_key.py

benchmark: $(VENV)/.test-ready
	$(BIN)/python benchmarks/speed.py

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

screenshots: $(VENV)/.test-ready
	$(BIN)/python scripts/screenshots.py

plots: $(VENV)/.run-ready
	$(BIN)/python scripts/lab_plots.py
