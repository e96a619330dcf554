# shellcheck shell=bash
# A private Redis: append-only, never evicting, on a Unix socket and a loopback port with a password. Sourced.

prepare_redis() {
    command -v redis-server >/dev/null || die 'Redis is not installed: run scripts/install-system-packages.sh'
    redis_home=$state/redis
    mkdir -p -m 700 "$redis_home"
    redis_port=$(port_for redis) || return 1
    redis_socket=$redis_home/socket
    # A Unix socket's path has room for 107 bytes; beside PostgreSQL's there is a short one for a deep home.
    [ ${#redis_socket} -le 100 ] || redis_socket=
    redis_password=$(cat "$(secret redis-password)")
    redis_url="redis://default:$redis_password@127.0.0.1:$redis_port/0"
    (
        umask 077
        # The password is in a file of its owner's, not on the command line, which everyone may read.
        cat >"$redis_home/redis.conf" <<CONF
bind 127.0.0.1
port $redis_port
unixsocket "$redis_socket"
unixsocketperm 700
requirepass $redis_password
dir "$redis_home"
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
CONF
        [ -n "$redis_socket" ] || sed -i '/^unixsocket/d' "$redis_home/redis.conf"
    )
}

redis_command() { command=(setpriv --pdeathsig TERM -- redis-server "$redis_home/redis.conf"); }

redis_answers() {
    [ "$(REDISCLI_AUTH=$redis_password redis-cli -h 127.0.0.1 -p "$redis_port" ping 2>/dev/null)" = PONG ]
}
