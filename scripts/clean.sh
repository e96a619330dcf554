#!/usr/bin/env bash
# Removes what was built and, after asking (FORCE=1 does not ask), the data of the studio that runs on this machine itself,
# whose projects are kept, and of the studio in containers, projects and all. Images stay: docker image rm removes them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/compose.sh
. "$here/lib/compose.sh"

rm -rf "$repository/.build" "$repository/Benchmarks/.build" "$repository"/Web/{dist,dist.new,.test,e2e/.e2e}

# The studio in containers, where there is one; it asks by itself. With nobody to ask it is kept.
if command -v docker >/dev/null && engine_answers && stack_is_kept; then
    if [ "${FORCE:-}" = 1 ] || [ -t 0 ]; then
        "$here/compose.sh" clean
    else
        say "The data of the studio in containers ($project) is kept; FORCE=1 removes it."
    fi
fi

home=$(cd "${STUDIO_HOME:-$repository}" 2>/dev/null && pwd -P) || exit 0
[ -d "$home/.studio" ] || exit 0

if [ "${FORCE:-}" != 1 ]; then
    [ -t 0 ] || { say "The data in $home/.studio is kept; FORCE=1 removes it."; exit 0; }
    read -rp "Remove the database, queues and secrets in $home/.studio? [y/N] " answer
    [ "$answer" = y ] || { say 'Kept.'; exit 0; }
fi
for stack in "$home/.studio/demo" "$home"; do
    [ -d "$stack/.studio" ] || continue
    STUDIO_HOME=$stack "$here/stack.sh" stop 2>/dev/null || true
    # Where the database is kept elsewhere (see scripts/lib/postgres.sh) it goes too.
    if [ -s "$stack/.studio/postgres.path" ]; then
        elsewhere=$(cat "$stack/.studio/postgres.path")
        case $elsewhere in /var/lib/generative-media-studio/?*) rm -rf -- "$elsewhere" ;; esac
    fi
done
rm -rf -- "$home/.studio"
