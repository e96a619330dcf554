#!/usr/bin/env bash
# Makes a project with the gateway's own code, with or without a running stack. NAME= and TITLE= or questions.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"

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
else
    export WORKSPACE_ROOT=$workspace
    if [ "$home" != "$repository" ]; then
        mkdir -p "$workspace"
        cp -R --no-clobber "$repository/Workspace/Library" "$workspace/"
    fi
fi
exec "${BINARIES:-$repository/.build/release}/GatewayServer" project create "$name" ${TITLE:+--title "$TITLE"}
