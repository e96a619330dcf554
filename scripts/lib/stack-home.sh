# shellcheck shell=bash
# The stack of `make run`, for backup.sh: its programs are called directly. It may run or not while it is backed up.

# shellcheck source=scripts/lib/postgres.sh
. "$here/lib/postgres.sh"
# shellcheck source=scripts/lib/supervise.sh
. "$here/lib/supervise.sh"

binaries=${BINARIES:-$repository/.build/release}
down_first='The studio runs. Stop it first: scripts/stack.sh stop, or Ctrl-C where make run is.'
own_postgres=
extract_flags=()

find_stack() {
    use_home
    lock_file=$state/backup.lock
    mkdir -p "$workspace"
    [ -x "$binaries/GatewayServer" ] || die "GatewayServer is not built in $binaries: make build"
    # The repository's own function catalogue is the checkout's, not a backup's.
    [ "$home" != "$repository" ] || extract_flags=(--skip-old-files)
    exec 9>"$state/lock"
    if flock --nonblock 9; then is_down=yes; else is_down=; fi
}

stack_is_down() { [ -n "$is_down" ]; }

open_stack() {
    local command tenth
    if [ -z "$is_down" ]; then
        choose_postgres_home
        choose_postgres_version
        choose_postgres_socket
        postgres_port=$(cat "$state/port.postgres")
        postgres_answers || die "The studio's PostgreSQL does not answer; its log is $logs/postgres.log"
        return
    fi
    end_leftovers
    prepare_postgres
    postgres_command
    "${command[@]}" </dev/null >"$logs/postgres.log" 2>&1 8>&- 9>&- &
    own_postgres=$!
    for ((tenth = 0; tenth < 600; tenth++)); do
        if postgres_answers; then break; fi
        [ -n "$(start_time "$own_postgres")" ] || die "PostgreSQL did not start: $(tail -n 3 "$logs/postgres.log")"
        sleep 0.1
    done
    create_database
}

close_stack() {
    [ -n "$own_postgres" ] || return 0
    kill -INT "$own_postgres" 2>/dev/null || true
    wait "$own_postgres" 2>/dev/null || true
    own_postgres=
}

in_postgres() { "$postgres_bin/$1" --host "$postgres_socket" --port "$postgres_port" --username postgres "${@:2}"; }

in_workspace() { (cd "$workspace" && exec "$@"); }

gateway() { "$binaries/GatewayServer" "$@"; }

# As the programs have it that run, or as they would have it.
storage() {
    # shellcheck source=/dev/null
    (if [ -f "$running/connections.env" ]; then . "$running/connections.env"; fi && printf '%s' "${STORAGE:-file}")
}

make_database() {
    in_postgres psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname postgres \
        --command 'DROP DATABASE IF EXISTS studio WITH (FORCE)'
    create_database
}

empty_queues() { rm -rf "$state/redis"; }

next_steps() {
    say 'Now: make run, and, while it runs:'
    say "  set -a; . $running/connections.env; set +a; $binaries/GatewayServer project check && $binaries/GatewayServer audit"
}
