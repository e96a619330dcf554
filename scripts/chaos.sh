#!/usr/bin/env bash
# Breaks a whole studio for CHAOS_SECONDS (60) by a plan that follows from CHAOS_SEED (one of chance), and holds it to its
# promises. Prints what was done and what came of it; status 1 where a promise was not kept. CHAOS_LEASE names the workers'
# leases in seconds, by comma (3, and where the run is long 3 and 10); CHAOS_LOGS a folder for the programs' logs and the
# database's rows (they are kept in one of their own where something went wrong); STUDIO_PROGRAMS the folder of the programs
# (.build/release where they are built).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CHAOS_SECONDS=${CHAOS_SECONDS:-60}
export CHAOS_SEED=${CHAOS_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
swift build --build-tests --jobs "${JOBS:-$(nproc)}"
if [ -z "${STUDIO_PROGRAMS:-}" ] && [ -x .build/release/GatewayServer ] && [ -x .build/release/RenderWorker ]; then
    STUDIO_PROGRAMS=$PWD/.build/release
fi
export STUDIO_PROGRAMS=${STUDIO_PROGRAMS:-}
printf 'seed %s, %s s, programs of %s\n' "$CHAOS_SEED" "$CHAOS_SECONDS" "${STUDIO_PROGRAMS:-the debug build}"
exec swift test --skip-build --disable-xctest --no-parallel --filter '^ChaosTests\.'
