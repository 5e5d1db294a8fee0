/* signals_impl.h -- the signals that ask a campaign to stop. */
#ifndef NUDGE_SIGNALS_IMPL_H
#define NUDGE_SIGNALS_IMPL_H

/* From here on INT, TERM and USR1 are noted instead of ending the program. */
void nd_signals_catch(void);

/* The last of them that came, or 0. */
int nd_signals_caught(void);

#endif
