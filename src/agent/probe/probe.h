/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROBE_PROBE_H
#define SIGNET_AGENT_PROBE_PROBE_H

/*
 * probe: looks at one name as a CA would, before anything is spent: each
 * address of both families is asked for the challenge, redirects are followed
 * and shown, CAA is judged for what the CA calls itself, and the clock is
 * compared. Free of sockets: it sees the world through env.
 *
 * It stands on the machine that it looks at: what a firewall before it keeps
 * away, it cannot see.
 */

#include "agent/rpc/judge_probe.h"
#include "base/env.h"
#include "base/mem.h"

#define PROBE_ADDRESSES_MAX 16  /* of a name, of each family */
#define PROBE_REDIRECTS_MAX 10
#define PROBE_BODY_MAX 512      /* bytes of an answer that are looked at */
#define PROBE_FETCH_MS 10000
#define PROBE_CLOCK_MS 60000    /* a clock may be off; more is a warning */
#define PROBE_CLOCK_BAD_MS 3600000 /* a problem: certificates are not valid
                                      yet, or not any more */

struct probe;

struct probe_ops {
	void (*find)(void *ctx, const struct probe_finding *finding);
	void (*done)(void *ctx); /* once, not from within probe_start */
};

/* Everything is copied but env and ops. validates: answers of the resolver
 * are validated by DNSSEC. The caller frees after done, or to give it up if
 * env calls nobody any more. */
struct probe *probe_start(const struct env *env,
    const struct judge_probe_check *check, bool validates,
    const struct probe_ops *ops, void *ctx);
void probe_free(struct probe *probe);

#endif
