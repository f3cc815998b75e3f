# The verbs a person needs. `make demo` is the whole program on a virtual network; `make test` is everything that proves it.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SEED ?= 1
DEMO ?= demo
# Tests start a thousand commands: their bytecode is kept, also where the environment asks for none.
export PYTHONDONTWRITEBYTECODE :=
LOCKED := -q -U --generate-hashes --strip-extras --unsafe-package lanward --no-emit-index-url --no-emit-find-links

.PHONY: help root setup packages demo samples wheel families bench test test-fast faults check format lock clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: packages $(STAMP) ## Install Debian's packages (as root) and the Python environment

packages:
	@.ci/packages

$(STAMP): pyproject.toml requirements-dev.lock .ci/environment
	@.ci/environment $(PYTHON) $(VENV)
	@touch $@

root:
	@[ "$$(id -u)" -eq 0 ] || { echo "make demo needs root: it makes network namespaces" >&2; exit 6; }

demo: root setup ## Lab up, discover, assess, plan, approve, apply, verify, export; SEED=random for another network
	@$(BIN)/lanward lab demo --seed $(SEED:random=$(shell echo $$RANDOM)) --directory $(DEMO)

samples: ## What the repository shows of a demo of seed 1: docs/samples, inventory.db.example, the screens' pictures
	$(MAKE) demo SEED=1
	rm -rf docs/samples inventory.db.example && cp -r $(DEMO)/export docs/samples
	$(BIN)/lanward --config $(DEMO)/lanward.toml backup inventory.db.example && chmod 644 inventory.db.example
	$(BIN)/pytest -q tests/tui --new-pictures

wheel: $(STAMP) ## The wheel for sites, in dist/
	$(BIN)/pip -q wheel --no-deps --wheel-dir dist .

families: $(STAMP) ## How well devices are identified, of known families and of unknown ones (needs ../shared)
	$(BIN)/python -m bench.families

bench: $(STAMP) ## Beside plain SQL, FusionInventory, arp-scan (minutes), then a discovery beside nmap's (as root; an hour or two)
	@.ci/packages arp-scan fusioninventory-agent-task-network
	$(BIN)/python -m bench.measure
	$(BIN)/python -m bench.growth
	$(BIN)/python -m bench.resolving
	$(BIN)/python -m bench.asking --few 60
	$(BIN)/python -m bench.asking --addresses 2000 --delay 0.05 --few 20
	$(BIN)/python -m bench.sweep
	$(BIN)/python -m bench.discovery

check: $(STAMP) ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test-fast: $(STAMP) ## What needs no network: some two minutes on two cores
	LANWARD_TESTS=fast $(BIN)/pytest -q -m "not lab and not faults and not slow" -n 3 --dist loadfile

test: $(STAMP) ## Everything, the lab too: as root and with ../shared nothing may be skipped
	$(BIN)/pytest -n 5 --dist loadfile --no-loadscope-reorder -m "not faults" --durations 12

faults: $(STAMP) ## SIGKILL at ten seeded instants of a change and of a discovery, each refusal (as root, on an idle machine)
	$(BIN)/pytest -n 2 --dist loadfile tests/lab/test_change_crash.py tests/lab/test_change_refusals.py tests/lab/test_agent.py tests/lab/test_agent_changes.py
	$(BIN)/pytest tests/tui/test_heartbeat.py

lock: ## Pin the newest versions that pyproject.toml allows: requirements.lock for sites, requirements-dev.lock for us
	@python3 -m venv --clear build/lock && build/lock/bin/pip install -q pip-tools
	build/lock/bin/pip-compile $(LOCKED) --extra all -o requirements.lock pyproject.toml
	build/lock/bin/pip-compile $(LOCKED) --all-extras -o requirements-dev.lock pyproject.toml

clean: ## Take down every lab and remove what was built
	-$(BIN)/lanward lab down
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
