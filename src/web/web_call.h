/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_WEB_WEB_CALL_H
#define SIGNET_WEB_WEB_CALL_H

/*
 * web_call: what the files of web share: one HTTP request in flight (a
 * "call"), the routes, and the reply being built.
 *
 * The way of a POST:
 *
 *   web_request      route, method
 *   web_auth_begin   media type, JWS form, url, kid or jwk, nonce
 *   find_key         the account's key: from the cache, or core is asked
 *   web_auth_verify  the signature; finalize's is left to the signer
 *   route->ask       payload -> question to core, or a reply at once
 *   core
 *   route->tell      core's answer -> reply
 */

#include <sys/queue.h>

#include "base/bld.h"
#include "base/mem.h"
#include "base/table.h"
#include "jose/jws.h"
#include "rpc/web_core.h"
#include "web/account_keys.h"
#include "web/web.h"

#define WEB_HEADERS_TEXT_MAX 16384 /* bytes of all header values of a reply */
#define WEB_BODY_TEXT_MAX (512U << 10) /* bytes of a reply's body */
#define WEB_QUESTION_MAX (256U << 10)  /* bytes of a question to core */
#define WEB_CALLS_SPARE 8 /* calls kept with their memory for reuse */
#define WEB_SLOT_BITS 20  /* of a call's id, below its generation; far more
                             slots than there can be connections */
#define WEB_SLOTS_MAX (1U << WEB_SLOT_BITS)

struct web_call;
struct web_reply;

/* How a POST to a route is authenticated (RFC 8555 section 6.2). */
enum web_auth {
	WEB_AUTH_KID = 1,  /* by an account, verified here */
	WEB_AUTH_JWK,      /* by the key that it brings: newAccount */
	WEB_AUTH_SIGNER    /* by an account, verified by the signer */
};

/* What route->ask did. */
enum web_asked {
	WEB_ASK_CORE,      /* the question is filled */
	WEB_REPLY          /* the reply is; there is nothing to ask */
};

struct web_route {
	const char *pattern; /* '#' stands for an id, '@' for a challenge
	                        type */
	const char *allow;   /* the methods, as the Allow header says them */
	enum web_auth auth;
	enum web_core_type answer; /* the only one that tell can take */

	/* GET and HEAD, and POST-as-GET if there is no ask; NULL where RFC
	 * 8555 6.3 allows POST only. */
	void (*get)(struct web_call *call, struct web_reply *reply);

	/* The authenticated POST: fills either. A negative error otherwise. */
	int (*ask)(struct web_call *call, struct web_core_request *question,
	    struct web_reply *reply, struct err *err);

	/* Core's answer, of type answer. */
	int (*tell)(struct web_call *call,
	    const struct web_core_answer *answer, struct web_reply *reply,
	    struct err *err);
};

enum web_wait { WEB_WAIT_NOTHING, WEB_WAIT_KEY, WEB_WAIT_ANSWER };

struct web_call {
	struct web *web;
	TAILQ_ENTRY(web_call) of_web;
	uint64_t id;             /* at core */
	uint64_t exchange;       /* at the HTTP server; 0 when answered */
	struct table_node by_exchange; /* until then */
	const struct web_route *route;
	enum http_method method;
	struct arena arena;      /* all spans below */
	struct span base;        /* what our URLs begin with */
	struct span target;
	struct span query;
	struct span peer;
	int64_t object_id;       /* from the path */
	enum challenge_type challenge; /* from the path; 0 unknown */
	int64_t started_at;
	struct jws jws;
	bool has_jws;
	int64_t account_id;      /* who asks; 0 for newAccount */
	struct jwk jwk;          /* newAccount's own */
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
	bool verify;             /* here, though the signer would */
	bool key_is_fresh;       /* core was asked for it in this call */
	struct problem refused;  /* what a key of the cache came to; newAccount:
	                            why core may only find */
	enum web_wait wait;
	uint16_t question_type;  /* what core is asked, for asking again */
	struct span question;
};

struct web_slot {
	struct web_call *call;
	uint32_t next_free;
};

