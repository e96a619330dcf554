# What can be done with this repository; `make help` lists it. Settings (PORT=8001, NAME=my-film, ...) are given on
# make's command line or in the environment: either way the scripts see them.

.DEFAULT_GOAL := help
.PHONY: help packages build demo run flower test check fmt bench chaos clean new-project up-with-comfyui

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

packages: ## install the system packages (Debian; root or sudo)
	@scripts/install-system-packages.sh

build: packages ## build the gateway and the worker in release mode
	@swift build --configuration release --product GatewayServer
	@swift build --configuration release --product RenderWorker

demo: build ## from nothing to two finished takes; MEDIA=path takes your own film
	@scripts/demo.sh

run: build ## run the studio in the foreground; PORT= WORKERS= STUDIO_HOME=
	@scripts/stack.sh run

flower: ## watch the running studio in Flower, Celery's monitor; FLOWER_PORT=
	@scripts/flower.sh

test: packages ## run all tests, set-up included; FILTER=regex runs some
	@scripts/test.sh

check: packages ## format lint, warnings as errors, house rules
	@scripts/check.sh

fmt: ## format the Swift sources
	@swift format --in-place --parallel --recursive Package.swift Sources Tests

bench: build ## measure against the peers
	@Benchmarks/run.sh

chaos: build ## break a whole studio again and again; SECONDS= SEED= LEASE=
	@CHAOS_SECONDS="$(SECONDS)" CHAOS_SEED="$(SEED)" CHAOS_LEASE="$(LEASE)" CHAOS_LOGS="$(LOGS)" scripts/chaos.sh

clean: ## remove the build and, after asking, the private stack's data (FORCE=1 does not ask)
	@scripts/clean.sh

new-project: build ## make a project; NAME= or a question
	@scripts/new-project.sh

up-with-comfyui: build ## the studio with a ComfyUI server in a container; COMFYUI_PORT= COMFYUI_MODELS= COMFYUI_ARGS=
	@docker compose -f compose/docker-compose.comfyui.yml up --build --detach
	@COMFYUI_URLS="http://127.0.0.1:$${COMFYUI_PORT:-8188}" WORKER_QUEUES=studio,comfyui scripts/stack.sh run
