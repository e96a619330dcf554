#!/usr/bin/env bash
# The page's unit tests: what has no DOM. FILTER=regex runs the tests whose names match.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=Web/deps.sh
. ./deps.sh
tsc -p "$config"
rm -rf .test
esbuild tests/*.test.ts --bundle --platform=node --format=esm --target=node18 --jsx=automatic --log-level=warning \
    --outdir=.test --out-extension:.js=.mjs
options=()
if [ -n "${FILTER:-}" ]; then options+=("--test-name-pattern=$FILTER"); fi
node --test "${options[@]}" .test/*.mjs
