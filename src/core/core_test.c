/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core_client.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "ca/ca.h"
#include "rpc/dev_core.h"

static int
set_up(void **state)
{
	*state = world_new();
	return 0;
}

static int
tear_down(void **state)
{
	world_free(*state);
	return 0;
}

static void
test_flow(void **state)
{
	struct world *w = *state;
	struct world_client c = world_client(w, "a.example");
	struct web_core_answer answer;
	uint64_t id;

	assert_int_equal(c.order.status, ORDER_PENDING);
	world_call(w, &c.request, &answer);
	assert_int_equal(answer.type, WEB_CORE_AUTHZ);
	assert_int_equal(answer.authz.attempted_status, CHALLENGE_PROCESSING);
	assert_int_equal(w->num_to_validator, 1);

	/* Held until the validator has answered. */
	c.request = world_get_request(WEB_CORE_AUTHZ_GET, &c.actor,
	    c.order.authz_ids[0]);
	id = world_send(w, &c.request);
	assert_false(world_got(w, id, &answer));
	assert_true(world_peer_step(w));
	assert_true(world_got(w, id, &answer));
	assert_int_equal(answer.authz.status, AUTHZ_VALID);

	c.order = world_get_order(w, &c.actor, c.order.id);
	assert_int_equal(c.order.status, ORDER_READY);
	world_finalize(w, &c.actor, c.order.id, "good", &answer);
	assert_int_equal(answer.type, WEB_CORE_ORDER);
	assert_int_equal(answer.order.status, ORDER_VALID);

	c.request = world_get_request(WEB_CORE_CERTIFICATE_GET, &c.actor,
	    answer.order.certificate_id);
	world_call(w, &c.request, &answer);
	assert_int_equal(answer.type, WEB_CORE_CERTIFICATE);
	assert_int_equal(answer.certificate.count, 2);
	assert_true(span_equal_str(answer.certificate.der[1],
	    "intermediate"));
}

static void
test_hold_ends(void **state)
{
	struct world *w = *state;
	struct world_client c = world_client(w, "a.example");
	struct web_core_answer answer;
	int64_t start;

	w->validators_deaf = true;
	world_call(w, &c.request, &answer);
	start = w->now;
	c.request.type = WEB_CORE_CHALLENGE_GET;
	world_call(w, &c.request, &answer);
	assert_int_equal(answer.type, WEB_CORE_AUTHZ);
	assert_int_equal(answer.authz.attempted_status, CHALLENGE_PROCESSING);
	assert_int_equal(w->now - start, WORLD_HOLD_MS);
	/* The order's answer, too, is worth waiting for. */
	c.request = world_get_request(WEB_CORE_ORDER_GET, &c.actor, c.order.id);
	w->validators_deaf = false;
	world_call(w, &c.request, &answer);
	assert_int_equal(answer.order.status, ORDER_READY);
	assert_int_equal(w->now - start, WORLD_HOLD_MS);
}

static void
test_validation_fails(void **state)
{
	struct world *w = *state;
	struct world_client c = world_client(w, "bad.example");
	struct web_core_answer answer;

	world_call(w, &c.request, &answer);
	c.order = world_get_order(w, &c.actor, c.order.id);
	assert_int_equal(c.order.status, ORDER_INVALID);
	assert_int_equal(c.order.problem.kind, ERR_CONNECTION);
	/* Responding again tells what became of it. */
	world_call(w, &c.request, &answer);
	assert_int_equal(answer.type, WEB_CORE_AUTHZ);
	assert_int_equal(answer.authz.status, AUTHZ_INVALID);
	assert_int_equal(answer.authz.problem.kind, ERR_CONNECTION);
	assert_int_equal(w->num_to_validator, 0);
}

