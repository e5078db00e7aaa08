/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_ACCOUNT_ACCOUNT_SIGN_H
#define SIGNET_AGENT_ACCOUNT_ACCOUNT_SIGN_H

/*
 * account_sign: what account signs for net, which may be in anybody's hand:
 * only JWS whose header is made here, only for URLs of the CA that judge bound
 * the account to, only payloads of the kinds that are needed, a CSR and an
 * order only if judge knows them (RFC 8555 7.4), a change of the account's key
 * only to the key that is here (RFC 8555 7.3.5), other contacts, the account's
 * end and a revocation only if judge asked for it: whoever breaks into net
 * cannot take the account away, nor a certificate, nor get one for a key or
 * names of his own.
 */

#include "agent/account/account_store.h"
#include "agent/rpc/judge_account.h"
#include "agent/rpc/net_account.h"

#define ACCOUNT_SIGN_PAYLOAD_MAX 98304 /* bytes */

struct account_signer {
	int64_t id;
	struct account_pair pair;
	bool use_next;
	size_t num_origins;
	char origins[ACCOUNT_ORIGINS_MAX][ACCOUNT_ORIGIN_MAX + 1];
	/* External account binding, RFC 8555 7.3.4; hmac_len 0: none. */
	uint8_t hmac[ACCOUNT_HMAC_MAX];
	size_t hmac_len;
	uint16_t hmac_bits;
	char hmac_kid[ACCOUNT_KID_MAX + 1];
	/* What may be sent, the latest in the place of the oldest; as many as
	 * num_sends says were told of. */
	struct account_send {
		uint8_t hash[ACCOUNT_HASH_SIZE]; /* of a CSR, a certificate */
		uint8_t names[ACCOUNT_HASH_SIZE];
		unsigned orders;         /* that were signed */
	} sends[ACCOUNT_SENDS_MAX];
	size_t num_sends;
	bool may_change;                    /* the account itself, or end it */
	char kid[ACCOUNT_URL_MAX + 1];      /* "": not known */
	/* SHA-256 of the inner JWS of the last rollover; zero: none. */
	uint8_t rollover[32];
};

/* -ERR_CONFIG for what is no origin. */
int account_sign_bind(struct account_signer *account, const struct span *origins,
    size_t count, struct err *err);

/* Whether url belongs to one of the account's origins. */
bool account_sign_allows(const struct account_signer *account, struct span url);

/* From now on this CSR or certificate may be sent to the CA, and these names
 * (judge_account_hash) may be ordered. */
void account_sign_send(struct account_signer *account,
    const uint8_t hash[ACCOUNT_HASH_SIZE],
    const uint8_t names[ACCOUNT_HASH_SIZE]);

/* Appends the JWS. -ERR_UNAUTHORIZED for what must not be signed. */
int account_sign(struct account_signer *account, const struct client_sign *sign,
    struct bld *out, struct err *err);

/* The key that signs just now. */
const struct jwk *account_sign_key(const struct account_signer *account);

#endif
