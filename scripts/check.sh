#!/usr/bin/env bash
# Judges the source: format, scripts, warnings, house rules. Uses the build that `make test` uses.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

printf '== swift format\n'
sources=(Package.swift Sources Tests)
for package in Benchmarks Fuzz; do
    if [ -f "$package/Package.swift" ]; then
        mapfile -t -O "${#sources[@]}" sources < <(find "$package" -name '*.swift' -not -path '*/.build/*')
    fi
done
swift format lint --strict --parallel --recursive "${sources[@]}"

printf '== shellcheck\n'
shellcheck --external-sources scripts/*.sh Web/*.sh compose/*/*.sh Tests/Containers/*.sh Tests/Containers/stand-ins/*/*.sh .ci/run

printf '== Dockerfiles\n'
scripts/check-images.sh --lint

# The manifest makes every compiler warning an error (HouseRules holds it to that); the package manager's own warnings
# and the linker's are found here.
printf '== build without warnings\n'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build --build-tests --jobs "${JOBS:-$(nproc)}" 2>&1 | tee "$log"
# What the package manager says of a dependency's own manifest is not ours to mend.
dependencies=$(find .build/checkouts -mindepth 1 -maxdepth 1 -printf "warning: '%f':\n")
if grep -n 'warning:' "$log" | grep -vF "$dependencies"; then
    printf 'The build warns.\n' >&2
    exit 1
fi

printf '== house rules\n'
FILTER='^HouseRulesTests\.(HouseRules|ReliabilityPage)' scripts/test.sh
