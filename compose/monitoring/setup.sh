#!/bin/sh
# Gives PostgreSQL a role for its exporter, which may look at statistics and at no table, and writes the passwords of both
# exporters where only they see them.
set -eu
umask 077
secrets=/run/secrets/studio
[ -s "$secrets/postgres-password" ] || {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$secrets/postgres-password.new"
    mv "$secrets/postgres-password.new" "$secrets/postgres-password"
}
printf '{"redis://redis:6379": "%s"}\n' "$(cat /run/secrets/redis/password)" >"$secrets/redis-passwords.json.new"
mv "$secrets/redis-passwords.json.new" "$secrets/redis-passwords.json"

PGPASSWORD=$(cat /run/secrets/postgres/password)
export PGPASSWORD
# From standard input: a password on the command line could be read by others.
{
    printf "\\\\set password '%s'\n" "$(cat "$secrets/postgres-password")"
    cat <<'SQL'
SELECT 'CREATE ROLE studio_monitoring LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'studio_monitoring')
\gexec
ALTER ROLE studio_monitoring LOGIN PASSWORD :'password' CONNECTION LIMIT 5;
GRANT pg_monitor TO studio_monitoring;
SQL
} | psql --host=postgres --username=studio --dbname=studio --quiet --no-psqlrc --set=ON_ERROR_STOP=1
echo 'The exporters have their passwords.'
