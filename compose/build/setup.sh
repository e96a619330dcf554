#!/bin/sh
# What `setup` does before the studio starts: secrets that are not there are made, and the function catalogue goes into
# the workspace. Secrets that are there stay: one that was lost or changed behind PostgreSQL's back would lock it out.
set -eu

# A file is whole or not there: an end in the middle leaves none that is empty.
keep() {
    umask 022
    cat >"$1.new"
    mv "$1.new" "$1"
}

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

made() { [ -s "$1" ] || random | keep "$1"; }

made /secrets/postgres/password
made /secrets/redis/password
made /secrets/gateway/jwt-secret
made /secrets/gateway/admin-password

postgres_password=$(cat /secrets/postgres/password)
redis_password=$(cat /secrets/redis/password)
printf 'requirepass %s\n' "$redis_password" | keep /secrets/redis/redis.conf
for program in gateway worker; do
    printf 'postgres://studio:%s@postgres:5432/studio\n' "$postgres_password" | keep "/secrets/$program/database-url"
    printf 'redis://:%s@redis:6379/0\n' "$redis_password" | keep "/secrets/$program/redis-url"
done

if ! [ -w /workspace ]; then
    echo "The workspace cannot be written by user $(id -u). Give the folder to it: chown 10001:10001 FOLDER" >&2
    exit 1
fi
if [ -e /workspace/.restoring ] && [ -z "${RESTORING:-}" ]; then
    echo "A restore of this studio was interrupted. Run it again: make restore FROM=FOLDER" >&2
    exit 1
fi
mkdir -p /workspace/Projects /workspace/Library/Models
sh /usr/share/studio/catalogue.sh /usr/share/studio/Library /workspace/Library
