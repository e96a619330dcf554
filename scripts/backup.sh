#!/usr/bin/env bash
# Backup and restore of a whole studio: database, workspace and LFS objects.
#
#   scripts/backup.sh backup TO      writes a folder; TO names it, or is a folder that gets it. The studio works on meanwhile
#   scripts/backup.sh verify FROM    reads every part of one and says whether it is whole
#   scripts/backup.sh restore FROM   brings one into a stack that is down and empty; FORCE=1 replaces what is there
#
#   STACK=containers   the stack of `make up` (COMPOSE_PROJECT_NAME, WITH); so where STUDIO_HOME is not set
#   STACK=home         the stack of `make run` in STUDIO_HOME; so where that is set
#
# Neither keys nor the passwords of PostgreSQL and Redis are in a backup; people's password hashes are. Redis is not in it:
# what waits there is laid again from the database.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/archive.sh
. "$here/lib/archive.sh"
# shellcheck source=scripts/lib/snapshot.sh
. "$here/lib/snapshot.sh"

# Each stack says how its parts are reached: open_stack, close_stack, in_postgres PROGRAM ARGUMENTS..., in_workspace
# COMMAND..., gateway ARGUMENTS..., storage, stack_is_down, make_database, empty_queues, next_steps.
choose_stack() {
    local stack=${STACK:-}
    [ -n "$stack" ] || { if [ -n "${STUDIO_HOME:-}" ]; then stack=home; else stack=containers; fi; }
    case $stack in
    home | containers) ;;
    *) die "STACK=$stack is neither home nor containers." ;;
    esac
    # shellcheck source=scripts/lib/stack-home.sh source=scripts/lib/stack-containers.sh
    . "$here/lib/stack-$stack.sh"
    find_stack
    exec 8>"$lock_file"
    flock --nonblock 8 || die "A backup or a restore of this studio is under way."
}

ask() { in_postgres psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 --dbname studio --command "$1"; }

# --- backup ----------------------------------------------------------------------------------------------------------

backup() {
    local start=$SECONDS target
    [ -n "${1:-}" ] || die 'Where to? make backup TO=folder'
    choose_stack
    target=$(archive_path "$1")
    partial=$(dirname "$target")/.$(basename "$target").partial
    # Nothing that was interrupted looks like a backup: the folder gets its name when it is whole.
    rm -rf "$partial"
    mkdir -m 700 "$partial" || die "$partial cannot be made."
    umask 077
    trap give_up EXIT
    trap 'exit 130' INT TERM HUP
    open_stack
    storage=$(storage)
    take_snapshot
    write_large
    finish_archive "$target"
    trap - EXIT
    close_stack
    say "The backup is whole: $target ($(du -sh "$target" | cut -f1), $((SECONDS - start)) s)."
    say_what_is_in_a_bucket "$storage"
    say "  It holds people's password hashes and all their work: keep it as you keep the studio itself."
    say "  make restore FROM=$target brings it into an empty stack."
}

# say_what_is_in_a_bucket STORAGE
say_what_is_in_a_bucket() {
    case $1 in
    s3://*) say "  Large files of which the workspace has no copy are in $1, and only there: keep the bucket's versions as well." ;;
    esac
}

give_up() {
    local status=$?
    trap - EXIT
    give_snapshot_up
    close_stack
    rm -rf "$partial"
    warn 'Nothing was backed up.'
    exit "$((status == 0 ? 1 : status))"
}

# archive_path TO: where the archive goes; a folder that is there gets it under the time's name.
archive_path() {
    local name path=$1
    name=studio-$(date -u +%Y-%m-%dT%H%M%SZ)
    if [ -d "$path" ]; then path=$path/$name; fi
    [ ! -e "$path" ] || die "$path is there already."
    mkdir -p "$(dirname "$path")" || die "$(dirname "$path") cannot be made."
    printf '%s/%s' "$(cd "$(dirname "$path")" && pwd -P)" "$(basename "$path")"
}

