# shellcheck shell=bash
# Compose for tests, where Docker's client has none. Sourced after common.sh.
#
# Debian 12 has the first generation alone (docker-compose 1.29); the second is in Debian from 13 on, as a program that
# needs a C library and nothing else: it is taken out of its package, into .studio/docker, and nothing is installed.

# use_compose: `docker compose` works after it.
use_compose() {
    if docker compose version >/dev/null 2>&1; then return; fi
    # Where the client looks for programs of its own, beside its own folders.
    # shellcheck disable=SC2154
    export DOCKER_CONFIG=$repository/.studio/docker
    mkdir -p "$DOCKER_CONFIG"
    exec 8>"$DOCKER_CONFIG.lock"
    flock 8
    if ! docker compose version >/dev/null 2>&1; then
        say 'Fetching Compose from Debian 13.'
        fetch_compose || die 'Compose is not installed, and Debian 13 cannot be reached: https://docs.docker.com/compose/install'
    fi
    exec 8>&-
}

fetch_compose() (
    set -e
    place=$(mktemp -d)
    trap 'rm -rf "$place"' EXIT
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | sed -n 1p)
    mkdir -p "$place"/{lists/partial,cache/archives/partial}
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$mirror" >"$place/sources"
    printf '%s\n' "Dir::Etc::sourcelist \"$place/sources\";" 'Dir::Etc::sourceparts "-";' \
        "Dir::State::lists \"$place/lists\";" "Dir::Cache \"$place/cache\";" 'APT::Sandbox::User "root";' >"$place/apt"
    export APT_CONFIG=$place/apt
    cd "$place"
    if ! { apt-get --quiet update && apt-get --quiet download docker-compose docker-buildx; } >log 2>&1; then
        tail -n 20 log >&2
        exit 1
    fi
    for package in ./*.deb; do dpkg-deb --extract "$package" root; done
    install -D --mode 0755 --target-directory "$DOCKER_CONFIG/cli-plugins" root/usr/libexec/docker/cli-plugins/docker-*
)
