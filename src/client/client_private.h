/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_PRIVATE_H
#define SIGNET_CLIENT_PRIVATE_H

/*
 * client_private: what the files of the client share.
 *
 * An operation (struct client_op, client.c) waits until what its class needs
 * is there (client_ready.c: the directory, the account), then begins. It asks
 * the CA by calls (client_call.c), each of which is one request with all its
 * repetitions: nonces, signatures, badNonce, a server in trouble.
 */

#include "base/list.h"
#include "client/client.h"
#include "client/client_answer.h"
#include "client/client_problem.h"

/* client_nonce.c: nonces that the CA gave and nobody used, newest last. */
struct client_nonces {
	size_t count;
	struct client_nonce {
		int64_t at;
		size_t len;
		uint8_t text[CLIENT_NONCE_MAX];
	} items[CLIENT_NONCES_MAX];
};

void client_nonce_add(struct client_nonces *nonces, struct span nonce,
    int64_t now);
/* The newest, good until the next client_nonce_add; false if there is none
 * that is young enough. */
bool client_nonce_take(struct client_nonces *nonces, int64_t now,
    struct span *ret);
void client_nonce_drop_all(struct client_nonces *nonces);

struct client {
	const struct env *env;
	const struct client_ops *ops;
	void *ctx;
	struct arena options_arena;
	struct client_options options; /* kid: what it is now */
	bool http_too;
	bool closing;                  /* nobody is told anything more */
	struct bld kid;                /* what options.kid is in */
	uint64_t next_id;
	struct list all_ops;
	struct list all_calls;         /* who came first is first */
	size_t num_running;            /* calls that are not queued */
	struct client_nonces nonces;

	struct arena directory_arena;
	struct client_answer_directory directory;
	int64_t directory_at;          /* 0: not there */
	int64_t ca_at;                 /* what the CA's clock said then; 0: nothing */
	struct client_call *directory_call;

	struct client_register *registering; /* client_ready.c */
};

/* How long a step may take. */
int64_t client_step_max_ms(const struct client *client);

/* ---- operations ---- */

enum client_need { CLIENT_NEED_DIRECTORY, CLIENT_NEED_ACCOUNT };

enum client_op_state {
	CLIENT_OP_NEW,       /* begins with the next turn */
	CLIENT_OP_DIRECTORY, /* waits for it */
	CLIENT_OP_ACCOUNT,   /* the same */
	CLIENT_OP_RUNS,
};

struct client_op;

struct client_op_class {
	enum client_need need;
	/* All that is needed is there. May be called again after
	 * client_op_restart. */
	void (*begin)(struct client_op *op);
	/* Frees and cancels what is the class's own; NULL: nothing. */
	void (*release)(struct client_op *op);
};

struct client_op {
	struct list_node of_client;
	struct client *client;
	uint64_t id;
	const struct client_op_class *class;
	enum client_op_state state;
	bool only_existing;       /* of the account */
	bool account_vanished;    /* once already */
	bool cancelled;
	struct env_timer *timer;
	void (*on_timer)(struct client_op *op);
	struct client_call *call; /* the one that runs, of most operations */
	struct arena arena;
};

/* Makes an operation of size bytes, of which the first are struct client_op,
 * and begins it with the next turn. */
void *client_op_new(struct client *client, uint64_t id,
    const struct client_op_class *class, size_t size);

/* Runs as much of the operation as what is there allows. */
void client_op_advance(struct client_op *op);

/* From the beginning, after the account vanished: the class's begin is called
 * again. */
void client_op_restart(struct client_op *op);

/* One timer an operation; callback is called once. */
void client_op_wait(struct client_op *op, int64_t delay_ms,
    void (*callback)(struct client_op *op));

/* Each ends and frees the operation. */
void client_op_done(struct client_op *op, const struct client_result *result);
void client_op_fail(struct client_op *op,
    const struct client_problem *problem);
void client_op_fail_err(struct client_op *op, enum client_cause cause,
    const struct err *err);
void client_op_fail_text(struct client_op *op, enum client_cause cause,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

void client_op_progress(struct client_op *op,
    const struct client_progress *progress);

/* ---- client_ready.c ---- */

/* Whether it is there; if not, it is fetched and the operation advanced when
 * it is, or failed. */
bool client_ready_directory(struct client_op *op);
bool client_ready_account(struct client_op *op);
/* Whether a URL is of the CA: where its directory is, or, over https, where the
 * directory says that something of the CA's is. No other host hears of us,
 * whatever the CA's answers name. */
bool client_ready_owns(const struct client *client, struct span url);
void client_ready_cancel(struct client *client);
/* The CA says that there is no such account: whoever needs it next makes it
 * anew. */
void client_ready_forget(struct client *client);
void client_ready_put_registration(struct bld *out,
    const struct client_registration *registration);

/* ---- calls ---- */

struct client_call_plan {
	enum client_call_type {
		CLIENT_CALL_GET = 1, /* unsigned */
		CLIENT_CALL_KID,     /* POST, signed with kid */
		CLIENT_CALL_JWK,
		CLIENT_CALL_CERTIFICATE,
		CLIENT_CALL_INNER,   /* a signature alone: sign_type */
	} type;
	enum client_sign_type sign_type; /* of INNER */
	uint64_t op;
	struct span url;         /* copied */
	struct span payload;     /* copied; empty: POST-as-GET */
	struct span kid;         /* of INNER: copied */
	const char *accept;      /* static; NULL: JSON */
	size_t body_max;         /* 0: CLIENT_BODY_MAX */
	bool once;               /* no repetition in trouble */
};

/* Either response of status 2xx or a problem. INNER: jws. */
struct client_reply {
	const struct client_response *response;
	const struct client_problem *problem;
	struct span url;
	struct span jws;
};

/* *slot holds the call until done is called, or client_call_cancel; it must
 * be NULL. done is called once, never before this returns. */
void client_call_start(struct client *client,
    const struct client_call_plan *plan, struct client_call **slot,
    void (*done)(void *arg, const struct client_reply *reply), void *arg);
/* *slot may be NULL. */
void client_call_cancel(struct client_call **slot);
/* Cancels all of the client, which is closing. */
void client_call_cancel_all(struct client *client);

#endif
