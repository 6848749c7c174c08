# `make demo` and `make test` set up everything they need in .venv; nothing else has to be installed first
# than Python 3.11 or newer. The README gives the plain commands that these stand for.

PYTHON ?= python3
BIN := .venv/bin
SAMPLES := sample_images
export OMP_NUM_THREADS := 1

.PHONY: demo test setup format clean

demo: .venv/user
	@mkdir -p demo
	$(BIN)/ballistics compare $(SAMPLES)/gun-1-case-1.x3p $(SAMPLES)/gun-1-case-2.x3p --report demo/same-gun.html --force
	@echo
	$(BIN)/ballistics compare $(SAMPLES)/gun-1-case-1.x3p $(SAMPLES)/gun-2-case-1.x3p --report demo/other-gun.html --force
	@echo
	$(BIN)/ballistics compare $(SAMPLES)/gun-3-head-1.x3p $(SAMPLES)/gun-3-head-2.x3p --report demo/raw-scans.html --force
	@echo
	$(BIN)/ballistics compare-bullets $(SAMPLES)/bullets/barrel-1-bullet-1 $(SAMPLES)/bullets/barrel-1-bullet-2 --report demo/bullets.html --force
	@echo
	$(BIN)/ballistics compare $(SAMPLES)/photographs/gun-3-head-1-ring.png $(SAMPLES)/photographs/gun-3-head-2-ring.png --pixel-um 10 --light ring --report demo/photographs.html --force
	@echo
	$(BIN)/ballistics view $(SAMPLES)/gun-1-case-1.x3p $(SAMPLES)/gun-1-case-2.x3p --out demo/view.html --force
	@echo
	$(BIN)/accreditation demo demo/unit --force
	@echo
	$(BIN)/accreditation report needs-assessment demo/needs-assessment.html --store demo/unit/records.qms --force
	@echo
	@echo "Open demo/same-gun.html, demo/other-gun.html, demo/raw-scans.html, demo/bullets.html, demo/photographs.html"
	@echo "and demo/view.html (the comparison microscope) in a browser."
	@echo "demo/unit holds the records of an invented crime scene unit; type the lines above with $(BIN)/ before them,"
	@echo "such as $(BIN)/qms due --days 30 --store demo/unit/records.qms (what is overdue and what is coming)."
	@echo "demo/needs-assessment.html is its report."

test: .venv/developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n auto -q

setup: .venv/developer

format: .venv/developer
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/user: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@$(BIN)/python -c "import cv2" || { \
	  echo "OpenCV needs two system libraries; on Debian or Ubuntu: apt-get install libgl1 libglib2.0-0"; \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -q && \
	  apt-get install -q -y libgl1 libglib2.0-0 && $(BIN)/python -c "import cv2"; }
	@touch $@

.venv/developer: .venv/user
	$(BIN)/python -m pip install --quiet --editable ".[postgres,vendor,word]" --group dev
	@touch $@

clean:
	rm -rf .venv demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
