/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_HTTP_CLIENT_H
#define SIGNET_HTTP_HTTP_CLIENT_H

/*
 * http_client: one GET to one given address (libcurl multi on our loop).
 * It follows no redirect, resolves no name, keeps no cookie and no
 * connection, and honours no proxy: who it talks to is the caller's decision
 * alone, made before it dials.
 */

#include "base/env.h"
#include "base/loop.h"

#define HTTP_CLIENT_URL_MAX 2048 /* bytes; of an answer: http_fields.h */

enum http_fetch_status {
	HTTP_FETCH_OK,        /* an HTTP answer came, whatever its code */
	HTTP_FETCH_CONNECT,   /* refused, unreachable, reset */
	HTTP_FETCH_TIMEOUT,
	HTTP_FETCH_TLS,
	HTTP_FETCH_PROTOCOL   /* not HTTP, or headers over the limit */
};

struct http_fetch {
	struct span url;       /* http: or https:, with the host as Host: */
	struct span address;   /* the IP literal to connect to, no brackets */
	uint16_t port;         /* the port to connect to */
	size_t body_max;       /* bytes kept; reading stops there */
	int64_t timeout_ms;    /* for all of it; 0 or less is no time */
};

struct http_fetched {
	enum http_fetch_status status;
	int code;              /* HTTP status code */
	struct span location;  /* Location: as sent, or empty */
	struct span date;      /* Date: the same */
	struct span body;      /* at most body_max bytes */
	bool body_cut;         /* there was more */
	bool encoded;          /* the body has a content coding, though it was
	                          asked for without (RFC 9110 8.4) */
	const char *why;       /* for failures, client-safe; may be NULL */
};

struct http_client;

struct http_client *http_client_new(struct loop *loop, const char *user_agent,
    struct err *err);
void http_client_free(struct http_client *client);

/* TLS certificates are not verified: an http-01 redirect to https proves
 * control by the body alone (BR 3.2.2.4.19). */
void http_client_fetch(struct http_client *client,
    const struct http_fetch *fetch,
    void (*cb)(void *arg, const struct http_fetched *fetched), void *arg);

#endif
