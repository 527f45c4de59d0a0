# `make run` and `make test` set up what they need, on a machine with Python 3.11+, pip, git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COPYDESK = $(BIN)/python -m app

# One thread a matrix product: more of them spin and slow a small machine down.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: run test check setup format lock bench torture clean

run: setup
	@exec $(COPYDESK) serve

test: setup
	$(BIN)/pytest -n 2 --dist loadfile --max-worker-restart 0 $(COVERAGE)

# The tests of `make test`, with every branch counted, which takes half as long again.
check: COVERAGE := --cov --cov-report=term --cov-fail-under=95
check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test COVERAGE="$(COVERAGE)"
	$(BIN)/coverage report --include="content/*" --fail-under=100
	$(BIN)/pytest -q -n 2 --on-postgresql tests/content tests/memory/test_recall.py tests/journeys/test_fault_matrix.py
	$(BIN)/python -m benchmarks.torture --kills 100 --json build/torture.json

setup: $(READY)

$(READY): requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Kills what publishes at random moments; KILLS on each database.
KILLS ?= 1000
torture: setup
	$(BIN)/python -m benchmarks.torture --kills $(KILLS)

bench: setup
	$(BIN)/python -m benchmarks

# The lock files name no package index. Needs uv on the PATH.
lock:
	uv pip compile pyproject.toml --universal --generate-hashes --no-strip-extras --no-emit-index-url --no-header -q -o requirements.txt
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-strip-extras --no-emit-index-url --no-header -q -o requirements-dev.txt
	uv pip compile --group proof --no-deps --universal --generate-hashes --no-strip-extras --no-emit-index-url --no-header -q -o requirements-proof.txt

clean:
	rm -rf $(VENV) build *.egg-info
