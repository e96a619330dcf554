#!/usr/bin/env bash
# Judges the Dockerfiles (hadolint, rules in .hadolint.yaml) and what was built of them: scripts/check-images.sh [--lint]
# With --lint the Dockerfiles alone, which takes no engine. GATEWAY_IMAGE, WORKER_IMAGE: other names.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/python-environment.sh
. "$here/lib/python-environment.sh"
# shellcheck source=scripts/lib/compose.sh
. "$here/lib/compose.sh"

cd "$repository"
mapfile -t dockerfiles < <(git ls-files --cached --others --exclude-standard 'Dockerfile.*' 'compose/**/Dockerfile')
use_environment containers "$repository/Tests/Containers/lint.txt" hadolint
"$(dirname "$python")/hadolint" --config .hadolint.yaml "${dockerfiles[@]}"
# The stages that compile are one, for an engine that keeps what it has made.
stages() { sed -n '/^ARG BINARIES/,/AS binaries$/p' "$1"; }
[ "$(stages Dockerfile.gateway)" = "$(stages Dockerfile.worker)" ] ||
    die 'The first stages of Dockerfile.gateway and Dockerfile.worker differ: everything would be compiled twice.'
# What takes the sources' place while dependencies are compiled is a package that Swift can read, whatever the manifest has.
if command -v swift >/dev/null; then
    stage=$(mktemp -d)
    trap 'rm -rf "$stage"' EXIT
    cp Package.swift "$stage/"
    (cd "$stage" && "$repository/compose/build/stand-ins.sh" && swift package describe >"$stage/description" 2>&1) ||
        { cat "$stage/description" >&2; die 'compose/build/stand-ins.sh does not stand in for every target of Package.swift.'; }
fi
[ "${1:-}" != --lint ] || exit 0

status=0
"$python" scripts/check-images.py "$(setting GATEWAY_IMAGE studio/gateway)" Dockerfile.gateway 170 || status=1
"$python" scripts/check-images.py "$(setting WORKER_IMAGE studio/worker)" Dockerfile.worker 400 || status=1
exit "$status"
