# `make demo` and `make test` are all a newcomer needs; both install first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TESTS_STAMP := $(VENV)/.tests-installed
DOCS_STAMP := $(VENV)/.docs-installed
DOCS := build/docs
# Python compiles a module when it is first imported, if it may keep the result;
# all of them take a minute.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	$(if $(PYTHONDONTWRITEBYTECODE),,--no-compile)
# A headless build for machines without libGL; mmcv asks for the other one.
OPENCV := opencv-python-headless==4.12.0.88

.PHONY: help install install-tests demo docs test test-fast test-pages \
	test-projects lint format doctor clean

help:
	@echo 'make install          the stack and this package, into $(VENV)'
	@echo 'make demo [DATA=dir]  best.py without and with CTD-ED, a few faces'
	@echo 'make test             the tests of the package'
	@echo 'make test-fast        a quick part of them'
	@echo 'make test-pages       look at pages in a browser (needs chromium)'
	@echo 'make test-projects    the tests of projects/'
	@echo 'make lint             what CI checks of the style'
	@echo 'make format           mend it'
	@echo 'make docs             these pages as HTML, into build/docs'
	@echo 'make doctor           what is wrong with the installation'

install: $(STAMP)

# Nothing is compiled. mmpose's own requirements do not build any more, so it
# comes without them; mmpose_ctd makes it importable.
$(STAMP): requirements/stack.txt requirements/runtime.txt setup.py
	@echo 'Installing into $(VENV) (about two minutes) ...'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) -r requirements/stack.txt
	@$(PIP) --no-deps mmpose==1.3.2
	@$(BIN)/python -c 'import cv2' 2>/dev/null \
		|| $(PIP) --force-reinstall --no-deps $(OPENCV)
	@$(PIP) --no-build-isolation -e .
	@touch $@
	@echo 'Installed.'

install-tests: $(TESTS_STAMP)

$(TESTS_STAMP): $(STAMP) requirements/tests.txt requirements/compare.txt \
		requirements/export.txt requirements/meshes.txt
	@$(PIP) -r requirements/tests.txt
	@touch $@

demo: $(STAMP)
	@$(BIN)/python tools/misc/demo.py $(if $(DATA),--data '$(DATA)')

# Two processes of one thread each: the networks of the tests are small.
PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile \
	--no-loadscope-reorder

test: $(TESTS_STAMP)
	@$(PYTEST)

# The method, the metrics and the readers: what one edits most.
FAST = tests/test_evaluation tests/test_models/test_losses \
	tests/test_models/test_heads tests/test_models/test_layers.py \
	tests/test_datasets/test_annotation_formats tests/test_input_framing.py \
	tests/test_errors.py tests/test_files.py tests/test_landmark_sides.py \
	tests/test_docs tests/test_apis/test_comparing_plan.py

test-fast: $(TESTS_STAMP)
	@$(PYTEST) -m 'not slow and not pages and not real_data' $(FAST)

test-pages: $(TESTS_STAMP)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m pages tests

test-projects: $(TESTS_STAMP)
	@$(PYTEST) projects

lint: $(TESTS_STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(TESTS_STAMP)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(DOCS_STAMP)
	@OMP_NUM_THREADS=1 $(BIN)/python -m sphinx --quiet --fail-on-warning \
		-c docs -d build/docs-cache . $(DOCS)
	@echo 'Open $(DOCS)/index.html'

$(DOCS_STAMP): $(STAMP) requirements/docs.txt
	@$(PIP) -r requirements/docs.txt
	@touch $@

doctor: $(STAMP)
	@$(BIN)/python -m mmpose_ctd.doctor

clean:
	rm -rf $(VENV) demo_out work_dirs .pytest_cache .ruff_cache .hypothesis
