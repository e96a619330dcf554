# shellcheck shell=bash
# Starts programs in sessions of their own (a terminal's Ctrl-C reaches only the supervisor), shows their lines with a
# short prefix, starts again what died, and stops all in order. Sourced by stack.sh.

declare -A pids=()      # service -> process id
declare -A began=()     # service -> second of its start
declare -A quick=()     # service -> deaths in a row soon after the start
declare -A timers=()    # service -> id of the sleep that ends when it is to be started again
declare -a printers=()  # ids of the processes that prefix lines
stopping=
steady_seconds=30       # who ran this long has recovered: the next restart is quick again
quick_limit=5           # so many deaths in a row soon after the start are a fault that waiting does not cure

is_terminal=
if [ -t 1 ]; then is_terminal=yes; fi

# prefix_of NAME: the name, in a colour of its own on a terminal: the gateway cyan, the workers in turn.
prefix_of() {
    local colours=(32 33 35 34 92 93) colour=36
    case $1 in worker-*) colour=${colours[$(((${1#worker-} - 1) % ${#colours[@]}))]} ;; esac
    if [ -n "$is_terminal" ]; then printf '\033[%sm%-9s\033[0m ' "$colour" "$1"; else printf '%-9s ' "$1"; fi
}

# launch NAME quiet|shown PROGRAM ARGUMENTS...: quiet programs write to their log file only.
launch() {
    local name=$1 shown=$2 log=$logs/$1.log out
    shift 2
    if [ -f "$log" ]; then mv "$log" "$log.1"; fi
    if [ "$shown" = shown ]; then
        exec {out}> >(exec setsid sed -u -e "w $log" -e "s/^/$(prefix_of "$name")/" 9>&-)
        printers+=($!)
    else
        exec {out}>"$log"
    fi
    setsid "$@" </dev/null >&"$out" 2>&1 9>&- &
    pids[$name]=$!
    exec {out}>&-
    began[$name]=$SECONDS
    printf '%s %s\n' "$!" "$(start_time $!)" >"$running/$name.pid"
}

# A child that only sleeps; ending it wakes the loop below. Without it a signal that comes just before `wait` is
# handled and then slept over.
start_alarm() {
    setpriv --pdeathsig TERM -- sleep infinity 9>&- &
    alarm=$!
}

on_signal() {
    if [ -n "$stopping" ]; then
        # The second signal: workers skip their grace period.
        signal_workers
    else
        stopping=asked
        kill "$alarm" 2>/dev/null || true
    fi
}

signal_workers() {
    local name
    for name in "${!pids[@]}"; do
        case $name in worker*) kill -TERM "${pids[$name]}" 2>/dev/null || true ;; esac
    done
}

# Waits for the next thing to happen until asked to stop. Fails when a service keeps dying.
supervise() {
    local ended status name
    while [ -z "$stopping" ]; do
        status=0
        # The shell's own word on a killed child goes nowhere: ours says which one it was.
        { wait -n -p ended "$alarm" "${pids[@]}" "${timers[@]}" || status=$?; } 2>/dev/null
        [ -z "$stopping" ] && [ -n "${ended:-}" ] || continue
        for name in "${!timers[@]}"; do
            if [ "${timers[$name]}" = "$ended" ]; then
                unset "timers[$name]"
                start_service "$name"
            fi
        done
        for name in "${!pids[@]}"; do
            if [ "${pids[$name]}" = "$ended" ]; then ended_early "$name" "$status" || return 1; fi
        done
    done
}

# ended_early NAME STATUS: says so and plans the next start: after 1, 2, 4, ... seconds.
ended_early() {
    local name=$1 status=$2 pause how
    unset "pids[$name]"
    rm -f "$running/$name.pid"
    if [ $((SECONDS - began[$name])) -ge "$steady_seconds" ]; then quick[$name]=0; fi
    quick[$name]=$((${quick[$name]:-0} + 1))
    how="with status $status"
    if [ "$status" -gt 128 ]; then how="by signal $(kill -l "$status" 2>/dev/null || echo "$((status - 128))")"; fi
    if [ "${quick[$name]}" -ge "$quick_limit" ]; then
        warn "$name ended $how for the ${quick[$name]}th time in a row; its last lines are in $logs/$name.log"
        return 1
    fi
    pause=$((1 << (quick[$name] - 1)))
    warn "$name ended $how and is started again in $pause s (log: $logs/$name.log)"
    sleep "$pause" 9>&- &
    timers[$name]=$!
}

# end NAME SIGNAL SECONDS: signals one service, waits, and kills what does not end in time.
end() {
    local name=$1 pid=${pids[$1]:-}
    [ -n "$pid" ] || return 0
    kill "-$2" "$pid" 2>/dev/null || true
    if ! wait_gone "$pid" "$3"; then
        warn "$name did not end within $3 s and is killed"
        kill -KILL -- "-$pid" 2>/dev/null || true
    fi
    unset "pids[$name]"
    rm -f "$running/$name.pid"
}

# Everything in order: workers finish their jobs, then the gateway, then what both stand on. Data is kept.
end_all() {
    local name printer
    stopping=${stopping:-fault}
    kill "$alarm" "${timers[@]}" 2>/dev/null || true
    signal_workers
    for name in "${!pids[@]}"; do
        case $name in worker*) end "$name" 0 $((${WORKER_GRACE_SECONDS:-120} + 15)) ;; esac
    done
    end gateway TERM 30
    end redis TERM 30
    end postgres INT 60
    for printer in "${printers[@]}"; do wait_gone "$printer" 2 || kill "$printer" 2>/dev/null || true; done
}

# What an earlier supervisor left running when it was killed. Called with the lock held, so no other one lives.
end_leftovers() {
    local file name pid since
    for file in "$running"/*.pid; do
        [ -f "$file" ] || continue
        name=$(basename "$file" .pid)
        read -r pid since <"$file" || true
        if [ -n "${since:-}" ] && [ "$(start_time "$pid")" = "$since" ]; then
            warn "$name (process $pid) is left from an earlier run and is stopped"
            kill -TERM "$pid" 2>/dev/null || true
            if [ "$name" = postgres ]; then kill -INT "$pid" 2>/dev/null || true; fi
            wait_gone "$pid" 10 || kill -KILL -- "-$pid" 2>/dev/null || true
        fi
        rm -f "$file"
    done
}
