/* SPDX-License-Identifier: Apache-2.0 */
/* The logic of net: which CA a frame is about, who signs, and what judge may
 * not say. What clients do with it is tested in src/client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/net/net.h"
#include "agent/rpc/judge_net.h"
#include "agent/rpc/net_account.h"

#define DIRECTORY "{\"newNonce\":\"https://ca.example/n\",\"newAccount\":" \
	"\"https://ca.example/a\",\"newOrder\":\"https://ca.example/o\"," \
	"\"revokeCert\":\"https://ca.example/r\"}"

struct world {
	struct env env;
	struct net *net;
	void (*timer)(void *arg); /* the only one that runs */
	void *timer_arg;
	unsigned slot;
	uint64_t http_id;
	enum client_http_method method;
	uint16_t told;            /* the last frame's type to judge */
	uint64_t told_id;
	struct client_problem problem;
	char detail[256];
	uint64_t sign_id;
	int64_t sign_account;
	size_t setups;
};

static int64_t
now(void *ctx)
{
	(void)ctx;
	return INT64_C(1795255200000);
}

static struct env_timer *
timer_start(void *ctx, int64_t delay_ms, void (*cb)(void *arg), void *arg)
{
	struct world *world = ctx;

	(void)delay_ms;
	assert_null(world->timer);
	world->timer = cb;
	world->timer_arg = arg;
	return (struct env_timer *)world;
}

static void
timer_cancel(void *ctx, struct env_timer *timer)
{
	struct world *world = ctx;

	(void)timer;
	world->timer = NULL;
}

static void
tick(struct world *world)
{
	void (*timer)(void *arg) = world->timer;

	assert_non_null(timer);
	world->timer = NULL;
	timer(world->timer_arg);
}

static void
on_tell(void *ctx, uint16_t type, uint64_t id, struct span payload)
{
	struct world *world = ctx;
	struct judge_net_tell tell;
	struct arena arena = { 0 };

	assert_int_equal(judge_net_tell_decode(type, payload, &arena, &tell,
	    NULL), 0);
	world->told = type;
	world->told_id = id;
	if (type == NET_JUDGE_RESULT &&
	    tell.result.type == CLIENT_RESULT_PROBLEM) {
		world->problem = tell.result.problem;
		snprintf(world->detail, sizeof(world->detail), "%.*s",
		    SPAN_FMT(tell.result.problem.detail));
	}
	arena_free(&arena);
}

static void
on_sign(void *ctx, uint16_t type, uint64_t id, struct span payload)
{
	struct world *world = ctx;
	struct net_account_sign sign;

	assert_int_equal(net_account_sign_decode(type, payload, &sign, NULL),
	    0);
	world->sign_id = id;
	world->sign_account = sign.account;
}

static void
on_setup(void *ctx, unsigned slot, struct span trust, struct span proxy)
{
	struct world *world = ctx;

	(void)trust;
	(void)proxy;
	assert_int_equal(slot, world->setups);
	world->setups++;
}

static void
on_http(void *ctx, unsigned slot, uint64_t http_id,
    const struct client_request *request)
{
	struct world *world = ctx;

	world->slot = slot;
	world->http_id = http_id;
	world->method = request->method;
}

static void
on_http_cancel(void *ctx, unsigned slot, uint64_t http_id)
{
	(void)ctx;
	(void)slot;
	(void)http_id;
}

static const struct net_ops ops = {
	on_tell, on_sign, on_setup, on_http, on_http_cancel
};

static void
open_world(struct world *world)
{
	*world = (struct world){ .env = { .ctx = world, .now = now,
		.timer_start = timer_start, .timer_cancel = timer_cancel } };
	world->net = net_new(&world->env, &ops, world);
}

static int
ask(struct world *world, uint64_t id, const struct judge_net_ask *ask)
{
	struct bld out;
	int r;

	bld_init(&out, 1024 * 1024);
	judge_net_ask_encode(&out, ask);
	assert_int_equal(bld_end(&out), 0);
	r = net_from_judge(world->net, (uint16_t)ask->type, id,
	    bld_view(&out), NULL);
	bld_free(&out);
	return r;
}

static int
open_ca(struct world *world, uint32_t number, const char *url)
{
	return ask(world, 0, &(struct judge_net_ask){
		.type = JUDGE_NET_CA,
		.ca = number,
		.new_ca = {
			.account = 100 + number,
			.options = { .directory_url = span_str(url) },
		},
	});
}

static void
answer(struct world *world, const char *nonce, const char *body)
{
	net_answered(world->net, world->slot, world->http_id,
	    &(struct client_response){ .status = 200,
		.nonce = span_str(nonce), .body = span_str(body) });
}

