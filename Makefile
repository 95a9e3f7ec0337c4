# Two commands: `make demo` shows it, `make test` proves it. Both make .venv on a fresh machine; again, they start at once.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: demo test lint bench clean

demo: $(STAMP)
	@mkdir -p out
	$(BIN)/rungwise check canvas
	$(BIN)/rungwise judge canvas --tasks demo/tasks.jsonl --answers demo/answers.jsonl --repaired > out/verdicts.jsonl
	$(BIN)/rungwise show canvas --task demo/tasks.jsonl --answer demo/answers.jsonl --repaired -o out/demo.html
	@echo "Verdicts: out/verdicts.jsonl. Open out/demo.html in a browser to see the canvases."

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
