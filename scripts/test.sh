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
    # What runs whole servers and encoders runs one test at a time, so that no bound runs out for want of a core; the whole
    # studio in processes of its own comes last.
    run --skip '^(IntegrationTests|GatewayServerTests|RenderWorkerTests)\.'
    run --no-parallel --filter '^GatewayServerTests\.'
    run --no-parallel --filter '^RenderWorkerTests\.'
    run --no-parallel --filter '^IntegrationTests\.'
fi
