/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_WEB_WEB_H
#define SIGNET_WEB_WEB_H

/*
 * web: the ACME front: takes HTTP requests, authenticates them (RFC 8555
 * section 6), asks core, and answers. It knows no socket: who owns the HTTP
 * server and the link to core wires them to it, or a simulator does.
 *
 * It keeps no state of its own but account keys and requests in flight, so
 * any web process can answer any request.
 *
 * While core is away, requests wait for it instead of failing, as most
 * clients give up at the first 5xx; every question to core may be asked
 * twice. After WEB_CORE_WAIT_MS they are answered 503.
 */

#include "base/env.h"
#include "conf/config.h"
#include "http/http_message.h"
#include "pkix/blocked_keys.h"
#include "web/nonce.h"

#define WEB_CORE_WAIT_MS 20000 /* for core to come back */
#define WEB_KEYS_MAX 4096      /* account keys kept, the least used go */
#define WEB_RETRY_AFTER_S 1    /* on what is being processed */

struct web_ops {
	/* One frame to core (rpc/web_core.h). Only called while core is up. */
	void (*send)(void *ctx, uint16_t type, uint64_t id,
	    struct span payload);
	/* The answer to a request, by the number that it came with. */
	void (*respond)(void *ctx, uint64_t exchange,
	    const struct http_response *response);
};

struct web;

/* env needs now, random and timers. env, ops, ctx and nonces stay the
 * caller's; of config, what is needed is copied. */
struct web *web_new(const struct env *env, const struct web_ops *ops,
    void *ctx, struct nonces *nonces, const struct config *config);
void web_free(struct web *web);

/* A new configuration, from the next request on. */
void web_configure(struct web *web, const struct config *config);

/* No account can be made with these keys from now on; they stay the
 * caller's. NULL: none are blocked. */
void web_set_blocked(struct web *web, const struct blocked_keys *blocked);

/* One HTTP request; answered in the call or later. */
void web_request(struct web *web, const struct http_request *request,
    uint64_t exchange);

/* The HTTP server refuses what it got with this status: answers with a
 * problem document. */
void web_refused(struct web *web, int status, const char *why,
    uint64_t exchange);

/* The client of an unanswered request is gone. */
void web_gone(struct web *web, uint64_t exchange);

/* A frame from core. An error is one of form: core is not to be trusted any
 * more, and its link must be closed. */
int web_core_answered(struct web *web, uint16_t type, uint64_t id,
    struct span payload, struct err *err);

/* Core is there (again), with a fresh link; core is away. At first it is
 * away. */
void web_core_up(struct web *web);
void web_core_down(struct web *web);

#endif
