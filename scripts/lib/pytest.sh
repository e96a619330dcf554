# shellcheck shell=bash
# How the tests that are written in Python are run. Sourced after python-environment.sh, never run by itself.

# judge_in FOLDER LOG: runs the tests of a folder, or those that match FILTER, and writes what they say to a log, too. The few
# that fail are judged once more by themselves, and are named if they pass: see docs/adr/0023-a-second-look.md. Sets
# $passed, how many passed in the end, and ends as pytest does.
judge_in() {
    local folder=$1 log=$2 most=5 status=0 cache names options=()
    cache=$(mktemp -d)
    if [ -n "${FILTER:-}" ]; then options+=(-k "$FILTER"); fi
    pytest_in "$folder" -o cache_dir="$cache" "${options[@]}" 2>&1 | tee "$log" || status=$?
    passed=$(passed_in "$log")
    mapfile -t names < <(sed -nE 's/^(FAILED|ERROR) ([^ ]+::[^ ]+).*/\2/p' "$log")
    # What ends otherwise than with failed tests was broken off. Of tests that were chosen by hand the first word holds.
    if [ "$status" = 1 ] && [ -z "${FILTER:-}" ] && ((${#names[@]} > 0 && ${#names[@]} <= most)); then
        printf 'A second look: %s\n' "${names[@]}"
        status=0
        pytest_in "$folder" -o cache_dir="$cache" --last-failed --last-failed-no-failures=none 2>&1 | tee "$log" || status=$?
        passed=$((passed + $(passed_in "$log")))
        if [ "$status" = 0 ]; then printf 'Unsteady: %s\n' "${names[@]}"; fi
    fi
    rm -rf "$cache"
    return "$status"
}

pytest_in() { (cd "$1" && PYTHONDONTWRITEBYTECODE=1 "$python" -m pytest "${@:2}"); }

passed_in() {
    local passed
    passed=$(grep -oE '[0-9]+ passed' "$1" | tail -n 1 | grep -oE '^[0-9]+' || true)
    printf '%s' "${passed:-0}"
}
