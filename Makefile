# Two commands: make demo, make test. Each makes the environment it needs; the second time is quick.
.DEFAULT_GOAL := help
SHELL := /bin/bash
export PYTHONPATH := $(CURDIR)
BIN := .venv/bin
TOOLS := .venv-tools/bin
NETLIFT_DATA ?= $(wildcard ../shared/data)
export NETLIFT_DATA
DATA ?=

.PHONY: help install demo test test-all check lint types arrows template format data lock clean

help: ## show this
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

install: .venv/.installed ## make .venv from requirements.lock (demo and test do it themselves)

.venv/.installed: requirements.lock infra/tools/install.sh pyproject.toml
	@bash infra/tools/install.sh .venv requirements.lock
	@touch $@

.venv-tools/.installed: requirements-tools.lock infra/tools/install.sh
	@bash infra/tools/install.sh .venv-tools requirements-tools.lock
	@touch $@

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

clean: ## remove what was made
	@rm -rf .venv .venv-tools out build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info

build-PlanShards: # sam build calls this: the light package, without anything that boto3's runtime has
	@cp -R functions jobs "$(ARTIFACTS_DIR)/"
	@find "$(ARTIFACTS_DIR)" -name __pycache__ -prune -exec rm -rf {} +