static void
test_reuse(void **state)
{
	struct world *w = *state;
	struct web_core_actor actor = world_register_account(w, 1);
	struct web_core_actor other = world_register_account(w, 2);
	struct order first = world_ready_order(w, &actor, "a.example"), again;

	again = world_new_order(w, &actor, "a.example");
	assert_int_equal(again.status, ORDER_READY);
	assert_int_equal(again.authz_ids[0], first.authz_ids[0]);
	assert_int_equal(world_new_order(w, &other, "a.example").status,
	    ORDER_PENDING);
	assert_int_equal(world_new_order(w, &actor, "b.example").status,
	    ORDER_PENDING);
	/* In dev mode it is a matter of chance. */
	w->config.dev = true;
	w->config.dev_authz_reuse = 0;
	assert_int_equal(world_new_order(w, &actor, "a.example").status,
	    ORDER_PENDING);
	w->config.dev_authz_reuse = 100;
	assert_int_equal(world_new_order(w, &actor, "a.example").status,
	    ORDER_READY);
	/* Not when it ends soon. */
	w->now += w->config.authz_lifetime_s * 1000 - 60000;
	assert_int_equal(world_new_order(w, &actor, "a.example").status,
	    ORDER_PENDING);
}

static void
test_validator_dies(void **state)
{
	struct world *w = *state;
	struct world_client c = world_client(w, "a.example");
	struct web_core_answer answer;
	unsigned first;

	w->validators_deaf = true;
	world_call(w, &c.request, &answer);
	assert_int_equal(w->num_to_validator, 1);
	first = w->to_validator[0].peer;
	w->num_to_validator = 0;
	core_validator_down(w->core, first);
	world_turn(w);
	assert_int_equal(w->num_to_validator, 1);
	assert_int_not_equal(w->to_validator[0].peer, first);
	w->validators_deaf = false;
	assert_int_equal(world_get_order(w, &c.actor, c.order.id).status,
	    ORDER_READY);
}

/* A name that kills each validator must not do so for ever. */
static void
test_validators_give_up(void **state)
{
	struct world *w = *state;
	struct world_client c = world_client(w, "a.example");
	struct web_core_answer answer;

	w->validators_deaf = true;
	core_validator_down(w->core, 1);
	world_turn(w);
	world_call(w, &c.request, &answer);
	for (int i = 0; i < CORE_VALIDATE_TRIES_MAX; i++) {
		assert_int_equal(w->num_to_validator, 1);
		w->num_to_validator = 0;
		core_validator_down(w->core, 0);
		core_validator_up(w->core, 0);
		world_turn(w);
	}
	assert_int_equal(w->num_to_validator, 0);
	c.order = world_get_order(w, &c.actor, c.order.id);
	assert_int_equal(c.order.status, ORDER_INVALID);
}

/* A validator that never answers. */
static void
test_validator_timeout(void **state)
{
	struct world *w = *state;
	struct world_client c = world_client(w, "a.example");
	struct web_core_answer answer;

	w->validators_deaf = true;
	world_call(w, &c.request, &answer);
	world_run(w, CORE_ASK_TIMEOUT_MS + 1000);
	assert_int_equal(w->num_to_validator, 2);
	w->validators_deaf = false;
	/* Both answers come; one counts. */
	assert_int_equal(world_get_order(w, &c.actor, c.order.id).status,
	    ORDER_READY);
	world_run(w, 1000);
	assert_int_equal(core_busy(w->core), 0);
}

static void
test_queue_to_validators(void **state)
{
	struct world *w = *state;
	struct web_core_actor actor = world_register_account(w, 1);
	struct order orders[20];
	struct web_core_answer answer;
	char name[32];

	core_validator_down(w->core, 0);
	core_validator_down(w->core, 1);
	for (int i = 0; i < 20; i++) {
		struct web_core_request request;

		snprintf(name, sizeof(name), "n%d.example", i);
		orders[i] = world_new_order(w, &actor, name);
		request = world_respond_request(&actor, orders[i].authz_ids[0]);
		world_call(w, &request, &answer);
	}
	assert_int_equal(w->num_to_validator, 0);
	core_validator_up(w->core, 0);
	core_validator_up(w->core, 1);
	world_turn(w);
	assert_int_equal(w->num_to_validator, 20);
	assert_int_equal(w->to_validator[19].peer +
	    w->to_validator[18].peer, 1);
	world_run(w, 1000);
	for (int i = 0; i < 20; i++)
		assert_int_equal(world_get_order(w, &actor,
		    orders[i].id).status, ORDER_READY);
}

