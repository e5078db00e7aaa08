/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_FAKE_H
#define SIGNET_CLIENT_FAKE_H

/*
 * client_fake: what the client's tests run it in: fake time, signatures that
 * are the payload, a caller that solves what is offered, and the CA of
 * client_fake_ca.h.
 */

#include "client/client_fake_ca.h"

/* ---- env ---- */

static inline int64_t
fake_now(void *ctx)
{
	return ((struct fake *)ctx)->now;
}

static inline void
fake_random(void *ctx, void *out, size_t len)
{
	(void)ctx;
	memset(out, 7, len);
}

static inline struct env_timer *
fake_timer_start(void *ctx, int64_t delay_ms, void (*cb)(void *arg), void *arg)
{
	struct fake *fake = ctx;

	for (size_t i = 0; i < FAKE_TIMERS_MAX; i++) {
		if (fake->timers[i].used)
			continue;
		fake->timers[i] = (struct env_timer){
			true, fake->now + delay_ms, cb, arg
		};
		return &fake->timers[i];
	}
	fail_msg("no timer is free");
	return NULL;
}

static inline void
fake_timer_cancel(void *ctx, struct env_timer *timer)
{
	(void)ctx;
	timer->used = false;
}

/* Goes to the next timer's time and runs it; false if there is none. */
static inline bool
fake_tick(struct fake *fake)
{
	struct env_timer *next = NULL, timer;

	for (size_t i = 0; i < FAKE_TIMERS_MAX; i++) {
		struct env_timer *at = &fake->timers[i];

		if (at->used && (next == NULL || at->at < next->at))
			next = at;
	}
	if (next == NULL)
		return false;
	timer = *next;
	next->used = false;
	fake->now = timer.at > fake->now ? timer.at : fake->now;
	timer.cb(timer.arg);
	return true;
}

/* ---- the client's callbacks ---- */

static inline void
fake_http(void *ctx, uint64_t id, const struct client_request *request)
{
	struct fake *fake = ctx;
	struct span path = request->url;

	assert_true(fake->num_requests < FAKE_QUEUE_MAX);
	if (span_starts_with(path, SPAN_LIT(FAKE_TOP)))
		path = span_from(path, strlen(FAKE_TOP));
	fake->requests[fake->num_requests++] = (struct fake_request){
		id, request->method, fake_dup(fake, path),
		fake_dup(fake, request->body)
	};
}

static inline void
fake_http_cancel(void *ctx, uint64_t id)
{
	struct fake *fake = ctx;

	for (size_t i = 0; i < fake->num_requests; i++) {
		if (fake->requests[i].id != id)
			continue;
		fake->num_requests--;
		memmove(&fake->requests[i], &fake->requests[i + 1],
		    (fake->num_requests - i) * sizeof(fake->requests[0]));
		return;
	}
	fail_msg("a request is cancelled that is not there");
}

static inline void
fake_sign(void *ctx, uint64_t id, uint64_t op, const struct client_sign *sign)
{
	struct fake *fake = ctx;

	(void)op;
	assert_true(fake->num_signs < FAKE_QUEUE_MAX);
	/* What needs a nonce has one. */
	assert_int_equal(sign->nonce.len > 0, sign->type != CLIENT_SIGN_EAB &&
	    sign->type != CLIENT_SIGN_ROLLOVER);
	fake->signs[fake->num_signs++] = (struct fake_sign){
		id, *sign, fake_dup(fake, sign->payload)
	};
}

static inline void
fake_account(void *ctx, const struct client_account *account)
{
	struct fake *fake = ctx;

	assert_true(account->kid.len > 0);
	fake->accounts++;
}

static inline void
fake_offer(void *ctx, uint64_t op, const struct client_offer *offers,
    size_t count)
{
	struct fake *fake = ctx;

	fake->offers++;
	fake->offer = offers[0];
	for (size_t i = 0; i < count && !fake->silent; i++) {
		if (fake->solve == 0)
			client_declined(fake->client, op, offers[i].authz,
			    SPAN_LIT("nothing is set up"));
		/* The first of what is offered, if the wanted one is not. */
		client_solved(fake->client, op, offers[i].authz,
		    offers[i].num_challenges > 0 && fake->solve ==
		    CLIENT_METHOD_COUNT ? offers[i].challenges[0].method :
		    fake->solve);
	}
}

