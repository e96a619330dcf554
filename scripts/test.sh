#!/usr/bin/env bash
# Builds in debug mode and runs all tests, or those that match FILTER.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=${JOBS:-$(nproc)}
# The tests' Celery and Flower.
scripts/python-environment.sh >/dev/null
swift build --build-tests --jobs "$jobs"
bundle="$(swift build --show-bin-path)/generative-media-studioPackageTests.xctest"
# All tests are Swift Testing's. Within a run they come one at a time, so that no bound runs out for want of a core.
# Without colours: what is written to a pipe is read by programs, too.
export NO_COLOR=1
run() { "$bundle" --testing-library swift-testing --no-parallel "${@:2}" --filter "$1"; }

if [ -n "${FILTER:-}" ]; then
    run "$FILTER"
    exit
fi

# Tests wait most of their time, for disks, servers and containers: some runs stand side by side, and share the cores.
# The few that fail there are judged once more when the cores are free, and are named if they pass: see
# docs/adr/0023-a-second-look.md.
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
judge() {
    local report status=0
    report=$(mktemp "$reports/run.XXXXXX")
    run "$1" --xunit-output "$report" || status=$?
    if [ "$status" != 0 ] && scripts/lib/failed-tests.py "$report" >>"$reports/again"; then return; fi
    return "$status"
}
runs=()
beside() {
    "$@" &
    runs+=("$!")
}
in_turn() {
    local each status=0
    for each in "$@"; do judge "$each" || status=$?; done
    return "$status"
}
together() {
    local each status=0
    for each in "${runs[@]}"; do wait "$each" || status=$?; done
    runs=()
    if [ "$status" = 0 ]; then second_look; else return "$status"; fi
}
second_look() {
    local names
    if [ ! -s "$reports/again" ]; then return; fi
    mapfile -t names <"$reports/again"
    rm "$reports/again"
    printf 'A second look: %s\n' "${names[@]}"
    run "$(
        IFS='|'
        printf '%s' "${names[*]}"
    )" --xunit-output "$reports/second"
    scripts/lib/failed-tests.py "$reports/second" "${#names[@]}"
    printf 'Unsteady: %s\n' "${names[@]}"
}
beside judge '^(GatewayServerTests|StudioCoreTests|QueueProtocolTests)\.'
beside judge '^RenderWorkerTests\.(?!Celery)'
# Those that make and take away networks are done before there is a browser: it aborts what it connects then.
networks='Cancel|Cog|Container|CutOff|Doctor'
beside in_turn '^StudioMediaTests\.' "^IntegrationTests\.($networks)"
others='GatewayServerTests|StudioCoreTests|QueueProtocolTests|RenderWorkerTests|StudioMediaTests|IntegrationTests|ChaosTests'
beside judge "^(RenderWorkerTests\.Celery|(?!$others))"
together
# The whole studio, in processes of its own, comes last: first as it works and as people see it in a browser, then as it is
# broken, by itself.
first='Celery|Flower|ComfyUI|Disturbance|Python|SideBySide|ControlBus'
beside judge "^IntegrationTests\.($first)"
beside judge "^IntegrationTests\.(?!$first|$networks)"
beside scripts/test-web.sh
together
# What chaos finds is rarely seen twice: it gets no second look.
run '^ChaosTests\.'
# And the whole studio in containers, by itself too.
# To compile everything once more, for release, takes two cores a quarter of an hour: `make test-containers` does.
PROGRAMS=debug scripts/test-containers.sh
