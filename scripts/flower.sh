#!/usr/bin/env bash
# Flower on the running studio, at http://127.0.0.1:FLOWER_PORT (5555). On that of `make run`, Ctrl-C ends it and nothing
# else; on the one in containers it is a container too, by compose/docker-compose.flower.yml.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/python-environment.sh
. "$here/lib/python-environment.sh"
# shellcheck source=scripts/lib/compose.sh
. "$here/lib/compose.sh"

use_home
if [ ! -f "$running/ready" ] || [ ! -f "$running/connections.env" ]; then
    if command -v docker >/dev/null && stack_runs; then exec "$here/compose.sh" flower; fi
    die "No studio runs, neither in $home nor in containers: start one with \`make run\` or \`make up\`."
fi
# shellcheck source=/dev/null
. "$running/connections.env"
"$here/install-system-packages.sh"
use_python_environment

FLOWER_PORT=${FLOWER_PORT:-5555}
port_is_free "$FLOWER_PORT" || die "Port $FLOWER_PORT is in use. Choose another: make flower FLOWER_PORT=5556"
# Flower can revoke and shut down: also on this machine it asks who is there.
FLOWER_BASIC_AUTH=studio:$(cat "$(secret flower-password)")
export FLOWER_PORT FLOWER_BASIC_AUTH
export FLOWER_ADDRESS=127.0.0.1
# By the environment and not on the command line, which everyone may read.
export CELERY_BROKER_URL=$REDIS_URL

say "Flower is at http://127.0.0.1:$FLOWER_PORT, user studio, password ${FLOWER_BASIC_AUTH#*:}"
# Its app names the studio's tasks; what it writes belongs below the home.
cd "$state"
export PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1
exec "$python" -m celery -A flower_app flower
