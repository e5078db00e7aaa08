/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DNS_PERSIST_H
#define SIGNET_AGENT_DNS_PERSIST_H

/*
 * persist: reads a TXT value as a record of dns-persist-01: an issue-value
 * (RFC 8659 4.2) with accounturi, policy and persistUntil
 * (draft-ietf-acme-dns-persist).
 */

#include "agent/rpc/judge_dns.h"

struct persist_record {
	struct span issuer;
	struct span account_url;
	bool wildcard;           /* policy=wildcard, in any case */
	int64_t until_s;         /* 0: no end */
};

/* -ERR_MALFORMED for what a CA would not take either. Parameters of other
 * names are passed over. */
int persist_parse(struct span value, struct persist_record *ret);

/* Is it what request asks for, at that time? */
bool persist_matches(const struct persist_record *record,
    const struct judge_dns_request *request, int64_t now_s);

#endif
