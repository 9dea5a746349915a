# `make help` lists what can be made. Needs python3 (3.11 or newer), git and make; the rest goes into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest -q
# What drives kernels and browsers, counts a process's seconds, or fills a graphics card, has the machine to itself; the
# real CLIs have a command of their own.
SIDE_BY_SIDE := -n auto --dist worksteal --ignore=tests/notebooks --ignore=tests/processes --ignore=tests/card --ignore=tests/browser --ignore=tests/tools
ALONE := tests/notebooks tests/processes tests/card tests/browser
OURS   := devmesh widgets tests
TOOLS  := build/tools
NPM_TOOLS ?= @anthropic-ai/claude-code@2.1.197 @openai/codex@0.169.0 @google/gemini-cli@0.61.0 @github/copilot@1.0.102 \
	@qwen-code/qwen-code@0.15.10 @continuedev/cli@1.5.47 opencode-ai@1.18.33 droid@0.215.0

.DEFAULT_GOAL := help
.PHONY: help install demo test test-tools test-tools-ci quick lab check static format bench soak clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

demo: $(STAMP) ## Run the main job: three scripted agents mend a sample project (no AI CLI, key or network needed)
	@$(BIN)/devmesh demo

lab: $(STAMP) ## Open JupyterLab on the quickstart notebook
	@$(BIN)/jupyter lab $$(test "$$(id -u)" != 0 || echo --allow-root) notebooks/00_quickstart.ipynb

test: $(STAMP) ## All tests; those in a browser when a Chromium is there
	@browser="$$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)"; \
	if [ -z "$$browser" ]; then \
		echo "No Chromium found: the tests in a browser are left out. (Debian: apt-get install chromium)"; \
		set -- -m 'not browser'; \
	fi; \
	found=0; \
	$(PYTEST) $(SIDE_BY_SIDE) tests "$$@" || found=1; \
	$(PYTEST) $(ALONE) "$$@" || found=1; \
	exit $$found

test-tools: $(STAMP) $(TOOLS)/.installed ## Real AI CLIs against a stub model (installs 2.5 GB into build/tools; a quarter of an hour)
	@$(PYTEST) tests/tools

test-tools-ci: $(STAMP) ## Claude Code, Codex, Gemini and aider only, and only what can be installed within minutes (1.4 GB)
	@mkdir -p $(TOOLS)
	@if ! command -v npm > /dev/null || ! node -e 'process.exit(+(parseInt(process.versions.node) < 20))'; then \
		echo "Left out: claude, codex, gemini. They need npm and node 20 or newer."; \
	else for package in $(wordlist 1,3,$(NPM_TOOLS)); do \
		timeout 60 npm install --prefix $(TOOLS)/npm --no-audit --no-fund --loglevel=error $$package > $(TOOLS)/npm.log 2>&1 || \
			echo "Left out: $$package. npm: $$(grep -v '^$$' $(TOOLS)/npm.log | head -1 | cut -c1-150) (or not within 60 s)"; \
	done; fi
	@test -x $(TOOLS)/aider/bin/aider || { $(BIN)/python -m venv $(TOOLS)/aider && \
		timeout 150 $(TOOLS)/aider/bin/pip install -q --disable-pip-version-check aider-chat==0.86.2 > $(TOOLS)/aider.log 2>&1; } || \
		{ echo "Left out: aider. pip: $$(tail -1 $(TOOLS)/aider.log | cut -c1-150) (or not within 150 s)"; rm -rf $(TOOLS)/aider; }
	@set -- -rs tests/tools/test_transports.py \
		-k '(claude or codex or gemini or aider) and (edit_is_made or gate_holds or 401 or stop_leaves)'; \
	$(PYTEST) "$$@" || { echo "Once more, those that failed:"; $(PYTEST) --last-failed "$$@"; }

quick: $(STAMP) ## The quick tests only
	@$(PYTEST) -n auto --dist worksteal -m quick

check: static quick ## Format, lint, strict types, import walls and the quick tests

static: $(STAMP) ## The same without the tests
	@$(BIN)/ruff format --check --quiet $(OURS) || { echo "Run: make format"; exit 1; }
	@$(BIN)/ruff check --quiet $(OURS)
	@$(BIN)/mypy --no-error-summary
	@PYTHONPATH=.:widgets $(BIN)/lint-imports --no-logo > $(VENV)/walls.log || { cat $(VENV)/walls.log; exit 1; }

format: $(STAMP) ## Put the code into its form
	@$(BIN)/ruff format --quiet $(OURS)
	@$(BIN)/ruff check --quiet --fix --exit-zero $(OURS)

bench: $(STAMP) ## Measure everything against its reference (three minutes); figures in build/bench.json
	@$(BIN)/python -m tests.bench.run

soak: $(STAMP) ## Look for faults for an hour (SECONDS=600 for less): kills, histories, interleavings, inputs; prints its figures
	@$(BIN)/python -m tests.faults.soak $(SECONDS)

clean: ## Remove everything that was made here
	@rm -rf $(VENV) build dist out .coverage .coverage.* htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@rm -rf .import_linter_cache
	@find devmesh widgets tests -name __pycache__ -type d -prune -exec rm -rf {} + 2> /dev/null || true

install: $(STAMP) ## Make .venv and install everything into it, in the pinned versions

# Each may fail to install; its tests are then left out, and say so.
$(TOOLS)/.installed:
	@mkdir -p $(TOOLS)
	@echo "Installing AI CLIs into $(TOOLS) ..."
	@for package in $(NPM_TOOLS); do \
		npm install --prefix $(TOOLS)/npm --no-audit --no-fund --loglevel=error $$package || echo "Not installed: $$package"; \
	done
	@for wanted in "aider aider-chat==0.86.2" "sgpt shell-gpt==1.5.1 click<8.2"; do \
		set -- $$wanted; folder=$(TOOLS)/$$1; shift; \
		{ $(BIN)/python -m venv $$folder && $$folder/bin/pip install -q --disable-pip-version-check "$$@"; } || \
			echo "Not installed: $$1"; \
	done
	@touch $@

$(STAMP): requirements/lock.txt pyproject.toml
	@$(PYTHON) -c "" 2> /dev/null || { echo "$(PYTHON) does not run here. Install Python 3.11 or newer, or say PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$$($(PYTHON) --version) is too old: 3.11 or newer is needed. Say PYTHON=python3.12, for one."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
		{ echo "$(PYTHON) cannot make a virtual environment. (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "Installing into $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq -r requirements/lock.txt
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $@