/* A commit that fails: the request is refused, and nothing has happened. */
static void
test_commit_fails(void **state)
{
	struct world *w = *state;
	struct web_core_actor actor = world_register_account(w, 1);
	struct web_core_request request = world_order_request(&actor,
	    "a.example");
	struct web_core_answer answer;
	struct order order;

	w->fail_commits = 1;
	world_call(w, &request, &answer);
	assert_int_equal(answer.type, WEB_CORE_PROBLEM);
	assert_int_equal(answer.problem.kind, ERR_BUSY);
	assert_true(answer.problem.detail.len > 10);
	assert_int_equal(answer.problem.retry_after_s, 1);
	order = world_new_order(w, &actor, "a.example");

	request = world_respond_request(&actor, order.authz_ids[0]);
	w->fail_commits = 1;
	world_call(w, &request, &answer);
	assert_int_equal(answer.type, WEB_CORE_PROBLEM);
	assert_int_equal(w->num_to_validator, 0);
	assert_int_equal(core_busy(w->core), 0);
	world_call(w, &request, &answer);
	assert_int_equal(answer.type, WEB_CORE_AUTHZ);

	/* The validator's answer is asked for once more. */
	w->fail_commits = 1;
	assert_true(world_peer_step(w));
	assert_int_equal(core_busy(w->core), 1);
	assert_int_equal(world_get_order(w, &actor, order.id).status,
	    ORDER_READY);

	/* The certificate is asked for again, and recorded once. */
	request = world_finalize_request(&actor, order.id, "good", "csr",
	    false);
	world_send(w, &request);
	w->fail_commits = 1;
	assert_true(world_peer_step(w));
	assert_int_equal(w->num_journal, 1);
	world_finalize(w, &actor, order.id, "good-2", &answer);
	assert_int_equal(answer.type, WEB_CORE_ORDER);
	assert_int_equal(answer.order.status, ORDER_VALID);
	assert_int_equal(w->num_journal, 1);
}

/* dev's question shares a turn that is lost: it is told so in its own words,
 * as web's would break the link. */
static void
test_commit_fails_for_dev(void **state)
{
	struct world *w = *state;
	struct web_core_actor actor = world_register_account(w, 1);
	struct web_core_request order = world_order_request(&actor,
	    "a.example");
	struct dev_core_request request = { SPAN_LIT("\x01") };
	struct err err = ERR_INIT;
	struct bld out;

	bld_init(&out, 64);
	dev_core_request_encode(&out, &request);
	for (unsigned fails = 0; fails < 2; fails++) {
		w->num_answers = 0;
		w->fail_commits = fails;
		assert_int_equal(core_dev_request(w->core, 9, 5,
		    DEV_CORE_CERTIFICATE_BY_SERIAL, bld_view(&out), &err), 0);
		world_send(w, &order);
		assert_int_equal(w->num_answers, 2);
		assert_int_equal(w->answers[0].peer, 9);
		assert_int_equal(w->answers[0].id, 5);
		assert_int_equal(w->answers[0].type,
		    fails > 0 ? DEV_CORE_BUSY : DEV_CORE_NONE);
		assert_int_equal(w->answers[0].payload.len, 0);
	}
	bld_free(&out);
}

/* The number of log lines with that event, in what was written to file. */
static int
count_lines(FILE *file, const char *event)
{
	char line[4096];
	int count = 0;

	rewind(file);
	while (fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, event) != NULL;
	return count;
}

/* A disk that stays full: clients are told to come later, and the log has one
 * line when it begins, one now and then, and one when it is over. */
