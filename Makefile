# make run    installs everything into .venv, starts the server and opens the browser where there is one
# make test   the same environment with the test tools, every check and every test
# make bench  the published figures, as ratios measured in one run
# Needs Debian's make and python3-venv (Python 3.11 or newer), nothing else.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin

# PyTorch's index of CPU builds: the plain torch for Linux brings gigabytes of CUDA. Left out where there is an NVIDIA
# GPU, and where pip is already told of a mirror or a folder of its own. Set TORCH_INDEX= (empty) to leave it out.
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu
TORCH_INDEX ?= auto

# Where data to train and test the shipped weights lies, beside the checkout; python -m app train --data names another folder.
ifneq ($(wildcard ../shared/data),)
export UNROLLED_DATA ?= $(abspath ../shared/data)
endif

.DELETE_ON_ERROR:
.PHONY: run test lint bench vendor chromium clean

run: $(VENV)/.run
	$(BIN)/python -m app serve --host $(HOST) --port $(PORT) --open

# Two processes take the files in order: the browser's, which last longest and share one Chromium, first; the short ones last.
test: lint chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.test $(VENV)/.tsc
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m app vendor --check
	$(BIN)/node node_modules/typescript/bin/tsc -p static/js

bench: $(VENV)/.test chromium
	$(BIN)/python -m benchmarks

vendor: $(VENV)/.run
	$(BIN)/python -m app vendor

# Headless Chromium and a Chinese face for the browser tests, from the system's packages.
chromium:
	@if ! command -v chromium >/dev/null || ! ls /usr/share/fonts/opentype/noto/NotoSansCJK* >/dev/null 2>&1; then \
	  if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; \
	  else echo "The browser tests need Chromium and a Chinese font. Type: sudo apt-get install chromium fonts-noto-cjk" >&2; exit 1; fi; fi

clean:
	rm -rf $(VENV) node_modules

$(VENV)/.venv:
	$(PYTHON) -m venv $(VENV)
	touch $@

# $(call install,WHAT): pip with the exact versions of constraints.txt.
define install
	index="$(TORCH_INDEX)"; \
	if [ "$$index" = auto ]; then index=$(TORCH_CPU_INDEX); \
	  if command -v nvidia-smi >/dev/null || $(BIN)/python -m pip config list | grep -Eq 'index-url|find-links'; then index=; fi; fi; \
	$(BIN)/python -m pip install --quiet $${index:+--extra-index-url "$$index"} -c constraints.txt -e "$(1)"
	touch $@
endef

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/.venv
	$(call install,.[minilm])

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/.venv
	$(call install,.[test])
	touch $(VENV)/.run

$(VENV)/.tsc: package.json package-lock.json $(VENV)/.test
	$(BIN)/npm ci --silent --no-audit --no-fund
	touch $@
