#!/usr/bin/env bash
# A first take from nothing, in a home of its own (.studio/demo) on free ports: start, scripts/demo.py, stop.
# MEDIA=path transcodes that film instead of a made one.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"

media=
if [ -n "${MEDIA:-}" ]; then
    media=$(realpath -e -- "$MEDIA") || die "MEDIA=$MEDIA is not there."
    [ -f "$media" ] || die "MEDIA=$MEDIA is not a file."
fi

mkdir -p "${STUDIO_HOME:-$repository}"
STUDIO_HOME=$(cd "${STUDIO_HOME:-$repository}" && pwd -P)/.studio/demo
export STUDIO_HOME
use_home
# A stack that an interrupted demo left is not in the way.
"$here/stack.sh" stop 2>/dev/null || true
PORT=$(port_for gateway)
STUDIO_ADMIN_EMAIL=demo@studio.local
STUDIO_ADMIN_PASSWORD=$(cat "$(secret demo-password)")
export PORT STUDIO_ADMIN_EMAIL STUDIO_ADMIN_PASSWORD
export WORKER_GRACE_SECONDS=${WORKER_GRACE_SECONDS:-10}

# The input is foreign to the studio: made by Debian's ffmpeg, in another container and codec, with sound.
if [ -z "$media" ]; then
    media=$state/harbour.mkv
    if [ ! -s "$media" ]; then
        ffmpeg -nostdin -loglevel error -y -f lavfi -i testsrc2=size=960x540:rate=25:duration=4 \
            -f lavfi -i sine=frequency=440:sample_rate=48000:duration=4 -c:v mpeg4 -q:v 4 -c:a flac -shortest \
            -f matroska "$media.new"
        mv "$media.new" "$media"
    fi
fi

# Debian's own interpreter is the one that has python3-websockets; another may come first in PATH.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

trap '"$here/stack.sh" stop 2>/dev/null || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
say "Starting a private stack in $STUDIO_HOME."
"$here/stack.sh" start
"$python" "$here/demo.py" --url "http://127.0.0.1:$PORT" --media "$media" --workspace "$workspace"
