# What can be done with this repository; `make help` lists it. Settings (PORT=8001, NAME=my-film, ...) are given on
# make's command line or in the environment: either way the scripts see them.
#
# A line's own explanation (## after the target) is its line in the list; a line that begins with ### begins a part of it.

.DEFAULT_GOAL := help
.PHONY: help build test clean new-project flower packages programs demo run run-with-comfyui bench chaos fuzz test-web \
	test-containers check fmt images up down logs scale roll ps login psql redis-cli shell-gateway shell-worker push sbom \
	backup verify-backup restore

overrides := $(patsubst compose/docker-compose.%.yml,%,$(wildcard compose/docker-compose.*.yml))

help: ## list the commands
	@awk -F ':.*## ' '/^### / { printf "\n%s\n", substr($$0, 5) } /^[a-z%-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)
	@printf '\nmake up-with-NAME takes, and WITH= any of: %s\n' '$(overrides)'

### In containers (Docker with Compose)
up: ## start the studio, images and all; WORKERS= WITH=name,name GATEWAY_PUBLISH=127.0.0.1:8000 BUILD=0
	@scripts/compose.sh up

up-with-%: ## the same with an override of compose/, such as up-with-comfyui
	@WITH="$*" scripts/compose.sh up

scale: ## change the number of workers; N=5
	@scripts/compose.sh scale "$(N)"

roll: ## exchange gateways and workers, one after the other, for the images of now; nothing that runs is lost
	@scripts/compose.sh roll

down: ## stop the studio; its data is kept
	@scripts/compose.sh down

logs: ## follow the logs; SERVICE=worker TAIL=20
	@scripts/compose.sh logs $(SERVICE)

ps: ## what runs
	@scripts/compose.sh ps

login: ## show the first login
	@scripts/compose.sh login

shell-gateway: ## a shell in the gateway
	@scripts/compose.sh shell gateway

shell-worker: ## a shell in a worker
	@scripts/compose.sh shell worker

psql: ## the database's own client
	@scripts/compose.sh psql

redis-cli: ## the queues' own client
	@scripts/compose.sh redis-cli

images: ## build the images and show their sizes; BINARIES=image VERSION= GATEWAY_IMAGE= WORKER_IMAGE=
	@scripts/compose.sh images

push: ## send them to their registry; GATEWAY_IMAGE= WORKER_IMAGE=
	@scripts/compose.sh push

sbom: ## write what is in the images as SPDX documents, into .studio/sbom
	@scripts/sbom.sh

### On this machine itself (Debian, Swift)
run: programs ## run the studio in the foreground; PORT= WORKERS= STUDIO_HOME=
	@scripts/stack.sh run

run-with-comfyui: programs ## the same with a ComfyUI server in a container; COMFYUI_PORT= COMFYUI_MODELS= COMFYUI_ARGS=
	@ENGINE_GATE=0 WITH=comfyui scripts/compose.sh run up --build --detach --no-deps comfyui
	@COMFYUI_URLS="http://127.0.0.1:$${COMFYUI_PORT:-8188}" WORKER_QUEUES=studio,comfyui scripts/stack.sh run

demo: programs ## from nothing to two finished takes; MEDIA=path takes your own film
	@scripts/demo.sh

programs: packages ## build the gateway, the worker and the page in release mode
	@Web/build.sh --if-new
	@swift build --configuration release --product GatewayServer
	@swift build --configuration release --product RenderWorker

packages: ## install the system packages (Debian; root or sudo)
	@scripts/install-system-packages.sh

### Both
build: ## build what can be built here: the programs where Swift is, the images where Docker is
	@scripts/build.sh

new-project: ## make a project in the studio that runs; NAME= TITLE= or a question
	@scripts/new-project.sh

flower: ## watch the running studio in Flower, Celery's monitor; FLOWER_PORT=
	@scripts/flower.sh

backup: ## back up the studio while it works; TO=folder, STUDIO_HOME= or STACK=home for the one of make run
	@scripts/backup.sh backup "$(TO)"

verify-backup: ## read a backup and say whether it is whole; FROM=folder
	@scripts/backup.sh verify "$(FROM)"

restore: ## bring a backup into a stack that is down and empty; FROM=folder (FORCE=1 replaces what is there)
	@scripts/backup.sh restore "$(FROM)"

clean: ## remove the build and, after asking, the data of either studio (FORCE=1 does not ask)
	@scripts/clean.sh

### Work on the studio
test: packages ## run all tests, set-up included; FILTER=regex runs some
	@scripts/test.sh

test-web: packages ## run the page's tests: units, then the page in a browser on a studio of its own; FILTER=regex
	@scripts/test-web.sh

test-containers: packages ## build the images and try the studio in containers, bad days included; FILTER=regex BUILD=0
	@scripts/test-containers.sh

check: packages ## format lint, warnings as errors, house rules
	@scripts/check.sh

fmt: ## format the Swift sources
	@swift format --in-place --parallel --recursive Package.swift Sources Tests Fuzz/Package.swift Fuzz/Sources

bench: programs ## measure against the peers
	@Benchmarks/run.sh

chaos: programs ## break a whole studio again and again; SECONDS= SEED= LEASE=
	@CHAOS_SECONDS="$(SECONDS)" CHAOS_SEED="$(SEED)" CHAOS_LEASE="$(LEASE)" CHAOS_LOGS="$(LOGS)" scripts/chaos.sh

fuzz: packages ## throw broken documents at our parsers; SECONDS= for each TARGETS=
	@FUZZ_SECONDS="$(SECONDS)" FUZZ_TARGETS="$(TARGETS)" scripts/fuzz.sh
