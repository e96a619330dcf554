#!/usr/bin/env bash
# Builds in debug mode and runs all tests, or those that match FILTER.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=${JOBS:-$(nproc)}
# The tests' Celery and Flower.
scripts/python-environment.sh >/dev/null
swift build --build-tests --jobs "$jobs"
# All tests are Swift Testing's; with XCTest off its "0 tests" does not stand behind the closing line.
run() { swift test --skip-build --disable-xctest "$@"; }
# Tests start real servers and encoders: one test at a time, so that no bound runs out for want of a core.
if [ -n "${FILTER:-}" ]; then
    run --no-parallel --filter "$FILTER"
else
    run --no-parallel --skip '^(IntegrationTests|ChaosTests)\.'
    # The whole studio, in processes of its own, comes last: first as it works, then as it is broken.
    run --no-parallel --filter '^IntegrationTests\.'
    run --no-parallel --filter '^ChaosTests\.'
fi
