# make run and make test need Python 3.11 or newer, git and make, and nothing done first.
# Another interpreter:  make test PYTHON=python3.13
# Packages come from wherever your pip is configured to get them, and only with the hashes pinned here.

PYTHON ?= python3
PYTEST_ARGS ?=
PYTEST_WORKERS ?= auto

VENV := .venv
WHEEL_VENV := .venv-wheel
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

# A stamp carries the Python version: naming another interpreter rebuilds the environment.
MADE := $(VENV)/.made-$(PYTHON_VERSION)
RUNTIME := $(VENV)/.runtime-$(PYTHON_VERSION)
DEV := $(VENV)/.dev-$(PYTHON_VERSION)
LINKS := $(VENV)/typing/paracle/__init__.py
WHEEL_MADE := $(WHEEL_VENV)/.made-$(PYTHON_VERSION)
WHEEL_READY := $(WHEEL_VENV)/.ready-$(PYTHON_VERSION)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help run test dev format lint types imports wheel wheel-test bench soak snapshots docs lock clean
.DEFAULT_GOAL := help

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: $(RUNTIME) ## set up what is needed and run the demonstration
	$(VENV)/bin/paracle demo

test: lint types imports wheel-test ## every check, and the tests against the built wheel

dev: $(DEV) $(LINKS) ## .venv with the project (editable) and every development tool

format: $(DEV) ## format and sort the code
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

lint: $(DEV) ## ruff
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: $(DEV) $(LINKS) ## mypy --strict, tests included
	$(VENV)/bin/mypy

imports: $(DEV) ## the import contracts
	$(VENV)/bin/lint-imports

wheel: $(DEV) $(WHEEL_READY) ## build the wheel into .venv-wheel/dist
	rm -rf build *.egg-info $(WHEEL_VENV)/dist
	$(VENV)/bin/python -m build --wheel --no-isolation --outdir $(WHEEL_VENV)/dist . >$(WHEEL_VENV)/build.log 2>&1 \
		|| { cat $(WHEEL_VENV)/build.log; exit 1; }
	rm -rf build *.egg-info

# The tests are copied away from the checkout: beside it, `import paracle` could find the source and
# package data missing from the wheel would go unnoticed.
wheel-test: wheel ## the tests against the installed wheel
	$(WHEEL_VENV)/bin/pip install --quiet --no-deps --no-index --force-reinstall $(WHEEL_VENV)/dist/*.whl
	rm -rf $(WHEEL_VENV)/run && mkdir $(WHEEL_VENV)/run
	cp -R tests pyproject.toml $(WHEEL_VENV)/run/
	cd $(WHEEL_VENV)/run && PARACLE_CHECKOUT="$(CURDIR)" PARACLE_WHEELS="$(CURDIR)/$(WHEEL_VENV)/dist" \
		../bin/python -m pytest -n $(PYTEST_WORKERS) --maxprocesses 4 --dist loadfile $(PYTEST_ARGS)

bench: $(DEV) ## the measured figures beside their limits
	$(VENV)/bin/python -m pytest tests/benchmarks -s -q -m "not soak" $(PYTEST_ARGS)

soak: $(DEV) ## the long-running measurements
	$(VENV)/bin/python -m pytest tests/benchmarks -s -q -m soak --timeout=0 $(PYTEST_ARGS)

snapshots: $(DEV) ## accept what the screens look like now
	$(VENV)/bin/python -m pytest tests/snapshots --snapshot-update $(PYTEST_ARGS)

docs: $(DEV) ## write the generated reference and the JSON Schemas anew
	$(VENV)/bin/python -m tests.support.reference

# Resolves pyproject.toml for every platform and Python at once; needs uv (https://docs.astral.sh/uv/).
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: ## pin the newest allowed versions in requirements*.txt
	@command -v uv >/dev/null || { echo 'make lock needs uv: https://docs.astral.sh/uv/' >&2; exit 1; }
	$(LOCK) --upgrade pyproject.toml -o requirements.txt
	$(LOCK) --upgrade pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	$(LOCK) --upgrade --group build -c requirements-dev.txt -o requirements-build.txt

clean: ## remove environments, builds and caches
	rm -rf $(VENV) $(WHEEL_VENV) build dist *.egg-info
	rm -rf .benchmarks .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

define make_venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Paracle needs Python 3.11 or newer; \`$(PYTHON)\` is $$($(PYTHON) --version 2>&1 || true)." >&2; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "\`$(PYTHON)\` cannot make virtual environments: its ensurepip or venv module is missing." >&2; \
		echo "On Debian and Ubuntu: apt install python3-venv. Or: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Making $(1) with $(PYTHON) $(PYTHON_VERSION)"
	@$(PYTHON) -m venv --clear $(1)
	@touch $@
endef

$(MADE):
	$(call make_venv,$(VENV))

$(WHEEL_MADE):
	$(call make_venv,$(WHEEL_VENV))

$(RUNTIME): requirements.txt requirements-build.txt pyproject.toml | $(MADE)
	@echo "Installing the pinned packages"
	@$(VENV)/bin/pip install --quiet --require-hashes -r requirements.txt -r requirements-build.txt
	@PYTHONWARNINGS=ignore $(VENV)/bin/pip install --quiet --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@echo "Installing the pinned development tools"
	@$(VENV)/bin/pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

$(WHEEL_READY): requirements-dev.txt | $(WHEEL_MADE)
	@echo "Installing the pinned packages for the tests"
	@$(WHEEL_VENV)/bin/pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

# mypy reads the package under its own name, whatever the checkout's folder is called.
$(LINKS): | $(MADE)
	@mkdir -p $(@D)
	@for entry in app screens widgets __init__.py __main__.py py.typed; do \
		ln -sfn "$(CURDIR)/$$entry" "$(@D)/$$entry"; done
