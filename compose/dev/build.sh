#!/bin/sh
# Builds gateway, worker and page below /build, again whenever a source below /studio changes. It looks once a second, by
# rsync: what that copies is what has changed. (Notices of the file system do not reach into an engine's virtual machine.)
set -u
source=/build/source
out=/build/out
umask 022
mkdir -p "$source" "$out" "$HOME"
trap 'exit 0' TERM INT

# copy FROM... : to $source; says what it changed, a line each.
copy() {
    rsync --recursive --links --perms --times --omit-dir-times --delete --itemize-changes \
        --exclude=/Web/dist --exclude=/Web/dist.new --exclude=/Web/node_modules "$@" "$source/" |
        sed -nE 's/^(>f|cL|\*deleting)[^ ]* +//p'
}

# publish FILE: as a whole, and only where it differs, so that a program that is as it was goes on.
publish() {
    cmp -s "$1" "$out/${1##*/}" && return
    cp "$1" "$out/.${1##*/}" && mv "$out/.${1##*/}" "$out/${1##*/}"
}

programs() {
    (cd "$source" && compose/build/stand-ins.sh) || return
    for product in GatewayServer RenderWorker; do
        swift build --package-path "$source" --scratch-path /build/swift --product "$product" || return
    done
    publish /build/swift/debug/GatewayServer && publish /build/swift/debug/RenderWorker
}

page() {
    (cd "$source/Web" && ./build.sh) || return
    rm -rf "$out/web.new" "$out/web.old"
    cp -R "$source/Web/dist" "$out/web.new" || return
    [ ! -d "$out/web" ] || mv "$out/web" "$out/web.old"
    mv "$out/web.new" "$out/web"
    rm -rf "$out/web.old"
}

# built WHAT: runs what is called so and tells how it went.
built() {
    echo "--- building the $1"
    began=$(date +%s)
    if "$1"; then
        echo "--- the $1: built in $(($(date +%s) - began)) s"
    else
        echo "--- the $1: NOT built. What ran goes on; the next change is tried." >&2
    fi
}

[ ! -f /studio/Package.resolved ] || cp /studio/Package.resolved "$source/"
first=yes
while :; do
    changes=$(copy /studio/Package.swift /studio/Sources /studio/Web --include=/compose \
        '--include=/compose/build/***' '--exclude=/compose/*' /studio/compose)
    if [ -n "$changes" ] && [ -z "$first" ]; then
        printf '%s\n' "$changes" | head -n 10 | sed 's/^/--- changed: /'
    fi
    if [ -n "$first" ] || printf '%s\n' "$changes" | grep -qE '^(Package.swift|Sources/)'; then built programs; fi
    if [ -n "$first" ] || printf '%s\n' "$changes" | grep -q '^Web/'; then built page; fi
    first=
    sleep 1 &
    wait $!
done
