# `make help` lists the targets. Needed beforehand: make and Python 3.11, 3.12 or 3.13.

PYTHON ?= python3
PORT ?= 8000
# Of each kernel and test process. The digits of a training depend on it, which no test may notice: THREADS=2 tries that.
THREADS ?= 1
export UNET_COURSE_THREADS := $(THREADS)
BIN := .venv/bin

FEW_THREADS := OMP_NUM_THREADS=$(THREADS) TF_NUM_INTRAOP_THREADS=$(THREADS) TF_NUM_INTEROP_THREADS=$(THREADS) \
	NUMBA_NUM_THREADS=$(THREADS)
# Two at a time: each may hold both frameworks in memory. A file's tests stay together, as the cells of a notebook must.
TWO := -n 2 --dist loadfile
# Under the variables with which the notebooks were executed.
NBVAL = $(BIN)/python -m unet_course.publishing.execution $(BIN)/python -m pytest $(TWO) --nbval-current-env \
	--nbval-cell-timeout 600 --nbval-sanitize-with tests/nbval_sanitize.cfg

.DEFAULT_GOAL := help
.PHONY: help env book quick test serve student instructor offline pdf laptop notebooks lint lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

env: .venv/.stamp  ## make the environment in .venv (quick when nothing changed)

.venv/.stamp: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "The course needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is another one or missing. Name one:" \
			"make env PYTHON=python3.11"; exit 1; }
	@echo "Making the environment in .venv. The first time this downloads several gigabytes of packages."
	@$(PYTHON) -m venv .venv || { \
		echo "Python's venv module is incomplete; on Debian and Ubuntu: sudo apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install -r requirements.lock
	$(BIN)/python -m pip install --no-deps --no-build-isolation -e .
	@touch $@

book: env  ## run what changed of every chapter, in both frameworks, and build the site
	$(BIN)/unet-course book

quick: env  ## the tests that train nothing and open no browser: under a minute
	$(FEW_THREADS) $(BIN)/python -m pytest $(TWO) -q -m "not slow" tests/unit tests/data tests/faults tests/book

test: book  ## all tests: the package, the site in a browser, and every notebook run again and compared
	@# What this machine has just executed must come out the same, word for word. tests/book/test_export.py holds the
	@# committed notebooks to these: the same code, and outputs that differ at most in the numbers of trainings.
	@# In the order of folders: by their number of tests, files with a few long ones would come last, on one core.
	@failed=""; \
	$(FEW_THREADS) $(BIN)/python -m pytest $(TWO) --no-loadscope-reorder || failed="$$failed, the package and the site"; \
	$(NBVAL) --nbval _build/executed/smoke || failed="$$failed, the notebooks run again"; \
	if [ -n "$$failed" ]; then echo "make test: FAILED: $${failed#, }"; exit 1; fi; \
	echo "make test: everything passed: the package and the site, the notebooks run again"

serve: book  ## show the site on http://127.0.0.1:8000 (another port: PORT=8080)
	@echo "The site is at http://127.0.0.1:$(PORT) until you press Ctrl-C."
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

student: book  ## a folder for students: the site, and notebooks with solutions folded away
	$(BIN)/unet-course edition student

instructor: book  ## a folder for instructors: plans, slides, answers, timings, notebooks with solutions
	$(BIN)/unet-course edition instructor

offline: book  ## a folder for a room without internet: wheels (1.3 GB; with CUDA several), data, the student edition
	$(BIN)/unet-course edition offline

pdf: book  ## the whole book in one file, printed by Chromium
	$(BIN)/unet-course edition pdf

laptop: env  ## run every chapter on real data with the laptop profile; writes records to book/results
	$(BIN)/unet-course run all --profile laptop

notebooks: env  ## write the committed notebooks anew
	$(BIN)/unet-course notebooks

lint: env  ## check the style of the code
	$(BIN)/ruff check .

lock: env  ## write requirements.lock anew, with today's newest versions
	$(PYTHON) -m venv --clear _build/lock
	_build/lock/bin/python -m pip install --upgrade pip
	_build/lock/bin/python -m pip install -e '.[keras,torch,beyond,book,dev]'
	_build/lock/bin/python -m pip list --format=freeze --exclude unet-course --exclude pip \
		| sed 's/+[a-z0-9.]*$$//' > requirements.lock

clean:  ## remove what was built and the caches, not .venv
	rm -rf _build dist .hypothesis .pytest_cache .ruff_cache
