/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DNS_TSIG_H
#define SIGNET_AGENT_DNS_TSIG_H

/*
 * tsig: signs an update and checks the signature of its answer (RFC 8945),
 * with a key from a file as `tsig-keygen` prints it:
 *
 *   key "acme" { algorithm hmac-sha256; secret "BASE64"; };
 */

#include "agent/dns/packet.h"

#define TSIG_SECRET_MAX 128   /* bytes, decoded */
#define TSIG_MAC_MAX 64       /* bytes */
#define TSIG_FUDGE_S 300      /* RFC 8945 10: by which clocks may differ */
#define TSIG_FILE_MAX 4096    /* bytes of a key's file */

enum tsig_alg { TSIG_SHA256 = 1, TSIG_SHA384, TSIG_SHA512 };

struct tsig_key {
	char name[DNS_NAME_SIZE];
	enum tsig_alg alg;
	size_t secret_len;
	uint8_t secret[TSIG_SECRET_MAX];
};

struct tsig_mac {
	size_t len;
	uint8_t bytes[TSIG_MAC_MAX];
};

/* -ERR_CONFIG with the remedy; file is for the sentence. */
int tsig_key_parse(struct span text, const char *file, struct tsig_key *ret,
    struct err *err);

/* Appends the record to the whole message that is in *message. */
int tsig_sign(struct bld *message, const struct tsig_key *key, int64_t now_s,
    struct tsig_mac *ret, struct err *err);

/* Is answer signed by key as an answer to what has the MAC request? The words
 * of err say what a server means that could not verify ours. */
int tsig_verify(const struct packet *answer, const struct tsig_key *key,
    const struct tsig_mac *request, int64_t now_s, struct err *err);

#endif
