# shellcheck shell=bash
# A private PostgreSQL: data, socket and port of its own; the system's service is neither used nor touched. Sourced.
#
# On the Unix socket (its folder is 0700) any role may log in; on 127.0.0.1 the role `studio` needs its password.

# PostgreSQL refuses to run as root. As root it runs as user postgres (or nobody), who owns its folder.
postgres_user=
if [ "$(id -u)" = 0 ]; then
    postgres_user=$(id -un postgres 2>/dev/null || echo nobody)
fi

as_postgres() {
    if [ -n "$postgres_user" ]; then
        (cd / && exec setpriv --reuid "$postgres_user" --regid "$(id -g "$postgres_user")" --clear-groups -- "$@")
    else
        "$@"
    fi
}

# Sets $postgres_home: below .studio, or below /var/lib where postgres cannot get through a folder above .studio.
choose_postgres_home() {
    postgres_home=$state/postgres
    if [ -s "$state/postgres.path" ]; then
        postgres_home=$(cat "$state/postgres.path")
    fi
    mkdir -p -m 700 "$postgres_home"
    [ -n "$postgres_user" ] || return 0
    chown "$postgres_user:" "$postgres_home"
    if ! as_postgres test -w "$postgres_home"; then
        rmdir "$postgres_home"
        postgres_home=/var/lib/generative-media-studio/$(printf '%s' "$home" | sha256sum | cut -c1-16)
        say "User $postgres_user cannot enter $state, so the database is kept in $postgres_home."
        mkdir -p "$(dirname "$postgres_home")"
        mkdir -p -m 700 "$postgres_home"
        chown "$postgres_user:" "$postgres_home"
        printf '%s\n' "$postgres_home" >"$state/postgres.path"
    fi
}

# Sets $postgres_bin: the newest version installed, or the one the data was made with.
choose_postgres_version() {
    local version
    if [ -f "$postgres_home/data/PG_VERSION" ]; then
        version=$(cat "$postgres_home/data/PG_VERSION")
        postgres_bin=/usr/lib/postgresql/$version/bin
        [ -x "$postgres_bin/postgres" ] ||
            die "The data in $postgres_home/data needs PostgreSQL $version, which is not installed."
    else
        postgres_bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
        [ -n "$postgres_bin" ] || die 'PostgreSQL is not installed: run scripts/install-system-packages.sh'
    fi
}

# A Unix socket's path has room for 107 bytes; a deep home gets a short folder elsewhere.
choose_postgres_socket() {
    postgres_socket=$postgres_home/socket
    if [ ${#postgres_socket} -gt 80 ]; then
        postgres_socket=/tmp/studio-$(printf '%s' "$home" | sha256sum | cut -c1-16)
    fi
    [ ! -L "$postgres_socket" ] || die "$postgres_socket is a symbolic link; remove it."
    mkdir -p -m 700 "$postgres_socket"
    [ -z "$postgres_user" ] || chown "$postgres_user:" "$postgres_socket"
}

# The whole data folder appears at once: an interrupted initdb leaves nothing that looks like a database.
initialise_postgres() {
    [ ! -d "$postgres_home/data" ] || return 0
    say 'Making the database (once).'
    rm -rf "$postgres_home/data.new"
    as_postgres "$postgres_bin/initdb" --pgdata "$postgres_home/data.new" --username postgres --auth-local trust \
        --auth-host scram-sha-256 --encoding UTF8 --locale C --no-instructions >"$logs/initdb.log" 2>&1 ||
        die "initdb failed: $(tail -n 5 "$logs/initdb.log")"
    mv "$postgres_home/data.new" "$postgres_home/data"
}

prepare_postgres() {
    choose_postgres_home
    choose_postgres_version
    choose_postgres_socket
    initialise_postgres
    postgres_port=$(port_for postgres) || return 1
    local password
    password=$(cat "$(secret postgres-password)")
    database_url="postgresql://studio@/studio?host=$postgres_socket&port=$postgres_port"
    database_url_tcp="postgresql://studio:$password@127.0.0.1:$postgres_port/studio"
}

# The command line of the server, in the array $command.
postgres_command() {
    command=("$postgres_bin/postgres" -D "$postgres_home/data" -c listen_addresses=127.0.0.1
        -c "port=$postgres_port" -c "unix_socket_directories=$postgres_socket" -c unix_socket_permissions=0700
        -c max_connections=200 -c password_encryption=scram-sha-256 -c logging_collector=off
        -c "log_line_prefix=%m [%p] ")
    if [ -n "$postgres_user" ]; then
        command=(setpriv --reuid "$postgres_user" --regid "$(id -g "$postgres_user")" --clear-groups
            --pdeathsig INT -- "${command[@]}")
    else
        command=(setpriv --pdeathsig INT -- "${command[@]}")
    fi
}

postgres_answers() { "$postgres_bin/pg_isready" -q -h "$postgres_socket" -p "$postgres_port"; }

# Role and database of the studio, made on the first start. The password goes through standard input: command lines
# can be read by others.
create_database() {
    "$postgres_bin/psql" --no-psqlrc --quiet --set ON_ERROR_STOP=1 -h "$postgres_socket" -p "$postgres_port" \
        -U postgres -d postgres >/dev/null <<SQL
SELECT 'CREATE ROLE studio LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'studio')
\gexec
ALTER ROLE studio PASSWORD '$(cat "$(secret postgres-password)")';
SELECT 'CREATE DATABASE studio OWNER studio' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'studio')
\gexec
SQL
}
