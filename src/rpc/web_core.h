/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_RPC_WEB_CORE_H
#define SIGNET_RPC_WEB_CORE_H

/*
 * web_core: what web asks core. Each request is answered by one frame with
 * the same id: the object it is about, or a problem. Core may hold an answer
 * back: an order in "processing" or an authorization whose challenge is being
 * validated is answered when that ends or after the hold time, so that
 * clients need not poll.
 *
 * Web has verified the request's JWS with the account key that it got by
 * WEB_CORE_ACCOUNT_KEY, and says which key that was in the actor: core refuses
 * the request if the account has another key by now or is not valid
 * (-ERR_UNAUTHORIZED). Only the finalize JWS goes on unverified: the signer
 * verifies it (and nobody else: it would cost as much again). Where core
 * would have to tell or change something before the signer has spoken (the
 * order is not ready, another finalize is in flight, the signer is down), it
 * answers VERIFY_FIRST: web verifies the JWS with the account's key after all
 * and sends the same request again with verified set, or refuses the client.
 * So nobody but the account learns of an order or holds it up.
 *
 * Core trusts web for nothing that leads to a certificate.
 */

#include "acme/objects.h"

enum web_core_type {
	/* Questions. */
	WEB_CORE_ACCOUNT_KEY = 1, /* account_key -> ACCOUNT */
	WEB_CORE_ACCOUNT_NEW,     /* account_new -> ACCOUNT */
	WEB_CORE_ACCOUNT_UPDATE,  /* account_update -> ACCOUNT */
	WEB_CORE_ACCOUNT_ORDERS,  /* account_orders -> ORDERS */
	WEB_CORE_ORDER_NEW,       /* order_new -> ORDER */
	WEB_CORE_ORDER_GET,       /* object -> ORDER */
	WEB_CORE_ORDER_FINALIZE,  /* finalize -> ORDER */
	WEB_CORE_AUTHZ_GET,       /* object -> AUTHZ */
	WEB_CORE_AUTHZ_DEACTIVATE,/* object -> AUTHZ */
	WEB_CORE_CHALLENGE_GET,   /* challenge -> AUTHZ */
	WEB_CORE_CHALLENGE_RESPOND, /* challenge -> AUTHZ */
	WEB_CORE_CERTIFICATE_GET, /* object -> CERTIFICATE */
	/* Answers. */
	WEB_CORE_ACCOUNT = 100,
	WEB_CORE_ORDERS,
	WEB_CORE_ORDER,
	WEB_CORE_AUTHZ,
	WEB_CORE_CERTIFICATE,
	WEB_CORE_PROBLEM,
	WEB_CORE_VERIFY_FIRST,    /* empty: to an unverified ORDER_FINALIZE */
};

#define WEB_CORE_ORDERS_PAGE 100  /* order ids in one ORDERS answer */
#define WEB_CORE_CHAIN_MAX 4      /* certificates in one CERTIFICATE answer */

/* Who asks: an account and the key that verified the request. */
struct web_core_actor {
	int64_t account_id;
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
};

struct web_core_request {
	enum web_core_type type;
	struct web_core_actor actor; /* zero for ACCOUNT_KEY and ACCOUNT_NEW */
	union {
		/* ACCOUNT_KEY: the account's id from a kid URL. */
		int64_t account_id;
		/* ORDER_GET, AUTHZ_GET, AUTHZ_DEACTIVATE, CERTIFICATE_GET. */
		int64_t object_id;
		/* CHALLENGE_GET, CHALLENGE_RESPOND. */
		struct {
			int64_t authz_id;
			enum challenge_type type;
		} challenge;
		/* ACCOUNT_NEW. */
		struct {
			struct span key_spki;
			bool only_return_existing;
			bool terms_agreed;
			size_t num_contacts;
			struct span contacts[ACME_CONTACTS_MAX];
		} account_new;
		/* ACCOUNT_UPDATE. */
		struct {
			bool deactivate;
			bool set_contacts;
			size_t num_contacts;
			struct span contacts[ACME_CONTACTS_MAX];
		} account_update;
		/* ACCOUNT_ORDERS: ids below before_id, newest first; 0: all. */
		int64_t before_id;
		/* ORDER_NEW. */
		struct {
			int64_t not_before;
			int64_t not_after;
			struct span profile;
			struct ident_list idents; /* sorted, unique */
		} order_new;
		/* ORDER_FINALIZE: the JWS as it came. verified is false but
		 * in the answer to VERIFY_FIRST. csr_spki is the key of its
		 * CSR, empty where it is no CSR: the signer says what is
		 * wrong with it. */
		struct {
			int64_t order_id;
			bool verified;
			struct span protected_b64;
			struct span payload_b64;
			struct span signature;
			struct span csr_spki;
		} finalize;
	};
};

struct web_core_answer {
	enum web_core_type type;
	union {
		struct {
			struct account account;
			bool created; /* ACCOUNT_NEW: 201, else 200 */
		} account;
		struct {
			size_t count;
			int64_t ids[WEB_CORE_ORDERS_PAGE];
			bool more;
		} orders;
		struct order order;
		struct authz authz;
		struct {
			size_t count;
			struct span der[WEB_CORE_CHAIN_MAX]; /* leaf first */
		} certificate;
		struct problem problem;
	};
};

/* Encode appends the payload; the type and id go into the frame's head.
 * Decode refuses anything that is not exactly of its form: -ERR_FRAME.
 * Decoded spans borrow from payload, arrays live in arena. */
void web_core_request_encode(struct bld *out,
    const struct web_core_request *request);
int web_core_request_decode(uint16_t type, struct span payload,
    struct arena *arena, struct web_core_request *ret, struct err *err);
void web_core_answer_encode(struct bld *out,
    const struct web_core_answer *answer);
int web_core_answer_decode(uint16_t type, struct span payload,
    struct arena *arena, struct web_core_answer *ret, struct err *err);

#endif