/* What is needed of the configuration. NULL where it is not set. */
struct web_settings {
	char *base_url;
	char *terms_of_service;
	char *website;
	char *caa_identity;
	int64_t nonce_reject; /* percent, dev mode only */
};

struct web {
	struct env env;
	const struct web_ops *ops;
	void *ctx;
	struct nonces *nonces;
	struct account_keys *keys;
	struct web_settings settings;
	const struct blocked_keys *blocked; /* or NULL */
	bool core_is_up;
	struct env_timer *core_timer; /* runs while core is away */
	TAILQ_HEAD(, web_call) calls; /* in flight */
	TAILQ_HEAD(, web_call) spare;
	struct table exchanges;       /* calls by their exchange */
	size_t num_calls;
	size_t num_spare;
	struct web_slot *slots;
	uint32_t num_slots;
	uint32_t free_slot;
	uint64_t generation;
	struct bld body;      /* of the reply being built */
	struct bld headers;   /* values of its headers; never moves */
	struct bld question;
	char nonce[NONCE_TEXT_SIZE];
};

/* The reply to a call while it is built. */
struct web_reply {
	struct web *web;
	struct http_response response;
};

/*
 * web_call.c: calls in flight.
 */
/* exchange is not 0, and no other call's. */
struct web_call *web_call_new(struct web *web, uint64_t exchange);
/* Its exchange is answered, or gone: gives it, once, then 0. */
uint64_t web_call_take_exchange(struct web_call *call);
void web_call_free(struct web_call *call);
/* The call may yet end with this problem: call->refused, without its
 * subproblems. */
void web_call_remember(struct web_call *call, const struct problem *problem);
struct web_call *web_call_find(struct web *web, uint64_t id);
struct web_call *web_call_of_exchange(struct web *web, uint64_t exchange);

/*
 * web_reply.c
 */
void web_reply_init(struct web_reply *reply, struct web *web, int status);

/* Adds a header; value must live until the reply is sent. */
void web_reply_header(struct web_reply *reply, const char *name,
    struct span value);

/* Adds a header whose value is written into the builder that it returns, up
 * to web_reply_header_end. */
struct bld *web_reply_header_begin(struct web_reply *reply, const char *name);
void web_reply_header_end(struct web_reply *reply);

void web_reply_retry_after(struct web_reply *reply, int64_t seconds);

/* The builder for the body, of this type. */
struct bld *web_reply_body(struct web_reply *reply, const char *content_type);

/* Fills reply, which must be new, with a problem document. */
void web_reply_problem(struct web_reply *reply, const struct web_call *call,
    const struct problem *problem);

/* Adds what goes with every reply to a call, and sends it. The call is then
 * over. */
void web_reply_send(struct web_reply *reply, struct web_call *call);

/* Ends the call with an error's problem document. */
void web_reply_error(struct web_call *call, const struct err *err);

/*
 * web_auth.c. Each gives 0 or an error to reply.
 */
int web_auth_begin(struct web_call *call, const struct http_request *request,
    struct err *err);
int web_auth_verify(struct web_call *call, const struct jwk *key,
    struct err *err);

/*
 * web_routes.c
 */
/* Finds the route of path and fills what the path says. NULL if none. */
const struct web_route *web_routes_find(struct span path,
    struct web_call *call);

/* The payload of a POST-as-GET is empty (RFC 8555 6.3); that of others is one
 * JSON object, for the caller to json_decref. */
int web_routes_empty(const struct web_call *call, struct err *err);
int web_routes_payload(const struct web_call *call, json_t **ret,
    struct err *err);

/* The tables' rows, one a resource. */
extern const struct web_route route_directory;
extern const struct web_route route_nonce;
extern const struct web_route route_account_new;
extern const struct web_route route_account;
extern const struct web_route route_account_orders;
extern const struct web_route route_order_new;
extern const struct web_route route_order;
extern const struct web_route route_order_finalize;
extern const struct web_route route_authz;
extern const struct web_route route_challenge;
extern const struct web_route route_certificate;

#endif
