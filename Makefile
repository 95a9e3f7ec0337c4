# Two commands: `make demo` shows it, `make test` proves it. Both make .venv on a fresh machine; again, they start at once.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: demo test lint bench clean

demo: $(STAMP)
	@test -f out/probe/probe.json || $(BIN)/rungwise freeze canvas --set surface=compact --split test=60 \
		--tier dp1=1 --tier dp2=1 --tier dp3=1 -k 4 --pool-tasks 64 -o out/probe
	$(BIN)/rungwise run rungs/canvas/demo.toml --out out/demo --ladder out/ladder.db --resume

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python bench/judges.py
	$(BIN)/python bench/learn.py

$(STAMP): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf .venv out
