# A clone needs Python 3.11, 3.12 or 3.13, make and a package registry. `make help` lists the targets.

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
  $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && { echo $$name; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SBOM := .make/sbom
UV := uv==0.13.9
JOBS ?= 2
SERVERS := mosquitto mosquitto_pub influxd nginx
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-strip-extras \
  --custom-compile-command "make lock"
# Writes every pin that has an extra a second time without it: the pip of Python 3.11 and 3.12 needs both forms.
BARE_TOO = awk '/^[^ ]/ { printf "%s%s", block, bare; block = bare = ""; extra = /^[^ ]+\[/ } \
  { block = block $$0 "\n" } extra { sub(/\[.*\]/, ""); bare = bare $$0 "\n" } END { printf "%s%s", block, bare }'

export UV_HTTP_TIMEOUT ?= 300
# Tests of the trainer write bundles here; .ci/run runs them again on devices without a trainer.
export GATECAST_TEST_BUNDLES ?= $(CURDIR)/.make/bundles
# The tests start some hundred Python programs, and each would compile the modules anew.
unexport PYTHONDONTWRITEBYTECODE
# Older versions of pip read only their own variable.
ifdef SSL_CERT_FILE
export PIP_CERT ?= $(SSL_CERT_FILE)
endif

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-influx check bench docs dashboards lock sbom servers clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: $(READY) ## make .venv with everything pinned; nothing to do where it is up to date

# uv takes the registry that pip is configured for. Bytecode is compiled once: without it TensorFlow takes three times as
# long to import, and every training is a process of its own.
$(READY): requirements/dev.txt requirements/uv.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "expected Python 3.11, 3.12 or 3.13 on the PATH; or name it: make PYTHON=/path/to/python3.13"; exit 2; }
	@test -e $@ || echo "installing into $(VENV): about 2.8 GB of packages; it takes as long as their download, and prints nothing meanwhile"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@index="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(BIN)/pip config get global.index-url 2>/dev/null)}}"; \
	  export VIRTUAL_ENV="$(CURDIR)/$(VENV)" $${index:+UV_DEFAULT_INDEX="$$index"}; \
	  $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements/dev.txt && \
	  $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## the whole way on recorded weather, or DATA=your.csv; more options in ARGS
	$(BIN)/gatecast demo $(if $(DATA),--data "$(DATA)") $(ARGS)

test: setup $(SBOM)/.ready servers ## all tests, in JOBS processes; ARGS goes to pytest
	@rm -rf "$(GATECAST_TEST_BUNDLES)"
	$(BIN)/python -m pytest -rsfE -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

# Buckets that the tests make are deleted; where the token makes none, they write into the bucket named, under names of their own.
test-influx: setup ## store and dashboards against URL=influxdb://HOST:PORT/BUCKET?org=ORG; token in GATECAST_INFLUX_TOKEN
	@test -n "$(URL)" || { echo 'expected URL=influxdb://HOST:PORT/BUCKET?org=ORG'; exit 2; }
	GATECAST_TEST_INFLUX_URL='$(URL)' GATECAST_TEST_INFLUX_TOKEN="$$GATECAST_INFLUX_TOKEN" \
	  $(BIN)/python -m pytest -rsfE $(wildcard tests/edge/test_stores_contract*.py tests/deploy/test_grafana*.py) $(ARGS)

check: setup ## lint, format, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## measurements, printed as tables
	$(BIN)/python benchmarks/agent_throughput.py $(ARGS)

dashboards: setup ## write the dashboards and alert rules of deploy/grafana anew
	PYTHONPATH=.:deploy/grafana $(BIN)/python -m as_code

docs: setup ## the pages as a site in .make/site, every link and anchor checked
	$(BIN)/python docs/site/reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --config-file docs/site/mkdocs.yml
	@echo "open .make/site/index.html, or: $(BIN)/python -m http.server --directory .make/site --bind 127.0.0.1 8000"

lock: setup ## bring requirements/ up to pyproject.toml; UPGRADE=1 takes newer versions
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra dev -o requirements/dev.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements/dev.txt pyproject.toml --extra train -o requirements/train.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements/dev.txt pyproject.toml --extra edge -o requirements/edge.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements/dev.txt pyproject.toml --extra edge --extra page -o requirements/page.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml --extra edge-tflite -o requirements/edge-tflite.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements/edge.txt pyproject.toml --extra edge --extra test \
	  -o requirements/test-edge.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements/edge-tflite.txt pyproject.toml --extra edge-tflite --extra test \
	  -o requirements/test-edge-tflite.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) -c requirements/dev.txt --group sbom -o requirements/sbom.txt
	echo "$(UV)" | $(COMPILE) - -o requirements/uv.txt
	@for lock in requirements/*.txt; do $(BARE_TOO) $$lock > $$lock.new && mv $$lock.new $$lock || exit 1; done
	@! grep -n '://' requirements/*.txt || { echo "a lock file must not name an address"; exit 1; }

# Two runs give the same files. They name the Python packages of the images; what Debian's image brings, a scanner of images tells.
sbom: $(SBOM)/.ready ## bills of materials (CycloneDX) of both images, in dist/
	@mkdir -p dist
	$(SBOM)/bin/cyclonedx-py requirements requirements/edge.txt --pyproject pyproject.toml --output-reproducible --short-PURLs \
	  -o dist/gatecast-agent.cdx.json
	$(SBOM)/bin/cyclonedx-py requirements requirements/train.txt --pyproject pyproject.toml --output-reproducible --short-PURLs \
	  -o dist/gatecast-trainer.cdx.json

$(SBOM)/.ready: requirements/sbom.txt | $(READY)
	@rm -rf $(SBOM)
	@$(BIN)/python -m venv $(SBOM)
	@$(SBOM)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/sbom.txt
	@touch $@

# The tests start their own servers; the packages' services are kept from starting. Without root they are skipped by name.
servers:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  for server in $(SERVERS); do PATH="$$PATH:/usr/local/sbin:/usr/sbin" command -v $$server >/dev/null || missing=yes; done; \
	  if [ -n "$$missing" ]; then \
	    policy=/usr/sbin/policy-rc.d; test -e $$policy || { printf '#!/bin/sh\nexit 101\n' > $$policy; chmod +x $$policy; \
	      trap "rm -f $$policy" EXIT; }; \
	    export DEBIAN_FRONTEND=noninteractive; \
	    { apt-get update && apt-get install -y --no-install-recommends mosquitto mosquitto-clients influxdb nginx-light; } >/dev/null \
	      || echo "mosquitto, mosquitto-clients, influxdb and nginx-light cannot be installed here; their tests are skipped by name"; \
	  fi; \
	fi

clean: ## remove what make and the tools have made, .venv too; says what it keeps
	@echo "kept, as they may hold your data: gatecast.toml, gatecast.db, gatecast-state, registry, .gatecast; ~/.cache/gatecast"
	rm -rf $(VENV) .make gatecast-demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
