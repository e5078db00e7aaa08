/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_DNS_ASK_H
#define SIGNET_AGENT_SOLVERS_DNS_ASK_H

/* dns_ask: questions to the dns process, which is started by the first. */

#include "agent/rpc/judge_dns.h"
#include "agent/solvers/solver.h"

/* done is called once, perhaps before it returns: with a refusal, if the
 * process cannot be started. */
void dns_ask(const struct solver_world *world,
    const struct judge_dns_request *request,
    void (*done)(void *ctx, const struct judge_dns_answer *answer),
    void *ctx);

#endif
