#!/usr/bin/env bash
# The page's tests: its units, then the page in Debian's Chromium on a studio of the tests' own, which the debug build
# makes. FILTER=regex runs those whose names match. The last line says how many passed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/python-environment.sh
. "$here/lib/python-environment.sh"
# shellcheck source=scripts/lib/pytest.sh
. "$here/lib/pytest.sh"

export BINARIES=${BINARIES:-$repository/.build/debug}
for program in GatewayServer RenderWorker; do
    [ -x "$BINARIES/$program" ] || die "$program is not built in $BINARIES: swift build"
done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
use_web_environment
status=0
"$repository/Web/test.sh" 2>&1 | tee "$log" || status=$?
units=$(sed -nE 's/^# pass ([0-9]+)$/\1/p' "$log" | tail -n 1)
"$repository/Web/build.sh" --if-new
passed=0
judge_in "$repository/Web/e2e" "$log" || status=$?
if [ "$status" = 0 ]; then verdict=passed; else verdict=failed; fi
# In the words of the other runs, so that one look finds all closing lines.
say "Test run with $((${units:-0} + passed)) tests of the page $verdict after $SECONDS seconds."
exit "$status"
