/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DNS_DNS_JOB_H
#define SIGNET_AGENT_DNS_DNS_JOB_H

/*
 * dns_job: one question of judge: finds the zone, updates its primary, and asks
 * every address of every name server until all show the value or time is up;
 * then the sentence says which one lags.
 */

#include "agent/dns/tsig.h"
#include "agent/dns/zone.h"
#include "agent/rpc/judge_dns.h"

#define DNS_JOB_FIRST_WAIT_MS 300   /* between rounds; doubled up to */
#define DNS_JOB_LAST_WAIT_MS 5000

struct dns_job;

/* world's port is taken from request, and its resolvers, too, if it names one.
 * key is NULL where request names none. request and key are the caller's until
 * the job's end. done is called once, later; the answer lives while it runs. */
struct dns_job *dns_job_start(const struct zone_world *world,
    const struct judge_dns_request *request, const struct tsig_key *key,
    void (*done)(void *ctx, struct dns_job *job,
    const struct judge_dns_answer *answer), void *ctx);

/* done is not called. NULL is fine. */
void dns_job_cancel(struct dns_job *job);

#endif
