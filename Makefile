# `make help` lists the targets. Needed beforehand: make and Python 3.11, 3.12 or 3.13.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin

# What kernels that run chapters get; the same as `kernel_environment` in unet_course/execution.py (a test holds them together).
ONE_THREAD := OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 NUMBA_NUM_THREADS=1
KERNEL_ENVIRONMENT := IPYTHONDIR="$(CURDIR)/_build/ipython" TQDM_DISABLE=1 TF_CPP_MIN_LOG_LEVEL=3 PYTHONHASHSEED=0 \
	OMP_WAIT_POLICY=passive UNET_COURSE_STATIC=1 UNET_COURSE_OFFLINE=1 $(ONE_THREAD)
# Two at a time: each may hold both frameworks in memory. A file's tests stay together, as the cells of a notebook must.
TWO := -n 2 --dist loadfile
NBVAL = $(KERNEL_ENVIRONMENT) $(BIN)/python -m pytest $(TWO) --nbval-current-env --nbval-cell-timeout 600 \
	--nbval-sanitize-with tests/nbval_sanitize.cfg

.DEFAULT_GOAL := help
.PHONY: help env book test serve student instructor room laptop notebooks lint lock clean

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

test: book  ## all tests: the package, the site in a browser, and every notebook run again and compared
	$(ONE_THREAD) $(BIN)/python -m pytest $(TWO)
	rm -rf _build/ipython && cp -R book/kernel _build/ipython
	@# What this machine has just executed must come out the same, word for word. tests/book/test_export.py holds the
	@# committed notebooks to these: the same code, and outputs that differ at most in the last digits of a training.
	$(NBVAL) --nbval _build/executed/smoke

serve: book  ## show the site on http://127.0.0.1:8000 (another port: PORT=8080)
	@echo "The site is at http://127.0.0.1:$(PORT) until you press Ctrl-C."
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

student: book  ## a folder for students: the site, and notebooks with solutions folded away
	$(BIN)/unet-course edition student

instructor: book  ## a folder for instructors: plans, slides, answers, timings, notebooks with solutions
	$(BIN)/unet-course edition instructor

room: book  ## a folder for a room without internet: wheels (1.3 GB; with CUDA several), data, the student edition
	$(BIN)/unet-course edition room

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
