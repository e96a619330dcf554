#!/usr/bin/env bash
# Makes a project with the gateway's own code: in the studio that runs on this machine itself, else in the one that runs in
# containers, else in the folder of the former. NAME= and TITLE= or questions.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/compose.sh
. "$here/lib/compose.sh"

name=${NAME:-}
if [ -z "$name" ]; then
    [ -t 0 ] || die 'Give the project a name: make new-project NAME=my-film'
    read -rp 'Name of the project (letters, digits, - and _): ' name
fi

use_home
# A running stack's database makes the project known at once; without one the gateway takes it up when it starts.
if [ -f "$running/ready" ] && [ -f "$running/connections.env" ]; then
    set -a
    # shellcheck source=/dev/null
    . "$running/connections.env"
    set +a
elif command -v docker >/dev/null && stack_runs; then
    exec "$here/compose.sh" new-project "$name" "${TITLE:-}"
else
    export WORKSPACE_ROOT=$workspace
    if [ "$home" != "$repository" ]; then
        mkdir -p "$workspace"
        "$repository/compose/build/catalogue.sh" "$repository/Workspace/Library" "$workspace/Library"
    fi
fi
binaries=${BINARIES:-$repository/.build/release}
[ -x "$binaries/GatewayServer" ] ||
    die 'No studio runs, and none was built here: make up (in containers), or make run, in another terminal first.'
exec "$binaries/GatewayServer" project create "$name" ${TITLE:+--title "$TITLE"}
