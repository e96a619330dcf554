#!/usr/bin/env bash
# The private stack: PostgreSQL, Redis, one gateway and WORKERS workers, all data below STUDIO_HOME/.studio.
#
#   scripts/stack.sh run      in the foreground; Ctrl-C or SIGTERM stops everything and keeps the data
#   scripts/stack.sh start    the same in the background; returns when the gateway is ready
#   scripts/stack.sh stop     stops what `start` (or a `run` elsewhere) started
#
# STUDIO_HOME, PORT, WORKERS, BINARIES (where the two programs are) and the programs' own variables are read.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/postgres.sh
. "$here/lib/postgres.sh"
# shellcheck source=scripts/lib/redis.sh
. "$here/lib/redis.sh"
# shellcheck source=scripts/lib/supervise.sh
. "$here/lib/supervise.sh"

binaries=${BINARIES:-$repository/.build/release}
workers=${WORKERS:-1}

# The environment of both programs; nothing of the caller's PostgreSQL settings gets in.
set_environment() {
    local name
    for name in "${!PG@}"; do unset "$name"; done
    export STUDIO_ENV=${STUDIO_ENV:-development} HOST=${HOST:-127.0.0.1} PORT=${PORT:-8000}
    export DATABASE_URL=$database_url REDIS_URL=$redis_url WORKSPACE_ROOT=$workspace
    export WEB_ROOT=${WEB_ROOT:-$repository/Web/dist}
    if [ -z "${JWT_SECRET:-}" ] && [ -z "${JWT_SECRET_FILE:-}" ]; then
        JWT_SECRET_FILE=$(secret jwt)
        export JWT_SECRET_FILE
    fi
    gateway_url=http://$HOST:$PORT
}

# A home elsewhere gets the shipped function catalogue; what people changed of it is left alone.
prepare_workspace() {
    mkdir -p "$workspace/Projects"
    [ "$home" = "$repository" ] || "$repository/compose/build/catalogue.sh" "$repository/Workspace/Library" "$workspace/Library"
}

start_service() {
    local command=()
    case $1 in
    postgres) postgres_command && launch postgres quiet "${command[@]}" ;;
    redis) redis_command && launch redis quiet "${command[@]}" ;;
    gateway) launch gateway shown setpriv --pdeathsig TERM -- "$binaries/GatewayServer" serve ;;
    worker*) launch "$1" shown setpriv --pdeathsig TERM -- env "WORKER_NAME=${WORKER_NAME:-$1}" \
        "$binaries/RenderWorker" serve ;;
    esac
}

# await NAME SECONDS CHECK...: until the check succeeds, while the service lives and nobody asked to stop.
await() {
    local name=$1 tenth
    for ((tenth = 0; tenth < $2 * 10; tenth++)); do
        if "${@:3}"; then return 0; fi
        if [ -n "$stopping" ]; then return 1; fi
        if [ -z "$(start_time "${pids[$name]}")" ]; then
            warn "$name did not start: $(tail -n 3 "$logs/$name.log")"
            return 1
        fi
        sleep 0.1 || true
    done
    warn "$name was not ready after $2 s; its log is $logs/$name.log"
    return 1
}

gateway_answers() { curl --silent --fail --max-time 5 --output /dev/null "$gateway_url/readyz"; }

start_all() {
    local number
    port_is_free "${PORT:-8000}" ||
        { warn "Port ${PORT:-8000} is in use. Choose another: make run PORT=8001"; return 1; }
    [ ! -e "$workspace/.restoring" ] ||
        { warn 'A restore of this studio was interrupted. Run it again: make restore FROM=…'; return 1; }
    prepare_postgres && prepare_redis && prepare_workspace && set_environment || return 1
    start_service postgres
    start_service redis
    await postgres 60 postgres_answers || return 1
    await redis 60 redis_answers || return 1
    create_database || return 1
    "$binaries/GatewayServer" migrate >"$logs/migrate.log" 2>&1 9>&- ||
        { warn "The database could not be migrated:"; tail -n 5 "$logs/migrate.log" >&2; return 1; }
    login=$("$binaries/GatewayServer" first-login 2>"$logs/first-login.log" 9>&-) ||
        { warn "The first login could not be made:"; tail -n 5 "$logs/first-login.log" >&2; return 1; }
    start_service gateway
    for ((number = 1; number <= workers; number++)); do start_service "worker-$number"; done
    await gateway 60 gateway_answers
}

