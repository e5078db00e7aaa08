/* SPDX-License-Identifier: Apache-2.0 */

/* From finalize to certificate: docs/decisions/0002. */

#include "core/core_client.h"

#include "base/log.h"

struct fixture {
	struct world *w;
	struct web_core_actor actor;
	struct order order; /* ready */
};

static int
set_up(void **state)
{
	struct fixture *f = mem_zalloc(sizeof(*f));

	f->w = world_new();
	f->actor = world_register_account(f->w, 1);
	f->order = world_ready_order(f->w, &f->actor, "a.example");
	world_run(f->w, 10);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	world_free(f->w);
	free(f);
	return 0;
}

/* Sends a finalize and gives its id: answers may be held. */
static uint64_t
send(struct fixture *f, const char *signature, const char *payload,
    bool verified)
{
	struct web_core_request request = world_finalize_request(&f->actor,
	    f->order.id, signature, payload, verified);

	return world_send(f->w, &request);
}

static enum order_status
status(struct fixture *f)
{
	struct store_order row;
	struct err err;

	assert_int_equal(store_order_get(f->w->env.store, f->order.id,
	    &f->w->arena, &row, &err), 0);
	return row.order.status;
}

static void
expect(struct fixture *f, uint64_t id, enum web_core_type type,
    int status_or_kind)
{
	struct web_core_answer answer;

	assert_true(world_got(f->w, id, &answer));
	assert_int_equal(answer.type, type);
	if (type == WEB_CORE_ORDER)
		assert_int_equal(answer.order.status, status_or_kind);
	if (type == WEB_CORE_PROBLEM)
		assert_int_equal(answer.problem.kind, status_or_kind);
}

static void
expect_held(struct fixture *f, uint64_t id)
{
	struct web_core_answer answer;

	assert_false(world_got(f->w, id, &answer));
}

/* Refusals while the client waits leave the order ready. */
static void
test_refused(void **state)
{
	static const struct {
		const char *signature;
		bool verified;
		enum err_kind kind;
	} rows[] = {
		{ "bad", false, ERR_UNAUTHORIZED },
		{ "csr", false, ERR_BAD_CSR },
		{ "csr", true, ERR_BAD_CSR },
	};
	struct fixture *f = *state;
	uint64_t id;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		id = send(f, rows[i].signature, "csr", rows[i].verified);
		expect_held(f, id);
		world_run(f->w, 10);
		expect(f, id, WEB_CORE_PROBLEM, rows[i].kind);
		assert_int_equal(status(f), ORDER_READY);
	}
	id = send(f, "good", "csr", false);
	world_run(f->w, 10);
	expect(f, id, WEB_CORE_ORDER, ORDER_VALID);
}

/* An unverified finalize learns nothing and changes nothing. */
static void
test_unverified_learns_nothing(void **state)
{
	struct fixture *f = *state;
	struct web_core_request request = world_finalize_request(&f->actor,
	    12345, "bad", "csr", false);
	struct order pending = world_new_order(f->w, &f->actor, "b.example");

	/* No such order, an order that is not ready. */
	expect(f, world_send(f->w, &request), WEB_CORE_VERIFY_FIRST, 0);
	request.finalize.order_id = pending.id;
	expect(f, world_send(f->w, &request), WEB_CORE_VERIFY_FIRST, 0);
	request.finalize.verified = true;
	expect(f, world_send(f->w, &request), WEB_CORE_PROBLEM,
	    ERR_ORDER_NOT_READY);
	/* A valid order. */
	send(f, "good", "csr", false);
	world_run(f->w, 10);
	assert_int_equal(status(f), ORDER_VALID);
	expect(f, send(f, "bad", "csr", false), WEB_CORE_VERIFY_FIRST, 0);
	/* The signer was asked for the one good finalize alone. */
	assert_int_equal(f->w->num_journal, 1);
}

/* RFC 8555 11.1, of any account's key; again, only the account is told. */
static void
test_csr_of_an_account_key(void **state)
{
	struct fixture *f = *state;
	struct web_core_request request = world_finalize_request(&f->actor,
	    f->order.id, "good", "csr", false);
	uint8_t spki[44];
	uint64_t id;

	world_register_account(f->w, 2);
	for (uint8_t n = 1; n <= 2; n++) {
		world_make_spki(spki, n);
		request.finalize.csr_spki = span_of(spki, sizeof(spki));
		request.finalize.verified = false;
		expect(f, world_send(f->w, &request), WEB_CORE_VERIFY_FIRST,
		    0);
		request.finalize.verified = true;
		expect(f, world_send(f->w, &request), WEB_CORE_PROBLEM,
		    ERR_BAD_CSR);
	}
	assert_int_equal(status(f), ORDER_READY);
	world_make_spki(spki, 3);
	id = world_send(f->w, &request);
	world_run(f->w, 10);
	expect(f, id, WEB_CORE_ORDER, ORDER_VALID);
}

