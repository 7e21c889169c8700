# Everything below builds .venv by itself on a machine that has only python3 (3.11 or newer) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := $(VENV)/.tools
# Dozens of interpreters start here; each reads what the first one compiled, whatever the surroundings say.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test lint bench docs clean

help:
	@echo "make demo    plan the reference scenario and write its report"
	@echo "make test    run every test"
	@echo "make lint    check style and types"
	@echo "make bench   run the benchmarks"
	@echo "make docs    build the documentation site in site/"
	@echo "make clean   remove .venv and caches (never runs or demo results)"

demo: $(READY)
	@$(BIN)/planner demo

test: $(TOOLS)
	@sh tests/setup-system.sh
	@$(BIN)/python -c 'import cbcbox' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[cbc]'
	@$(BIN)/python -c 'import importlib.util as u, sys; sys.exit(not (u.find_spec("pyDMNrules") and u.find_spec("SpiffWorkflow")))' || $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[oracles]' || echo "the DMN engine cannot be installed; its tests are skipped" >&2
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(TOOLS)
	$(BIN)/python -m pytest tests/benchmarks -o python_files='bench_*.py' -o faulthandler_timeout=0 -s

docs: $(TOOLS)
	@$(BIN)/python -c 'import material' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "site/index.html"

clean:
	rm -rf $(VENV) site .pytest_cache .mypy_cache .ruff_cache .hypothesis

# What the planner itself needs; a planner who wants to see plans does not wait for what checks them.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python %d.%d is too old, 3.11 is needed; try: make PYTHON=python3.12" % sys.version_info[:2])'
	@$(PYTHON) -m venv $(VENV) || { echo "python3 -m venv does not work here; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@echo "compiling the numerical kernels, once" && $(BIN)/planner run scenarios/minimal.yaml --out $(VENV)/first --seed 1 --workers 1 --quiet >/dev/null
	@touch $(READY)

$(TOOLS): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(TOOLS)
