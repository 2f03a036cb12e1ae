# The only commands. `make help` explains them; each does its own set-up.

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
TRAIN := .venv-train
TOOLS := .venv-tools
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready
BACKEND := cd backend &&

# Errors only. The bytecode of all packages would take 190 MB, three quarters of it for modules that nobody runs; so
# Python writes it when a module is first imported. WARM does that for what every command and notebook imports.
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile
WARM := import alembic.config, IPython, ipykernel.kernelapp, jupyterlab.labapp, matplotlib.pyplot, nbclient, networkx, \
	pandas, pytest, workshop.cli, workshop.magics, workshop.walk, shop.operations

# JupyterLab refuses to run as root unless it is told that this is meant (a container, a virtual machine).
# It asks nobody for news or updates.
LAB_OPTIONS := --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
	--ServerApp.ip=127.0.0.1 --notebook-dir=notebooks $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)

# What else it would ask at its first start, over the page.
LAB_OVERRIDES := {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}

# The tests run on all cores; each worker has a server of its own. Those of a group (the walk, the site) share a worker.
AT_ONCE := --numprocesses=auto --maxprocesses=4 --dist=loadgroup

.PHONY: help setup weights start stop doctor walk walk-short lab migrate test test-all check validate check-container format \
	hooks docs docs-serve bench eval train texts lock clean

help:  ## Show this list
	@echo "make <target>, where <target> is one of"
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -nE 's/^([a-z-]+):.*## (.*)/  \1: \2/p' $(MAKEFILE_LIST)

setup: $(READY)  ## Make the virtual environment from the lock (the others do it by themselves)

$(READY): backend/requirements.lock backend/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 ...")'
	@echo "Making $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PIP_INSTALL) --require-hashes -r backend/requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable backend
	@mkdir -p $(VENV)/share/jupyter/lab/settings && echo '$(LAB_OVERRIDES)' > $(VENV)/share/jupyter/lab/settings/overrides.json
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c '$(WARM)'
	@$(BIN)/python -m shop.ai.fetch || echo "Steps before 0006 work without the model; make weights tries again."
	@touch $@

weights: $(READY)  ## Fetch the embedding model (84 MB, once; part of setup)
	@$(BIN)/python -m shop.ai.fetch

start: $(READY)  ## Start the workshop's own PostgreSQL
	@$(BIN)/workshop start

stop: $(READY)  ## Stop it; the data stays
	@$(BIN)/workshop stop

doctor: $(READY)  ## Check everything the workshop needs
	@$(BIN)/workshop doctor

walk: $(READY)  ## Run all notebooks in order, on a database of their own
	@$(BIN)/workshop walk

walk-short: $(READY)  ## Run the notebooks of the short path
	@$(BIN)/workshop walk --short

lab: start  ## Open the notebooks in JupyterLab (loopback, with a token)
	@$(BIN)/jupyter lab $(LAB_OPTIONS)

migrate: start  ## Run `alembic upgrade head` on your database
	@$(BACKEND) $(BIN)/alembic upgrade head

test: $(READY) $(TOOLS)/.ready  ## Run the tests on a real server; prints the seconds per area
	@$(BACKEND) $(BIN)/python -m pytest -m "not slow" $(AT_ONCE)

test-all: $(READY) $(TOOLS)/.ready  ## Run all tests, the long ones too
	@$(BACKEND) $(BIN)/python -m pytest $(AT_ONCE)

