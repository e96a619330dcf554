#!/bin/bash
# As the official image, as far as the compose files ask for it: on an empty folder the cluster is made, with the user
# POSTGRES_USER, whose password is in POSTGRES_PASSWORD_FILE, and the database POSTGRES_DB.
set -euo pipefail

if [[ ${1:-} == -* ]]; then set -- postgres "$@"; fi
if [[ ${1:-} != postgres ]]; then exec "$@"; fi

if [[ $(id -u) == 0 ]]; then
    mkdir -p "$PGDATA" /var/run/postgresql
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    chmod 0700 "$PGDATA"
    chmod 3775 /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi

if [[ -s $PGDATA/PG_VERSION ]]; then
    echo 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
    exec "$@"
fi

user=${POSTGRES_USER:-postgres}
initdb --username="$user" --pwfile="$POSTGRES_PASSWORD_FILE"
printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
# This server listens on its socket alone: nobody meets half a database.
pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
createdb --username "$user" --maintenance-db postgres "${POSTGRES_DB:-$user}"
pg_ctl -D "$PGDATA" -m fast -w stop
echo 'PostgreSQL init process complete; ready for start up.'
exec "$@"
