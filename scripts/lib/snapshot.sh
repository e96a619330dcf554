# shellcheck shell=bash
# One moment of database and files, while the studio works. Sourced by backup.sh.
#
# What publishes a take, saves a canvas or changes project.json holds its project's writer lock (ProjectWriters.swift) until
# the database knows of it. For the time that it takes to list the files and to read the small ones that change, this holds
# the locks of all projects, and keeps back the rows that tell of files; the database's moment lies in that time. So what the
# database promises is in the list, and nothing else that looks like a take, as after a power cut, which the studio mends by
# itself. What is large never changes (takes, LFS objects) and is read afterwards by the list.

# What is never kept: sockets of workers, what a backup or a restore leaves here, the scratch folders of jobs that run, and what
# belongs to the file system itself.
never=(-path ./.studio -o -path ./lost+found -o -path ./.backup -o -path ./.restoring -o -path '*/05_Cache/jobs/*')
# Folders of what is large or many and does not change in place; all else is small, but for what is larger than this.
folders=(./Library '*/.git/lfs' '*/01_Assets' '*/03_Renders' '*/06_Exports')
large=16384
slow=()
within_slow=()
for folder in "${folders[@]}"; do
    slow+=(-path "$folder" -o)
    within_slow+=(-path "$folder" -o -path "$folder/*" -o)
done
# Git's objects and the cache have parts of their own.
apart=(-path '*/.git/objects' -o -path '*/05_Cache')
kinds=(-type f -o -type d -o -type l)
archiving=(tar --create --file - --format pax '--pax-option=delete=atime,delete=ctime' --ignore-failed-read)
by_list=(--no-recursion --null --files-from -)

# hold WORDS...: says a statement to the session that holds; `heard` sets $answer to the next line that it answers.
hold() { printf '%s\n' "$*" >&"${holder[1]}"; }
heard() {
    IFS= read -r -u "${holder[0]}" -t 120 answer ||
        die "PostgreSQL gave no moment to back up: $(tail -n 3 "$partial/holder.log")"
}
holder=()
dump=

# Sets $snapshot and $made; the writers wait from here on.
hold_writers() {
    local try locked
    coproc HOLDER { in_postgres psql --no-psqlrc --quiet --no-align --tuples-only --set ON_ERROR_STOP=1 \
        --dbname studio 2>"$partial/holder.log"; }
    holder=("${HOLDER[@]}")
    hold "SET lock_timeout = '60s'; SET application_name = 'studio-backup';"
    for try in 1 2 3 4 5; do
        hold "SELECT count(pg_advisory_lock(hashtextextended('project-writer:' || id::text, 0)))
              FROM (SELECT id FROM projects ORDER BY id) p;"
        heard
        locked=$answer
        hold 'BEGIN ISOLATION LEVEL REPEATABLE READ;'
        hold 'LOCK TABLE projects, takes, job_files IN SHARE MODE;'
        hold 'SELECT count(*) FROM projects;'
        heard
        # A project that was made in between may be written to already.
        if [ "$locked" = "$answer" ]; then break; fi
        [ "$try" -lt 5 ] || die 'Projects are made faster than they can be held still; try again.'
        hold 'ROLLBACK; SELECT pg_advisory_unlock_all();'
        heard
    done
    hold 'SELECT pg_export_snapshot();'
    heard
    snapshot=$answer
    made=$(date -u +%Y-%m-%dT%H:%M:%SZ)
}

# The writers go on, also where the session is lost.
let_writers_go() {
    [ -n "${holder[1]:-}" ] || return 0
    { exec {holder[1]}>&-; } 2>/dev/null || true
    wait "${HOLDER_PID:-}" 2>/dev/null || true
    holder=()
}

# However far it came: nobody waits and nothing is written any more.
give_snapshot_up() {
    let_writers_go
    if [ -n "$dump" ]; then
        in_postgres psql --no-psqlrc --quiet --dbname postgres --command \
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'studio-backup-dump'" \
            >/dev/null 2>&1 || true
        wait "$dump" || true
    fi
    in_workspace rm -rf .backup 2>/dev/null </dev/null || true
}

words() { printf '%q ' "$@"; }

# A find of the workspace, as text for a shell there: finding PRUNED... -- WANTED...
finding() {
    local pruned=("${never[@]}")
    while [ "$1" != -- ]; do
        pruned+=("$1")
        shift
    done
    words find . -mindepth 1 '(' "${pruned[@]}" ')' -prune -o "${@:2}" -print0
}

# archive NAME COMMAND: what the command writes, run in the workspace, is a part; standard input is the command's. That a
# file was changed or removed while it was read is noted in $partial/NAME.log and no failure here.
archive() {
    in_workspace bash -c "set -o pipefail; export LC_ALL=C; $2 || [ \$? = 1 ]" 2>"$partial/$1.log" | keep_part "$1" ||
        die "$1 could not be written: $(tail -n 3 "$partial/$1.log")"
    refuse_unreadable "$1.log"
}

# refuse_unreadable LOG: a backup without what it was not allowed to read is none. What was there when it was listed and is
# gone by now is another thing.
refuse_unreadable() {
    if grep -E 'Permission denied|Operation not permitted|Input/output error' "$partial/$1" >&2; then
        die 'These files cannot be read.'
    fi
}

