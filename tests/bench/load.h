/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BENCH_LOAD_H
#define SIGNET_BENCH_LOAD_H

/*
 * load: so many clients at once, each with one order in flight, until so many
 * certificates are there. All keys and certification requests are made
 * before, so that a round costs the generator as little as possible.
 */

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define LOAD_STALL_S 30 /* without any certificate: the CA hangs */

struct load;

struct load_options {
	struct event_base *base;
	const char *url;      /* of the ACME directory */
	const char *root;     /* PEM file of what its certificate chains to */
	size_t in_flight;     /* clients */
	size_t certificates;  /* of all rounds together */
};

/* Makes keys and requests, and registers the accounts. */
int load_new(const struct load_options *options, struct load **ret,
    struct err *err);
void load_free(struct load *load);

/* Issues count certificates; no order is in flight before and after. */
int load_round(struct load *load, size_t count, struct err *err);

/* Ends a round that runs, as an error. */
void load_interrupt(struct load *load);

/* Forgets latencies and requests so far. */
void load_reset(struct load *load);

/* Whole orders, from newOrder to certificate. */
double load_latency_ms(struct load *load, double quantile);
uint64_t load_requests(const struct load *load);

/* Verifies the chains that the clients got last. */
int load_check(const struct load *load, struct err *err);

/* For target_new, whose load may not be made yet: at is struct load **. */
struct span load_thumbprint(void *at, unsigned long number);

#endif
