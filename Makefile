# Everything runs in a virtual environment of its own, made on first use; nothing but Python, make and git is needed.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RUN = $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-interpreters test-crash soak test-heavy test-notebooks test-sagemaker check bench bench-peers docs lock clean

help: ## Show what there is.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: $(READY) ## Make the virtual environment.

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or later is needed: make PYTHON=python3.12") if sys.version_info < (3, 10) else None'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade 'pip>=25.1'
	$(RUN) -m pip install --quiet --constraint requirements.lock --editable '.[local,examples,drift,png]' --group dev
	@touch $@

demo: $(READY) ## Retrain a fleet of 195 models on this machine, then the subset of the next week.
	$(RUN) examples/flight_delays/demo.py

test: $(READY) ## Run the tests.
	$(RUN) -m pytest -m 'not crash and not heavy' --numprocesses 3 --dist loadfile

test-interpreters: $(READY) ## Run the core tests on every other interpreter of 3.10 to 3.13 that is found.
	$(RUN) tests/interpreters.py

test-crash: $(READY) ## Kill real processes at random and look at what is left.
	$(RUN) -m pytest -m 'crash and not soak' --numprocesses 3

soak: $(READY) ## Kill the local cloud 250 times under a mixed load, and retrain 195 models through three kills.
	$(RUN) -m tests.crash.soak
	$(RUN) -m pytest -m soak

test-heavy: $(READY) ## Run the AWS CLI, 2.3.0 itself and the benchmarks' small sizes; build the package and install it elsewhere.
	$(RUN) -m pytest -m heavy --numprocesses 3 --dist loadfile

test-notebooks: .venv-notebooks/.ready ## Run the example notebook, and notebooks in JupyterLab in a browser.
	.venv-notebooks/bin/python -m pytest -m heavy tests/notebooks

.venv-notebooks/.ready: tests/notebooks/requirements.txt pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(@D)/bin/python -m pip install --quiet --no-deps --requirement $<
	$(@D)/bin/python -m pip install --quiet --no-deps --editable .
	@touch $@

test-sagemaker: .venv-sagemaker2/.ready .venv-sagemaker3/.ready ## Run the SageMaker steps' tests with line 2 and line 3 of its SDK.
	.venv-sagemaker2/bin/python -m pytest -W ignore tests/sagemaker tests/compat
	.venv-sagemaker3/bin/python -m pytest -W ignore tests/sagemaker

.venv-sagemaker%/.ready: tests/sagemaker/requirements-%.txt pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(@D)/bin/python -m pip install --quiet --no-deps --requirement $<
	$(@D)/bin/python -m pip install --quiet --no-deps --editable .
	@touch $@

check: $(READY) ## Lint and check types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY) ## Measure, and print each number beside its limit.
	$(RUN) benchmarks/run.py

bench-peers: $(READY) ## The workloads beside moto, ministack and LocalStack, into docs/performance.md.
	$(RUN) benchmarks/workloads.py --peers --write

docs: $(READY) ## Write the reference pages anew and check that the documentation's code runs.
	$(RUN) docs/reference/generate.py
	$(RUN) -m pytest tests/docs

lock: $(READY) ## Pin the dependencies anew.
	$(RUN) -m pip install --quiet uv
	{ echo '# Every dependency, pinned, for CPython 3.10 and later. Made by `make lock`.'; \
	  $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.10 --all-extras --group dev \
	    --no-annotate --no-header --quiet; } > requirements.lock
	for line in 2 3; do \
	  { echo "# The tests with line $$line of the SageMaker SDK, pinned, for CPython 3.10 and later. Made by \`make lock\`."; \
	    $(BIN)/uv pip compile pyproject.toml tests/sagemaker/requirements-$$line.in --universal --python-version 3.10 \
	      --no-annotate --no-header --quiet; } > tests/sagemaker/requirements-$$line.txt; done
	{ echo '# The tests in notebooks, pinned, for CPython 3.10 and later. Made by `make lock`.'; \
	  $(BIN)/uv pip compile pyproject.toml tests/notebooks/requirements.in --universal --python-version 3.10 \
	    --extra local --extra examples --extra notebook --extra png --no-annotate --no-header --quiet; } \
	  > tests/notebooks/requirements.txt
	{ echo '# What `record.py` runs with, pinned, for CPython 3.10 and later. Made by `make lock`.'; \
	  $(BIN)/uv pip compile tests/compat/requirements.in --universal --python-version 3.10 \
	    --no-annotate --no-header --quiet; } > tests/compat/requirements.txt

clean: ## Remove what was made here.
	rm -rf $(VENV) .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis
