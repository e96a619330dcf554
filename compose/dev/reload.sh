#!/bin/sh
# reload.sh PROGRAM COMMAND...: runs a command, and runs it again whenever builder made the program anew. When the command
# ends by itself this ends as it did, and the engine starts the container again.
set -u
program=/build/out/$1
shift
child=
trap '[ -z "$child" ] || kill -TERM "$child"; ending=yes' TERM INT
ending=

stamp() { stat -c '%i %Y %s' "$program" 2>/dev/null; }

while [ -z "$ending" ]; do
    running=$(stamp)
    "$@" &
    child=$!
    while kill -0 "$child" 2>/dev/null; do
        sleep 1 &
        wait $!
        new=$(stamp)
        if [ -z "$ending" ] && [ -n "$new" ] && [ "$new" != "$running" ]; then
            echo "--- ${program##*/} is new: it starts again"
            kill -TERM "$child"
            wait "$child"
            continue 2
        fi
    done
    wait "$child"
    exit $?
done
