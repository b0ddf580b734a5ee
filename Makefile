# The first two commands of a newcomer: `make demo`, `make test`. Each makes its own environment.

PYTHON ?= python3
VENV ?= .venv
# Where the data of the recipes is; those whose data is absent are passed over, with a word.
DATA ?= data
BIN := $(VENV)/bin
# Of two cores: tests wait for processes and servers, too.
WORKERS ?= 3
# Many tests start processes: none of them compiles kbuilder anew, even where Python is told to.
PYTEST = PYTHONDONTWRITEBYTECODE= KBUILDER_DATA=$(abspath $(DATA)) $(BIN)/python -m pytest -n $(WORKERS) \
  --dist loadfile --no-loadscope-reorder --durations 15

.PHONY: demo test test-slow test-all style lint docs contract bench bench-tables bench-fit bench-serve bench-checks bench-data bench-calibration bench-worth bench-forecasts gpu-check soak recipes ejected schema layer-table clean

demo: $(VENV)/.installed
	$(BIN)/kbuilder fit recipes/image/digits-cnn.yaml

test: style
	$(PYTEST) -m "not slow"

# What takes long, such as fits that are killed and resume.
test-slow: $(VENV)/.installed-dev
	$(PYTEST) -m slow

# Both at once: runs that tests share are fitted once.
test-all: $(VENV)/.installed-dev
	$(PYTEST)

style: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

# The documentation as a site; the reference in it is made from the schema classes.
docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "site/index.html is written; for its search: python3 -m http.server --directory site"

# Fit every recipe whose data is in $(DATA), and compare with the claim in its header.
recipes: $(VENV)/.installed-dev
	$(BIN)/python tools/run_recipes.py --data $(DATA)

# What every architecture promises, at every depth; `make test` tries the least deep of each kind.
contract: $(VENV)/.installed-dev
	KBUILDER_EVERY=1 $(BIN)/python -m pytest -n 2 tests/architectures/test_contract.py

# What a person waits for; as ratios within one run, since machines are shared.
bench: $(VENV)/.installed
	$(BIN)/python benchmarks/start_up.py

# Networks for tables, compared on Adult; the figures are in benchmarks/results.
bench-tables: $(VENV)/.installed
	$(BIN)/python benchmarks/tables.py $(DATA)

# Steps per second, compared with plain Keras and PyTorch; the figures are in benchmarks/results.
bench-fit: $(VENV)/.installed
	$(BIN)/python benchmarks/fit.py $(DATA)

# The first step of many rows, many columns, memory by rows, pictures; the figures are in benchmarks/results.
bench-data: $(VENV)/.installed
	$(BIN)/python benchmarks/data.py $(DATA)

# Defaults in five folds on all sets, beside linear models and boosted trees.
bench-worth: $(VENV)/.installed
	$(BIN)/python benchmarks/worth.py $(DATA)

# The default forecast at four origins of seven series, beside the season before.
bench-forecasts: $(VENV)/.installed
	KBUILDER_DATA=$(DATA) $(BIN)/python benchmarks/forecasts.py

# What only GPUs can show, each line with what is expected; says so where there is none.
gpu-check: $(VENV)/.installed
	$(BIN)/python tools/gpu_check.py

# Faults planted in clean tables, and which are found; they are in benchmarks/results.
bench-checks: $(VENV)/.installed
	$(BIN)/python benchmarks/checks.py $(DATA)

# What calibration changes of each set; the figures are in benchmarks/results.
bench-calibration: $(VENV)/.installed
	$(BIN)/python benchmarks/calibration.py $(DATA)

# Requests per second, compared with a plain handler; the figures are in benchmarks/results.
bench-serve: $(VENV)/.installed
	$(BIN)/python benchmarks/serve.py $(DATA)

# Ten minutes of a server at its limit, with a new version each minute; `make test-slow` has half a one.
soak: $(VENV)/.installed-dev
	$(BIN)/python tests/serving/soak.py 600 60

# Write every recipe as a plain Keras script, and run each for one epoch.
ejected: $(VENV)/.installed
	$(BIN)/python tools/run_ejected.py --data $(DATA)

# With BIN of another environment, that is taken as it is: nothing is installed into it.
schema: $(if $(filter $(VENV)/bin,$(BIN)),$(VENV)/.installed)
	$(BIN)/kbuilder schema --output recipes/recipe.schema.json
	$(BIN)/python -c "from kbuilder.describing import stub; print(stub.write(), end='')" \
	  > kbuilder/__init__.pyi
	$(BIN)/ruff check --quiet --fix --select I kbuilder/__init__.pyi
	$(BIN)/ruff format --quiet kbuilder/__init__.pyi

layer-table: $(VENV)/.installed
	$(BIN)/python tools/write_layer_table.py

$(VENV)/.installed: setup.cfg setup.py pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist site *.egg-info
