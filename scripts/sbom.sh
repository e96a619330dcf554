#!/usr/bin/env bash
# Writes what the studio's images are made of as SPDX documents, into .studio/sbom or the folder that SBOM names.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/compose.sh
. "$here/lib/compose.sh"

if ! command -v docker >/dev/null || ! engine_answers; then die 'No Docker engine answers; the images are read through it.'; fi
command -v python3 >/dev/null || die 'Python 3 is not installed: apt-get install python3'
folder=${SBOM:-$repository/.studio/sbom}
mkdir -p "$folder"
for name in gateway worker; do
    setting=${name^^}_IMAGE
    image=$(setting "$setting" "studio/$name")
    docker image inspect "$image" >/dev/null 2>&1 || die "There is no image $image: make images"
    python3 "$here/sbom.py" "$image" "$folder/$name.spdx.json"
done
