# shellcheck shell=bash
# Where the page's libraries are: node_modules where somebody installed it, else Debian's packages. Sourced by build.sh
# and test.sh; sets $config for tsc and NODE_PATH for esbuild.
# shellcheck disable=SC2034

if [ -d node_modules ]; then
    config=tsconfig.json
    PATH=$PWD/node_modules/.bin:$PATH
else
    config=tsconfig.apt.json
    export NODE_PATH=/usr/share/nodejs
fi
for program in esbuild tsc node; do
    command -v "$program" >/dev/null || {
        printf '%s is missing: run scripts/install-system-packages.sh\n' "$program" >&2
        exit 1
    }
done
