# Every target sets up what it needs; `make demo` and `make test` work on a fresh machine that has
# Python >= 3.11 and make (and, for a browser and PostgreSQL that are missing, apt and root).

SHELL   := /bin/bash
VENV    ?= .venv
BIN     := $(VENV)/bin
LINEAGE := $(BIN)/lineage
STAMP   := $(VENV)/.ready
PYTHON  ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# Folders with code, as far as there is any.
CODE = $(foreach folder,lineage app tests benchmarks scripts,$(if $(shell \
	find $(folder) -name '*.py' -print -quit 2>/dev/null),$(folder)))

# What `make demo` asks.
DEMO        := fixtures/demo
DEMO_STORE  := .lineage/demo.db
DEMO_CHANGE := --rename billing.invoices.amount=amount_gross

.DEFAULT_GOAL := help
.PHONY: help setup system test lint demo bench screenshots lock wheel clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## make the environment in .venv, once

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found; set PYTHON=/path/to/python3." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null || { echo "Python's venv module is missing; install it (Debian: python3-venv)." >&2; exit 1; }; \
		apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Chromium and PostgreSQL are needed by tests only. Without root they have to be there already, or
# the tests that need them are skipped (and fail where CI or LINEAGE_REQUIRE_ALL is set).
system:
	@missing=""; \
	command -v chromium chromium-browser google-chrome >/dev/null || missing="$$missing chromium"; \
	compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing="$$missing postgresql"; \
	if test -n "$$missing"; then \
		if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
			echo "installing$$missing"; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing fonts-dejavu-core >/dev/null; \
		else echo "missing$$missing: what needs it will be skipped"; fi; fi

test: setup system ## run the whole suite, browser tests included
	$(BIN)/python .ci/suite.py

lint: setup ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo

demo: setup ## ask the demo estate what breaks, then open the explorer on it
	$(LINEAGE) ingest $(DEMO) --store $(DEMO_STORE)
	$(LINEAGE) impact --store $(DEMO_STORE) $(DEMO_CHANGE)
	$(LINEAGE) explore --store $(DEMO_STORE)

bench: setup ## measure; prints a table a benchmark
	$(BIN)/python -m benchmarks

screenshots: setup system ## picture every page of the explorer, light and dark, into docs/screenshots
	$(BIN)/python -m benchmarks.screenshots

lock: ## pin the newest allowed versions again
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--no-emit-index-url --no-header --quiet --upgrade --output-file requirements.lock

wheel: setup ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

clean: ## remove the environment and everything that commands wrote
	rm -rf $(VENV) .lineage build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
