/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BENCH_CLIENT_H
#define SIGNET_BENCH_CLIENT_H

/*
 * client: one ACME client (RFC 8555) with one account, one TLS connection
 * that stays open, and one order at a time. It does what a good client does:
 * newOrder, authorization, challenge, authorization until it is valid,
 * finalize, the order while it is in processing, certificate: six requests
 * when the server holds its answers until they are worth having.
 */

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct client;

struct client_options {
	struct event_base *base;
	SSL_CTX *tls;
	const char *url;  /* of the ACME directory: https://HOST:PORT/... */

	/* What client_register or client_issue began is done. failure is NULL
	 * or says what went wrong; the client is of no more use then. */
	void (*done)(void *ctx, struct client *client, const char *failure);
	void *ctx;
};

struct client *client_new(const struct client_options *options,
    struct err *err);
void client_free(struct client *client);

/* Connects and makes an account. */
void client_register(struct client *client);

/* Gets a certificate: name is its one dNSName, csr the request's base64url
 * text; both live until done. */
void client_issue(struct client *client, const char *name, struct span csr);

/* base64url of the account key's thumbprint. */
struct span client_thumbprint(const struct client *client);

/* The PEM text of the chain that it got last. */
struct span client_chain(const struct client *client);

/* Requests sent so far. */
uint64_t client_requests(const struct client *client);

#endif
