# shellcheck shell=bash
# A Docker engine for tests: the one that answers here, or a private one below TMPDIR that is gone with the script, with
# all its containers, images and mounts. Sourced after common.sh.
#
# A private engine takes root, Debian's docker.io and a file system below TMPDIR that overlayfs can write to. It lives in
# namespaces of mounts and processes of its own, and keeps networks in the machine's, as engines do: the firewall's rules
# are put back as they were when it stops.

# use_docker: sets DOCKER_HOST where a private engine had to be started; stop_docker ends that.
use_docker() {
    if docker version >/dev/null 2>&1; then return; fi
    command -v dockerd >/dev/null || die 'Docker is not installed: run scripts/install-system-packages.sh'
    [ "$(id -u)" = 0 ] || die 'No Docker engine answers, and a private one takes root.'
    engine=$(mktemp -d "${TMPDIR:-/tmp}/studio-docker.XXXXXX")
    # A bridge of its own: docker0 is somebody else's. Names of interfaces have 15 characters at most.
    bridge=sd$(basename "$engine" | sha256sum | cut -c1-8)
    echo '{}' >"$engine/daemon.json"
    mkfifo -m 600 "$engine/control"
    save_network
    ip link add "$bridge" type bridge
    ip addr add "$(free_subnet).1/24" dev "$bridge"
    ip link set "$bridge" up
    setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
        bash -c "$engine_script" engine "$engine" "$bridge" "$(uplink_mtu)" </dev/null >"$engine/log" 2>&1 &
    engine_process=$!
    export DOCKER_HOST=unix://$engine/socket
    local tenth
    for ((tenth = 0; tenth < 600; tenth++)); do
        if docker version >/dev/null 2>&1; then return; fi
        kill -0 "$engine_process" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$engine/log" >&2
    die 'The private Docker engine does not start; its last lines are above.'
}

# stop_docker: ends the private engine, where one was started, and removes all that it had.
stop_docker() {
    [ -n "${engine:-}" ] || return 0
    # Networks of what a test left behind are links of the machine.
    docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes >/dev/null 2>&1 || true
    docker network prune --force >/dev/null 2>&1 || true
    # The first process of its namespaces ends when the engine has.
    if [ -n "$(start_time "$engine_process")" ]; then echo stop 1<>"$engine/control"; fi
    wait_gone "$engine_process" 30 || kill -KILL "$engine_process" 2>/dev/null || true
    wait "$engine_process" 2>/dev/null || true
    ip link delete "$bridge" 2>/dev/null || true
    restore_network
    rm -rf --one-file-system "$engine"
    engine=
}

# What the first process of the namespaces does: control groups where a machine without an init system has none, and the
# engine until it is told to stop, so that networks and mounts are taken down in order.
# shellcheck disable=SC2016
engine_script='
    if ! mountpoint -q /sys/fs/cgroup; then
        # Of the two hierarchies the one that bounds memory: the kernel gives each controller to one of them.
        if ! { grep -qw cgroup2 /proc/filesystems && mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
            grep -qw memory /sys/fs/cgroup/cgroup.controllers; }; then
            umount /sys/fs/cgroup 2>/dev/null
            mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
            awk "NR > 1 && \$4 == 1 { print \$1 }" /proc/cgroups | while read -r one; do
                mkdir "/sys/fs/cgroup/$one"
                mount -t cgroup -o "$one" cgroup "/sys/fs/cgroup/$one" || rmdir "/sys/fs/cgroup/$one"
            done
        fi
    fi
    dockerd --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" --host "unix://$1/socket" \
        --config-file "$1/daemon.json" --storage-driver overlay2 --bridge "$2" --mtu "$3" &
    engine=$!
    { read -r order <"$1/control" && kill -TERM $engine; } &
    wait $engine
'

# Containers must not send larger packets than the machine itself.
uplink_mtu() {
    local device
    device=$(ip -o route show default | sed -nE 's/.* dev ([^ ]+).*/\1/p' | sed -n 1p)
    cat "/sys/class/net/${device:-none}/mtu" 2>/dev/null || echo 1500
}

# The first three numbers of a network that nothing here has an address in.
free_subnet() {
    local number addresses
    addresses=$(ip -o -4 addr show)
    for number in {217..247}; do
        if [[ $addresses != *" 10.$number."* ]]; then
            printf '10.%s.0' "$number"
            return
        fi
    done
    die 'All of 10.217.0.0 to 10.247.0.0 is in use.'
}

# An engine leaves its rules, and a policy that lets nothing pass. Where another engine has its rules already, they are
# that one's to keep.
save_network() {
    firewall=
    forwarding=$(cat /proc/sys/net/ipv4/ip_forward)
    if iptables -S DOCKER >/dev/null 2>&1; then return; fi
    firewall=$engine/firewall
    iptables-save >"$firewall"
}

restore_network() {
    [ -n "$firewall" ] || return 0
    # Tables that nobody had used before are not in what was saved.
    local table
    for table in filter nat; do
        grep -q "^\*$table$" "$firewall" || { iptables -t "$table" --flush && iptables -t "$table" --delete-chain; }
    done
    if ! grep -q '^\*filter$' "$firewall"; then iptables --policy FORWARD ACCEPT; fi
    iptables-restore <"$firewall"
    echo "$forwarding" >/proc/sys/net/ipv4/ip_forward
}
