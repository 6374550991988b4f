# make demo   the sample slides through the bundled model: result, figure, GeoJSON, report, window; no network
# make test   the whole suite, the window's tests on a virtual display where there is no screen
# make test-all      the suite with every optional package installed: zoo, bench, pdf, cluster, tables, dicom, scverse
# make lowest        the core's and the window's tests with the lowest versions that setup.cfg allows, on PyQt5
# make prerelease    the window's tests with napari's newest version, be it a pre-release, on PyQt6
# make beside-plugins    reader, dock and writer with other plugins installed that open slides
# make lint   ruff, mypy, import layers
# make docs   the documentation, into docs/_build/html; a warning is an error
# make reliability     kills, full disks, races, damaged files and cycles, with a table of tried and held; SHORT=1 for a part
# make extra-checks    what .ci/run has no time for: lowest, prerelease, reliability in full, beside other plugins
# make bench-science   every method on every task, into examples/benchmarks (60 to 90 minutes on 2 cores; goes on if killed)
# make bench-choose    the settings among which the presets were chosen, on validation bags (about an hour; goes on if killed)
# make bench-speed    what reading, viewing, the model, starting and exporting cost beside limits and peers; SHORT=1 compares all but drawing with what was committed
# make bench-quick     a few small tasks, against the floors under their figures

QT ?= pyqt5
VENV ?= .venv
PYTHON ?= python3
export QT_API = $(QT)
export PYTEST_QT_API = $(QT)

.PHONY: demo test test-all test-window lowest prerelease beside-plugins lint docs reliability extra-checks \
    bench-science bench-choose bench-speed bench-quick clean

demo: $(VENV)/.has-$(QT)
	@$(VENV)/bin/msm-mil demo --out demo

test: $(VENV)/.has-$(QT)-test
	@sh .ci/on-a-screen $(VENV)/bin/python -m pytest

test-all: $(VENV)/.has-$(QT)-all
	@sh .ci/on-a-screen $(VENV)/bin/python -m pytest

test-window: $(VENV)/.has-$(QT)-test
	@sh .ci/on-a-screen $(VENV)/bin/python -m pytest tests/window

lowest prerelease beside-plugins: $(VENV)/.has-$(QT)-dev
	@sh .ci/on-a-screen $(VENV)/bin/python .ci/other_versions.py $@

lint: $(VENV)/.has-$(QT)-dev
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

docs: $(VENV)/.has-$(QT)-docs
	@$(VENV)/bin/python -m sphinx -W --keep-going -q docs docs/_build/html
	@$(VENV)/bin/python docs/check_pages.py docs/_build/html

reliability: $(VENV)/.has-$(QT)-test
	@sh .ci/on-a-screen $(VENV)/bin/python -m examples.reliability $(if $(SHORT),--short)

extra-checks: lowest prerelease beside-plugins reliability

bench-science: $(VENV)/.has-$(QT)-bench
	@$(VENV)/bin/python -m examples.benchmarks.science
	@$(VENV)/bin/python -m examples.benchmarks.scale

bench-choose: $(VENV)/.has-$(QT)-bench
	@$(VENV)/bin/python -m examples.benchmarks.choose

bench-speed: $(VENV)/.has-$(QT)-bench
	@sh .ci/on-a-screen $(VENV)/bin/python -m examples.benchmarks.speed $(if $(SHORT),--short reading encode model start export)
	@$(if $(SHORT),,$(VENV)/bin/python -m examples.benchmarks.speed.growth)

bench-quick: $(VENV)/.has-$(QT)-test
	@$(VENV)/bin/python -m examples.benchmarks.science --quick

# Each stamp tells which extras the environment has; dev holds test, test holds the window's binding.
$(VENV)/.has-$(QT): setup.cfg .ci/install
	@sh .ci/install $(PYTHON) $(VENV) $(QT) && touch $@

$(VENV)/.has-$(QT)-test: setup.cfg .ci/install
	@sh .ci/install $(PYTHON) $(VENV) $(QT),test && touch $@ $(VENV)/.has-$(QT)

$(VENV)/.has-$(QT)-dev: setup.cfg .ci/install
	@sh .ci/install $(PYTHON) $(VENV) $(QT),dev && touch $@ $(VENV)/.has-$(QT)-test $(VENV)/.has-$(QT)

$(VENV)/.has-$(QT)-docs: setup.cfg .ci/install
	@sh .ci/install $(PYTHON) $(VENV) $(QT),docs && touch $@ $(VENV)/.has-$(QT)

$(VENV)/.has-$(QT)-all: setup.cfg .ci/install
	@sh .ci/install $(PYTHON) $(VENV) $(QT),test,zoo,bench,pdf,cluster,tables,dicom,scverse && touch $@ $(VENV)/.has-$(QT)-test $(VENV)/.has-$(QT)-bench $(VENV)/.has-$(QT)

$(VENV)/.has-$(QT)-bench: setup.cfg .ci/install
	@sh .ci/install $(PYTHON) $(VENV) $(QT),test,bench && touch $@ $(VENV)/.has-$(QT)-test $(VENV)/.has-$(QT)

clean:
	rm -rf $(VENV) demo docs/_build docs/_generated
