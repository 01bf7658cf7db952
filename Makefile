# All set-up logic is in `python -m app setup`.
PYTHON ?= python3
BIN := .venv/bin
LOCKS := app/setup/requirements
LINT := .lint/bin
# Tests start many Pythons: without kept bytecode, each would compile all sources.
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(BIN)/pytest --dist loadfile --no-loadscope-reorder

.PHONY: run setup develop lint check format test test-fast test-crash test-soak test-fuzz test-fuzz-server test-memory test-container pictures coverage bench-setup bench-smoke bench-start bench-record bench-store bench-train bench-server bench-global bench-taste bench-listeners bench-radio bench-sid bench-analysis bench-fidelity bench-similarity bench-collection bench-portability bench-linkability lock dist clean

run: .venv/run
	$(BIN)/python -m app serve

setup: .venv/run
	$(BIN)/python -m app setup

# What checks, tests, and benchmarks need besides.
develop: .venv/development node_modules/.package-lock.json
	$(BIN)/python -m app setup

.venv/run: $(LOCKS)/run.txt $(LOCKS)/uv.txt pyproject.toml app/pyproject.toml
	$(PYTHON) app/setup/install.py --environment .venv run.txt
	touch $@

.venv/development: $(LOCKS)/dev.txt .venv/run
	$(PYTHON) app/setup/install.py --environment .venv dev.txt
	touch $@

node_modules/.package-lock.json: package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

# Needs no set-up: the linters have a folder of their own.
lint:
	PYTHON=$(PYTHON) .ci/fetch-linters
	$(LINT)/ruff check
	$(LINT)/ruff format --check
	$(LINT)/codespell
	$(LINT)/biome ci --colors=off

check: lint develop
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
	$(PYTEST) --numprocesses 2 --maxfail 8

# Needs no browser and no set-up beyond the Python packages. Leaves out what takes longest and changes least.
test-fast: .venv/development
	$(PYTEST) --numprocesses 2 tests/unit --ignore tests/unit/setup --ignore tests/unit/composer \
		--deselect tests/unit/learning/test_trainer.py::test_1000_runs_leak_no_memory

# Kills 1,000 pages, 100 browsers, and 100 tabs that run the engine for two. Takes hours.
test-crash: develop
	$(BIN)/python -m app.setup.chromium
	$(BIN)/pytest tests/crash -s --kills 1000

# Runs the page for an hour, with faults at every seam.
test-soak: develop
	$(BIN)/python -m app.setup.chromium
	$(BIN)/pytest tests/soak -s --soak-minutes 60

# Takes the references of the views again, the docs' pictures, and the recording. Look at them before you commit them.
pictures: develop
	$(BIN)/python -m app.setup.chromium
	$(BIN)/python -m tests.pictures

# Lines that tests reach on CPython, in Pyodide, and in MicroPython. Needs half an hour.
coverage: export SIDFLOW_TEST_LINES = $(CURDIR)/build/coverage
coverage: develop
	$(BIN)/python -m app.setup.chromium
	rm -rf $(SIDFLOW_TEST_LINES) && mkdir -p $(SIDFLOW_TEST_LINES)
	-$(BIN)/python -m coverage run -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder -p tests.coverage.plugin
	$(BIN)/python -m tests.coverage.report $(SIDFLOW_TEST_LINES)

# Takes a quarter of an hour on an idle core.
test-fuzz: develop
	$(BIN)/pytest tests/wasm/test_hostile.py -s --hostile 10000

# Plays two hours of sound by three chips, which takes most of an hour.
test-memory: develop
	$(BIN)/pytest tests/wasm/test_memory.py --sound-seconds 7200

# Sends far more to the server than `make test` does, with new random inputs each time.
test-fuzz-server: develop
	$(BIN)/pytest tests/server/test_fuzz.py tests/server/test_openapi.py --hypothesis-profile long

# Needs no browser; bench-global temporarily needs 3 GB of disk.
bench-server: develop
	$(BIN)/python -m tests.bench.server

bench-global: develop
	$(BIN)/python -m tests.bench.global_training

bench-smoke bench-start bench-record bench-store bench-train bench-sid bench-analysis bench-collection bench-portability: develop
	$(BIN)/python -m app.setup.chromium
	$(BIN)/python -m tests.bench.$(@:bench-%=%)

# Clones into a temporary folder and runs `make run` there with empty caches.
bench-setup:
	$(PYTHON) tests/bench/setup.py

# The first run composes and renders 225 tunes, which takes about 10 minutes.
bench-taste: develop
	$(BIN)/python -m tests.bench.taste

bench-linkability: develop
	$(BIN)/python -m tests.bench.linkability

# Real tunes aren't part of the repository: SIDFLOW_TUNES names the folder that has them.
bench-fidelity bench-similarity: develop
	$(BIN)/python -m tests.bench.$(@:bench-%=%)

# Real listeners' ratings aren't part of the repository: SIDFLOW_LISTENERS names the folder that has them.
bench-listeners bench-radio: develop
	$(BIN)/python -m tests.bench.$(@:bench-%=%)

COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --quiet \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	--no-emit-package sidflow-feedback --no-emit-package sidflow-app-scikit

# Run this after changing a version in a pyproject.toml or package.json. All locks have the versions of dev.txt.
lock: develop
	npm install --ignore-scripts --omit-lockfile-registry-resolved
	$(BIN)/python -m app.setup.relock
	$(COMPILE) --all-extras --group dev -o $(LOCKS)/dev.txt pyproject.toml app/pyproject.toml
	$(COMPILE) -c $(LOCKS)/dev.txt --group setup --group install --group editable -o $(LOCKS)/run.txt \
		pyproject.toml app/pyproject.toml
	$(COMPILE) -c $(LOCKS)/dev.txt --group install -o $(LOCKS)/uv.txt
	$(COMPILE) -c $(LOCKS)/dev.txt --group compiler -o $(LOCKS)/compiler.txt
	$(COMPILE) -c $(LOCKS)/dev.txt --extra training -o deploy/requirements.txt app/pyproject.toml

# Builds a Debian, the container, and PostgreSQL's, and runs them, as root. Takes 10 minutes, podman, and debootstrap.
test-container: develop dist
	$(BIN)/python -m app.setup.chromium
	$(BIN)/pytest tests/deploy/test_container.py -s --containers

# The wheels of the library and of the application, and scikit-learn for the browser.
dist: develop
	rm -f dist/*.whl
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir dist . ./app ./app/scikit

clean:
	rm -rf .venv .lint node_modules static/vendor build dist .mypy_cache .pytest_cache .ruff_cache
