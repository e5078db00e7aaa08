/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_CLIENT_H
#define SIGNET_CLIENT_CLIENT_H

/*
 * client: one account at one ACME CA (RFC 8555, RFC 9773), as a state machine
 * without a blocking call, a thread or a system call. Clock, randomness and
 * timers come through struct env; HTTP, signatures and challenges are asked
 * for through struct client_ops.
 *
 * Operations run side by side. Each has an id that its caller chooses, unique
 * among those that run, and ends with exactly one call of ops->done, never
 * before the function that began it returns. What an operation needs first
 * (the directory, a nonce, the account) is fetched on the way and shared.
 *
 * The client tolerates what real CAs do and bounds what a hostile one may do:
 * every wait, count and size has a limit that is named here or in
 * client_types.h.
 *
 * ops->http and ops->sign may not be answered before they return. No client
 * may be freed within one of its own callbacks; any other function may be
 * called there.
 */

#include "base/env.h"
#include "client/client_types.h"

#define CLIENT_NONCES_MAX 32             /* nonces that are kept */
#define CLIENT_NONCE_AGE_MAX_MS 300000   /* older ones are not used */
#define CLIENT_BAD_NONCES_MAX 5          /* badNonce to one request in a row */
#define CLIENT_TRIES_MAX 4               /* of a request without an answer or
                                            with status 5xx */
#define CLIENT_TRY_DELAY_MS 1000         /* before the second; then doubled */
#define CLIENT_RETRY_AFTER_MAX_MS 60000  /* the longest that the client itself
                                            waits when it is told to */
#define CLIENT_RETRY_AT_MAX_MS INT64_C(2678400000) /* 31 days: what a CA says
                                            beyond is cut to that */
#define CLIENT_POLL_FIRST_MS 100         /* between polls without Retry-After; */
#define CLIENT_POLL_MAX_MS 5000          /* growing to this */
#define CLIENT_LOOK_MS 10                /* before the first poll, unless the */
#define CLIENT_LOOK_RETRY_MS 5000        /* CA's Retry-After is longer */
#define CLIENT_POLLS_MAX 400             /* of one thing in one step */
#define CLIENT_CLOCK_AHEAD_MAX_MS 86400000 /* of our clock to the CA's Date: */
#define CLIENT_CLOCK_BEHIND_MAX_MS 4200000 /* beyond, nothing is ordered; CAs
                                            date back by an hour */
#define CLIENT_STEP_MAX_MS 600000        /* client_options.step_max_ms, if not
                                            said */
#define CLIENT_ROUNDS_MAX 6              /* orders tried for one operation */
#define CLIENT_BODY_MAX 262144           /* bytes of a JSON answer */
#define CLIENT_ALTERNATES_MAX 8          /* alternate chains looked at */
#define CLIENT_RENEWAL_MIN_MS 60000      /* RFC 9773 4.3.2: look again not */
#define CLIENT_RENEWAL_MAX_MS 86400000   /* before and not after; */
#define CLIENT_RENEWAL_DEFAULT_MS 21600000 /* 4.3.3: six hours if not said */

struct client_ops {
	/* Begins a request: client_http_done answers. */
	void (*http)(void *ctx, uint64_t http_id,
	    const struct client_request *request);
	/* Nobody waits for it any longer; it must not be answered. */
	void (*http_cancel)(void *ctx, uint64_t http_id);

	/* Asks for a signature: client_sign_done answers. op is the operation
	 * that wants it, 0 if several do. */
	void (*sign)(void *ctx, uint64_t sign_id, uint64_t op,
	    const struct client_sign *sign);

	/* The account was found, made or changed: its URL is to be kept. May
	 * be NULL. */
	void (*account)(void *ctx, const struct client_account *account);

	/* An order waits for challenges: each is set up, then told of by
	 * client_solved or client_declined, in any order. */
	void (*offer)(void *ctx, uint64_t op, const struct client_offer *offers,
	    size_t count);
	/* What was set up for the order may be taken down. Comes after every
	 * offer, once, before the next offer or done. */
	void (*clean)(void *ctx, uint64_t op);

	/* May be NULL. */
	void (*progress)(void *ctx, uint64_t op,
	    const struct client_progress *progress);

	void (*done)(void *ctx, uint64_t op,
	    const struct client_result *result);
};

struct client;

/* env and ops stay the caller's; options are copied. -ERR_MALFORMED for a
 * directory URL that is no https URL (or http, to a loopback address). */
int client_new(const struct env *env, const struct client_options *options,
    const struct client_ops *ops, void *ctx, struct client **ret,
    struct err *err);

/* Ends all operations, calling nobody but http_cancel. NULL is fine. */
void client_free(struct client *client);

/* -> DIRECTORY */
void client_open(struct client *client, uint64_t id);

/* Finds or makes the account, if it is not known: RFC 8555 7.3, 7.3.1.
 * -> ACCOUNT */
void client_register(struct client *client, uint64_t id, bool only_existing);

/* RFC 8555 7.3.2, 7.3.3. -> ACCOUNT */
void client_update(struct client *client, uint64_t id,
    const struct client_registration *registration);

/* RFC 8555 7.3.5: thumbprint is the new key's. From the answer on, the
 * account's key is the new one. -> DONE */
void client_rollover(struct client *client, uint64_t id,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE]);

/* RFC 8555 7.3.6. -> DONE */
void client_deactivate(struct client *client, uint64_t id);

/* RFC 8555 7.4: gets a certificate. order is copied. -> CHAIN */
void client_order(struct client *client, uint64_t id,
    const struct client_order *order);

/* Of an offer of a running order: the challenge is set up; or none can be,
 * and text says why. What is not (or no longer) offered is ignored. */
void client_solved(struct client *client, uint64_t id, uint16_t number,
    enum client_method method);
void client_declined(struct client *client, uint64_t id, uint16_t number,
    struct span text);

/* RFC 9773 4: cert_id as client_cert_id makes it. -> RENEWAL */
void client_renewal_info(struct client *client, uint64_t id,
    struct span cert_id);

/* RFC 8555 7.6. reason is RFC 5280 5.3.1's, negative: none. By the account's
 * key or the certificate's. One that is revoked already is DONE. -> DONE */
void client_revoke(struct client *client, uint64_t id, struct span der,
    int reason, bool by_certificate_key);

/* RFC 8555 7.1.2.1. -> ORDERS */
void client_orders(struct client *client, uint64_t id);

/* RFC 8555 7.5.2. -> DONE */
void client_deactivate_authz(struct client *client, uint64_t id,
    struct span url);

/* Ends an operation with a PROBLEM of cause CANCELLED. Unknown ids are
 * ignored: it may just have ended. */
void client_cancel(struct client *client, uint64_t id);

/* Answers. jws is ignored if err says why there is none (kind other than
 * ERR_NONE). Unknown ids are ignored. */
void client_http_done(struct client *client, uint64_t http_id,
    const struct client_response *response);
void client_sign_done(struct client *client, uint64_t sign_id,
    struct span jws, const struct err *err);

#endif