# --- restore ---------------------------------------------------------------------------------------------------------

restore() {
    local from=${1:-} part known
    [ -n "$from" ] || die 'Which backup? make restore FROM=folder'
    check_archive "$from"
    choose_stack
    stack_is_down || die "$down_first"
    trap end_restore EXIT
    trap 'exit 130' INT TERM HUP
    open_stack
    known=$(gateway migrate --known)
    [ "$(manifest_value "$from" schema)" -le "$known" ] || die \
        "A newer studio made this backup ($(manifest_value "$from" studio), schema $(manifest_value "$from" schema)); this one knows schema $known. Restore with that version or a newer one."
    known=$(in_postgres psql --no-psqlrc --no-align --tuples-only --dbname postgres --command 'SHOW server_version_num')
    [ "$(manifest_value "$from" postgres)" -le "$((known / 10000))" ] || die \
        "PostgreSQL $(manifest_value "$from" postgres) made this backup, and this stack has $((known / 10000)): it needs that version or a newer one."
    refuse_what_is_there

    # From here on what is there is neither the old nor the new studio, and no program starts on it.
    say "Restoring the backup of $(manifest_value "$from" made)."
    is_begun=yes
    in_workspace sh -c ': >.restoring && sync .restoring'
    in_workspace rm -rf Projects Tenants .backup
    for part in projects.tar git.tar cache.tar media.tar; do
        say "  $part"
        in_workspace tar --extract --file - --no-same-owner --preserve-permissions --delay-directory-restore \
            "${extract_flags[@]}" <"$from/$part"
    done
    say '  database.dump'
    make_database
    in_postgres pg_restore --dbname studio --no-owner --no-privileges --role studio --exit-on-error \
        --single-transaction <"$from/database.dump"
    # What the statistics say decides plans; a studio that starts on none is slow at first.
    ask ANALYZE
    empty_queues
    in_workspace sh -c 'sync -f . && rm .restoring && sync -f .'
    trap - EXIT
    close_stack
    say 'Restored. People sign in with the passwords they had when the backup was made.'
    say_what_is_in_a_bucket "$(manifest_value "$from" storage)"
    next_steps
}

is_begun=
end_restore() {
    local status=$?
    trap - EXIT
    close_stack
    [ -z "$is_begun" ] || warn 'The restore did not come to its end, and the studio does not start until it has: run it again.'
    exit "$status"
}

# Where a restore was interrupted it may be run again as it is: what is there is worth nothing.
refuse_what_is_there() {
    local found
    if in_workspace test -e .restoring; then
        say 'An earlier restore was interrupted; what it left is replaced.'
        return
    fi
    [ "${FORCE:-}" != 1 ] || return 0
    found=$(in_workspace sh -c 'ls -A Projects Tenants/*/Projects 2>/dev/null' | grep -v -e ':$' -e '^$' | head -n 3 | tr '\n' ' ' || true)
    [ -z "${found// /}" ] || die "There are projects in this stack: $found… FORCE=1 says that they are to be replaced."
    found=$(in_postgres psql --no-psqlrc --no-align --tuples-only --dbname postgres \
        --command "SELECT count(*) FROM pg_database WHERE datname = 'studio'")
    [ "$found" = 1 ] || return 0
    found=$(ask "SELECT to_regclass('users') IS NOT NULL")
    [ "$found" = t ] || return 0
    found=$(ask 'SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM projects)')
    # The first login alone is what every new stack has.
    case $found in
    '0|0' | '1|0') ;;
    *) die "The database of this stack is in use (users|projects: $found). FORCE=1 says that it is to be replaced." ;;
    esac
}

case ${1:-} in
backup | restore) "$@" ;;
verify)
    [ -n "${2:-}" ] || die 'Which backup? make verify-backup FROM=folder'
    check_archive "$2"
    say "The backup of $(manifest_value "$2" made) is whole."
    ;;
*) die "$(sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}")" ;;
esac