check: $(READY) validate  ## Style, types, generated texts, stripped notebooks, validate; needs no server
	@$(BACKEND) $(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy
	@$(BIN)/python -m workshop.generated --check
	@$(BIN)/nbstripout --verify notebooks/*.ipynb
	@echo "All clean."

# The published schema of devcontainer.json can take this one's place: make validate DEVCONTAINER_SCHEMA=https://...
DEVCONTAINER_SCHEMA ?= .devcontainer/devcontainer.schema.json
SCRIPTS := .ci/run .devcontainer/post-create .devcontainer/db/entrypoint .devcontainer/db/healthcheck
# Says nothing when all is well; its own --quiet would keep back the errors, too.
valid = said=$$($(TOOLS)/bin/check-jsonschema $(1) 2>&1) || { echo "$$said"; exit 1; }

validate: $(TOOLS)/.ready  ## Dev Container, workflows, hooks and scripts, by their schemas and linters
	@$(call valid,--schemafile $(DEVCONTAINER_SCHEMA) .devcontainer/devcontainer.json)
	@$(call valid,--builtin-schema vendor.compose-spec compose.yaml)
	@$(call valid,--builtin-schema vendor.github-workflows .github/workflows/*.yml)
	@$(TOOLS)/bin/hadolint --no-color .devcontainer/*/Dockerfile
	@$(TOOLS)/bin/shellcheck --color=never $(SCRIPTS)
	@$(TOOLS)/bin/pre-commit validate-config .pre-commit-config.yaml

check-container: $(READY)  ## Try both images without a container engine, in Debian roots (needs root, network, debootstrap)
	@$(BACKEND) $(BIN)/python -m container_check

hooks: $(READY) $(TOOLS)/.ready  ## Have git run these checks before every commit
	@$(TOOLS)/bin/pre-commit install

format: $(READY)  ## Format the code and strip the notebooks
	@$(BACKEND) $(BIN)/ruff check --fix --quiet . && $(BIN)/ruff format --quiet .
	@$(BIN)/nbstripout notebooks/*.ipynb

texts: $(READY)  ## Write the generated parts of the texts anew
	@$(BIN)/python -m workshop.generated

docs: $(READY) $(TOOLS)/.ready  ## Build the tutorial site into site/; runs the notebooks first when something changed
	@$(BIN)/python -m workshop.site

docs-serve: $(READY) $(TOOLS)/.ready  ## Show the site on this machine, and build it anew while you write
	@$(BIN)/python -m workshop.site serve

bench: $(READY)  ## Measure: room, embedding, nearest vectors, COPY, graph; some minutes, on a machine that does nothing else
	@$(BACKEND) $(BIN)/python -m benchmarks

eval: $(READY)  ## Measure the search against judged queries, with intervals (about three minutes)
	@$(BACKEND) $(BIN)/python -m evaluation

# An environment beside the workshop's borrows from it what it lacks: a line in a .pth file is a folder that is searched too.
PURELIB := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
borrow = { $(BIN)/python $(PURELIB); echo "$(CURDIR)/backend"; } > "$$($(1)/bin/python $(PURELIB))/workshop.pth"

train: $(READY) $(TRAIN)/.ready  ## Train the reader of reviews anew (half an hour on two cores; fetches torch)
	@$(BACKEND) $(CURDIR)/$(TRAIN)/bin/python -m training

$(TRAIN)/.ready: $(READY) backend/training/requirements.txt
	@echo "Making $(TRAIN), with torch"
	@$(PYTHON) -m venv $(TRAIN)
	@$(call borrow,$(TRAIN))
	@$(TRAIN)/bin/python -m pip install -qq --disable-pip-version-check --no-compile -r backend/training/requirements.txt
	@touch $@

# The tools' own environment borrows from the workshop's in the same way.
$(TOOLS)/.ready: $(READY) backend/requirements-tools.lock
	@echo "Making $(TOOLS), with what builds the site and checks the rest"
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install -qq --disable-pip-version-check --no-compile --require-hashes -r backend/requirements-tools.lock
	@$(call borrow,$(TOOLS))
	@touch $@

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

lock:  ## Resolve the two requirements files into their locks (needs uv)
	$(LOCK) requirements.txt -o backend/requirements.lock
	$(LOCK) backend/requirements-tools.txt -o backend/requirements-tools.lock

clean:  ## Stop the server, remove its data, the virtual environment and what was built
	@[ ! -x $(BIN)/workshop ] || $(BIN)/workshop stop --and-remove-data
	@! grep -qs '^WORKSHOP_SERVER=embedded' backend/.env || rm backend/.env # an address of the reader's own stays
	@rm -rf $(VENV) $(TRAIN) $(TOOLS) build site backend/.pytest_cache backend/.mypy_cache backend/.ruff_cache
