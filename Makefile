# make run: set everything up and open the window.   make test: set everything up, check and test.   make check: no tests.
# Needs only make, python3 with venv, and git.

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/pip --disable-pip-version-check
CPU_BUILDS := https://download.pytorch.org/whl/cpu

.PHONY: run test check bench clean

run: $(VENV)/run-ready
	$(VENV)/bin/vae-explorer

test: check
	$(VENV)/bin/pytest --numprocesses 2 --dist loadfile --max-worker-restart 0

check: $(VENV)/test-ready
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/typos
	$(VENV)/bin/mypy

bench: $(VENV)/test-ready
	for script in benchmarks/[a-z]*.py; do $(VENV)/bin/python $$script --quick || exit 1; done

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/run-ready: pyproject.toml constraints.txt | $(VENV)/torch-ready
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@$(MAKE) --no-print-directory system-libraries
	@touch $@

$(VENV)/test-ready: $(VENV)/run-ready
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

# PyPI's torch for Linux brings CUDA, some 3 GB; without an NVIDIA driver the CPU build (200 MB) does the same.
$(VENV)/torch-ready: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "VAE Explorer needs Python 3.11 or newer: make PYTHON=python3.12 run")'
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV) || \
	  { echo "The virtual environment could not be made: apt-get install -y python3-venv"; exit 1; }
	@version=$$($(PIP) install --dry-run --no-deps --quiet --report - --constraint constraints.txt torch \
	  | $(VENV)/bin/python -c 'import json, sys; print([i["metadata"]["version"] for i in json.load(sys.stdin)["install"]])'); \
	if [ "$$(uname -s)" != Linux ] || command -v nvidia-smi >/dev/null || [ "$${version#*+cpu}" != "$$version" ] || [ "$$version" = "[]" ]; \
	then echo "Installing torch $$version"; $(PIP) install --quiet --constraint constraints.txt torch; \
	else echo "Installing torch for the CPU, about 200 MB"; \
	  $(PIP) install --quiet --constraint constraints.txt --extra-index-url $(CPU_BUILDS) torch; fi
	@touch $@

.PHONY: system-libraries
system-libraries:
	@packages=$$($(VENV)/bin/python -m vae_explorer.system_libraries); \
	if [ -z "$$packages" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	then echo "Installing $$packages"; apt-get update -qq && apt-get install -y -qq --no-install-recommends $$packages >/dev/null; \
	else echo "Qt needs system libraries that are missing here. On Debian or Ubuntu: sudo apt-get install -y $$packages"; fi
