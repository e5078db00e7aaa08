/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_DNS_DNS_RESOLVER_H
#define SIGNET_DNS_DNS_RESOLVER_H

/*
 * dns_resolver: questions to libunbound, in this process, which validates
 * DNSSEC where it has a trust anchor. The structs are what env.resolve takes
 * and gives; the functions are the real implementation behind it.
 */

#include "base/env.h"
#include "base/loop.h"

#define DNS_NAME_MAX 253        /* bytes of text, RFC 1035 2.3.4 */
#define DNS_RRSET_MAX 64        /* records that are looked at; more: an error */
#define DNS_TIMEOUT_MS 10000    /* for one question with all its retries */

enum dns_type { DNS_A = 1, DNS_TXT = 16, DNS_AAAA = 28, DNS_CAA = 257 };

struct dns_query {
	struct span name; /* canonical text without final dot */
	enum dns_type type;
	int64_t timeout_ms; /* 0 or more than DNS_TIMEOUT_MS: that */
};

enum dns_status {
	DNS_OK,         /* rdata may be empty: NODATA */
	DNS_NXDOMAIN,
	DNS_BOGUS,      /* DNSSEC validation failed: never permission */
	DNS_SERVFAIL,   /* lame, refused, ... */
	DNS_TIMEOUT
};

struct dns_answer {
	enum dns_status status;
	bool secure;            /* validated to a trust anchor */
	size_t count;
	struct span rdata[DNS_RRSET_MAX]; /* wire form; lives during the cb */
	struct span canonical;  /* name after CNAMEs, text */
	const char *why;        /* static or for the cb's duration; may be NULL */
};

struct dns_resolver_options {
	const char *forward;     /* "host@port" or "host:port"; NULL: recurse */
	const char *anchor_file; /* root trust anchor; NULL: no validation */
	bool use_system;         /* /etc/resolv.conf and /etc/hosts (dev) */
};

struct dns_resolver;

/* Reads all files that it needs: call before the sandbox. */
int dns_resolver_new(struct loop *loop,
    const struct dns_resolver_options *options, struct dns_resolver **ret,
    struct err *err);
void dns_resolver_free(struct dns_resolver *resolver);

/* Fits env.resolve with the resolver as ctx of its own. */
void dns_resolver_query(struct dns_resolver *resolver,
    const struct dns_query *query,
    void (*cb)(void *arg, const struct dns_answer *answer), void *arg);

#endif
