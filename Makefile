# Only bootstraps: .venv is kept as requirements/*.txt say, everything else is a command of manage.py.
PYTHON ?= python3
MANAGE := .venv/bin/python manage.py
PYTEST := .venv/bin/python -m pytest
MAKEFLAGS += --no-print-directory
export ENVIRONMENT ?= development

.DEFAULT_GOAL := help
.PHONY: help up down wipe status shell logs doctor test test-long test-fast faults check format lint types contracts \
	migrations drift schema lock bench

help:  ## what there is
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

.venv/.installed: requirements/dev.txt requirements/uv.txt config/stack/bootstrap.py
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Puppies needs Python 3.11 or newer; name it: make up PYTHON=python3.12"; exit 1; }
	@$(PYTHON) config/stack/bootstrap.py

up: .venv/.installed  ## start everything here in the foreground; Ctrl-C stops it
	@exec $(MANAGE) up

down: .venv/.installed  ## stop what `make up` started in another terminal
	@$(MANAGE) down

wipe: .venv/.installed  ## remove the data (asks first)
	@$(MANAGE) wipe

status: .venv/.installed  ## each part: state, pid, port, uptime
	@$(MANAGE) status

shell: .venv/.installed  ## a Python shell with the models
	@$(MANAGE) shell

logs: .venv/.installed  ## follow all logs; one part: make logs NAME=api
	@$(MANAGE) logs $(NAME) --follow

doctor: .venv/.installed  ## look for what is wrong and say what to type
	@$(MANAGE) doctor

test: .venv/.installed  ## every test, on real servers of its own
	@result=0; \
	$(PYTEST) -n 2 --dist loadgroup tests --ignore=tests/faults || result=1; \
	$(PYTEST) -p no:xdist tests/faults || result=1; \
	[ $$result = 0 ] && echo "All tests passed." || echo "Some tests failed: see FAILED and ERROR above."; \
	exit $$result

test-long: .venv/.installed  ## feeds and counts against thousands of random histories
	@FEED_EXAMPLES=$${FEED_EXAMPLES:-6000} COUNT_EXAMPLES=$${COUNT_EXAMPLES:-6000} $(PYTEST) -n 2 \
	  tests/feeds/test_oracle.py tests/feeds/test_interleavings.py tests/interactions/test_oracle.py

test-fast: .venv/.installed  ## all but the fault tests
	@$(PYTEST) -n 2 --dist loadgroup tests --ignore=tests/faults

faults: .venv/.installed  ## the fault tests alone
	@$(PYTEST) -p no:xdist tests/faults

check: lint types contracts migrations drift test  ## everything that CI runs

format: .venv/.installed  ## write the code as the formatter would
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

lint: .venv/.installed  ## formatting and lint
	@.venv/bin/ruff format --check . && .venv/bin/ruff check .

types: .venv/.installed  ## mypy, strict
	@ENVIRONMENT=test .venv/bin/mypy .

contracts: .venv/.installed  ## who may import whom
	@.venv/bin/lint-imports

migrations: .venv/.installed  ## migrations complete, and safe while the old code runs
	@.venv/bin/python -m config.stack.with_stores postgres -- \
	  sh -ec '$(MANAGE) makemigrations --check --dry-run; $(MANAGE) lint_migrations'

drift: .venv/.installed  ## docs/openapi.yaml, docs/settings.md and docs/limits.md are what the code says; no client breaks
	@$(MANAGE) settings_table --check
	@$(MANAGE) limits_table --check
	@file=$$(mktemp) && trap 'rm -f "$$file"' EXIT && $(MANAGE) spectacular --file "$$file" --validate --fail-on-warn && \
	  { diff -u docs/openapi.yaml "$$file" || { echo "docs/openapi.yaml is not what the code says: type make schema"; exit 1; }; }
	@$(MANAGE) schema_changes

schema: .venv/.installed  ## write docs/openapi.yaml anew
	@$(MANAGE) spectacular --file docs/openapi.yaml --validate --fail-on-warn

lock: .venv/.installed  ## pin the newest versions with their hashes
	@for name in base dev; do \
	  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --no-header \
	    requirements/$$name.in --output-file requirements/$$name.txt || exit 1; done
	@printf 'uv==%s\n' "$$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements/dev.txt)" | \
	  .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate - --output-file requirements/uv.txt

bench: .venv/.installed  ## the budgets, measured
	@$(MANAGE) bench
