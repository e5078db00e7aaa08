/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BENCH_TARGET_H
#define SIGNET_BENCH_TARGET_H

/*
 * target: the hosts that ask for certificates, seen by the CA's validators:
 * one DNS server that knows every name (A is 127.0.0.1, all else is NODATA),
 * and one web server on 127.0.0.1:80 that answers http-01 (RFC 8555 8.3) for
 * every name "n<number>.<anything>" with the key of who asks for it now.
 */

#include <event2/event.h>

#include "base/err.h"
#include "base/span.h"

struct target;

/* Gives the text that follows "token." in the key authorization for a name;
 * empty if nobody asks for that name. */
typedef struct span target_thumbprint(void *ctx, unsigned long number);

int target_new(struct event_base *base, target_thumbprint *thumbprint,
    void *ctx, struct target **ret, struct err *err);
void target_free(struct target *target);

/* Of the DNS server on 127.0.0.1. */
unsigned target_dns_port(const struct target *target);

/* Questions and fetches so far. */
uint64_t target_queries(const struct target *target);
uint64_t target_fetches(const struct target *target);

#endif