static inline void
fake_clean(void *ctx, uint64_t op)
{
	struct fake *fake = ctx;

	(void)op;
	fake->cleans++;
	assert_int_equal(fake->cleans, fake->offers);
}

static inline void
fake_done(void *ctx, uint64_t op, const struct client_result *result)
{
	struct fake *fake = ctx;
	struct client_problem *problem = &fake->result.problem;

	assert_false(fake->done);
	assert_int_equal(fake->cleans, fake->offers);
	fake->done = true;
	fake->done_op = op;
	fake->result = *result;
	if (result->type == CLIENT_RESULT_PROBLEM) {
		problem->type = arena_dup(&fake->arena, problem->type);
		problem->detail = arena_dup(&fake->arena, problem->detail);
		problem->instance = arena_dup(&fake->arena, problem->instance);
		problem->terms_url = arena_dup(&fake->arena,
		    problem->terms_url);
	} else if (result->type == CLIENT_RESULT_CHAIN) {
		fake->result.chain.pem = arena_dup(&fake->arena,
		    result->chain.pem);
		fake->result.chain.order_url = arena_dup(&fake->arena,
		    result->chain.order_url);
	} else if (result->type == CLIENT_RESULT_ACCOUNT) {
		fake->result.account.kid = arena_dup(&fake->arena,
		    result->account.kid);
	}
}

static const struct client_ops fake_ops = {
	.http = fake_http,
	.http_cancel = fake_http_cancel,
	.sign = fake_sign,
	.account = fake_account,
	.offer = fake_offer,
	.clean = fake_clean,
	.done = fake_done,
};

static inline void
fake_signed(struct fake *fake, const struct fake_sign *sign)
{
	struct err err = ERR_INIT;

	if (fake->sign_fails != 0)
		err_set(&err, fake->sign_fails, NULL, "the key is away");
	client_sign_done(fake->client, sign->id,
	    sign->sign.type == CLIENT_SIGN_EAB ? SPAN_LIT("{\"eab\":1}") :
	    sign->sign.type == CLIENT_SIGN_ROLLOVER ?
	    SPAN_LIT("{\"inner\":1}") : span_str(sign->payload), &err);
}

/* One signature, answer or timer; false if there is nothing left to do. */
static inline bool
fake_step(struct fake *fake)
{
	if (fake->num_signs > 0) {
		struct fake_sign sign = fake->signs[0];

		fake->num_signs--;
		memmove(fake->signs, fake->signs + 1,
		    fake->num_signs * sizeof(sign));
		fake_signed(fake, &sign);
		return true;
	}
	if (fake->num_requests > 0) {
		struct fake_request request = fake->requests[0];

		fake->num_requests--;
		memmove(fake->requests, fake->requests + 1,
		    fake->num_requests * sizeof(request));
		fake_answer(fake, &request);
		return true;
	}
	return fake_tick(fake);
}

/* Runs until the operation is done; fails the test if that never comes. */
static inline void
fake_run(struct fake *fake)
{
	for (size_t i = 0; i < FAKE_STEPS_MAX && !fake->done; i++) {
		if (!fake_step(fake))
			fail_msg("nothing goes on, and it is not done: %.*s",
			    SPAN_FMT(bld_view(&fake->log)));
	}
	assert_true(fake->done);
}

/* ---- tests' own ---- */

static inline const char *
fake_make_chain(struct fake *fake, const char *name)
{
	EVP_PKEY *key = NULL;
	struct span der;
	struct bld pem;
	char *text;

	assert_int_equal(key_generate(&key, NULL), 0);
	assert_int_equal(pki_make_root(&fake->env, key, name, 1, &fake->arena,
	    &der, NULL), 0);
	bld_init(&pem, 65536);
	text_pem(&pem, "CERTIFICATE", der);
	text = fake_dup(fake, bld_view(&pem));
	bld_free(&pem);
	EVP_PKEY_free(key);
	return text;
}