static void
test_full_store(void **state)
{
	struct world *w = *state;
	struct web_core_actor actor = world_register_account(w, 1);
	struct web_core_request request = world_order_request(&actor,
	    "a.example");
	struct web_core_answer answer;
	FILE *log = tmpfile();
	int saved = dup(STDERR_FILENO);

	assert_non_null(log);
	assert_int_equal(dup2(fileno(log), STDERR_FILENO), STDERR_FILENO);
	log_set_level(LOG_NOTICE);
	for (int i = 0; i < 20; i++) {
		w->fail_commits = 1;
		world_call(w, &request, &answer);
		w->now += i < 10 ? 1000 : CORE_REMIND_MS / 8;
	}
	world_call(w, &request, &answer);
	assert_int_equal(answer.type, WEB_CORE_ORDER);
	log_set_level(LOG_ERROR + 1);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	assert_int_equal(count_lines(log, "turn-failed"), 2);
	assert_int_equal(count_lines(log, "turns-succeed-again"), 1);
	fclose(log);
}

/* What a client does, whatever happens to core meanwhile. */
static struct order
client(struct world *w)
{
	struct world_client c = world_client(w, "a.example");
	struct web_core_answer answer;
	char signature[16];

	world_call(w, &c.request, &answer);
	for (int i = 0; c.order.status == ORDER_PENDING && i < 5; i++)
		c.order = world_get_order(w, &c.actor, c.order.id);
	assert_int_equal(c.order.status, ORDER_READY);
	/* Each try has another nonce, so another signature. */
	for (int i = 0; c.order.status != ORDER_VALID && i < 5; i++) {
		snprintf(signature, sizeof(signature), "good-%d", i);
		world_finalize(w, &c.actor, c.order.id, signature, &answer);
		c.order = world_get_order(w, &c.actor, c.order.id);
	}
	assert_int_equal(c.order.status, ORDER_VALID);
	c.request = world_get_request(WEB_CORE_CERTIFICATE_GET, &c.actor,
	    c.order.certificate_id);
	world_call(w, &c.request, &answer);
	assert_int_equal(answer.type, WEB_CORE_CERTIFICATE);
	return c.order;
}

/* Every certificate that the signer made is in the store. */
static void
check_all_recorded(struct world *w)
{
	struct store_certificate row;
	struct err err;

	for (size_t i = 0; i < w->num_journal; i++)
		assert_int_equal(store_certificate_get_by_serial(w->env.store,
		    span_of(&w->journal[i].serial, 1), &w->arena, &row,
		    &err), 0);
}

static void
crash_everywhere(bool committed)
{
	unsigned events = 100;

	for (unsigned at = 1; at <= events; at++) {
		struct world *w = world_new();

		w->crash_at = at;
		w->crash_committed = committed;
		client(w);
		world_run(w, 10000);
		check_all_recorded(w);
		assert_int_equal(w->num_journal, 1);
		assert_int_equal(core_busy(w->core), 0);
		events = w->events < events ? w->events : events;
		world_free(w);
	}
}

static void
test_crash_before_commit(void **state)
{
	(void)state;
	crash_everywhere(false);
}

static void
test_crash_after_commit(void **state)
{
	(void)state;
	crash_everywhere(true);
}

static void
test_stop(void **state)
{
	struct world *w = *state;
	struct world_client c = world_client(w, "a.example");
	struct web_core_answer answer;
	uint64_t id;

	w->validators_deaf = true;
	world_call(w, &c.request, &answer);
	c.request.type = WEB_CORE_CHALLENGE_GET;
	id = world_send(w, &c.request);
	assert_false(world_got(w, id, &answer));
	core_stop(w->core);
	world_turn(w);
	assert_true(world_got(w, id, &answer));
	id = world_send(w, &c.request);
	assert_true(world_got(w, id, &answer));
}

