#!/usr/bin/env bash
# The images that ours are made from and run beside: what is there is used, what is not is pulled, and where no registry is
# reached stand-ins of the same names are made from Debian's packages and this machine's Swift. They are for tests alone.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/../../scripts/lib/common.sh"

place=$(mktemp -d "${TMPDIR:-/tmp}/base-images.XXXXXX")
trap 'rm -rf --one-file-system "$place"' EXIT

is_there() { docker image inspect "$1" >/dev/null 2>&1; }

# The certificates of PEM files, each on one line.
certificates() {
    awk '/-----BEGIN CERTIFICATE-----/ { body = ""; inside = 1; next }
         /-----END CERTIFICATE-----/   { if (inside) print body; inside = 0; next }
         inside                        { gsub(/[ \t\r]/, ""); body = body $0 }' "$@" | sort -u
}

# debian_root TARGET [PACKAGE...]: a small Debian, as a tar file or a folder, set up like the official slim image.
debian_root() {
    local target=$1 include=usr-is-merged mirror files body number=0
    shift
    if (($#)); then include+=$(printf ',%s' "$@"); fi
    # shellcheck disable=SC2016
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed -n 's#/debian/*$##p' | sed -n 1p)
    files=$(mktemp -d "$place/files.XXXXXX")
    mkdir -p "$files"/{first/usr/sbin,first/usr/local/share/ca-certificates,last/etc/apt/sources.list.d}
    printf '#!/bin/sh\nexit 101\n' >"$files/first/usr/sbin/policy-rc.d"
    chmod 755 "$files/first/usr/sbin/policy-rc.d"
    printf '%s\n' force-unsafe-io 'path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/info/*' \
        'path-exclude=/usr/share/locale/*' 'path-exclude=/usr/share/doc/*' >"$files/dpkg"
    # Whom this machine trusts beyond Debian's own list, such as a proxy's authority.
    while read -r body; do
        number=$((number + 1))
        printf -- '-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n' "$(fold -w 64 <<<"$body")" \
            >"$files/first/usr/local/share/ca-certificates/machine-$number.crt"
    done < <(comm -13 <(find /usr/share/ca-certificates -name '*.crt' -exec cat {} + | certificates) \
        <(certificates /etc/ssl/certs/ca-certificates.crt))
    printf '%s\n' 'Types: deb' "URIs: $mirror/debian" 'Suites: bookworm bookworm-updates' 'Components: main' \
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' '' \
        'Types: deb' "URIs: $mirror/debian-security" 'Suites: bookworm-security' 'Components: main' \
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' \
        >"$files/last/etc/apt/sources.list.d/debian.sources"
    # As in the official image, apt keeps nothing of what it has fetched.
    printf '%s\n' 'Acquire::GzipIndexes "true";' 'Acquire::Languages "none";' \
        'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };' \
        'APT::Update::Post-Invoke { "rm -f /var/cache/apt/*.bin || true"; };' >"$files/apt"
    chmod -R u=rwX,go=rX "$files"
    # The sources by which it was made are not those that it is to have.
    # shellcheck disable=SC2016
    printf '%s\n' '#!/bin/sh' 'set -eu' 'rm -f "$1/etc/apt/sources.list"' \
        "sed -i /Install-Recommends/d \"\$1/etc/apt/apt.conf.d/99mmdebstrap\"" \
        "cp -r --no-preserve=ownership '$files/last/.' \"\$1/\"" >"$files/finish"
    chmod 755 "$files/finish"
    mmdebstrap --variant=minbase --include="$include" --skip=chroot/policy-rc.d \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --dpkgopt="$files/dpkg" \
        --aptopt="$files/apt" --aptopt='APT::Install-Recommends "false"' \
        --setup-hook="cp -r --no-preserve=ownership $files/first/. \"\$1/\"" --customize-hook="$files/finish" \
        bookworm "$target" "deb $mirror/debian bookworm main" "deb $mirror/debian bookworm-updates main" \
        "deb $mirror/debian-security bookworm-security main" >"$files/log" 2>&1 ||
        { tail -n 40 "$files/log" >&2; die 'A Debian could not be made by mmdebstrap.'; }
}

make_debian() {
    debian_root "$place/debian.tar"
    docker import --change 'CMD ["bash"]' "$place/debian.tar" "$1" >/dev/null
    rm "$place/debian.tar"
}

# Where this machine's Git has copies of GitHub's repositories, if it has some; else nothing.
git_mirror() {
    local key
    key=$(git config --get-regexp '^url\..*\.insteadof$' 2>/dev/null |
        awk '$2 == "https://github.com/" { print $1; exit }') || true
    key=${key#url.}
    key=${key%.insteadof}
    if [[ $key == /* && -d $key ]]; then printf '%s' "${key%/}"; fi
}

make_swift() {
    local toolchain mirror root=$place/swift prefix
    toolchain=$(readlink -f "$(command -v swift)")
    toolchain=${toolchain%/usr/bin/*}
    mirror=$(git_mirror)
    debian_root "$root" binutils ca-certificates curl git libc6-dev libcurl4-openssl-dev libedit2 libgcc-12-dev \
        libncurses6 libsqlite3-dev libstdc++-12-dev libxml2-dev pkg-config tzdata unzip uuid-dev zip zlib1g-dev
    # System, toolchain and copies go to the engine as one stream; debuggers, editors' servers and sanitizers stay here.
    local parts=(-C "$root" . -C "$toolchain" --transform 's,^usr,opt/swift/usr,S' usr)
    if [ -n "$mirror" ]; then
        for prefix in https://github.com/ git@github.com: ssh://git@github.com/; do
            git config --file "$root/etc/gitconfig" --add "url.$mirror/.insteadOf" "$prefix"
        done
        git config --file "$root/etc/gitconfig" safe.directory '*'
        parts+=(-C / "${mirror#/}")
    fi
    tar --create --numeric-owner --owner=0 --group=0 --warning=no-file-ignored \
        --exclude='usr/bin/lldb*' --exclude=usr/bin/clangd --exclude=usr/bin/sourcekit-lsp --exclude=usr/bin/docc \
        --exclude=usr/bin/swift-format --exclude='usr/lib/liblldb*' --exclude='usr/lib/libsourcekitdInProc*' \
        --exclude='usr/lib/libclang.so*' --exclude='usr/lib/libLTO*' --exclude=usr/lib/swift/embedded \
        --exclude=usr/lib/swift_static/embedded --exclude='usr/lib/clang/*/lib/*/*san*' \
        --exclude='usr/lib/clang/*/lib/*/*fuzzer*' --exclude=usr/share/doc --exclude=usr/share/man "${parts[@]}" |
        docker import --change 'CMD ["bash"]' \
            --change 'ENV PATH=/opt/swift/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
            - "$1" >/dev/null
    rm -rf --one-file-system "$root"
}

make_server() {
    # The classic builder needs no further program.
    DOCKER_BUILDKIT=0 docker build --force-rm --tag "$2" "$here/stand-ins/$1" >"$place/$1.log" 2>&1 ||
        { tail -n 40 "$place/$1.log" >&2; die "$2 could not be made."; }
}

make_redis() { make_server redis "$1"; }
make_postgres() { make_server postgres "$1"; }

# have NAME IMAGE
have() {
    local began=$SECONDS
    if is_there "$2"; then return; fi
    if docker pull --quiet "$2" >/dev/null 2>&1; then
        say "$2: pulled in $((SECONDS - began)) s"
        return
    fi
    "make_$1" "$2"
    say "$2: no registry is reached; a stand-in was made in $((SECONDS - began)) s"
}

# The one with Swift stands alone and takes as long as the others together. Who has the programs already needs none.
if [ "${BINARIES:-builder}" = builder ]; then have swift swift:6.3-bookworm & else true & fi
swift=$!
have debian debian:bookworm-slim
have redis redis:7-alpine
have postgres postgres:15-alpine
wait "$swift" || die 'The image with Swift could not be made.'
