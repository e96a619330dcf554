#!/usr/bin/env bash
# Throws broken documents at our own parsers with libFuzzer and the address sanitizer: every target of Fuzz/ for FUZZ_SECONDS
# (60), or those that FUZZ_TARGETS names. What was learned stays below FUZZ_FOLDER (.studio/fuzz), a corpus for each target, and
# is where the next run begins. A document that ends the process is kept there as TARGET-crash-…; status 1.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${FUZZ_SECONDS:-60}
folder=${FUZZ_FOLDER:-$PWD/.studio/fuzz}
# A build with sanitizers is another one: in its own folder it leaves the usual one as it is.
build=${FUZZ_BUILD:-$folder/build}
mkdir -p "$folder"

toolchain=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")
runtime=$(find -L "$toolchain/lib/clang" -name "libclang_rt.fuzzer_no_main-$(uname -m).a" | sed -n 1p)
if [ -z "$runtime" ]; then
    printf 'This Swift toolchain has no libFuzzer.\n' >&2
    exit 1
fi
# The frontend alone is told of the fuzzer: the driver would bring libFuzzer's own main function.
swift build --package-path Fuzz --scratch-path "$build" --configuration release --jobs "${JOBS:-$(nproc)}" \
    --sanitize address -Xswiftc -Xfrontend -Xswiftc -sanitize=fuzzer -Xlinker "$runtime" -Xlinker -lstdc++
program=$build/release/Fuzz

seeds=$folder/seeds
rm -rf "$seeds"
# Fatal errors end the process; a backtrace of each would be minutes.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=detect_leaks=0:${ASAN_OPTIONS:-}
"$program" seeds "$seeds"
for manifest in Workspace/Library/Pipeline_Templates/*/function.json; do
    cp "$manifest" "$seeds/function/$(basename "$(dirname "$manifest")").json"
done
find Tests/QueueProtocolTests/Fixtures -name '*.json' -exec cp -t "$seeds/celery" {} +
find Tests/QueueProtocolTests/Fixtures -name 'event_*.json' -exec cp -t "$seeds/events" {} +
for kind in exr dpx png jpg tif webp; do
    ffmpeg -nostdin -v error -y -f lavfi -i testsrc2=s=16x16 -frames:v 1 -update 1 "$seeds/picture/a.$kind"
done
if [ -d Fuzz/Found ]; then cp -r Fuzz/Found/. "$seeds"; fi

if [ -n "${FUZZ_TARGETS:-}" ]; then
    read -r -a targets <<<"${FUZZ_TARGETS//,/ }"
else
    mapfile -t targets < <("$program" list)
fi
failed=0
for target in "${targets[@]}"; do
    mkdir -p "$folder/$target"
    printf '== %s for %s s\n' "$target" "$seconds"
    if ! "$program" "$target" "$folder/$target" "$seeds/$target" "-dict=Fuzz/Dictionaries/$target.dict" \
        "-max_total_time=$seconds" -timeout=20 -rss_limit_mb=4096 -max_len=65536 -verbosity=0 -print_final_stats=1 -print_funcs=0 \
        "-artifact_prefix=$folder/$target-"; then
        failed=1
    fi
done
exit "$failed"
