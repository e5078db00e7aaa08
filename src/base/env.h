/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_ENV_H
#define SIGNET_BASE_ENV_H

/*
 * env: everything outside. Clock, randomness, timers, name resolution,
 * network and storage reach the logic (src/web, src/core, src/ca,
 * src/validator, src/signer: all but their ROLE_main.c) through one struct of
 * functions, so the whole CA runs in one process, in fake time, from a seed
 * (tests/sim).
 *
 * loop_env() (base/loop.h) makes the real clock, randomness and timers; a
 * ROLE_main.c adds the members that its logic uses and leaves the others NULL.
 *
 * Callbacks are never called before the function that takes them returns,
 * and exactly once, unless the operation is cancelled.
 */

#include "base/err.h"
#include "base/span.h"

struct store;        /* store/store.h */
struct env_timer;    /* a running timer */
struct dns_query;    /* dns/dns_resolver.h */
struct dns_answer;   /* dns/dns_resolver.h */
struct http_fetch;   /* http/http_client.h */
struct http_fetched; /* http/http_client.h */

struct env {
	void *ctx;

	/* Wall clock: Unix time in milliseconds. */
	int64_t (*now)(void *ctx);

	/* Fills out with len unpredictable bytes. Cannot fail. */
	void (*random)(void *ctx, void *out, size_t len);

	/* Calls cb(arg) once after delay_ms. The handle is dead after cb. */
	struct env_timer *(*timer_start)(void *ctx, int64_t delay_ms,
	    void (*cb)(void *arg), void *arg);
	void (*timer_cancel)(void *ctx, struct env_timer *timer);

	/* One DNS query through the validating resolver. */
	void (*resolve)(void *ctx, const struct dns_query *query,
	    void (*cb)(void *arg, const struct dns_answer *answer), void *arg);

	/* One HTTP GET to one address: no redirects followed, body bounded. */
	void (*fetch)(void *ctx, const struct http_fetch *fetch,
	    void (*cb)(void *arg, const struct http_fetched *fetched),
	    void *arg);

	/* Appends a record to the signer's journal and makes it durable with
	 * all records before it when sync is called. */
	int (*journal_append)(void *ctx, struct span record, struct err *err);
	int (*journal_sync)(void *ctx, struct err *err);

	/* Reads up to len bytes of the journal at offset; fewer only at its
	 * end. What was appended and not yet synced is part of it. */
	int (*journal_read)(void *ctx, uint64_t offset, void *out, size_t len,
	    size_t *ret_len, struct err *err);

	/* Cuts the journal to size bytes: a record that a crash cut short. */
	int (*journal_cut)(void *ctx, uint64_t size, struct err *err);

	struct store *store;
};

static inline int64_t
env_now(const struct env *env)
{
	return env->now(env->ctx);
}

static inline void
env_random(const struct env *env, void *out, size_t len)
{
	env->random(env->ctx, out, len);
}

#endif
