/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_SIM_CLIENT_H
#define SIGNET_TESTS_SIM_CLIENT_H

/*
 * sim_client: an ACME client that wants one certificate and does not give up:
 * account, order, authorizations, challenges, finalize, download. What gets no
 * answer, a badNonce or a 5xx is tried again; an order that became invalid is
 * replaced. It is done when it holds a certificate for its names.
 */

#include "base/bld.h"
#include "jose/jwk.h"
#include "sim_world.h"

#define SIM_NAMES_MAX 3
#define SIM_URL_MAX 256
#define SIM_ORDERS_MAX 64 /* orders that one client may need */

struct sim_answer {
	int status;
	struct span nonce;
	struct span location;
	int64_t retry_after_s;
	struct span body;
};

enum sim_want {
	SIM_WANT_NONCE,
	SIM_WANT_ACCOUNT,
	SIM_WANT_ORDER,
	SIM_WANT_AUTHZ,
	SIM_WANT_CHALLENGE,
	SIM_WANT_AUTHZ_POLL,
	SIM_WANT_FINALIZE,
	SIM_WANT_ORDER_POLL,
	SIM_WANT_CERTIFICATE,
	SIM_DONE,
	SIM_GAVE_UP
};

struct sim_client {
	/* Set by the owner. */
	struct sim_world *world;
	enum sim_process process;
	const struct jwk *key;
	struct span csr;          /* DER for exactly these names */
	size_t num_names;
	const char *names[SIM_NAMES_MAX];
	const char *base_url;
	/* Sends a request; the answer comes by sim_client_answer, or never. */
	void (*send)(void *ctx, struct sim_client *client, const char *method,
	    const char *path, struct span body);
	void *send_ctx;

	/* What it knows. */
	enum sim_want want;
	char nonce[128];
	char account_url[SIM_URL_MAX];
	char order_url[SIM_URL_MAX];
	char authz_url[SIM_NAMES_MAX][SIM_URL_MAX];
	char challenge_url[SIM_URL_MAX];
	char certificate_url[SIM_URL_MAX];
	char token[SIM_NAMES_MAX][128]; /* that it now answers http-01 with */
	size_t num_authz, authz_at;
	unsigned orders;          /* begun */
	unsigned tries;           /* of the present step */
	struct sim_event *timer;
	char *certificate;        /* PEM chain, once done; owned */
	char trouble[256];        /* why it gave up */
};

void sim_client_start(struct sim_client *client);
void sim_client_answer(struct sim_client *client,
    const struct sim_answer *answer);
void sim_client_done(struct sim_client *client);

/* Whether the client serves this token's key authorization for name now;
 * appends it. */
bool sim_client_serves(const struct sim_client *client, const char *name,
    struct span token, struct bld *out);

#endif