take_snapshot() {
    local held small
    studio_version=$(gateway --version)
    in_workspace rm -rf .backup
    hold_writers
    held=$(date +%s%N)
    in_postgres pg_dump --format custom --snapshot "$snapshot" \
        --dbname 'dbname=studio application_name=studio-backup-dump' 2>"$partial/database.log" |
        keep_part database.dump &
    dump=$!
    small=$(finding -o "${slow[@]}" "${apart[@]}" -- '(' -type d -o -type l -o -type f -size "-${large}k" ')')
    archive projects.tar "$small | $(words "${archiving[@]}" "${by_list[@]}")" </dev/null
    # Folders may go while they are looked through.
    in_workspace bash -c "export LC_ALL=C; $(finding -o "${apart[@]}" -- '(' "${within_slow[@]}" -size "+$((large - 1))k" ')' \
        '(' "${kinds[@]}" ')') || [ \$? = 1 ]" >"$partial/media.list" 2>"$partial/list.log" </dev/null ||
        die "What is large could not be listed: $(tail -n 3 "$partial/list.log")"
    refuse_unreadable list.log
    link_cache
    # From its first bytes on the dump holds the moment itself.
    until [ -s "$partial/database.dump" ] || ! kill -0 "$dump" 2>/dev/null; do sleep 0.05; done
    let_writers_go
    say "Writers waited for $((($(date +%s%N) - held) / 1000000)) ms; the rest goes on beside them."
    wait "$dump" || die "The database could not be dumped: $(tail -n 3 "$partial/database.log")"
    dump=
    schema_version=$(ask 'SELECT max(version) FROM schema_migrations')
    postgres_version=$(ask "SELECT current_setting('server_version_num')::integer / 10000")
}

# link_cache: what jobs and canvases keep beside takes may go at any moment; second names keep it for as long as it is read.
# Git does not look at it. Where the file system has no second names it is read as it is then.
link_cache() {
    local found
    found=$(finding -o "${slow[@]}" -path '*/.git' -- -path '*/05_Cache*')
    cache=.backup
    in_workspace bash -c 'mkdir .backup && : >.backup/.one && ln .backup/.one .backup/.two && rm .backup/.one .backup/.two' \
        2>"$partial/link.log" </dev/null || {
        warn "The cache has no second names here, and may change while it is read: $(cat "$partial/link.log")"
        cache=.
    }
    [ "$cache" = .backup ] || return 0
    in_workspace bash -c "export LC_ALL=C
        ${found/%-print0 /-type d -print0} | (cd .backup && xargs --null --no-run-if-empty mkdir -p)
        ${found/%-print0 /-type f -print0} | xargs --null --no-run-if-empty cp --link --parents --target-directory .backup
        :" 2>"$partial/link.log" </dev/null
    if grep -v 'No such file or directory' "$partial/link.log" >&2; then die 'The cache could not be linked.'; fi
}

# write_large: Git's objects, the cache, and what is large.
write_large() {
    local try
    # Objects never change, and those that come later do no harm. What is being written has another name (tmp_…). A `git gc`
    # of somebody may pack and remove them meanwhile: then they are read again.
    for try in 1 2 3; do
        sed -i '/^part git.tar /d' "$partial/parts"
        archive git.tar "$(finding -o "${slow[@]}" -path '*/05_Cache' -- -path '*/.git/objects' -prune) |
            $(words "${archiving[@]}" '--exclude=tmp_*' '--exclude=.tmp-*' --null --files-from -)" </dev/null
        grep -qE 'File removed|No such file' "$partial/git.tar.log" || break
        [ "$try" -lt 3 ] || die "Somebody packs a project's Git objects all the time: $(tail -n 3 "$partial/git.tar.log")"
    done
    if [ "$cache" = .backup ]; then
        # Folders as they are, and the second names of what was in them.
        local folders
        folders=$(finding -o "${slow[@]}" -path '*/.git' -- -path '*/05_Cache*' -type d)
        archive cache.tar "$(words "${archiving[@]}" --no-recursion --null) --files-from <($folders) \
            --directory .backup --files-from <(cd .backup && find . -type f -print0)" </dev/null
        in_workspace rm -rf .backup
    else
        archive cache.tar "$(finding -o "${slow[@]}" -path '*/.git' -- -path '*/05_Cache*') |
            $(words "${archiving[@]}" "${by_list[@]}")" </dev/null
    fi
    archive media.tar "$(words "${archiving[@]}" "${by_list[@]}")" <"$partial/media.list"
    # Takes and LFS objects are promised, and nothing of the studio's removes them; what has another name is being made.
    if grep -E '/(03_Renders/[^/]+/[^./][^/]*|\.git/lfs/objects/../../[0-9a-f]{64}): .*(Cannot|removed)' \
        "$partial/media.tar.log" >&2; then
        die 'Takes or LFS objects were removed while they were read.'
    fi
    if [ -s "$partial/media.tar.log" ]; then
        warn 'Changed or removed by people while they were read:'
        cat "$partial/media.tar.log" >&2
    fi
    rm -f "$partial"/*.log "$partial/media.list"
}
