#!/usr/bin/env bash
# Builds the studio's two images, studio/gateway and studio/worker: scripts/build-images.sh [gateway] [worker]
#
#   BINARIES=image      takes the programs from that image's /out instead of compiling them; `binaries` makes it of what
#                       `swift build` made here: scripts/build-images.sh binaries
#   CONFIGURATION, BUILT          which build `binaries` takes (release), or the folder it is in
#   BINARIES_IMAGE                the image that it makes (studio/programs)
#   GATEWAY_IMAGE, WORKER_IMAGE   other names and tags
#   VERSION, REVISION   what is written into the images; the revision is the commit's where it is not set
#
# Works with BuildKit and with the builder before it. Pulls nothing that is there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"

binaries=${BINARIES:-builder}

# The commit, with a mark where the folder has more than it; `unknown` where this is no clone.
revision() {
    local commit
    commit=$(git -C "$repository" rev-parse HEAD 2>/dev/null) || { printf 'unknown'; return; }
    git -C "$repository" diff --quiet HEAD -- 2>/dev/null || commit+=-changed
    printf '%s' "$commit"
}

# dockerfile NAME: the Dockerfile; without the stage that compiles where the programs are there already, since a builder
# without BuildKit would run it all the same.
dockerfile() {
    if [ "$binaries" = builder ]; then
        cat "$repository/Dockerfile.$1"
    else
        sed '/^FROM .* AS builder$/,/^FROM .* AS binaries$/{/AS binaries$/!d}' "$repository/Dockerfile.$1"
    fi
}

build() {
    local name=$1 image=$2
    dockerfile "$name" | docker build --tag "$image" --file - \
        --build-arg "BINARIES=$binaries" --build-arg "VERSION=${VERSION:-1.0.0}" --build-arg "REVISION=$revision" \
        "$repository"
}

# runtime PROGRAM: the libraries of Swift's own that a program needs which was not linked with them statically.
runtime() { ldd "$1" | awk '$3 ~ /\/lib\/swift\/linux\// { print $3 }'; }

# An image that has nothing but the two programs, of the build that is there: CONFIGURATION=debug takes that one, and
# Swift's libraries with it. Such images are for tests.
make_binaries() {
    local folder=${BUILT:-$repository/.build/${CONFIGURATION:-release}} stage name program library
    stage=$(mktemp -d)
    # shellcheck disable=SC2064
    trap "rm -rf '$stage'" EXIT
    # As the stage `builder` of the Dockerfiles lays them out.
    for name in gateway worker; do
        case $name in gateway) program=GatewayServer ;; worker) program=RenderWorker ;; esac
        install -D --strip --target-directory="$stage/out/$name/usr/local/bin" "$folder/$program"
        for library in $(runtime "$folder/$program"); do
            install -D --mode=0644 --target-directory="$stage/out/$name/$(dirname "$library")" "$library"
        done
        install -D --mode=0644 --target-directory="$stage/out/$name/usr/share/studio" "$repository/Package.resolved"
    done
    find "$stage/out" -type d -exec chmod 0755 {} +
    tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --directory="$stage" out |
        docker import - "${BINARIES_IMAGE:-studio/programs}" >/dev/null
    say "${BINARIES_IMAGE:-studio/programs} has the programs of $folder."
}

revision=${REVISION:-$(revision)}
[ $# -gt 0 ] || set -- gateway worker
for name; do
    case $name in
    gateway) build gateway "${GATEWAY_IMAGE:-studio/gateway}" ;;
    worker) build worker "${WORKER_IMAGE:-studio/worker}" ;;
    binaries) make_binaries ;;
    *) die "scripts/build-images.sh knows gateway, worker and binaries, not $name." ;;
    esac
done
