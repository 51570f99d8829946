# A fresh machine needs Python 3.11 or newer, git and make; every target below brings the rest into .venv by itself.

TARGET ?= examples/leaky-shop
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

BIN := .venv/bin
READY := .venv/.ready

.PHONY: review test format bench mutants score schema lock clean

review: $(READY)  ## review TARGET (a folder) and print the result
	@$(BIN)/tillproof review "$(TARGET)" --fail-on never

test: $(READY)  ## everything that has to hold before a commit
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses auto --dist worksteal

format: $(READY)  ## put the code in order
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY)  ## time and memory per repository; CORPUS=folder of checked-out repositories
	$(BIN)/python benchmarks/bench.py $(if $(CORPUS),--corpus "$(CORPUS)")

mutants: $(READY)  ## weaken the line that proves each `held` ruling; it must turn `broken`
	$(BIN)/python benchmarks/mutants.py $(if $(CORPUS),--corpus "$(CORPUS)")

score: $(READY)  ## precision and recall; CORPUS=checked-out repositories, LABELS=label files, MIRRORS=git directories for the fix pairs
	$(BIN)/python benchmarks/score.py $(if $(CORPUS),--corpus "$(CORPUS)") $(if $(LABELS),--labels "$(LABELS)") $(if $(SCORER),--scorer "$(SCORER)") $(if $(MIRRORS),--mirrors "$(MIRRORS)")

schema: $(READY)  ## write the report's JSON Schema anew after a change of contract.py
	$(BIN)/python -m tillproof.report.json_report > docs/report.schema.json

lock:  ## move every pin in requirements-dev.lock to the newest release
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/pip install --quiet ".[dev]"
	{ sed '/^[^#]/,$$d' requirements-dev.lock; .venv-lock/bin/pip freeze --exclude tillproof; } > .venv-lock/pins
	mv .venv-lock/pins requirements-dev.lock
	rm -r .venv-lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

$(READY): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
