#!/usr/bin/env bash
# Builds in debug mode and runs all tests, or those that match FILTER.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=${JOBS:-$(nproc)}
# Tests start real servers and encoders: at most two at a time for each core, so that no bound runs out for want of one.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=${TEST_WIDTH:-$((jobs * 2))}
swift build --build-tests --jobs "$jobs"
# All tests are Swift Testing's; with XCTest off its "0 tests" does not stand behind the closing line.
run() { swift test --skip-build --disable-xctest "$@"; }
if [ -n "${FILTER:-}" ]; then
    run --filter "$FILTER"
else
    # The whole studio in processes of its own comes last and alone: its disturbances need the machine to themselves.
    run --skip '^IntegrationTests\.'
    run --filter '^IntegrationTests\.'
fi
