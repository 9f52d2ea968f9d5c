# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
# The two commands to start with: make demo, make test. CONTRIBUTING.md lists the others.

PYTHON ?= $(shell ./scripts/find-python default)
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check

# make test: which RabbitMQ (nothing: the system's, from 3.10 on; 4: RabbitMQ 4.3 in a folder; none: without),
# which install (fast, plain or lowest), SLOW=1 for the tests that mostly wait as well, and pytest's arguments
RABBITMQ ?=
INSTALL ?= fast
SLOW ?=
ARGS ?= -n 4 --dist worksteal $(if $(SLOW),,-m "not slow")
export RABBITMQ
export RABBITMQ_4_DIR ?= $(CURDIR)/.rabbitmq-4

.PHONY: bench bench-cluster chromium demo test soak ecosystem standard peers interop docs coverage lint dist lock format types prometheus rabbitmq rabbitmq-4 clean

demo: $(VENV)/.package
	$(VENV)/bin/fedora-messaging demo

test: $(VENV)/.tox
	@ALL=$(if $(filter file,$(origin ARGS)),yes) ./scripts/run-tests $(INSTALL) $(ARGS)

# make soak RABBITMQ=4 CLUSTER=1: three nodes, of which one is killed each minute
SECONDS ?= 600
soak: $(VENV)/.tox $(if $(filter 4,$(RABBITMQ)),rabbitmq-4,rabbitmq)
	$(VENV)/bin/tox run -q -e soak -- --seconds $(SECONDS) $(if $(CORRUPT),--corrupt) $(if $(CLUSTER),--cluster)

# make bench QUICK=1: once and briefly. Other arguments: make bench ARGS="--tasks A,B"
QUICK ?=
bench: $(VENV)/.tox $(if $(filter 4,$(RABBITMQ)),rabbitmq-4,rabbitmq)
	$(VENV)/bin/tox run -q -e plain --notest
	$(VENV)/bin/tox run -q -e bench -- $(if $(QUICK),--quick) $(if $(filter command line,$(origin ARGS)),$(ARGS))

# make bench-cluster QUICK=1: once and briefly
bench-cluster: $(VENV)/.tox rabbitmq-4
	RABBITMQ=4 $(VENV)/bin/tox run -q -e bench-cluster -- $(if $(QUICK),--quick) $(if $(filter command line,$(origin ARGS)),$(ARGS))

coverage: $(VENV)/.tox
	$(VENV)/bin/tox run -q -e coverage

ecosystem standard: $(VENV)/.tox
	$(VENV)/bin/tox run -q -e $@

# make peers PEERS="pika amqp": these suites; EMULATE=3.10: as that release; REFERENCE=1: first on RabbitMQ, to record
# what passes there (the system's release; RABBITMQ=4: 4.3)
PEERS ?=
EMULATE ?= 4.3
REFERENCE ?=
peers: $(VENV)/.tox $(if $(REFERENCE),$(if $(filter 4,$(RABBITMQ)),rabbitmq-4,rabbitmq))
	$(VENV)/bin/tox run -q -e $@ -- $(PEERS) --emulate $(EMULATE) $(if $(REFERENCE),--reference)

interop: $(VENV)/.tox $(if $(filter 4,$(RABBITMQ)),rabbitmq-4,rabbitmq)
	$(VENV)/bin/tox run -q -e $@

docs: $(VENV)/.tox prometheus
	$(VENV)/bin/tox run -q -e $@ -- $(ARGS)

lint types dist: $(VENV)/.tox
	$(VENV)/bin/tox run -q -e $@

# What the tests, the documentation and the linters are installed with; tox passes it to pip.
lock: $(VENV)/.tox
	$(PIP) 'uv>=0.9'
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.10 --upgrade --no-annotate --no-emit-index-url \
		--custom-compile-command 'make lock' --all-extras --group test --group docs --group lint --group types \
		--group bench --group release --output-file requirements/locked.txt pyproject.toml

format: $(VENV)/.tox
	$(VENV)/bin/tox run -q -e lint --notest
	$(VENV)/tox/lint/bin/ruff check --fix --exit-zero --quiet .
	$(VENV)/tox/lint/bin/ruff format .

rabbitmq:
	@./scripts/install-rabbitmq

chromium:
	@./scripts/install-chromium

prometheus:
	@./scripts/install-prometheus .prometheus

rabbitmq-4:
	@./scripts/install-rabbitmq-4 "$$RABBITMQ_4_DIR"

clean:
	rm -rf $(VENV) .rabbitmq-4 .prometheus build dist

$(VENV)/bin/python:
	@test -n "$(PYTHON)"
	@./scripts/make-venv "$(PYTHON)" $(VENV)

$(VENV)/.tox: $(VENV)/bin/python
	$(PIP) 'tox>=4.22'
	@touch $@

$(VENV)/.package: $(VENV)/bin/python pyproject.toml
	$(PIP) --editable .
	@touch $@
