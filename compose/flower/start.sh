#!/bin/sh
# Flower with Redis' password and its own, from files. Both go by the environment of this process, not on its command line,
# which everyone may read.
set -eu
umask 077
password=/run/secrets/studio/password
[ -s "$password" ] || {
    od -An -N18 -tx1 /dev/urandom | tr -d ' \n' >"$password.new"
    mv "$password.new" "$password"
}
CELERY_BROKER_URL=redis://:$(cat /run/secrets/redis/password)@redis:6379/0
FLOWER_BASIC_AUTH=studio:$(cat "$password")
export CELERY_BROKER_URL FLOWER_BASIC_AUTH FLOWER_ADDRESS=0.0.0.0 FLOWER_PORT=5555
exec /opt/flower/bin/python -m celery -A flower_app flower
