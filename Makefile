# All set-up logic is in `python -m app setup`.
PYTHON ?= python3
BIN := .venv/bin
REQUIREMENTS := app/setup/requirements.txt
LINT := .lint/bin
# Tests start many Pythons: without kept bytecode, each would compile all sources.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(BIN)/pytest --dist loadfile --no-loadscope-reorder

.PHONY: run setup lint check format test test-fast test-crash test-fuzz test-fuzz-server coverage bench-smoke bench-start bench-record bench-store bench-train bench-server bench-global bench-taste bench-sid bench-collection lock dist clean

run: .venv/installed
	$(BIN)/python -m app serve

setup: .venv/installed
	$(BIN)/python -m app setup

.venv/installed: $(REQUIREMENTS) pyproject.toml app/pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --require-hashes -r $(REQUIREMENTS)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

# Needs no set-up: the linters have a folder of their own.
lint:
	PYTHON=$(PYTHON) .ci/fetch-linters
	$(LINT)/ruff check
	$(LINT)/ruff format --check
	$(LINT)/codespell
	$(LINT)/biome ci --colors=off

check: lint setup
	$(BIN)/mypy
	for config in tsconfig*.json; do node_modules/.bin/tsc --project $$config || exit 1; done

format:
	PYTHON=$(PYTHON) .ci/fetch-linters
	$(LINT)/ruff check --fix
	$(LINT)/ruff format
	$(LINT)/biome check --colors=off --write

test: check
	$(BIN)/python -m app.setup.chromium
	# At worst, each failed test has waited for its whole patience, five minutes: stop before that takes hours.
	$(PYTEST) --numprocesses 3 --maxfail 8

# Needs no browser and no set-up beyond the Python packages: tests of what set-up makes are skipped before it.
test-fast: .venv/installed
	$(PYTEST) --numprocesses 2 tests/unit

test-crash: setup
	$(BIN)/python -m app.setup.chromium
	$(BIN)/pytest tests/crash -s --kills 100

# Lines that tests reach on CPython, in Pyodide, and in MicroPython. Needs half an hour.
coverage: export SIDFLOW_TEST_LINES = $(CURDIR)/build/coverage
coverage: setup
	$(BIN)/python -m app.setup.chromium
	rm -rf $(SIDFLOW_TEST_LINES) && mkdir -p $(SIDFLOW_TEST_LINES)
	-$(BIN)/python -m coverage run -m pytest --numprocesses 2 --dist loadfile -p tests.coverage.plugin
	$(BIN)/python -m tests.coverage.report $(SIDFLOW_TEST_LINES)

# Takes a quarter of an hour on an idle core.
test-fuzz: setup
	$(BIN)/pytest tests/wasm/test_hostile.py -s --hostile 10000

# Sends far more to the server than `make test` does, with new random inputs each time.
test-fuzz-server: setup
	$(BIN)/pytest tests/server/test_fuzz.py tests/server/test_openapi.py --hypothesis-profile long

# Needs no browser; bench-global temporarily needs 3 GB of disk.
bench-server: setup
	$(BIN)/python -m tests.bench.server

bench-global: setup
	$(BIN)/python -m tests.bench.global_training

bench-smoke bench-start bench-record bench-store bench-train bench-sid bench-collection: setup
	$(BIN)/python -m app.setup.chromium
	$(BIN)/python -m tests.bench.$(@:bench-%=%)

# The first run composes and renders 225 tunes, which takes about 10 minutes.
bench-taste: setup
	$(BIN)/python -m tests.bench.taste

# Run this after changing a version in a pyproject.toml or package.json.
lock: setup
	npm install --ignore-scripts --omit-lockfile-registry-resolved
	$(BIN)/python -m app.setup.relock
	$(BIN)/uv pip compile --universal --python-version 3.11 --all-extras --group dev --generate-hashes --no-annotate \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet \
		--no-emit-package sidflow-feedback --no-emit-package sidflow-app-scikit -o $(REQUIREMENTS) pyproject.toml app/pyproject.toml

# The wheels of the library and of the application, and scikit-learn for the browser.
dist: setup
	rm -f dist/*.whl
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir dist . ./app ./app/scikit

clean:
	rm -rf .venv .lint node_modules static/vendor build dist .mypy_cache .pytest_cache .ruff_cache
