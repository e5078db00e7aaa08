/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_NET_ACCOUNT_H
#define SIGNET_AGENT_RPC_NET_ACCOUNT_H

/*
 * net_account: what net asks the account process: signatures. One question,
 * one answer with the same id, in any order.
 *
 * account makes the protected header itself, and for CLIENT_SIGN_EAB and
 * CLIENT_SIGN_ROLLOVER the payload, too. The account's id is the one that
 * judge has bound to a CA; CLIENT_SIGN_CERTIFICATE is not for account.
 */

#include "base/bld.h"
#include "base/cur.h"
#include "client/client_types.h"
#include "jose/jws.h"

enum net_account_type {
	NET_ACCOUNT_SIGN = 1,     /* -> SIGNED or REFUSED */
	NET_ACCOUNT_SIGNED = 100, /* the JWS in JSON */
	NET_ACCOUNT_REFUSED,      /* a sentence that says why */
};

struct net_account_sign {
	int64_t account; /* its id in judge's state */
	struct client_sign sign;
};

struct net_account_answer {
	enum net_account_type type;
	struct span text; /* the JWS, or the sentence */
};

void net_account_sign_encode(struct bld *out,
    const struct net_account_sign *sign);
/* Decoded spans borrow from payload. -ERR_FRAME. */
int net_account_sign_decode(uint16_t type, struct span payload,
    struct net_account_sign *ret, struct err *err);
void net_account_answer_encode(struct bld *out,
    const struct net_account_answer *answer);
int net_account_answer_decode(uint16_t type, struct span payload,
    struct net_account_answer *ret, struct err *err);

#endif
