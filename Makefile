# Two commands: make demo, make test. Each makes the environment it needs; the second time is quick.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PYTHONPATH := $(CURDIR)
BIN := .venv/bin
TOOLS := .venv-tools/bin
TEMPLATES := template.yaml $(wildcard infra/*.yaml)
MACHINES := $(wildcard infra/statemachines/*.asl.json)
# Lambda's own emulator comes with SAM and runs on Linux; elsewhere its tests are skipped and say why
EMULATOR := $(if $(filter Linux,$(shell uname)),tools)
NETLIFT_DATA ?= $(wildcard ../shared/data)
export NETLIFT_DATA
DATA ?=
IMAGE_URI ?=
STAGE ?= dev
PARAMETERS ?=
# a Python 3.12 that runs (a version manager may leave dead names on PATH), else whichever there is
RUNTIME_PYTHON = $(shell python3.12 -c '' 2>/dev/null && echo python3.12 || (test -x $(BIN)/python && echo $(BIN)/python) || echo python3)

# podman without systemd, as inside a container, must be told so
ifeq ($(shell uname)$(wildcard /run/systemd/system /etc/containers/containers.conf),Linux)
export CONTAINERS_CONF ?= $(CURDIR)/infra/container/containers.conf
endif

.PHONY: help spark install demo test test-all check lint types arrows template format data lock tools image sam-local build deploy smoke-aws train candidates promote clean

help: ## show this
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

install: .venv/.installed ## make .venv from requirements.lock (demo and test do it themselves)

.venv/.installed: requirements.lock infra/tools/install.sh pyproject.toml
	@bash infra/tools/install.sh .venv requirements.lock
	@touch $@

.venv-tools/.installed: requirements-tools.lock infra/tools/install.sh
	@bash infra/tools/install.sh .venv-tools requirements-tools.lock
	@touch $@

.venv-checkov/.installed: infra/tools/checkov.lock infra/tools/install.sh
	@bash infra/tools/install.sh .venv-checkov infra/tools/checkov.lock
	@touch $@

.venv-spark/.installed: infra/tools/spark.lock infra/tools/install.sh .venv/.installed
	@bash infra/tools/install.sh .venv-spark infra/tools/spark.lock
	@touch $@

spark: .venv-spark/.installed ## the feature SQL on DuckDB and on Spark, every value compared
	@$(BIN)/python -m infra.spark compare

demo: install ## a night on this machine: DATA=../shared/data runs it on real data
	@$(BIN)/python -m infra.local demo $(if $(DATA),--data $(DATA))

test: install $(EMULATOR) ## the tests, under ten minutes
	@$(BIN)/pytest -q -n 2 --dist worksteal -m "not long" --doctest-modules jobs tests

test-all: install $(EMULATOR) ## all of them: every seed, every kill point
	@$(BIN)/pytest -q -n 2 --dist worksteal --doctest-modules jobs tests

check: lint types arrows template ## lint, types, arrows; templates and state machines by four tools

lint: install
	@$(BIN)/ruff check functions jobs infra tests
	@$(BIN)/ruff format --check functions jobs infra tests

types: install
	@$(BIN)/mypy

arrows: install
	@$(BIN)/lint-imports

# no account and no network: a region is named so that nothing asks for one
template: export AWS_DEFAULT_REGION := eu-west-1
template: export SAM_CLI_TELEMETRY := 0
template: install .venv-tools/.installed .venv-checkov/.installed
	@$(TOOLS)/cfn-lint $(TEMPLATES)
	@$(TOOLS)/sam validate --lint --template-file template.yaml
	@$(BIN)/statelint $(MACHINES)
	@.venv-checkov/bin/checkov --config-file infra/tools/checkov.yaml --file $(TEMPLATES)

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

build: .venv-tools/.installed ## what sam deploys, without a container engine
	@SAM_CLI_TELEMETRY=0 $(TOOLS)/sam build

deploy: install tools ## STAGE=dev IMAGE_URI=... deploys a stage of samconfig.toml; YES=1 asks nothing
	@$(BIN)/python -m infra.account deploy --stage $(STAGE) --image-uri "$(IMAGE_URI)" $(if $(YES),--yes) $(PARAMETERS:%=-p %)

smoke-aws: install tools ## IMAGE_URI=... in your account: deploys a stage, runs a night of 1,000 customers, deletes all
	@$(BIN)/python -m infra.account smoke --image-uri "$(IMAGE_URI)" $(if $(KEEP),--keep) $(PARAMETERS:%=-p %)

train: install ## STAGE=prod in your account: start what the weekly schedule starts, and follow it
	@$(BIN)/python -m infra.account train --stage $(STAGE)

candidates: install ## STAGE=prod: newly trained models that pass their gates
	@$(BIN)/python -m infra.account candidates --stage $(STAGE)

promote: install ## STAGE=prod KIND=... VERSION=... WHO=... WHY=...: put an approved candidate to work
	@$(BIN)/python -m infra.account promote --stage $(STAGE) --kind "$(KIND)" --version "$(VERSION)" --who "$(WHO)" --why "$(WHY)"

clean: ## remove what was made
	@rm -rf .venv .venv-tools .venv-checkov .venv-spark out build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .aws-sam *.egg-info

# sam build calls build-NAME for the zipped function NAME: our code, and no library (infra/packages/declared.py) but for
# FraudApi and AssignApi, which answer while somebody waits.
# With the runtime's own Python the code is compiled too, which saves a fifth of a second at each cold start.
build-FraudApi build-AssignApi:
	@$(RUNTIME_PYTHON) -m infra.packages "$(ARTIFACTS_DIR)" scoring

build-%:
	@$(RUNTIME_PYTHON) -m infra.packages "$(ARTIFACTS_DIR)"
