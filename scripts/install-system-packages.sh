#!/usr/bin/env bash
# Installs what building, running and testing need from Debian, and checks for Swift. Does nothing, quickly, where all
# is there. PostgreSQL and Redis are installed for their programs only: no cluster is made and no service is started.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"

packages=(
    # to build
    make pkg-config libhiredis-dev libpq-dev libgit2-dev libssl-dev zlib1g-dev libbz2-dev libcurl4-openssl-dev
    libseccomp-dev libarchive-dev
    libavcodec-dev libavformat-dev libavfilter-dev libavutil-dev libswscale-dev libswresample-dev
    # to build the page
    esbuild node-typescript node-react node-react-dom node-csstype node-prop-types node-dagre-layout brotli
    # to run
    postgresql redis-server git git-lfs curl ca-certificates tzdata fonts-dejavu-core
    # for the demo, the tests' independent judges and the checks
    ffmpeg mediainfo python3 python3-venv python3-websockets jq shellcheck chromium-headless-shell
    docker.io docker-registry docker-compose busybox-static iproute2 iptables mmdebstrap e2fsprogs
)

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        dpkg-query --show --showformat '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            printf '%s\n' "$package"
    done
}

is_installed() { dpkg-query --show --showformat '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

check_swift() {
    local version
    command -v swift >/dev/null || die 'Swift is not installed. Install Swift 6.3 or newer: https://www.swift.org/install/linux'
    version=$(swift --version 2>/dev/null | grep -oE 'Swift version [0-9]+\.[0-9]+' | grep -oE '[0-9]+\.[0-9]+$')
    if [ "$(printf '%s\n6.3\n' "$version" | sort -V | head -n 1)" != 6.3 ]; then
        die "Swift $version is too old: 6.3 or newer is needed. See https://www.swift.org/install/linux"
    fi
}

# as_root COMMAND...
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300 "$@"
}

# While this is in place Debian starts no service it installs. One that is there already is somebody's: left alone.
policy=/usr/sbin/policy-rc.d
cluster_rule=/etc/postgresql-common/createcluster.d/generative-media-studio.conf
made_policy='' made_rule=''
tidy() {
    if [ -n "$made_policy" ]; then as_root rm -f "$policy"; fi
    if [ -n "$made_rule" ]; then as_root rm -f "$cluster_rule"; fi
}

install_missing() {
    local package
    local service new_services=()
    # Their programs are wanted, not their services; one that somebody had before is left as it is.
    for service in redis-server docker docker.socket containerd docker-registry; do
        case $service in docker | docker.socket) package=docker.io ;; *) package=$service ;; esac
        if ! is_installed "$package"; then new_services+=("$service"); fi
    done
    trap tidy EXIT
    as_root apt-get -o DPkg::Lock::Timeout=300 update
    if [ ! -e "$policy" ]; then
        made_policy=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    if ! is_installed postgresql; then
        # The rule's folder comes with this package, which makes no cluster itself.
        apt_install postgresql-common
        if [ ! -e "$cluster_rule" ]; then
            made_rule=yes
            as_root mkdir -p "$(dirname "$cluster_rule")"
            printf 'create_main_cluster = false\n' | as_root tee "$cluster_rule" >/dev/null
        fi
    fi
    apt_install "$@"
    if [ -d /run/systemd/system ]; then
        for service in "${new_services[@]}"; do as_root systemctl disable --quiet "$service" || true; done
    fi
    tidy
    trap - EXIT
}

check_swift
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    warn 'This is not a Debian system. Install the equivalents of these packages by hand, then go on:'
    die "  ${packages[*]}"
fi
mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "These packages are missing, and there is neither root nor sudo to install them: ${missing[*]}"
    say "Installing from Debian: ${missing[*]}"
    install_missing "${missing[@]}"
fi
