# Every target may be run again at any time; nothing but .venv, pip's wheel cache and the named system packages is touched.
# Paths are relative, so that a folder with spaces in its name works.

PYTHON ?= python3
PIP = .venv/bin/python -m pip --disable-pip-version-check --quiet install -c constraints.txt
# An editable package is not compiled by pip, and uncompiled every command starts a tenth of a second later.
COMPILE = .venv/bin/python -m compileall -q gastown_tui
ARGS ?=

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##  *\(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: .venv/.run  ## open the console on the town it finds, else on the demo town (ARGS="--town DIR" chooses one)
	@$(COMPILE)
	@set -- $(ARGS); if [ $$# -eq 0 ] && ! .venv/bin/gastown-tui doctor --json | .venv/bin/python -c "$$FOUND"; \
	then echo 'no town found: opening the demo town'; set -- demo; fi; \
	.venv/bin/gastown-tui "$$@" || [ $$? -eq 1 ]

test: .venv/.dev  ## check style, types, import rules, and run all tests
	@$(COMPILE)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m pytest -n 6 --dist worksteal -q

screenshots: .venv/.dev  ## draw screenshots/*.png from the demo town
	.venv/bin/python -m bench.screenshots

bench: .venv/.dev  ## measure, and print the table with its baselines
	.venv/bin/python -m bench

schema: .venv/.dev  ## write the published JSON Schema from its models
	.venv/bin/python -m gastown_tui.schema

lock: .venv/.dev  ## resolve all versions anew and write constraints.txt
	rm -rf .venv/lock && $(PYTHON) -m venv .venv/lock
	.venv/lock/bin/python -m pip --disable-pip-version-check --quiet install editables hatchling
	.venv/lock/bin/python -m pip --disable-pip-version-check --quiet install --no-build-isolation -e '.[dev]'
	.venv/lock/bin/python -m pip --disable-pip-version-check freeze --exclude-editable > constraints.txt
	rm -rf .venv/lock

clean:  ## remove .venv and everything that the other targets made
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A town is found unless the check named "town" failed.
export FOUND = import json, sys; \
  sys.exit(any(c["name"] == "town" and c["status"] == "fail" for c in json.load(sys.stdin)["checks"]))

# A machine lacks at most two things that pip cannot bring: tmux, and on Debian the module behind `python3 -m venv`.
export SYSTEM = missing=; \
  command -v tmux >/dev/null || missing=' tmux'; \
  $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || missing="$$missing python3-venv"; \
  [ -z "$$missing" ] && exit 0; \
  install="apt-get install --yes --no-install-recommends$$missing"; \
  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
    echo "installing with apt-get:$$missing"; $$install >/dev/null 2>&1 || { apt-get update -q && $$install; }; \
  elif command -v apt-get >/dev/null; then echo "missing:$$missing. Run: sudo $$install" >&2; exit 1; \
  else echo "missing:$$missing. Install with your system's package manager, then run make again" >&2; exit 1; fi

.venv/.system:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed (make PYTHON=python3.x)")'
	@sh -c "$$SYSTEM"
	@[ -x .venv/bin/python ] || { echo 'creating .venv'; $(PYTHON) -m venv .venv; }
	@touch $@

.venv/.build: .venv/.system constraints.txt
	@$(PIP) editables hatchling
	@touch $@

.venv/.run: .venv/.build pyproject.toml
	@echo 'installing gastown-tui into .venv'
	@$(PIP) --no-build-isolation -e .
	@touch $@

.venv/.dev: .venv/.build pyproject.toml
	@echo 'installing gastown-tui and its development tools into .venv'
	@$(PIP) --no-build-isolation -e '.[dev]'
	@touch $@ .venv/.run

.PHONY: help run test screenshots bench schema lock clean
