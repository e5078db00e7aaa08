/* SPDX-License-Identifier: Apache-2.0 */
#include "master/early.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static void
stop_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
}

static void
mask(int how)
{
	sigset_t set;

	stop_signals(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(how, &set, NULL);
}

void
early_hold(void)
{
	mask(SIG_BLOCK);
}

void
early_let_go(void)
{
	mask(SIG_UNBLOCK);
}

bool
early_pause(int ms)
{
	const struct timespec limit = { ms / 1000, ms % 1000 * 1000000L };
	sigset_t set;
	int taken;

	stop_signals(&set);
	taken = sigtimedwait(&set, NULL, &limit);
	if (taken <= 0)
		return true;
	raise(taken); /* for whoever asks next */
	return false;
}

bool
early_stop(void)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, SIGTERM) == 1 ||
	    sigismember(&set, SIGINT) == 1;
}
