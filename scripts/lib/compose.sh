# shellcheck shell=bash
# How every script speaks with the studio in containers: which Compose, which files, which engine. Sourced after common.sh.
#
#   WITH                    names of compose/docker-compose.<name>.yml beside the base, comma-separated; what `up` was given
#                           last where it is not set
#   COMPOSE_PROJECT_NAME    the stack's name; `studio` where it is not set
#   COMPOSE                 `docker compose` or `docker-compose`; the first that is there where it is not set

project=${COMPOSE_PROJECT_NAME:-studio}
# What `up` was given last: `scale` must not start other workers than those that are there.
remembered=$repository/.studio/containers/$project.with

# find_compose: sets $compose, or says what is missing and how to get it.
find_compose() {
    command -v docker >/dev/null || die \
        "Docker is not installed. Debian: apt-get install docker.io docker-compose; others: https://docs.docker.com/engine/install"
    if [ -n "${COMPOSE:-}" ]; then
        read -ra compose <<<"$COMPOSE"
    elif docker compose version >/dev/null 2>&1; then
        compose=(docker compose)
    elif command -v docker-compose >/dev/null; then
        compose=(docker-compose)
    else
        die "Docker Compose is not installed. Debian: apt-get install docker-compose; others: https://docs.docker.com/compose/install"
    fi
    engine_answers || die \
        "The Docker engine does not answer at ${DOCKER_HOST:-its usual address}. Is it running (systemctl start docker), and may you use it (usermod -aG docker $(id -un), then a new login)?"
}

engine_answers() { docker version >/dev/null 2>&1; }

# choose_files: sets $files to the base and what WITH names.
choose_files() {
    local name file
    [ -n "${WITH+set}" ] || WITH=$(cat "$remembered" 2>/dev/null || true)
    files=(-f "$repository/compose/docker-compose.yml")
    WITH=${WITH// /,}
    for name in ${WITH//,/ }; do
        file=$repository/compose/docker-compose.$name.yml
        [ -f "$file" ] || die "There is no compose/docker-compose.$name.yml; there are: $(overrides)"
        files+=(-f "$file")
    done
    # What both say, together, and last.
    if chosen comfyui && chosen gpu && ! chosen comfyui-gpu; then
        files+=(-f "$repository/compose/docker-compose.comfyui-gpu.yml")
    fi
    if chosen dev; then
        # Nothing is built but what compiles: all of the studio's own runs in its image.
        GATEWAY_IMAGE=$(setting DEV_IMAGE studio/dev)
        export GATEWAY_IMAGE WORKER_IMAGE=$GATEWAY_IMAGE
    fi
}

# chosen NAME: whether this override is among those of WITH.
chosen() { [[ ,$WITH, == *,"$1",* ]]; }

remember_files() {
    mkdir -p "$(dirname "$remembered")"
    printf '%s\n' "$WITH" >"$remembered"
}

# overrides: the names that WITH takes.
overrides() {
    local file names=()
    for file in "$repository"/compose/docker-compose.*.yml; do
        file=${file##*/docker-compose.}
        names+=("${file%.yml}")
    done
    printf '%s' "${names[*]}"
}

# setting NAME DEFAULT: as Compose sees it: the environment first, then compose/.env.
setting() {
    local line
    if [ -n "${!1:-}" ]; then
        printf '%s' "${!1}"
        return
    fi
    line=$(grep -E "^$1=." "$repository/compose/.env" 2>/dev/null | tail -n 1) || true
    if [ -n "$line" ]; then printf '%s' "${line#*=}"; else printf '%s' "$2"; fi
}

# Both generations read .env in the folder that they are called in; only the second looks beside the file too.
run_compose() { (cd "$repository/compose" && "${compose[@]}" --project-name "$project" "${files[@]}" "$@"); }

# exec_in SERVICE COMMAND...: with a terminal where there is one.
exec_in() {
    local flags=()
    [ -t 0 ] && [ -t 1 ] || flags=(-T)
    run_compose exec "${flags[@]}" "$@"
}

# stack_runs: whether a gateway of this stack is up. Needs find_compose and choose_files.
stack_runs() { [ -n "$(running_ids gateway)" ]; }

# running_ids SERVICE: by label, which both generations of Compose set.
running_ids() {
    docker ps --quiet --filter "label=com.docker.compose.project=$project" \
        --filter "label=com.docker.compose.service=$1" --filter status=running
}

# stack_is_kept: whether volumes of this stack are there.
stack_is_kept() { [ -n "$(docker volume ls --quiet --filter "label=com.docker.compose.project=$project")" ]; }

# find_engine: exports ENGINE_SOCKET and ENGINE_SOCKET_GROUP for the gate. The engine is asked itself, with the worker's
# image: only so are both what a container sees, with a rootless engine, in a virtual machine or on another host. Where
# there is no socket, or ENGINE_GATE=0 wants none, $gates is 0 and workers are told of no engine.
find_engine() {
    local endpoint candidates=() candidate seen
    gates=1
    if [ "$(setting ENGINE_GATE 1)" != 0 ]; then
        endpoint=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)}
        candidate=$(setting ENGINE_SOCKET '')
        if [ -n "$candidate" ]; then candidates=("$candidate"); else
            case $endpoint in unix://*) candidates=("${endpoint#unix://}") ;; esac
            candidates+=(/var/run/docker.sock)
        fi
        for candidate in "${candidates[@]}"; do
            seen=$(docker run --rm --network none --user 0:0 --cap-drop ALL --entrypoint stat \
                --mount "type=bind,source=$candidate,target=/socket" "$(setting WORKER_IMAGE studio/worker)" \
                --format '%F %g' /socket 2>/dev/null) || continue
            [[ $seen == socket\ * ]] || continue
            export ENGINE_SOCKET=$candidate ENGINE_SOCKET_GROUP=${seen#socket }
            return
        done
        warn "No socket of a Docker engine was found at ${candidates[*]}: functions in containers fail until ENGINE_SOCKET names it. All else works."
    fi
    gates=0
    export WORKER_DOCKER_HOST=
}

# published: where the gateway is reached from this machine.
published() {
    local address
    address=$(run_compose port gateway 8000 2>/dev/null | sed -n 1p)
    printf '%s' "${address/0.0.0.0/127.0.0.1}"
}

# await_gateway SECONDS: until it says that it is healthy, or has ended. Here and elsewhere sed takes the first line and not head:
# who is still writing when head has gone ends with an error, and the script with it.
await_gateway() {
    local id second state
    for ((second = 0; second < $1; second++)); do
        id=$(run_compose ps -q gateway | sed -n 1p)
        if [ -n "$id" ]; then
            state=$(docker inspect --format '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}' "$id")
            case $state in
            'running healthy') return 0 ;;
            exited* | dead*) break ;;
            esac
        fi
        sleep 1
    done
    run_compose logs --tail 20 setup prepare gateway >&2
    die 'The gateway did not become healthy; its last lines are above.'
}

# await_healthy SERVICE COUNT SECONDS: until so many of a service say that they are.
await_healthy() {
    local second
    for ((second = 0; second < $3; second++)); do
        [ "$(docker ps --quiet --filter "label=com.docker.compose.project=$project" --filter health=healthy \
            --filter "label=com.docker.compose.service=$1" | wc -l)" -lt "$2" ] || return 0
        sleep 1
    done
    run_compose logs --tail 20 "$1" >&2
    die "The $1 did not become healthy; its last lines are above."
}
