/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_CLOCK_H
#define SIGNET_AGENT_SERVER_CLOCK_H

/*
 * clock: how long something may take, for what blocks and has no loop.
 */

#include <stdint.h>
#include <time.h>

/* From some moment in the past on; it never goes back. */
static inline int64_t
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

#endif
