# shellcheck shell=bash
# The folder that a backup is: parts, and a manifest that names each with its size and SHA-256. Sourced.
#
# The manifest is text: a word and its value on each line, `part NAME BYTES SHA256` for each part, and in the end the
# SHA-256 of the lines before, so that a damaged one is told from a damaged part.

archive_format=1

# keep_part NAME: writes standard input as a part; its line of the manifest is made on the way.
keep_part() {
    local sum
    sum=$(tee "$partial/$1" | sha256sum)
    printf 'part %s %s %s\n' "$1" "$(stat --format %s "$partial/$1")" "${sum%% *}" >>"$partial/parts"
}

# finish_archive TARGET: the manifest, everything on the disk, and then the folder's name.
finish_archive() {
    {
        printf 'format %s\nstudio %s\nschema %s\npostgres %s\nmade %s\nstorage %s\n' "$archive_format" "$studio_version" \
            "$schema_version" "$postgres_version" "$made" "$storage"
        cat "$partial/parts"
    } >"$partial/manifest"
    printf 'manifest %s\n' "$(sha256sum <"$partial/manifest" | cut -d ' ' -f 1)" >>"$partial/manifest"
    rm "$partial/parts"
    sync "$partial"/* && sync "$partial"
    mv --no-target-directory "$partial" "$1"
    sync "$(dirname "$1")"
}

# manifest_value FOLDER WORD
manifest_value() { sed -n "s/^$2 //p" "$1/manifest"; }

# check_archive FOLDER: reads all of it; names what is wrong and ends there.
check_archive() {
    local folder=$1 own format name bytes sum found
    [ -f "$folder/manifest" ] || die "$folder is no backup: it has no manifest."
    own=$(manifest_value "$folder" manifest)
    [ "$own" = "$(sed '$d' "$folder/manifest" | sha256sum | cut -d ' ' -f 1)" ] ||
        die "The backup is damaged: manifest. Nothing was changed."
    format=$(manifest_value "$folder" format)
    [ "$format" = "$archive_format" ] ||
        die "The backup has format $format, and this program knows $archive_format: restore it with the studio that made it."
    while read -r name bytes sum; do
        found=$(stat --format %s "$folder/$name" 2>/dev/null) ||
            die "The backup is damaged: $name is not there. Nothing was changed."
        [ "$found" = "$bytes" ] ||
            die "The backup is damaged: $name has $found bytes instead of $bytes. Nothing was changed."
        found=$(sha256sum <"$folder/$name")
        [ "${found%% *}" = "$sum" ] ||
            die "The backup is damaged: $name has other bytes than were written. Nothing was changed."
    done < <(manifest_value "$folder" part)
}
