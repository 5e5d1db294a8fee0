#!/usr/bin/env bash
# Ranks that do not meet end the run within a time, with the reason and status 4: some never come to MPI, some
# are silent, some are another build, some were started without MPI between them.
. tests/lib.sh

if ! have_mpi; then
    skip "ranks that do not meet" "built without MPI"
    finish
fi
cat >"$TMP/spec.yaml" <<END
campaign: meeting
base:
  data: {name: synthetic, train: 100, test: 50}
  model: {kind: ep-prototypical, layers: [784, 12, 10]}
  ep: {T: 6, K: 3}
END
run=("$NUDGE" run "$TMP/spec.yaml" -o "$TMP/run")
job() { # job STATUS ENV... : ENV...: rank 0 and 1 with the first variables, rank 2 what follows
    local status=$1 first=()
    shift
    while [ "$1" != : ]; do first+=("$1") && shift; done
    exits "$status" mpirun --oversubscribe --bind-to none -n 2 "${first[@]}" : -n 1 "${@:2}"
}

check "ranks started without MPI between them" exits 4 env SLURM_STEP_NUM_TASKS=4 SLURM_PROCID=1 "${run[@]}"
check "... are told how to start" says 'srun started 4 tasks but did not connect them: use srun --mpi=pmix or mpirun'

case $OBJ in
*/sanitize-*) skip "ranks that do not come" "a sanitizer has to be loaded first" && finish ;;
esac
# Alarms ring a hundred times sooner; SILENT: a rank that has come and says nothing.
cat >"$TMP/meeting.c" <<'END'
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>
int PMPI_Init_thread(int *argc, char ***argv, int required, int *provided);
int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    const int rc = PMPI_Init_thread(argc, argv, required, provided);
    if (getenv("SILENT")) sleep(60);
    return rc;
}
unsigned alarm(unsigned seconds)
{
    const struct itimerval after = {.it_value = {.tv_sec = seconds / 100}};
    return (unsigned)setitimer(ITIMER_REAL, &after, NULL);
}
END
check "ranks can be held up" "${CC:-cc}" -fPIC -shared -o "$TMP/meeting.so" "$TMP/meeting.c"
check "time can run faster" "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -fPIC -shared -o "$TMP/fault.so" tests/tools/fault.c

check "a rank that never comes" job 4 env LD_PRELOAD="$TMP/meeting.so" "${run[@]}" : sleep 60
check "... ends the run, with advice" says 'MPI_Init has waited 300 s for the other ranks; are all nodes up'
check "a rank that says nothing" job 4 env LD_PRELOAD="$TMP/fault.so" FAULT_CLOCK=20 "${run[@]}" : \
    env LD_PRELOAD="$TMP/meeting.so" SILENT=1 "${run[@]}"
check "... is named" says '1 of 2 workers did not report within 60 s \(ranks 2\)'

commit=$("$NUDGE" info | grep -oE '\([0-9a-f]{12}[^)]*\)' | head -n 1 | tr -d '()')
if [ -n "$commit" ]; then
    sed "s/$commit/$(printf '%s' "$commit" | tr '0-9a-f' '1-9a-f0')/g" "$NUDGE" >"$TMP/other"
    chmod +x "$TMP/other"
    check "a rank of another build" job 4 "${run[@]}" : "$TMP/other" "${run[@]:1}"
    check "... is named, with both" says "rank 2 on .* runs nudge .*, rank 0 runs .*$commit.*: start the same build everywhere"
else
    skip "a rank of another build" "the program does not know its commit"
fi
check "nothing was written by any of them" test ! -e "$TMP/run"
finish
