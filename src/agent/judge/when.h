/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_JUDGE_WHEN_H
#define SIGNET_AGENT_JUDGE_WHEN_H

/*
 * when: when a certificate is renewed, and when what failed is tried again.
 * Pure; times are Unix milliseconds. random is any 64 random bits: no two
 * hosts, and no two certificates of one host, come in the same second.
 */

#include "agent/state/state.h"

#define WHEN_SHORT_LIVED_MS INT64_C(864000000)     /* ten days */
#define WHEN_SPREAD 30       /* renewal comes up to this part of the lifetime
                                earlier than it must */
#define WHEN_ARI_DEFAULT_MS INT64_C(21600000)      /* RFC 9773 4.3.3: 6 h */
#define WHEN_ARI_NONE_MS INT64_C(86400000)         /* where there is none */

/* Nothing of what failed is put off longer, unless a CA asks for it. */
#define WHEN_LATEST_MS INT64_C(97200000)           /* 27 h */
/* A clock that is put back by less is only kept right. */
#define WHEN_CLOCK_BACK_MS INT64_C(120000)

/* Without renewal information: when a third of its life is left, a half if
 * that is under ten days, and a random part of it earlier. */
int64_t when_lifetime(int64_t not_before, int64_t not_after, uint64_t random);

/* RFC 9773 4.2: a random point in the window, or now if that has passed. A
 * point that was chosen before and lies in the window stays (0: none). */
int64_t when_window(int64_t now, int64_t start, int64_t end, int64_t chosen,
    uint64_t random);

/* After count failures in a row: 1 min, 10 min, 100 min, then 1 day, and up to
 * a tenth more. Of one step of a deployment: the same, but an hour at most. */
int64_t when_backoff(int64_t count, uint64_t random);
int64_t when_backoff_deploy(int64_t count, uint64_t random);

/* When an OCSP response that is good from this to next (0: not said) is
 * replaced: when half of that is over, and never at once again. */
int64_t when_ocsp(int64_t now, int64_t this_at, int64_t next_at,
    uint64_t random);

/* When to look at cert again: the next thing to be done for it. deploy_at is
 * that of its deployment (STATE_NEVER: all done). */
int64_t when_due(const struct state_cert *cert, int64_t deploy_at);

/* Whether it is to be issued now: nothing is live, or its time has come; and
 * no failure holds it back. */
bool when_renew(const struct state_cert *cert, int64_t now);

/* Whether its CA is to be asked for renewal information now. */
bool when_ask(const struct state_cert *cert, int64_t now);

/* Whether there is a certificate at all. */
bool when_live(const struct state_cert *cert);

#endif
