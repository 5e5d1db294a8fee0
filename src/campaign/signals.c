/* signals.c -- the signal flag. */
#include "signals_impl.h"

#include <signal.h>

static volatile sig_atomic_t caught;

static void note(int signal)
{
    /* a second TERM or INT must not be softened by a late USR1 */
    if (signal != SIGUSR1 || !caught) caught = signal;
}

void nd_signals_catch(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGUSR1};
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: sleeps shall end */
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < 3; i++)
        sigaction(signals[i], &action, 0);
    signal(SIGPIPE, SIG_IGN);
}

int nd_signals_caught(void)
{
    return caught;
}
