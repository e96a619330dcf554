# shellcheck shell=bash
# The stack of `make up`, for backup.sh: PostgreSQL's programs are those of its own container; files are reached by a
# container of the gateway's image that sleeps beside the stack. It may run or not while it is backed up.

# shellcheck source=scripts/lib/compose.sh
. "$here/lib/compose.sh"

down_first='The studio runs. Stop it first: make down'
started=()
files=()
extract_flags=()

find_stack() {
    find_compose
    choose_files
    mkdir -p "$repository/.studio/containers"
    lock_file=$repository/.studio/containers/$project.backup.lock
    helper=$project-backup
}

# One that is paused, or is started again and again, is not down.
stack_is_down() {
    local service
    for service in gateway worker; do
        [ -z "$(docker ps --quiet --filter "label=com.docker.compose.project=$project" \
            --filter "label=com.docker.compose.service=$service")" ] || return 1
    done
}

open_stack() {
    local service second
    for service in postgres redis; do
        [ -n "$(running_ids "$service")" ] || started+=("$service")
    done
    if [ "${#started[@]}" -gt 0 ]; then
        # Secrets and folders, which setup refuses to others where a restore was interrupted.
        run_compose run --rm --no-deps -e RESTORING=1 setup </dev/null >&2
        run_compose up --detach --no-deps "${started[@]}" >&2
    fi
    postgres=$(running_ids postgres | sed -n 1p)
    # Over TCP: the server that runs a first set-up answers on its socket alone.
    for ((second = 0; second < 120; second++)); do
        if docker exec "$postgres" pg_isready --quiet --host 127.0.0.1 --username studio; then break; fi
        sleep 1
        postgres=$(running_ids postgres | sed -n 1p)
    done
    # One that was killed has left its own.
    docker rm --force "$helper" >/dev/null 2>&1 || true
    run_compose run --detach --no-deps --name "$helper" --entrypoint sleep setup infinity >/dev/null
}

close_stack() {
    docker rm --force "$helper" >/dev/null 2>&1 || true
    [ "${#started[@]}" = 0 ] || run_compose stop "${started[@]}" >&2
    started=()
}

in_postgres() { docker exec --interactive "$postgres" "$1" --username studio "${@:2}"; }

in_workspace() { docker exec --interactive --workdir /workspace "$helper" "$@"; }

gateway() { docker exec "$helper" GatewayServer "$@"; }

storage() { run_compose run --rm --no-deps -T --entrypoint printenv gateway STORAGE </dev/null 2>/dev/null || printf file; }

make_database() {
    in_postgres psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname postgres \
        --command 'DROP DATABASE IF EXISTS studio WITH (FORCE)' --command 'CREATE DATABASE studio OWNER studio' </dev/null
}

empty_queues() {
    # shellcheck disable=SC2016
    docker exec "$(running_ids redis | sed -n 1p)" \
        /bin/sh -c 'REDISCLI_AUTH=$(cat /run/secrets/studio/password) redis-cli FLUSHALL' >/dev/null
}

next_steps() {
    say 'Now: make up, and then: make shell-gateway, and there GatewayServer project check && GatewayServer audit'
}
