# lib.sh -- for shell tests. Source it from the repository root; then
#
#   check "what should hold" command...     one TAP line: ok if the command succeeds; $took is then how
#                                           long it ran, in microseconds
#   skip "what" "why"                       a line for what cannot be tried here
#   exits N command...                      true when the command ends with status N; its
#                                           output is then in $TMP/out and $TMP/err
#   says REGEX                              true when either has a matching line
#   ranks N command...                      the command on N MPI ranks
#   at_exit command...                      to be run at the end, the last given first
#   finish                                  last line of every test
#
# $NUDGE is the program, $TMP a folder of the test's own.
# shellcheck shell=bash
set -u

NUDGE=$(realpath -m "${NUDGE:-build/nudge}")
OBJ=${OBJ:-build/release-gcc}
TMP=$(mktemp -d "${TMPDIR:-/tmp}/nudge-test.XXXXXX")
export NUDGE OBJ TMP
n_ok=0 n_bad=0 at_exit_commands=()

if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

at_exit() {
    at_exit_commands=("$(printf '%q ' "$@")" ${at_exit_commands[@]+"${at_exit_commands[@]}"})
}

leave() {
    local command
    for command in ${at_exit_commands[@]+"${at_exit_commands[@]}"}; do
        eval "$command"
    done
    rm -rf "$TMP"
}
trap leave EXIT
trap 'exit 143' TERM INT HUP

check() {
    local what=$1 status check_began=${EPOCHREALTIME/./}
    shift
    if "$@" >"$TMP/.check" 2>&1; then status=0; else status=$?; fi
    took=$((${EPOCHREALTIME/./} - check_began))
    if [ "$status" = 0 ]; then
        echo "ok - $what"
        n_ok=$((n_ok + 1))
        return 0
    fi
    echo "not ok - $what"
    echo "# status $status from: $*"
    sed -n '1,40s/^/# /p' "$TMP/.check"
    n_bad=$((n_bad + 1))
    return 1
}

skip() {
    echo "ok - $1 # SKIP $2"
    n_ok=$((n_ok + 1))
}

exits() {
    local wanted=$1 got=0
    shift
    "$@" >"$TMP/out" 2>"$TMP/err" </dev/null || got=$?
    [ "$got" = "$wanted" ] && return 0
    echo "status $got, not $wanted; it said:"
    tail -n 20 "$TMP/out" "$TMP/err"
    return 1
}

says() {
    grep -qE -- "$1" "$TMP/out" "$TMP/err" && return 0
    echo "no line matches: $1"
    tail -n 20 "$TMP/out" "$TMP/err"
    return 1
}

ranks() {
    local n=$1
    shift
    mpirun -n "$n" --oversubscribe --bind-to none "$@"
}

have_mpi() { [[ $OBJ != *-nompi ]] && command -v mpirun >/dev/null; }

same_results() { /usr/bin/python3 tests/tools/same_results.py "$1/results.nc" "$2/results.nc"; }

finish() {
    if [ $((n_ok + n_bad)) = 0 ]; then
        echo "not ok - reported nothing"
        exit 1
    fi
    [ $n_bad = 0 ]
    exit
}
