# Needs make and Python 3.11 or newer, nothing else. Paths are relative and quoted: the folder may
# have spaces in its name, which make cannot put into a target.

PYTHON := .venv/bin/python
# Programs in .venv/bin name their interpreter by its path, which may be too long for the kernel or
# have a space: every recipe calls modules instead.
TENURE := $(PYTHON) -m orchestration.cli

# Each worker has a database of its own, with a sixteenth of the machine's memory. One more than
# there are processors: a worker waits for its database, a browser, or a process that it has started.
WORKERS := -n $(shell echo $$(($$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) + 1))) --maxprocesses 4

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup run test check app dev stop lint bench clean moved

help: ## Show this list
	@echo "Tenure. The targets; ARGS=\"…\" passes options through:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: .venv/.installed ## Create .venv with every locked package (the others do so by themselves)

run: .venv/.installed ## From raw files to a scored portfolio; without ARGS for the demonstration company
	@$(TENURE) run $(ARGS)

test: .venv/.installed ## Run the tests side by side (ARGS="tests/warehouse -x")
	@$(PYTHON) -m pytest $(WORKERS) $(ARGS)

check: lint ## Check style, types and what needs neither a database nor a simulated company
	@$(PYTHON) -m pytest $(WORKERS) -q -m "not server and not slow" $(ARGS)

app: .venv/.installed ## Open the app
	@$(TENURE) app $(ARGS)

dev: .venv/.installed ## Start Dagster, MLflow and the app together; Ctrl-C stops them
	@$(TENURE) dev $(ARGS)

stop: ## Stop the embedded database
	@if [ -x $(PYTHON) ]; then $(TENURE) stop; else echo "Nothing is installed, so nothing runs."; fi

lint: .venv/.installed ## Check style and types of Python and SQL
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check
	@$(PYTHON) -m pyright
	@$(PYTHON) -m sqlfluff lint --disable-progress-bar --processes 0 dbt_project sources warehouse

bench: .venv/.installed ## Measure speed and accuracy
	@for script in benchmarks/[a-z]*.py; do [ -e "$$script" ] || continue; echo "$$script"; $(PYTHON) -m "benchmarks.$$(basename "$$script" .py)" $(ARGS) || exit 1; done

clean: ## Stop the database, then delete .venv and .tenure with all data in it
	@if [ -x $(PYTHON) ] && [ -e .tenure ]; then $(PYTHON) -c "from warehouse import load_settings, server; server.remove(load_settings(environ={'TENURE_HOME': '.tenure'}))"; fi
	@rm -rf .venv .tenure

# A virtual environment holds absolute paths: one that was moved with its folder is made anew.
ifneq ($(shell cat .venv/.location 2>/dev/null),$(CURDIR))
.venv/.installed: moved
endif

.venv/.installed: requirements.lock pyproject.toml
	@if [ "$$(cat .venv/.location 2>/dev/null)" != "$$(pwd -P)" ]; then rm -rf .venv; fi
	@python=; for name in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	  if "$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then \
	  echo "Tenure needs Python 3.11 or newer with its venv module (Debian: apt install python3-venv)." >&2; \
	  echo "Found: $$(python3 --version 2>&1)" >&2; exit 1; fi; \
	total=$$(grep -c '^[a-zA-Z0-9]' requirements.lock); \
	echo "Installing $$total packages into .venv, once, for $$("$$python" --version)"; \
	if command -v uv >/dev/null 2>&1; then \
	  { [ -x $(PYTHON) ] || uv venv --quiet --python "$$("$$python" -c 'import sys; print(sys.executable)')" .venv; } && \
	  UV_COMPILE_BYTECODE=1 uv pip install --quiet --python $(PYTHON) --require-hashes --no-deps -r requirements.lock && \
	  uv pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation -e . && exit 0; \
	  echo "uv could not (the machine's package mirrors may be known to pip alone): trying pip."; \
	fi; \
	$(PYTHON) -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear .venv || exit 1; \
	{ $(PYTHON) -m pip install --progress-bar off --require-hashes --no-deps -r requirements.lock 2>&1; \
	  echo "status $$?"; } | tee .venv/install.log | awk -v total="$$total" \
	  '/^(Collecting|Processing) / { n++; if (n % 25 == 0) { printf "  %d of %d found\n", n, total; fflush() } } \
	   /^Installing collected/ { print "  all found; unpacking and compiling them"; fflush() } \
	   /^(ERROR|WARNING: Retrying)/ { print; fflush() } \
	   /^status / { status = $$2 } END { exit status }' || \
	  { echo "The packages could not be installed; see .venv/install.log." >&2; exit 1; }; \
	$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation -e .
	@pwd -P > .venv/.location
	@touch $@
	@echo "Ready."
