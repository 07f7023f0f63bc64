# Two commands for a newcomer: `make demo` and `make test`. The others are what they are made of.
VENV := .venv
PYTHON := $(VENV)/bin/python
PORT ?= 8501
# Most of what is installed is never run: what is, Python compiles at its first use, once. (0 is how pip is told not to.)
export PIP_NO_COMPILE := 0
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo app install test check format

# Install, make the sample project, start its first run in the background, open the app.
demo: install
	$(PYTHON) -m lane_core demo --port $(PORT)

# Open the app on what is there.
app: install
	$(PYTHON) -m lane_core app --port $(PORT)

install: $(VENV)/installed

$(VENV)/installed: requirements.txt
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --requirement requirements.txt
	touch $@

$(VENV)/installed-for-tests: $(VENV)/installed tests/requirements.txt
	$(PYTHON) -m pip install --quiet --requirement tests/requirements.txt
	touch $@

# Checks, then every other test, two at a time: more get in each other's way on two cores. Those of the browser need
# Debian's chromium (.ci/run installs it); one that fails has a second try, because a machine may be held up for longer
# than it waits, and the summary names it (RERUN).
test: check
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest --numprocesses 2 --dist loadfile \
		--ignore tests/browser --ignore tests/test_architecture.py
	OMP_NUM_THREADS=1 $(PYTHON) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder \
		--reruns 1 -raR tests/browser

# Lint, format, types, and the arrows between the rooms.
check: $(VENV)/installed-for-tests
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy --num-workers 2
	$(PYTHON) -m pytest --quiet tests/test_architecture.py

format: $(VENV)/installed-for-tests
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .
