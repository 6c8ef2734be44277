# Two commands: make demo, make test. Each makes the environment it needs; the second time is quick.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PYTHONPATH := $(CURDIR)
BIN := .venv/bin
TOOLS := .venv-tools/bin
NETLIFT_DATA ?= $(wildcard ../shared/data)
export NETLIFT_DATA
DATA ?=
IMAGE_URI ?=
# a Python 3.12 that runs (a version manager may leave dead names on PATH), else whichever there is
RUNTIME_PYTHON = $(shell python3.12 -c '' 2>/dev/null && echo python3.12 || (test -x $(BIN)/python && echo $(BIN)/python) || echo python3)

# podman without systemd, as inside a container, must be told so
ifeq ($(shell uname)$(wildcard /run/systemd/system /etc/containers/containers.conf),Linux)
export CONTAINERS_CONF ?= $(CURDIR)/infra/container/containers.conf
endif

.PHONY: help spark install demo test test-all check lint types arrows template format data lock tools image sam-local clean

help: ## show this
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

install: .venv/.installed ## make .venv from requirements.lock (demo and test do it themselves)

.venv/.installed: requirements.lock infra/tools/install.sh pyproject.toml
	@bash infra/tools/install.sh .venv requirements.lock
	@touch $@

.venv-tools/.installed: requirements-tools.lock infra/tools/install.sh
	@bash infra/tools/install.sh .venv-tools requirements-tools.lock
	@touch $@

.venv-spark/.installed: infra/tools/spark.lock infra/tools/install.sh .venv/.installed
	@bash infra/tools/install.sh .venv-spark infra/tools/spark.lock
	@touch $@

spark: .venv-spark/.installed ## the feature SQL on DuckDB and on Spark, every value compared
	@$(BIN)/python -m infra.spark compare

demo: install ## a night on this machine: DATA=../shared/data runs it on real data
	@$(BIN)/python -m infra.local demo $(if $(DATA),--data $(DATA))

test: install ## the tests, under five minutes
	@$(BIN)/pytest -q -n 2 --dist worksteal -m "not long" --doctest-modules jobs tests

test-all: install ## all of them: every seed, every kill point
	@$(BIN)/pytest -q -n 2 --dist worksteal --doctest-modules jobs tests

check: lint types arrows template ## lint, types, arrows, template

lint: install
	@$(BIN)/ruff check functions jobs infra tests
	@$(BIN)/ruff format --check functions jobs infra tests

types: install
	@$(BIN)/mypy

arrows: install
	@$(BIN)/lint-imports

template: .venv-tools/.installed
	@AWS_DEFAULT_REGION=eu-west-1 $(TOOLS)/cfn-lint template.yaml
	@AWS_DEFAULT_REGION=eu-west-1 SAM_CLI_TELEMETRY=0 $(TOOLS)/sam validate --lint --template-file template.yaml

format: install ## let ruff mend what it can
	@$(BIN)/ruff check --fix functions jobs infra tests
	@$(BIN)/ruff format functions jobs infra tests

data: install ## fetch the public data sets with digests and licences into data/
	@$(BIN)/python -m infra.local data --to data

lock: install ## resolve the locks anew
	@bash infra/tools/lock.sh
	@bash infra/packages/lock.sh

tools: .venv-tools/.installed ## make .venv-tools: SAM with Lambda's emulator, cfn-lint

sam-local: install tools ## with docker or podman: one sam local invoke scores a shard and writes a table
	@bash infra/container/sam_local.sh

image: install ## build the image of functions and Batch; IMAGE_URI=... pushes it there
	@bash infra/container/image.sh $(IMAGE_URI)

clean: ## remove what was made
	@rm -rf .venv .venv-tools .venv-spark out build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info

# sam build calls build-NAME for the zipped function NAME: our code, and no library (infra/packages/declared.py) but for
# FraudApi, which scores.
# With the runtime's own Python the code is compiled too, which saves a fifth of a second at each cold start.
build-FraudApi:
	@$(RUNTIME_PYTHON) -m infra.packages "$(ARTIFACTS_DIR)" scoring

build-%:
	@$(RUNTIME_PYTHON) -m infra.packages "$(ARTIFACTS_DIR)"
