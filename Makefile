# The commands of this repository. `make help` lists them.
# Variables of `make run`: PORT= HOST= DATA_DIR= DEMO= SITE_URL= (see .env.example); of `make test`: BROWSER=0.

PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run test chaos check bench lock audit migrations production-env

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf 'make %-16s%s\n' "$$name" "$$text"; done

setup: ## the environment in .venv, the pinned packages, a .env with secrets of its own
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) tools/setup.py

run: setup ## the whole practice on this machine: web, worker, timetable and broker; Ctrl-C stops all of it
	@$(BIN)/python manage.py dev --with-parent

test: setup ## every test, on SQLite and on PostgreSQL, with a real broker and a real browser
	@$(PYTHON) tools/setup.py --dev
	@$(BIN)/python -m tools.run_tests

chaos: setup ## the long form of the races and kills, on both databases; the figures go to docs/results/
	@$(PYTHON) tools/setup.py --dev
	@$(BIN)/python -m tools.chaos

check: setup ## style, types, import line, migrations and deployment settings; no tests
	@$(PYTHON) tools/setup.py --dev
	@$(BIN)/python -m tools.check

bench: ## measure speed on this machine; prints one JSON object, progress goes to stderr (docs/measurements.md)
	@$(MAKE) --no-print-directory setup >&2
	@$(BIN)/python manage.py bench

migrations: setup ## write the migrations that the models ask for, one app at a time
	@for app in practice clients protocols booking treatment_sessions referrals reminders; do $(BIN)/python manage.py makemigrations --no-header $$app || exit 1; done

lock: setup ## compile the requirement files anew, with hashes; UPGRADE=1 takes newer packages
	@$(PYTHON) tools/setup.py --tools
	@$(BIN)/python -m tools.lock $(if $(UPGRADE),--upgrade)

audit: setup ## look the pinned packages up in the list of known weaknesses
	@$(PYTHON) tools/setup.py --tools
	@$(BIN)/python -m tools.audit

production-env: ## write deploy/production.env with new secrets: make production-env SITE_URL=https://practice.example
	@$(PYTHON) tools/production_env.py "$(SITE_URL)"
