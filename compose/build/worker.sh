#!/bin/sh
# Starts a worker under the name that Compose shows for it, worker-3, instead of its container's id: the engine's own name
# server knows it. WORKER_NAME, where it is set, stays; where nobody knows a name the worker takes the container's.
set -eu

if [ -z "${WORKER_NAME:-}" ]; then
    for address in $(hostname -i 2>/dev/null || true); do
        name=$(getent -s dns hosts "$address" | sed -nE 's/.*[-_]worker[-_]([0-9]+)(\..*)?$/worker-\1/p') || name=
        if [ -n "$name" ]; then
            export WORKER_NAME="$name"
            break
        fi
    done
fi
exec /usr/local/bin/RenderWorker "$@"
