/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_ORDER_H
#define SIGNET_CLIENT_ORDER_H

/*
 * client_order: the operation that gets a certificate, RFC 8555 7.4, in the
 * steps of five files:
 *
 *   client_order.c   new order (or one to resume), what its status asks for
 *   client_authz.c   pending: fetches the authorizations and offers them
 *   client_challenge.c  sends what was chosen, polls
 *   client_round.c   looks whether all are done, and how
 *   client_issue.c   ready: finalizes, polls, downloads, chooses the chain
 *
 * Where a challenge fails and another method is left for the name, all of it
 * is done again with a new order: a round.
 */

#include "client/client_private.h"

enum client_authz_state {
	CLIENT_AUTHZ_FETCH,    /* asked what it is */
	CLIENT_AUTHZ_OFFERED,  /* waits for client_solved */
	CLIENT_AUTHZ_SENT,     /* the challenge is being sent */
	CLIENT_AUTHZ_POLLED,
	CLIENT_AUTHZ_OK,       /* valid */
	CLIENT_AUTHZ_BAD,      /* failed: problem */
	CLIENT_AUTHZ_STOPPED,  /* given up because of another */
};

struct client_order_op;

struct client_authz {
	struct client_order_op *order;
	uint16_t number;
	struct span url;
	size_t ident;                /* its number in the order's list */
	enum client_authz_state state;
	bool may_be_pending;         /* at the CA, as far as is known */
	bool declined;
	enum client_method method;   /* that was chosen */
	uint32_t offered;            /* bits of what may still be tried */
	unsigned polls;
	struct client_call *call;
	struct env_timer *timer;
	struct client_answer_authz answer;
	struct client_problem problem;
};

struct client_order_op {
	struct client_op op;
	struct client_order order;   /* spans in op.arena */
	uint32_t tried[IDENT_LIST_MAX]; /* bits of methods that failed */
	unsigned round;
	bool resumed;                /* this round's order */
	bool resume_tried;
	bool without_replaces;       /* the CA refused it */
	bool cleaning_owed;          /* an offer without its clean */

	/* Of the round, in its arena. */
	struct arena arena;
	struct span url;
	struct span finalize;
	struct span certificate;
	struct client_authz *authzs;
	size_t num_authzs;
	bool authorized;             /* all of them are valid */
	bool finalized;              /* the CA took the request */
	unsigned finalizes;
	unsigned polls;
	int64_t deadline;            /* of the step; 0: none yet */

	/* client_issue.c */
	struct span chain;
	size_t num_alternates;
	size_t next_alternate;
	struct span alternates[CLIENT_ALTERNATES_MAX];

	/* What the operation ends with, once nothing is left pending. */
	struct client_problem problem;
};

/* client_order.c */
struct client_order_op *client_order_find(struct client *client, uint64_t id);
/* Into the caller's arena. -ERR_MALFORMED for what is no order, or one for
 * other names. */
int client_order_parse(const struct client_order_op *order,
    const struct client_response *response, struct arena *arena,
    struct client_answer_order *ret, struct err *err);
void client_order_take(struct client_order_op *order,
    const struct client_answer_order *answer,
    const struct client_response *response);
void client_order_again(struct client_order_op *order);
/* In ms, until the n-th poll; negative if that would be after the deadline,
 * and then *ret_asked is what the CA asked for. */
int64_t client_order_delay(const struct client_order_op *order, unsigned polls,
    const struct client_response *response, int64_t *ret_asked);

/* client_authz.c */
void client_authz_start(struct client_order_op *order,
    const struct client_answer_order *answer);

/* client_challenge.c */
/* POST-as-GET of the authorization. */
void client_challenge_fetch(struct client_authz *authz,
    void (*done)(void *arg, const struct client_reply *reply));
int client_challenge_parse(const struct client_authz *authz,
    const struct client_response *response, struct arena *arena,
    struct client_answer_authz *ret, struct err *err);

/* client_round.c. Each of the first three may end the operation. */
void client_round_ok(struct client_authz *authz);
void client_round_bad(struct client_authz *authz,
    const struct client_problem *problem);
void client_round_bad_text(struct client_authz *authz,
    enum client_cause cause, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Tells what becomes of a name. */
void client_round_tell(const struct client_authz *authz,
    enum client_step step, struct span text);
const struct ident *client_round_ident(const struct client_authz *authz);
/* Goes on as soon as all authorizations are OK or BAD. */
void client_round_settle(struct client_order_op *order);
/* Stops all that goes on with the authorizations. */
void client_round_stop(struct client_order_op *order);
void client_round_release(struct client_order_op *order);
/* Tells the caller to take down what it set up, if anything. */
void client_round_clean(struct client_order_op *order);
/* Ends the operation, after what may be pending at the CA is deactivated; the
 * first stops what goes on before. */
void client_round_fail(struct client_order_op *order,
    const struct client_problem *problem);
void client_round_nonsense(struct client_authz *authz, const struct err *err);
void client_round_end(struct client_order_op *order,
    const struct client_problem *problem);

/* client_issue.c */
void client_issue_finalize(struct client_order_op *order);
void client_issue_download(struct client_order_op *order);

#endif
