#!/usr/bin/env bash
# Builds the page into dist/, which the gateway serves: types checked, bundled, and compressed once.
#
#   Web/build.sh            always
#   Web/build.sh --if-new   only where a source is newer than the last build
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
if [ "${1:-}" = --if-new ] && [ -f dist/index.html ] &&
    [ -z "$(find build.sh deps.sh package.json tsconfig*.json public src types -newer dist/index.html -print -quit)" ]; then
    exit 0
fi
# shellcheck source=Web/deps.sh
. ./deps.sh

# First: a build that fails must not leave the page of before, on which tests would pass.
rm -rf dist dist.new
tsc -p "$config"
tsc -p src/worker/tsconfig.json
mkdir dist.new
options=(--bundle --format=esm --target=es2021 --jsx=automatic --minify --legal-comments=none --log-level=warning
    '--define:process.env.NODE_ENV="production"')
esbuild src/main.tsx "${options[@]}" --splitting --outdir=dist.new --entry-names=studio --chunk-names='part-[name]-[hash]'
esbuild src/worker/worker.ts "${options[@]}" --outfile=dist.new/worker.js
cat src/styles/*.css | esbuild --loader=css --minify --log-level=warning >dist.new/studio.css
cp public/* dist.new/
for file in dist.new/*; do
    gzip --best --keep --no-name "$file"
    if command -v brotli >/dev/null; then brotli --best --keep "$file"; fi
done
mv dist.new dist
# What --if-new compares with.
touch dist/index.html