announce() {
    (
        umask 077
        printf 'STUDIO_URL=%q\nDATABASE_URL=%q\nREDIS_URL=%q\nWORKSPACE_ROOT=%q\nPORT=%q\n' "$gateway_url" \
            "$DATABASE_URL" "$REDIS_URL" "$WORKSPACE_ROOT" "$PORT" >"$running/connections.env"
        # Of keys the places, never they themselves.
        local name
        for name in JWT_SECRET_FILE STORAGE "${!S3_@}" AWS_ACCESS_KEY_ID_FILE AWS_SECRET_ACCESS_KEY_FILE; do
            if [ -n "${!name:-}" ]; then printf '%s=%q\n' "$name" "${!name}" >>"$running/connections.env"; fi
        done
    )
    say ''
    say "The studio is up ($workers worker(s)). Ctrl-C stops it and keeps its data."
    say "  the page    $gateway_url   (API: $gateway_url/docs)"
    say "  PostgreSQL  $database_url_tcp"
    say "  Redis       $redis_url"
    say "  workspace   $workspace"
    say "  logs        $logs"
    if [ -n "$login" ]; then
        say '  first login, shown this once:'
        printf '%s\n' "$login" | sed 's/^/    /'
    fi
    say ''
    : >"$running/ready"
}

lock_home() {
    exec 9>"$state/lock"
    flock --nonblock 9 ||
        die "A stack already runs in $home. Stop it with \`scripts/stack.sh stop\`, or choose another STUDIO_HOME and PORT."
}

run() {
    [[ $workers =~ ^[0-9]+$ ]] || die "WORKERS=$workers is not a number."
    local program
    for program in GatewayServer RenderWorker; do
        [ -x "$binaries/$program" ] || die "$program is not built in $binaries: make programs"
    done
    lock_home
    end_leftovers
    rm -f "$running/ready"
    printf '%s %s\n' "$$" "$(start_time $$)" >"$running/stack"
    start_alarm
    trap on_signal INT TERM HUP
    trap clean_up EXIT
    local status=0
    if start_all; then
        announce
        supervise || status=1
    elif [ "$stopping" != asked ]; then
        status=1
    fi
    exit "$status"
}

# However the supervisor ends, nothing it started stays behind.
clean_up() {
    local status=$?
    rm -f "$running/ready" "$running/connections.env"
    say 'Stopping: workers finish what they do (Ctrl-C again: at once).'
    end_all
    rm -f "$running/stack"
    say 'Stopped. The data is kept.'
    exit "$status"
}

start() {
    local supervisor log=$logs/stack.$$.log
    # The first login is shown in this file too, hence its folder's mode 0700.
    setsid "$here/stack.sh" run </dev/null >"$log" 2>&1 &
    supervisor=$!
    # A ready stack of somebody else's in this home is not ours: ours then ends, and says so.
    until [ -f "$running/ready" ] && grep -qs "^$supervisor " "$running/stack"; do
        [ -n "$(start_time "$supervisor")" ] || { tail -n 15 "$log" >&2; rm -f "$log"; exit 1; }
        sleep 0.1
    done
    mv "$log" "$logs/stack.log"
}

stop() {
    local pid since
    { read -r pid since <"$running/stack"; } 2>/dev/null || die "No stack runs in $home."
    if [ "$(start_time "$pid")" != "$since" ]; then die "No stack runs in $home."; fi
    kill -TERM "$pid"
    wait_gone "$pid" $((${WORKER_GRACE_SECONDS:-120} + 150)) || die "Process $pid does not stop; see $logs/stack.log"
}

use_home
case ${1:-} in
run | start | stop) "$1" ;;
*) die 'usage: scripts/stack.sh run|start|stop' ;;
esac
