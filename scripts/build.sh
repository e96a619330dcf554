#!/usr/bin/env bash
# Builds what can be built on this machine: the programs and the page where Swift is installed, the images where a Docker
# engine answers. Fails where neither is.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/compose.sh
. "$here/lib/compose.sh"

cd "$repository"
built=
if command -v swift >/dev/null; then
    "${MAKE:-make}" --no-print-directory programs
    built+=' the programs (.build/release)'
else
    say 'Swift is not installed: the programs are not built for this machine itself. https://www.swift.org/install/linux'
fi
if command -v docker >/dev/null && engine_answers; then
    "$here/build-images.sh" gateway worker
    built+="${built:+ and} the images"
else
    say 'No Docker engine answers: no images are built.'
fi
[ -n "$built" ] || die 'Nothing could be built: install Swift, or Docker.'
say "Built:$built."