/* Each CA has a slot, and its account signs for it. */
static void
test_two_cas(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	for (uint32_t ca = 7; ca < 9; ca++) {
		assert_int_equal(open_ca(&world, ca, "https://ca.example/d"),
		    0);
		assert_int_equal(ask(&world, ca, &(struct judge_net_ask){
			.type = JUDGE_NET_REGISTER, .ca = ca }), 0);
		tick(&world);
		assert_int_equal(world.slot, ca - 7);
		answer(&world, "", DIRECTORY);
		assert_int_equal(world.method, CLIENT_HEAD);
		answer(&world, "nonce", "");
		assert_int_equal(world.sign_account, 100 + ca);
	}
	net_free(world.net);
}

static void
test_account_refuses(void **state)
{
	struct net_account_answer refusal = { NET_ACCOUNT_REFUSED,
		SPAN_LIT("the key is gone") };
	struct world world;
	struct bld out;

	(void)state;
	open_world(&world);
	bld_init(&out, 1024);
	net_account_answer_encode(&out, &refusal);
	/* Nothing was asked. */
	assert_int_equal(net_from_account(world.net, NET_ACCOUNT_REFUSED, 1,
	    bld_view(&out), NULL), -(int)ERR_FRAME);
	assert_int_equal(open_ca(&world, 1, "https://ca.example/d"), 0);
	assert_int_equal(ask(&world, 5, &(struct judge_net_ask){
		.type = JUDGE_NET_REGISTER, .ca = 1 }), 0);
	tick(&world);
	answer(&world, "", DIRECTORY);
	answer(&world, "nonce", "");
	assert_int_equal(net_from_account(world.net, NET_ACCOUNT_REFUSED,
	    world.sign_id, bld_view(&out), NULL), 0);
	assert_int_equal(world.told, NET_JUDGE_RESULT);
	assert_int_equal(world.told_id, 5);
	assert_string_equal(world.detail, "the key is gone");
	assert_int_equal(world.problem.cause, CLIENT_SIGNING);
	bld_free(&out);
	net_free(world.net);
}

static void
test_certificates_key_signs_through_judge(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	assert_int_equal(open_ca(&world, 1, "https://ca.example/d"), 0);
	assert_int_equal(ask(&world, 5, &(struct judge_net_ask){
		.type = JUDGE_NET_REVOKE, .ca = 1,
		.revoke = { SPAN_LIT("der"), -1, true } }), 0);
	tick(&world);
	answer(&world, "", DIRECTORY);
	answer(&world, "nonce", "");
	assert_int_equal(world.told, NET_JUDGE_SIGN);
	assert_int_equal(world.told_id, 5);
	assert_int_equal(world.sign_id, 0);
	/* One that nobody asked for, then the one. */
	assert_int_equal(ask(&world, 6, &(struct judge_net_ask){
		.type = JUDGE_NET_SIGNED, .ca = 1,
		.answer = { true, SPAN_LIT("{}") } }), 0);
	assert_int_equal(world.method, CLIENT_HEAD);
	assert_int_equal(ask(&world, 5, &(struct judge_net_ask){
		.type = JUDGE_NET_SIGNED, .ca = 1,
		.answer = { true, SPAN_LIT("{}") } }), 0);
	assert_int_equal(world.method, CLIENT_POST);
	answer(&world, "nonce2", "");
	assert_int_equal(world.told, NET_JUDGE_RESULT);
	net_free(world.net);
}

static void
test_what_judge_may_not_say(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	assert_int_equal(ask(&world, 1, &(struct judge_net_ask){
		.type = JUDGE_NET_OPEN, .ca = 1 }), -(int)ERR_FRAME);
	for (uint32_t i = 0; i < NET_CAS_MAX; i++)
		assert_int_equal(open_ca(&world, i, "https://ca.example/d"),
		    0);
	assert_int_equal(open_ca(&world, 3, "https://ca.example/d"),
	    -(int)ERR_FRAME);
	assert_int_equal(open_ca(&world, NET_CAS_MAX, "https://ca.example/d"),
	    -(int)ERR_FRAME);
	net_free(world.net);
}

static void
test_url_that_is_none(void **state)
{
	struct world world;

	(void)state;
	open_world(&world);
	assert_int_equal(open_ca(&world, 1, "ca.example"), 0);
	assert_int_equal(ask(&world, 4, &(struct judge_net_ask){
		.type = JUDGE_NET_OPEN, .ca = 1 }), 0);
	assert_int_equal(world.told, NET_JUDGE_RESULT);
	assert_int_equal(world.told_id, 4);
	assert_int_equal(world.problem.cause, CLIENT_SETUP);
	net_free(world.net);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_two_cas),
	cmocka_unit_test(test_account_refuses),
	cmocka_unit_test(test_certificates_key_signs_through_judge),
	cmocka_unit_test(test_what_judge_may_not_say),
	cmocka_unit_test(test_url_that_is_none),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
