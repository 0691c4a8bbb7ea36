# run · test · test-fast · check · bench · ui · clean: hooks and CI call these and nothing else.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed-$(shell cat requirements.lock pyproject.toml | cksum | cut -d' ' -f1)
TEST_STAMP := $(STAMP)-test
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
unexport PYTHONDONTWRITEBYTECODE  # a run starts a process a stage: without bytecode each of them compiles the package anew

.PHONY: run test test-fast check bench ui clean lock install browser

run: $(STAMP)  ## the main job for both packaged problems; problem=located: the demo of relations, in build/located
ifeq ($(problem),located)
	@$(BIN)/python benchmarks/located/build.py build/located
else
	@$(BIN)/tidemill run $(if $(problem),problem=$(problem))
endif

install: $(STAMP)  ## the environment alone

test: $(TEST_STAMP) browser  ## set up what the tests need and run them all
	@$(BIN)/tidemill fetch
	@$(MAKE) --no-print-directory check
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-fast: $(TEST_STAMP)  ## the tests of every package that take no data, no browser and no half second of their own: two minutes on 2 cores
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

check: $(TEST_STAMP)  ## style, types, layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && PYTHONPATH=src $(BIN)/lint-imports

bench: $(TEST_STAMP)  ## the figures of the README
	@$(BIN)/python benchmarks/readme_figures.py

ui: $(STAMP)  ## Prefect, the reports and the studio on this machine
	@$(BIN)/tidemill ui

lock: $(TEST_STAMP)  ## resolve requirements.lock anew, from PyPI alone; CUDA's own packages are left to torch's metadata
	@env -u UV_FIND_LINKS $(BIN)/uv pip compile -q pyproject.toml --all-extras --universal --python-version 3.11 --no-annotate --no-header \
	  | grep -vE '^(nvidia-|cuda-|triton)' > requirements.lock.part && mv requirements.lock.part requirements.lock

clean:  ## everything that can be made again, except fetched packages and DVC's cache
	rm -rf .venv .tidemill build src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	git worktree prune

$(STAMP): | $(BIN)/uv
	@echo "installing from requirements.lock (the first time takes a few minutes)"
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode -e '.[all]' -c requirements.lock
	@rm -f .venv/.installed-* && touch $@

$(TEST_STAMP): | $(STAMP)
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --compile-bytecode -e '.[test]' -c requirements.lock
	@touch $@

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12), (3, 13)))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.12 run" >&2; exit 1; }
	@$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet uv==0.13.9

browser:  ## a real browser for the tests of the pages
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
	  echo "the tests look at pages in Chromium, which is missing; trying apt-get install chromium"; \
	  (apt-get update -qq && apt-get install -y -qq chromium) >/dev/null 2>&1 \
	  || { echo "could not install it: install chromium yourself, then run make test again" >&2; exit 1; }; }