static void
test_signer_down(void **state)
{
	struct fixture *f = *state;
	struct web_core_request get = world_get_request(WEB_CORE_ORDER_GET,
	    &f->actor, f->order.id);
	uint64_t id;

	core_signer_down(f->w->core);
	world_turn(f->w);
	expect(f, send(f, "bad", "csr", false), WEB_CORE_VERIFY_FIRST, 0);
	id = send(f, "good", "csr", true);
	expect_held(f, id);
	assert_int_equal(status(f), ORDER_READY);
	world_run(f->w, WORLD_HOLD_MS);
	expect(f, id, WEB_CORE_ORDER, ORDER_PROCESSING);
	assert_int_equal(status(f), ORDER_PROCESSING);
	/* Whoever looks waits with it. */
	id = world_send(f->w, &get);
	expect_held(f, id);
	core_signer_up(f->w->core);
	world_turn(f->w);
	world_run(f->w, 10);
	expect(f, id, WEB_CORE_ORDER, ORDER_VALID);
}

/* A refusal after "processing" is the end: RFC 8555 7.1.6. */
static void
test_refused_when_processing(void **state)
{
	struct fixture *f = *state;
	struct web_core_request get = world_get_request(WEB_CORE_ORDER_GET,
	    &f->actor, f->order.id);
	uint64_t id;

	f->w->signer_deaf = true;
	id = send(f, "csr", "csr", true);
	world_run(f->w, WORLD_HOLD_MS);
	expect(f, id, WEB_CORE_ORDER, ORDER_PROCESSING);
	id = world_send(f->w, &get);
	f->w->signer_deaf = false;
	world_run(f->w, 10);
	expect(f, id, WEB_CORE_ORDER, ORDER_INVALID);
	expect(f, send(f, "good", "csr", true), WEB_CORE_PROBLEM,
	    ERR_ORDER_NOT_READY);
}

/* A signer that lives but says nothing is asked again, and again; all its
 * answers are one certificate. */
static void
test_signer_hangs(void **state)
{
	struct fixture *f = *state;

	f->w->signer_deaf = true;
	send(f, "good", "csr", true);
	world_run(f->w, CORE_ASK_TIMEOUT_MS - 1000);
	assert_int_equal(f->w->num_to_signer, 1);
	world_run(f->w, 2000);
	assert_int_equal(f->w->num_to_signer, 2);
	world_run(f->w, 2 * CORE_ASK_TIMEOUT_MS);
	assert_int_equal(f->w->num_to_signer, 3);
	f->w->signer_deaf = false;
	world_run(f->w, CORE_ASK_TIMEOUT_MS);
	assert_int_equal(status(f), ORDER_VALID);
	assert_int_equal(f->w->num_journal, 1);
	assert_int_equal(core_busy(f->w->core), 0);
}

/* A stranger's finalize is in flight when the true one comes. */
static void
test_stranger_first(void **state)
{
	struct fixture *f = *state;
	uint64_t stranger, true_one;

	f->w->signer_deaf = true;
	stranger = send(f, "bad", "other", false);
	expect(f, send(f, "good", "csr", false), WEB_CORE_VERIFY_FIRST, 0);
	true_one = send(f, "good", "csr", true);
	expect_held(f, stranger);
	expect_held(f, true_one);
	assert_int_equal(f->w->num_to_signer, 1);
	f->w->signer_deaf = false;
	world_run(f->w, 10);
	expect(f, stranger, WEB_CORE_PROBLEM, ERR_UNAUTHORIZED);
	expect(f, true_one, WEB_CORE_ORDER, ORDER_VALID);
	assert_int_equal(f->w->num_journal, 1);
}

/* And the signer is slow, and core dies. */
static void
test_stranger_and_crash(void **state)
{
	struct fixture *f = *state;
	uint64_t stranger, true_one;

	f->w->signer_deaf = true;
	stranger = send(f, "bad", "other", false);
	true_one = send(f, "good", "csr", true);
	world_run(f->w, WORLD_HOLD_MS);
	expect(f, stranger, WEB_CORE_VERIFY_FIRST, 0);
	expect(f, true_one, WEB_CORE_ORDER, ORDER_PROCESSING);
	world_crash(f->w);
	f->w->signer_deaf = false;
	world_run(f->w, 10);
	assert_int_equal(status(f), ORDER_VALID);
	assert_int_equal(f->w->num_journal, 1);
}

