# `make` alone explains itself. Set-up is remembered by stamp files, so that a second run starts at once and offline.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/*.po))
ASSET_SOURCES := $(shell find assets -type f 2>/dev/null) package.json package-lock.json

# The machine's own Node.js where it is 20 or newer, else the one among our requirements.
NPM = if node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null && npm --version \
	>/dev/null 2>&1; then npm="npm"; else PATH="$(CURDIR)/$(BIN):$$PATH"; npm="npm"; fi; $$npm

# What the help is built of.
HELP_SOURCES := $(shell find docs help -type f -not -name '*.pyc' 2>/dev/null) pyproject.toml

.PHONY: help run setup demo bench test test-slow fuzz audit-requirements lint assets docs messages translations \
	screenshots lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## Set up what is missing and start everything; Ctrl-C stops it
	@exec $(BIN)/python run.py

setup: $(VENV)/.requirements assets translations docs ## Set up what running needs

demo: setup ## Fill Kortisto with a demo organisation, whether it is running or not
	@$(BIN)/flask --app app load-demo

bench: setup ## Measure lists, filters, writing and letters at 100,000 companies (see docs/benchmarks.md)
	@$(BIN)/python -m benchmarks

test: setup $(VENV)/.requirements-dev ## Set up and run the tests, slow ones aside
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-slow: setup $(VENV)/.requirements-dev ## Set up and run the slow tests: whole processes, scale, kills
	$(BIN)/python -m pytest -n 2 -m slow

fuzz: setup $(VENV)/.requirements-dev ## Damage templates and REST calls by chance, once with a new seed
	KORTISTO_FUZZ_SEED=$$($(BIN)/python -c 'import secrets; print(secrets.randbelow(10**9))') KORTISTO_FUZZ_EXAMPLES=40 \
	KORTISTO_FUZZ_WHOLE=1 \
	$(BIN)/python -m pytest -m slow tests/word/test_fuzz.py tests/rest/test_schemathesis.py

audit-requirements: setup ## Ask PyPI's and npm's advisories about the pinned versions
	@$(BIN)/python -m venv build/audit
	@build/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	build/audit/bin/pip-audit --disable-pip --no-deps -r requirements.txt
	@$(NPM) audit --omit=dev

lint: $(VENV)/.requirements $(VENV)/.requirements-dev ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/mypy

assets: static/dist/.built ## Build scripts, styles and icons into static/dist

translations: $(CATALOGUES) ## Compile the translations

docs: build/help/.built ## Build the help, which the program serves at /help

messages: $(VENV)/.requirements ## Collect new texts into the translations, for translating
	$(BIN)/python .ci/messages.py

screenshots: setup $(VENV)/.requirements-dev ## Take the README's pictures anew, of the demo organisation
	$(BIN)/python -m tests.screenshots

lock: $(VENV)/.requirements-dev ## Pin the newest versions that requirements*.in allow
	$(BIN)/python .ci/lock.py

clean: ## Remove what was built; the data folder stays
	rm -rf $(VENV) node_modules static/dist build .pytest_cache .mypy_cache .ruff_cache
	find translations -name '*.mo' -delete 2>/dev/null || true
	find . -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@set -e; found=; \
	for python in python3.13 python3.12 python3.11 python3; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "Kortisto needs Python 3.11 or newer: install it and run make again." >&2; exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "This $$found has no venv: install it (on Debian and Ubuntu: apt install python3-venv) and run make again." >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$found --version)"; \
	$$found -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.requirements: requirements.txt | $(VENV)/bin/python
	@echo "Installing the requirements"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.requirements-dev: requirements-dev.txt $(VENV)/.requirements
	@echo "Installing the requirements of the tests"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

node_modules/.installed: package.json package-lock.json | $(VENV)/.requirements
	@echo "Installing the packages of the assets"
	@$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

static/dist/.built: $(ASSET_SOURCES) node_modules/.installed
	@echo "Building the assets"
	@$(NPM) run --silent build
	@touch $@

build/help/.built: $(HELP_SOURCES) static/dist/.built | $(VENV)/.requirements
	@echo "Building the help"
	@for language in en fi; do \
		said=$$(NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --config-file help/$$language.yml 2>&1) || \
			{ echo "$$said" >&2; exit 1; }; \
	done
	@touch $@

%.mo: %.po | $(VENV)/.requirements
	@$(BIN)/pybabel --quiet compile --input-file=$< --output-file=$@