static inline struct client_options
fake_options(void)
{
	return (struct client_options){
		.directory_url = SPAN_LIT(FAKE_TOP "/dir"),
		.registration.terms_agreed = true,
	};
}

static inline struct fake *
fake_new(void)
{
	struct fake *fake = mem_zalloc(sizeof(*fake));

	*fake = (struct fake){
		.env = {
			.ctx = fake,
			.now = fake_now,
			.random = fake_random,
			.timer_start = fake_timer_start,
			.timer_cancel = fake_timer_cancel,
		},
		.now = FAKE_START,
		.meta = "",
		.more_urls = "",
		.methods = "http-01,dns-01",
		.num_names = 1,
		.names = { "example.org" },
		.solve = CLIENT_METHOD_COUNT,
	};
	bld_init(&fake->log, 16 * 1024 * 1024);
	fake->chain = fake_make_chain(fake, "Fake Root");
	return fake;
}

static inline void
fake_open(struct fake *fake, const struct client_options *options)
{
	struct client_options usual = fake_options();

	assert_int_equal(client_new(&fake->env, options != NULL ? options :
	    &usual, &fake_ops, fake, &fake->client, NULL), 0);
}

/* What is left must be freed with everything that runs. */
static inline void
fake_free(struct fake *fake)
{
	client_free(fake->client);
	assert_int_equal(fake->num_requests, 0);
	for (size_t i = 0; i < FAKE_TIMERS_MAX; i++)
		assert_false(fake->timers[i].used);
	arena_free(&fake->arena);
	bld_free(&fake->log);
	free(fake);
}

static inline struct fake_rule *
fake_rule(struct fake *fake, struct fake_rule rule)
{
	assert_true(fake->num_rules < FAKE_RULES_MAX);
	fake->rules[fake->num_rules] = rule;
	return &fake->rules[fake->num_rules++];
}
#define FAKE_RULE(fake, ...) fake_rule(fake, (struct fake_rule){ __VA_ARGS__ })

static inline unsigned
fake_count(const struct fake *fake, const char *text)
{
	struct span rest = bld_view(&fake->log);
	unsigned count = 0;
	const uint8_t *at;

	while (rest.len > 0 &&
	    (at = memmem(rest.data, rest.len, text, strlen(text))) != NULL) {
		count++;
		rest = span_from(rest, (size_t)(at - rest.data) + 1);
	}
	return count;
}

static inline struct client_order
fake_order(const struct fake *fake)
{
	struct client_order order = {
		.csr = SPAN_LIT("a request"),
		.idents.count = fake->num_names,
	};

	for (size_t i = 0; i < fake->num_names; i++) {
		order.idents.items[i] = (struct ident){
			fake->names[i][0] == '1' ? IDENT_IP : IDENT_DNS,
			span_str(fake->names[i])
		};
		order.methods[i] = CLIENT_METHODS_ALL;
	}
	return order;
}

/* Runs an order to its end. */
static inline void
fake_get(struct fake *fake, const struct client_order *order)
{
	struct client_order usual = fake_order(fake);

	if (fake->client == NULL)
		fake_open(fake, NULL);
	fake->done = false;
	client_order(fake->client, 9, order != NULL ? order : &usual);
	fake_run(fake);
	assert_int_equal(fake->done_op, 9);
}

static inline void
fake_assert_chain(const struct fake *fake)
{
	if (fake->result.type != CLIENT_RESULT_CHAIN)
		fail_msg("no chain: %.*s\n%.*s",
		    SPAN_FMT(fake->result.problem.detail),
		    SPAN_FMT(bld_view(&fake->log)));
	assert_true(span_equal_str(fake->result.chain.pem, fake->chain));
}

static inline void
fake_assert_problem(const struct fake *fake, enum client_cause cause,
    const char *words)
{
	const struct client_problem *problem = &fake->result.problem;

	assert_int_equal(fake->result.type, CLIENT_RESULT_PROBLEM);
	if (problem->cause != cause || problem->detail.len == 0 ||
	    memmem(problem->detail.data, problem->detail.len, words,
	    strlen(words)) == NULL)
		fail_msg("cause %d: %.*s", (int)problem->cause,
		    SPAN_FMT(problem->detail));
}

#endif
