# `make help` prints the lines that carry two hashes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA ?= data
PORT ?= 8080
PROCESSES ?= 2
NODE_MODULES := node_modules/.installed

.DEFAULT_GOAL := help
.PHONY: help run test soak install build browser lint format types check lock clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Start everything with a demonstration broadcast (DATA=folder PORT=number)
	@exec $(BIN)/streamhub serve --data $(DATA) --port $(PORT) --demo

test: install browser ## Run all tests, browser included (PROCESSES=number ARGS=for pytest)
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile $(ARGS)

soak: install ## Faults for long, then memory over half an hour (ROUNDS=50 MINUTES=30 SEED=number)
	ROUNDS=$(or $(ROUNDS),50) $(BIN)/python -m pytest tests/faults -s
	$(BIN)/python -m tests.faults.soak --minutes $(or $(MINUTES),30)

install: $(VENV)/.installed build ## Put everything into .venv/

$(VENV)/.installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "StreamHub needs Python 3.11 or newer")'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@echo "Installing the Python packages into $(VENV)/ (some minutes the first time) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check -c requirements.lock -e '.[build,dev]'
	@touch $@

build: $(NODE_MODULES) ## Build the browser files and the catalogues
	@$(BIN)/python -m web.build

$(NODE_MODULES): package.json package-lock.json $(VENV)/.installed
	@echo "Installing the packages that the browser files are built with …"
	@$(BIN)/python -m web.node npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

browser: ## Install Chromium, Chinese fonts and nginx for the tests (or say how)
	@sh tests/browser/install.sh
	@sh tests/stories/nginx.sh

lint: $(VENV)/.installed ## Style, import rules
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

types: install ## mypy --strict and tsc --strict
	$(BIN)/mypy
	$(BIN)/python -m web.node npm run --silent types

check: lint types test ## What CI runs

format: ## Write the style
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

lock: ## Pin what is installed now
	( head -n 1 requirements.lock; $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//' ) > requirements.lock.new
	mv requirements.lock.new requirements.lock

clean: ## Remove what was built (not the data)
	rm -rf $(VENV) node_modules web/static build dist *.egg-info