/* A busy core lets requests share a commit; an idle one does not wait. */
static void
test_gather(void **state)
{
	struct world *w = *state;
	struct web_core_actor actor = world_register_account(w, 1);
	struct web_core_request request = world_order_request(&actor,
	    "a.example");
	struct web_core_answer answer;
	struct err err = ERR_INIT;
	struct bld out;
	uint64_t id;

	core_set_gather(w->core, 2);
	id = world_send(w, &request);
	assert_true(world_got(w, id, &answer));
	w->now += 10;
	bld_init(&out, 65536);
	web_core_request_encode(&out, &request);
	for (int i = 0; i < CORE_GATHER_MIN; i++)
		assert_int_equal(core_web_request(w->core, WORLD_PEER,
		    ++w->last_id, WEB_CORE_ORDER_NEW, bld_view(&out), &err),
		    0);
	bld_free(&out);
	world_turn(w);
	assert_true(world_got(w, w->last_id, &answer));

	id = world_send(w, &request);
	assert_false(world_got(w, id, &answer));
	world_run(w, 2);
	assert_true(world_got(w, id, &answer));
	id = world_send(w, &request);
	assert_true(world_got(w, id, &answer));
}

static void
test_peer_gone(void **state)
{
	struct world *w = *state;
	struct world_client c = world_client(w, "a.example");
	struct web_core_answer answer;
	size_t before;

	w->validators_deaf = true;
	world_call(w, &c.request, &answer);
	c.request.type = WEB_CORE_CHALLENGE_GET;
	world_send(w, &c.request);
	core_peer_gone(w->core, WORLD_PEER);
	world_turn(w);
	before = w->num_answers;
	world_run(w, 2 * WORLD_HOLD_MS);
	assert_int_equal(w->num_answers, before);
}

static void
test_sweep(void **state)
{
	struct world *w = *state;
	struct web_core_actor actor = world_register_account(w, 1);
	struct order order = world_new_order(w, &actor, "a.example");
	struct web_core_request request = world_get_request(WEB_CORE_ORDER_GET,
	    &actor, order.id);
	struct web_core_answer answer;

	w->now = order.expires_at;
	order = world_get_order(w, &actor, order.id);
	assert_int_equal(order.status, ORDER_INVALID);
	w->now += CA_RETENTION_MS;
	world_run(w, 2 * CORE_SWEEP_MS);
	world_call(w, &request, &answer);
	assert_int_equal(answer.type, WEB_CORE_PROBLEM);
	assert_int_equal(answer.problem.kind, ERR_NO_SUCH_RESOURCE);
}

static void
test_nonsense(void **state)
{
	struct world *w = *state;
	struct err err = ERR_INIT;

	assert_int_equal(core_web_request(w->core, WORLD_PEER, 1,
	    WEB_CORE_ORDER_GET, SPAN_LIT("x"), &err), -ERR_FRAME);
	assert_int_equal(core_validator_answer(w->core, 0, 1,
	    CORE_VALIDATOR_ATTESTED, SPAN_LIT("x"), &err), -ERR_FRAME);
	assert_int_equal(core_signer_answer(w->core, 1, CORE_SIGNER_ISSUED,
	    SPAN_LIT("x"), &err), -ERR_FRAME);
	assert_int_equal(core_dev_request(w->core, WORLD_PEER, 1, 99,
	    SPAN_NONE, &err), -ERR_FRAME);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) { #f, f, set_up, tear_down, NULL }
		TEST(test_flow), TEST(test_hold_ends),
		TEST(test_validation_fails), TEST(test_reuse),
		TEST(test_validator_dies), TEST(test_validators_give_up),
		TEST(test_validator_timeout), TEST(test_queue_to_validators),
		TEST(test_commit_fails), TEST(test_commit_fails_for_dev),
		TEST(test_full_store),
		TEST(test_stop),
		TEST(test_gather), TEST(test_peer_gone), TEST(test_sweep), TEST(test_nonsense),
		{ "test_crash_before_commit", test_crash_before_commit, NULL,
		    NULL, NULL },
		{ "test_crash_after_commit", test_crash_after_commit, NULL,
		    NULL, NULL },
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
