/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_JUDGE_NET_H
#define SIGNET_AGENT_RPC_JUDGE_NET_H

/*
 * judge_net: what judge asks net, and what net tells on the way. The frame's
 * id is the operation's, chosen by judge, unique in a run and not 0; all that
 * is about it carries it. Every question is answered once, by RESULT, and
 * ORDER in between by OFFER, CLEAN, PROGRESS and perhaps SIGN.
 *
 * JUDGE_NET_CA makes a CA (an account at one, see client/client.h) known
 * under a number; it has no answer, and questions that name it may follow at
 * once. Every other frame of judge names the CA, those about a running
 * operation the one that it was begun with. NET_ACCOUNT comes whenever an account was found, made or changed,
 * with the frame id 0.
 */

#include "agent/rpc/judge_files.h" /* for what OCSP takes */
#include "base/bld.h"
#include "base/cur.h"
#include "client/client_types.h"

#define JUDGE_NET_TRUST_MAX 262144 /* bytes of PEM: whom to trust */
#define JUDGE_NET_OFFERS_MAX IDENT_LIST_MAX

enum judge_net_type {
	/* From judge. */
	JUDGE_NET_CA = 1,        /* struct judge_net_ca; frame id 0 */
	JUDGE_NET_OPEN,          /* ca -> RESULT DIRECTORY */
	JUDGE_NET_REGISTER,      /* ca, only_existing -> RESULT ACCOUNT */
	JUDGE_NET_UPDATE,        /* ca, registration -> RESULT ACCOUNT */
	JUDGE_NET_ROLLOVER,      /* ca, thumbprint -> RESULT DONE */
	JUDGE_NET_DEACTIVATE,    /* ca -> RESULT DONE */
	JUDGE_NET_ORDER,         /* ca, order -> RESULT CHAIN */
	JUDGE_NET_SOLVED,        /* of the order with the frame's id */
	JUDGE_NET_DECLINED,      /* the same */
	JUDGE_NET_RENEWAL_INFO,  /* ca, cert_id -> RESULT RENEWAL */
	JUDGE_NET_REVOKE,        /* ca, revoke -> RESULT DONE */
	JUDGE_NET_ORDERS,        /* ca -> RESULT ORDERS */
	JUDGE_NET_DEACTIVATE_AUTHZ, /* ca, url -> RESULT DONE */
	JUDGE_NET_CANCEL,        /* of the operation with the frame's id */
	JUDGE_NET_SIGNED,        /* answers NET_SIGN: jws, or why not */
	JUDGE_NET_OCSP,          /* url, request -> OCSP; of no CA */
	JUDGE_NET_ASK_END,       /* no message */
	/* From net. */
	NET_JUDGE_RESULT = 100,  /* struct client_result */
	NET_JUDGE_OFFER,         /* struct judge_net_offers */
	NET_JUDGE_CLEAN,         /* empty: take down what was set up */
	NET_JUDGE_PROGRESS,      /* struct client_progress */
	NET_JUDGE_SIGN,          /* struct client_sign, always of type
	                            CLIENT_SIGN_CERTIFICATE: the key of the
	                            certificate that this REVOKE is about */
	NET_JUDGE_ACCOUNT,       /* ca and struct client_account */
	NET_JUDGE_OCSP,          /* struct judge_net_signed */
};

struct judge_net_ocsp {
	struct span url;     /* of the certificate */
	struct span directory; /* of its CA; empty: not known */
	struct span request; /* DER */
};

struct judge_net_ca {
	uint32_t ca;      /* the number that it gets */
	int64_t account;  /* whose key signs: for the account process */
	struct client_options options;
	struct span trust; /* PEM: the only ones to trust; empty: the system's */
	struct span proxy; /* URL of a proxy, or empty */
};

struct judge_net_solved {
	uint16_t authz;
	enum client_method method; /* of SOLVED */
	struct span text;          /* of DECLINED */
};

struct judge_net_revoke {
	struct span der;
	int8_t reason;           /* RFC 5280 5.3.1; negative: none */
	bool by_certificate_key;
};

struct judge_net_signed {
	bool ok;
	struct span text; /* the JWS or the response, or why there is none */
};

/* Any message of judge. Which members mean something, the type says. */
struct judge_net_ask {
	enum judge_net_type type;
	uint32_t ca;
	union {
		struct judge_net_ca new_ca;          /* CA */
		bool only_existing;                  /* REGISTER */
		struct client_registration registration; /* UPDATE */
		uint8_t thumbprint[JWK_THUMBPRINT_SIZE]; /* ROLLOVER */
		struct client_order order;           /* ORDER */
		struct judge_net_solved solved;      /* SOLVED, DECLINED */
		struct span cert_id;                 /* RENEWAL_INFO */
		struct judge_net_revoke revoke;      /* REVOKE */
		struct span url;                     /* DEACTIVATE_AUTHZ */
		struct judge_net_signed answer;      /* SIGNED */
		struct judge_net_ocsp ocsp;          /* OCSP */
	};
};

struct judge_net_offers {
	size_t count;
	const struct client_offer *offers;
};

/* Any message of net. */
struct judge_net_tell {
	enum judge_net_type type;
	union {
		struct client_result result;
		struct judge_net_offers offers;
		struct client_progress progress;
		struct client_sign sign;
		struct judge_net_signed ocsp;
		struct {
			uint32_t ca;
			struct client_account account;
		} account;
	};
};

/* Decoded spans borrow from payload; arrays are in the arena. -ERR_FRAME. */
void judge_net_ask_encode(struct bld *out, const struct judge_net_ask *ask);
int judge_net_ask_decode(uint16_t type, struct span payload,
    struct judge_net_ask *ret, struct err *err);
void judge_net_tell_encode(struct bld *out, const struct judge_net_tell *tell);
int judge_net_tell_decode(uint16_t type, struct span payload,
    struct arena *arena, struct judge_net_tell *ret, struct err *err);

#endif
