#!/bin/sh
# catalogue.sh FROM TO: brings the studio's function catalogue, FROM, into the library of a workspace, TO.
#
# What is not there yet is copied. A folder that is as an earlier studio brought it gets newer; one in which people have changed
# a file, and what they added, stays as it is: the files of a function fit together. TO/.shipped has the SHA-256 of every file
# as it was brought last.
set -eu
from=$1 to=$2
shipped=$to/.shipped

# is_ours FOLDER: whether all that was brought into it is as it was, or is new already where an earlier call was ended.
is_ours() {
    grep -F "  $1/" "$shipped" | while read -r digest path; do
        found=$(sha256sum <"$to/$path") || exit 1
        found=${found%% *}
        [ "$found" = "$digest" ] || grep -qFx "$found  $path" "$shipped.new" || exit 1
    done
}

mkdir -p "$to"
cp -R --no-clobber "$from/." "$to"
(cd "$from" && find . -type f -exec sha256sum {} +) | sort -k 2 >"$shipped.new"
while read -r digest path; do
    # What cannot be read is nothing that was brought.
    found=$(sha256sum <"$to/$path") || continue
    [ "${found%% *}" != "$digest" ] || continue
    if grep -qsF "  $path" "$shipped" && is_ours "${path%/*}"; then
        cp "$from/$path" "$to/$path.new"
        mv "$to/$path.new" "$to/$path"
    fi
done <"$shipped.new"
mv "$shipped.new" "$shipped"
