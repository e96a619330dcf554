#!/usr/bin/env bash
# The studio in containers, from end to end and on its bad days (Tests/Containers): builds both images as `make up` does, and
# tries them on three workers and more. FILTER=regex runs the tests whose names match. The last line says how many passed.
#
#   BINARIES=image   takes the programs from that image's /out instead of compiling them: see scripts/build-images.sh
#   PROGRAMS=debug   takes the programs from the debug build that is there, and Swift's own libraries with them: the images differ
#                    from those that people get in /out alone, and nothing is compiled
#   BUILD=0          tries studio-test/gateway and studio-test/worker, or GATEWAY_IMAGE and WORKER_IMAGE, as they are
#
# It uses the Docker engine that answers here. Where none does it starts one of its own, which takes root and is gone with it;
# and where no registry is reached it makes stand-ins for the base images from Debian's packages. The tests mount a small file
# system, which takes root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/python-environment.sh
. "$here/lib/python-environment.sh"
# shellcheck source=scripts/lib/pytest.sh
. "$here/lib/pytest.sh"
# shellcheck source=scripts/lib/private-docker.sh
. "$here/lib/private-docker.sh"
# shellcheck source=scripts/lib/compose-plugin.sh
. "$here/lib/compose-plugin.sh"

# Of whoever has a studio in containers here nothing is touched.
export GATEWAY_IMAGE=${GATEWAY_IMAGE:-studio-test/gateway} WORKER_IMAGE=${WORKER_IMAGE:-studio-test/worker}

trap stop_docker EXIT
use_docker
use_compose
use_containers_environment
if [ "${BUILD:-1}" != 0 ]; then
    if [ -n "${PROGRAMS:-}" ]; then
        export BINARIES=studio-test/programs
        CONFIGURATION=$PROGRAMS BINARIES_IMAGE=$BINARIES "$here/build-images.sh" binaries
    fi
    "$repository/Tests/Containers/base-images.sh"
    say "The base images are there after $SECONDS seconds."
    "$here/build-images.sh"
    say "Both images are built after $SECONDS seconds."
fi

log=$(mktemp)
trap 'rm -f "$log"; stop_docker' EXIT
status=0 passed=0
# The images were built here; nothing is built by the tests.
export BUILD=0
judge_in "$repository/Tests/Containers" "$log" || status=$?
if [ "$status" = 0 ]; then verdict=passed; else verdict=failed; fi
# In the words of the other runs, so that one look finds all closing lines.
say "Test run with $passed tests of containers $verdict after $SECONDS seconds."
exit "$status"
