/* fault.c -- faults on request. */
#include "fault_impl.h"

#include "nudge/clock.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Takes and touches memory until the limit on the trial refuses more, then ends as the
 * kernel's out-of-memory killer would end it. Stops at 4 GiB where no limit is set. */
static void use_all_memory(void)
{
    const size_t block = (size_t)64 << 20;
    for (int i = 0; i < 64; i++) {
        void *p =
            mmap(NULL, block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) break;
        memset(p, i + 1, block);
    }
    kill(getpid(), SIGKILL);
}

void nd_fault_provoke(const nd_params *p, uint32_t epoch, float *weight)
{
    if (p->check_fault == ND_FAULT_NONE || p->check_fault_epoch != (int64_t)epoch) return;
    switch ((nd_fault)p->check_fault) {
    case ND_FAULT_NONE:
        break;
    case ND_FAULT_SEGV:
        raise(SIGSEGV);
        break;
    case ND_FAULT_KILL:
        kill(getpid(), SIGKILL);
        break;
    case ND_FAULT_OOM:
        use_all_memory();
        break;
    case ND_FAULT_HANG:
        for (;;)
            nd_sleep(1);
    case ND_FAULT_NAN:
        weight[0] = NAN;
        break;
    case ND_FAULT_SERVER: /* takes the trial server with it */
        kill(getppid(), SIGKILL);
        break;
    }
}
