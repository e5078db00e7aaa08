/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_FAKE_TIME_H
#define SIGNET_MASTER_FAKE_TIME_H

/*
 * fake_time: for the tests of this folder: time that passes when a test says
 * so, and the timers of an env in it.
 */

#include <stdlib.h>

#include "base/env.h"

#define FAKE_TIMERS_MAX 8

struct env_timer {
	int64_t at_ms;
	void (*cb)(void *arg); /* NULL: free */
	void *arg;
};

static struct {
	int64_t now_ms;
	struct env_timer timers[FAKE_TIMERS_MAX];
} fake_time;

static inline int64_t
fake_time_now(void *ctx)
{
	(void)ctx;
	return fake_time.now_ms;
}

static inline struct env_timer *
fake_time_start(void *ctx, int64_t delay_ms, void (*cb)(void *arg), void *arg)
{
	(void)ctx;
	for (size_t i = 0; i < FAKE_TIMERS_MAX; i++) {
		struct env_timer *timer = &fake_time.timers[i];

		if (timer->cb == NULL) {
			*timer = (struct env_timer){ fake_time.now_ms +
				delay_ms, cb, arg };
			return timer;
		}
	}
	abort(); /* no test needs more */
}

static inline void
fake_time_cancel(void *ctx, struct env_timer *timer)
{
	(void)ctx;
	if (timer != NULL)
		timer->cb = NULL;
}

/* To the moment, calling all timers up to it that were set before. */
static inline void
fake_time_pass(int64_t ms)
{
	fake_time.now_ms += ms;
	for (size_t i = 0; i < FAKE_TIMERS_MAX; i++) {
		struct env_timer timer = fake_time.timers[i];

		if (timer.cb == NULL || timer.at_ms > fake_time.now_ms)
			continue;
		fake_time.timers[i].cb = NULL;
		timer.cb(timer.arg);
	}
}

#endif