/* The same payload again: while it is in flight, and when it is done. */
static void
test_again(void **state)
{
	struct fixture *f = *state;
	uint64_t first, second;

	f->w->signer_deaf = true;
	first = send(f, "good-1", "csr", true);
	second = send(f, "good-2", "csr", true);
	expect_held(f, second);
	expect(f, send(f, "good-3", "other", true), WEB_CORE_PROBLEM,
	    ERR_ORDER_NOT_READY);
	f->w->signer_deaf = false;
	world_run(f->w, 10);
	expect(f, first, WEB_CORE_ORDER, ORDER_VALID);
	expect(f, second, WEB_CORE_ORDER, ORDER_VALID);
	expect(f, send(f, "good-4", "csr", true), WEB_CORE_ORDER,
	    ORDER_VALID);
	expect(f, send(f, "good-5", "other", true), WEB_CORE_PROBLEM,
	    ERR_ORDER_NOT_READY);
	assert_int_equal(f->w->num_journal, 1);
}

static void
test_again_while_processing(void **state)
{
	struct fixture *f = *state;
	uint64_t id;

	f->w->signer_deaf = true;
	id = send(f, "good-1", "csr", true);
	world_run(f->w, WORLD_HOLD_MS);
	expect(f, id, WEB_CORE_ORDER, ORDER_PROCESSING);
	expect(f, send(f, "good-3", "other", true), WEB_CORE_PROBLEM,
	    ERR_ORDER_NOT_READY);
	id = send(f, "good-2", "csr", true);
	expect_held(f, id);
	f->w->signer_deaf = false;
	world_run(f->w, 10);
	expect(f, id, WEB_CORE_ORDER, ORDER_VALID);
	assert_int_equal(f->w->num_journal, 1);
}

/* Trouble of the signer's own is no refusal. */
static void
test_signer_trouble(void **state)
{
	struct fixture *f = *state;
	uint64_t id = send(f, "busy", "csr", true);

	world_run(f->w, WORLD_HOLD_MS);
	expect(f, id, WEB_CORE_ORDER, ORDER_PROCESSING);
	world_run(f->w, 20000);
	assert_int_equal(status(f), ORDER_PROCESSING);
	assert_int_equal(core_busy(f->w->core), 1);
}

/* The signer dies with the question, perhaps after it signed. */
static void
test_signer_dies(void **state)
{
	struct fixture *f = *state;
	uint64_t id = send(f, "good", "csr", false);

	assert_int_equal(world_sign(f->w, SPAN_LIT("good"), true), 1);
	f->w->num_to_signer = 0;
	core_signer_down(f->w->core);
	core_signer_up(f->w->core);
	world_turn(f->w);
	world_run(f->w, 10);
	expect(f, id, WEB_CORE_ORDER, ORDER_VALID);
	assert_int_equal(f->w->num_journal, 1);
}

/* An authorization that is deactivated takes its orders along; a certificate
 * that the signer made all the same is recorded. */
static void
test_deactivated_meanwhile(void **state)
{
	struct fixture *f = *state;
	struct web_core_request request = world_get_request(
	    WEB_CORE_AUTHZ_DEACTIVATE, &f->actor, f->order.authz_ids[0]);
	struct store_certificate row;
	struct err err;
	uint64_t id;

	id = send(f, "good", "csr", false);
	assert_int_equal(world_sign(f->w, SPAN_LIT("good"), true), 1);
	world_send(f->w, &request);
	assert_int_equal(status(f), ORDER_INVALID);
	expect(f, id, WEB_CORE_VERIFY_FIRST, 0);
	world_run(f->w, 10);
	assert_int_equal(status(f), ORDER_INVALID);
	assert_int_equal(store_certificate_get_by_serial(f->w->env.store,
	    SPAN_LIT("\x01"), &f->w->arena, &row, &err), 0);
	assert_int_equal(core_busy(f->w->core), 0);
}

static void
test_expired(void **state)
{
	struct fixture *f = *state;

	f->w->now = f->order.expires_at;
	expect(f, send(f, "good", "csr", true), WEB_CORE_PROBLEM,
	    ERR_ORDER_NOT_READY);
	assert_int_equal(f->w->num_journal, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) { #f, f, set_up, tear_down, NULL }
		TEST(test_refused), TEST(test_unverified_learns_nothing),
		TEST(test_csr_of_an_account_key), TEST(test_signer_down),
		TEST(test_refused_when_processing),
		TEST(test_stranger_first), TEST(test_stranger_and_crash),
		TEST(test_again), TEST(test_again_while_processing),
		TEST(test_signer_trouble), TEST(test_signer_dies),
		TEST(test_signer_hangs),
		TEST(test_deactivated_meanwhile), TEST(test_expired),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests_name("finalize", tests, NULL, NULL);
}
