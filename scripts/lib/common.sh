# shellcheck shell=bash
# What every script shares: where things are, secrets, ports, messages. Sourced, never run.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
    warn "$*"
    exit 1
}

# use_home: sets $home and the folders of the private stack below it. STUDIO_HOME defaults to the repository's folder.
use_home() {
    mkdir -p "${STUDIO_HOME:-$repository}"
    home=$(cd "${STUDIO_HOME:-$repository}" && pwd -P)
    state=$home/.studio
    running=$state/run
    logs=$state/log
    secrets=$state/secrets
    workspace=$home/Workspace
    mkdir -p "$state"
    # The database's own user has to pass through here on its way to its folder; what is private below is 0700.
    chmod 755 "$state"
    mkdir -p -m 700 "$running" "$logs" "$secrets"
}

# random_hex BYTES
random_hex() { head -c "$1" /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# secret NAME: prints the path of a file with 32 random bytes in hex, readable by its owner only, made on first use.
secret() {
    local file=$secrets/$1
    if [ ! -s "$file" ]; then
        (umask 077 && random_hex 32 >"$file.new")
        mv "$file.new" "$file"
    fi
    printf '%s' "$file"
}

# port_is_free PORT: nobody listens there on the loopback address.
port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# port_for NAME: a free port, the same one as the last time where possible, below the range of outgoing connections.
port_for() {
    local file=$state/port.$1 port try
    port=$(cat "$file" 2>/dev/null || true)
    for try in {1..50}; do
        if [[ $port =~ ^[0-9]+$ ]] && port_is_free "$port"; then
            printf '%s\n' "$port" >"$file"
            printf '%s' "$port"
            return
        fi
        port=$((15000 + (RANDOM * 32768 + RANDOM) % 15000))
    done
    die "no free port found for $1 after $try tries"
}

# start_time PID: the moment a process began, in ticks since boot. With the id it names a process for good, since ids
# are used again. Prints nothing when there is no such process.
start_time() {
    local fields
    fields=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # The second field is the program's name in parentheses and may contain anything.
    read -ra fields <<<"${fields##*) }"
    [ "${fields[0]}" = Z ] || printf '%s' "${fields[19]}"
}

# wait_gone PID SECONDS: waits until a process has ended; fails when it has not.
wait_gone() {
    local tenth
    for ((tenth = 0; tenth < $2 * 10; tenth++)); do
        [ -n "$(start_time "$1")" ] || return 0
        # A Ctrl-C meant for the supervisor ends this sleep too.
        sleep 0.1 || true
    done
    return 1
}
