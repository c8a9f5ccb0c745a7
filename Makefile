# Everything that people do with Kardia Studio on one machine. `make help` lists it.
PYTHON ?= python3
PORT ?= 8000
# What `make vllm` serves: NAME=DIR, DIR or a name on the hub.
MODEL ?=
ARGS ?=
# What `make demo-record` records: a run's id or folder, and where it ran if that was elsewhere.
RUN =
MACHINE =
# MODELS=no leaves out torch and training: pages and most tests need none of it.
MODELS ?= yes

python := .venv/bin/python
install := $(PYTHON) -m webapp.embedded.install $(if $(filter no,$(MODELS)),--no-models)
embedded := $(python) -m webapp.embedded
# Two processes more than cores (see tests/conftest.py).
pytest := $(python) -m pytest -n auto --dist loadfile --no-loadscope-reorder

# Only the check of CSS and JS needs Node; a machine without it is told what was left out.
biome = @if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules && \
	npx --no-install biome $(1); else echo "CSS and JS: left out, because there is no Node."; fi

# Studio and tests start dozens of programs. Without bytecode each of them compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run vllm test test-fast lint format lock manage demo-record backup restore clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: ## start the studio (PORT=8000; ARGS=--no-demo leaves out the demo; MODELS=no leaves out torch)
	@$(install)
	@exec $(embedded) run --port $(PORT) $(ARGS)

vllm: PORT = 8200
vllm: ## serve a model with vLLM (MODEL=NAME=DIR; PORT=8200; ARGS go to vLLM)
	$(if $(MODEL),,$(error Name a model: make vllm MODEL=NAME=DIR, or MODEL=OWNER/NAME from the hub))
	@exec $(PYTHON) -m webapp.embedded.vllm serve $(MODEL) --port $(PORT) $(ARGS)

test: ## run all tests, on services of their own (ARGS="-k name")
	@$(install) --dev
	@$(pytest) $(ARGS)

test-fast: ## run the tests without a browser, killed processes or a model
	@$(install) --dev
	@$(pytest) -m "not browser and not slow and not model and not vllm" $(ARGS)

lint: ## check style, import directions, types and missing migrations
	@$(install) --dev
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	.venv/bin/djangofmt --check --quiet templates
	$(call biome,check)
	.venv/bin/lint-imports
	KARDIA_DEMO=1 KARDIA_VAR=var/types DATABASE_URL=postgresql:///types REDIS_URL=unix:///types $(python) -m mypy
	$(embedded) manage makemigrations --check --dry-run

format: ## bring Python, templates, CSS and JS into shape
	@$(install) --dev
	$(python) -m ruff check --fix --select I .
	$(python) -m ruff format .
	.venv/bin/djangofmt templates
	$(call biome,check --write)

node_modules: package-lock.json
	npm ci --no-audit --no-fund
	@touch node_modules

lock: ## pin what the requirements*.in name
	@$(install) --dev
	@$(PYTHON) -m webapp.embedded.lock

manage: ## run a command of manage.py with the services (ARGS="shell")
	@$(install)
	@exec $(embedded) manage $(ARGS)

demo-record: ## keep a finished GRPO run as the demo's recorded run (RUN=id or folder; MACHINE="words")
	$(if $(RUN),,$(error Name a run: make demo-record RUN=ID, or the folder of a run))
	@$(install)
	@exec $(embedded) manage demo_record "$(RUN)" $(if $(MACHINE),--machine "$(MACHINE)")

backup: ## write database, files and weights into one archive (FILE=...)
	@$(install)
	@exec $(embedded) backup $(FILE)

restore: ## bring back a backup (FILE=...; ARGS=--replace over existing data, --trust for one from elsewhere)
	@$(install)
	@exec $(embedded) restore $(FILE) $(ARGS)

clean: ## remove caches and logs; the data in var/ and .venv stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache var/log
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +
