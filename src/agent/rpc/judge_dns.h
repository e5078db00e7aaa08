/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_JUDGE_DNS_H
#define SIGNET_AGENT_RPC_JUDGE_DNS_H

/*
 * judge_dns: what judge asks the dns process. Every question is answered once,
 * with its id, within the time that it gives.
 *
 * A key is named, never told: it is in the file DIR/dns/KEY.key, which nobody
 * but dns opens.
 */

#include "agent/rpc/rpc_err.h"

#define JUDGE_DNS_NAME_MAX 253     /* bytes */
#define JUDGE_DNS_VALUE_MAX 255    /* bytes of a TXT record's string */
#define JUDGE_DNS_KEY_MAX 64       /* bytes of a key file's name */
#define JUDGE_DNS_ADDRESS_MAX 63   /* bytes of an address's text */
#define JUDGE_DNS_ISSUERS_MAX 10
#define JUDGE_DNS_URL_MAX 2048     /* bytes */
#define JUDGE_DNS_WAIT_MAX_S 3600

enum judge_dns_type {
	JUDGE_DNS_ADD = 1,   /* value to name's TXT records; DONE when all
	                        authoritative servers have it */
	JUDGE_DNS_REMOVE,    /* that one again */
	JUDGE_DNS_AWAIT,     /* as ADD, of what somebody else has added */
	JUDGE_DNS_ALIAS,     /* follows CNAME and DNAME from name */
	JUDGE_DNS_PERSIST,   /* does every authoritative server show a record
	                        of dns-persist-01 for this account? */
	JUDGE_DNS_DONE = 100,
	JUDGE_DNS_REFUSED,
};

struct judge_dns_request {
	enum judge_dns_type type;
	struct span name;     /* canonical text */
	struct span value;    /* ADD, REMOVE, AWAIT */
	struct span key;      /* ADD, REMOVE: empty: updates are not signed */
	struct span server;   /* takes updates; empty: the zone's primary */
	struct span resolver; /* empty: those of /etc/resolv.conf */
	uint16_t port;        /* of the zone's servers; 0: 53 */
	uint32_t wait_s;      /* until all servers have it */
	uint16_t interval_s;  /* between looks; 0: dns decides */
	struct span account_url; /* PERSIST */
	bool wildcard;           /* PERSIST: must the record permit it? */
	size_t num_issuers;      /* PERSIST: any of them */
	struct span issuers[JUDGE_DNS_ISSUERS_MAX];
};

/* The end of the year 9999: what ends later has no end that can be said. */
#define JUDGE_DNS_UNTIL_MAX_S INT64_C(253402300799)

struct judge_dns_answer {
	enum judge_dns_type type;
	struct span name;         /* DONE: where the aliases lead to */
	int64_t persist_until_s;  /* DONE of PERSIST; 0: no end */
	struct err err;           /* REFUSED */
};

void judge_dns_request_encode(struct bld *out,
    const struct judge_dns_request *request);
/* Decoded spans borrow from payload. -ERR_FRAME. */
int judge_dns_request_decode(uint16_t type, struct span payload,
    struct judge_dns_request *ret, struct err *err);
void judge_dns_answer_encode(struct bld *out,
    const struct judge_dns_answer *answer);
int judge_dns_answer_decode(uint16_t type, struct span payload,
    struct judge_dns_answer *ret, struct err *err);

#endif
