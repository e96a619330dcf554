#!/bin/sh
# Gives every target of Package.swift that is not there an empty source: SwiftPM reads a package as a whole, whatever
# it is to build. Used where an image is built, before the studio's own sources are there and instead of its tests.
set -eu

# targets FUNCTION: the names of the targets that this function of Package.swift makes.
targets() { tr -d '\n' <Package.swift | grep -oE "$1\( *(name: )?\"[A-Za-z0-9]+\"" | cut -d '"' -f 2; }

# stand_in FOLDER FILE TEXT
stand_in() {
    [ ! -d "$1" ] || return 0
    mkdir -p "$1/Migrations" "$1/Fixtures" "$1/Python"
    printf '%s\n' "$3" >"$1/$2"
    # What Package.swift wants to embed.
    : >"$1/Migrations/none.sql"
}

for target in $(targets systemLibrary); do stand_in "Sources/$target" module.modulemap "module $target {}"; done
for target in $(targets room); do stand_in "Sources/$target" Empty.swift ''; done
for target in $(targets program); do stand_in "Sources/$target" main.swift ''; done
for target in $(targets proof) StudioTestKit; do stand_in "Tests/$target" Empty.swift ''; done
