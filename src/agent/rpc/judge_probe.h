/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_JUDGE_PROBE_H
#define SIGNET_AGENT_RPC_JUDGE_PROBE_H

/*
 * judge_probe: judge names a host, and probe looks at it as a CA would: at its
 * addresses, at what answers there, at CAA, at the clock. It tells what it
 * finds, in any order, then END. The frame's id is the question's.
 */

#include "base/bld.h"
#include "base/cur.h"
#include "client/client_types.h"

#define PROBE_TEXT_MAX 2048 /* bytes of a finding's sentences */

enum judge_probe_type {
	JUDGE_PROBE_CHECK = 1,
	PROBE_JUDGE_FINDING = 100,
	PROBE_JUDGE_END,  /* no message */
};

struct judge_probe_check {
	struct ident ident;        /* without "*." */
	bool wildcard;
	uint16_t http_port;        /* 0: http-01 is not what is wanted */
	struct span token;         /* set up as a challenge; empty: none is */
	struct span key_authorization;
	struct span ca_url;        /* whose clock is compared; or empty */
	size_t num_issuers;        /* what the CA calls itself in CAA */
	struct span issuers[CLIENT_ISSUERS_MAX];
};

enum probe_topic {
	PROBE_DNS = 1,
	PROBE_DNSSEC,
	PROBE_HTTP,
	PROBE_CAA,
	PROBE_CLOCK,
	PROBE_PORT,   /* judge's own: who has it */
	PROBE_VIA,    /* judge's own: how control would be proven */
	PROBE_TOPIC_COUNT
};

enum probe_level {
	PROBE_GOOD = 1,
	PROBE_NOTE,    /* no harm */
	PROBE_WARNING, /* may do harm */
	PROBE_PROBLEM, /* there will be no certificate */
	PROBE_LEVEL_COUNT
};

/* Texts have no control characters. */
struct probe_finding {
	enum probe_topic topic;
	enum probe_level level;
	struct span subject; /* an address or a name; may be empty */
	struct span text;    /* a sentence without full stop */
	struct span remedy;  /* what to do; empty where nothing is */
};

/* "dns" and so on; never NULL. */
const char *judge_probe_topic_name(enum probe_topic topic);
const char *judge_probe_level_name(enum probe_level level);

/* Decoded spans borrow from payload. -ERR_FRAME. */
void judge_probe_check_encode(struct bld *out,
    const struct judge_probe_check *check);
int judge_probe_check_decode(uint16_t type, struct span payload,
    struct judge_probe_check *ret, struct err *err);
void judge_probe_finding_encode(struct bld *out,
    const struct probe_finding *finding);
int judge_probe_finding_decode(struct span payload, struct probe_finding *ret,
    struct err *err);

#endif
