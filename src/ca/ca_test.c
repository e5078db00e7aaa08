/* SPDX-License-Identifier: Apache-2.0 */

/* Requests one by one, against a store in memory. The way from order to
 * certificate, with its crashes, is in src/core's tests. */

#include "ca/ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ca/ca_private.h"
#include "store/store_sqlite.h"

#define START INT64_C(1790000000000)

struct fixture {
	struct env env;
	struct config config;
	struct ca ca;
	struct arena arena;
	struct ca_result result;
	struct err err;
	int64_t now;
	uint8_t random;
};

static int64_t
fake_now(void *ctx)
{
	return ((struct fixture *)ctx)->now;
}

static void
fake_random(void *ctx, void *out, size_t len)
{
	memset(out, ((struct fixture *)ctx)->random++, len);
}

static int
set_up(void **state)
{
	struct fixture *f = mem_zalloc(sizeof(*f));

	f->now = START;
	f->env = (struct env){ .ctx = f, .now = fake_now,
		.random = fake_random };
	f->config = (struct config){
		.order_lifetime_s = 86400, .authz_lifetime_s = 86400,
		.certificate_lifetime_s = 86400, .program = PROGRAM_PRIVATE,
		.dev_authz_reuse = -1,
	};
	assert_int_equal(store_sqlite_open(STORE_SQLITE_MEMORY,
	    &f->env.store, &f->err), 0);
	assert_int_equal(ca_init(&f->ca, &f->env, &f->config, &f->err), 0);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	ca_done(&f->ca);
	store_free(f->env.store);
	arena_free(&f->arena);
	free(f);
	return 0;
}

static int
ask(struct fixture *f, const struct web_core_request *request)
{
	return ca_request(&f->ca, request, &f->arena, &f->result, &f->err);
}

/* Ed25519 (RFC 8410 4), of which any 32 bytes will do. */
static struct span
spki(struct fixture *f, uint8_t n)
{
	static const uint8_t head[12] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
		0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
	uint8_t *der = arena_alloc(&f->arena, 44);

	memcpy(der, head, sizeof(head));
	memset(der + sizeof(head), n, 32);
	return span_of(der, 44);
}

static struct web_core_request
account_request(struct fixture *f, uint8_t n)
{
	struct web_core_request request = { .type = WEB_CORE_ACCOUNT_NEW };

	request.account_new.key_spki = spki(f, n);
	return request;
}

static struct web_core_actor
actor(struct fixture *f, uint8_t n)
{
	struct web_core_request request = account_request(f, n);
	struct web_core_actor ret;

	assert_int_equal(ask(f, &request), 0);
	ret.account_id = f->result.answer.account.account.id;
	memcpy(ret.thumbprint, f->result.answer.account.account.thumbprint,
	    JWK_THUMBPRINT_SIZE);
	return ret;
}

static struct web_core_request
order_request(const struct web_core_actor *who, size_t count,
    const char *const *names)
{
	struct web_core_request request = { .type = WEB_CORE_ORDER_NEW,
		.actor = *who };

	request.order_new.idents.count = count;
	for (size_t i = 0; i < count; i++)
		request.order_new.idents.items[i] = (struct ident){
			IDENT_DNS, span_str(names[i]) };
	return request;
}

static void
test_account_new(void **state)
{
	struct fixture *f = *state;
	struct web_core_request request = account_request(f, 1);
	int64_t id;

	request.account_new.only_return_existing = true;
	assert_int_equal(ask(f, &request), -ERR_ACCOUNT_DOES_NOT_EXIST);
	request.account_new.only_return_existing = false;
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(f->result.answer.type, WEB_CORE_ACCOUNT);
	assert_true(f->result.answer.account.created);
	id = f->result.answer.account.account.id;
	/* RFC 8555 7.3.1: the same key is the same account. */
	for (int i = 0; i < 2; i++) {
		request.account_new.only_return_existing = i == 1;
		assert_int_equal(ask(f, &request), 0);
		assert_false(f->result.answer.account.created);
		assert_int_equal(f->result.answer.account.account.id, id);
	}
}

static void
test_terms(void **state)
{
	struct fixture *f = *state;
	struct web_core_request request = account_request(f, 1);
	char url[] = "https://ca.example/terms";

	f->config.terms_of_service = url;
	assert_int_equal(ask(f, &request), -ERR_USER_ACTION_REQUIRED);
	assert_non_null(strstr(f->err.text, url));
	request.account_new.terms_agreed = true;
	assert_int_equal(ask(f, &request), 0);
	assert_true(f->result.answer.account.account.terms_agreed);
}

static void
test_account_update(void **state)
{
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1);
	struct web_core_request request = { .type = WEB_CORE_ACCOUNT_UPDATE,
		.actor = who };
	const struct account *account =
	    &f->result.answer.account.account;

	request.account_update.set_contacts = true;
	request.account_update.num_contacts = 1;
	request.account_update.contacts[0] = SPAN_LIT("mailto:a@b.example");
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(account->num_contacts, 1);
	request.account_update.set_contacts = false;
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(account->num_contacts, 1);
	/* RFC 8555 7.3.6: after deactivation nothing is served. */
	request.account_update.deactivate = true;
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(account->status, ACCOUNT_DEACTIVATED);
	assert_int_equal(ask(f, &request), -ERR_ACCOUNT_NOT_VALID);
	request = account_request(f, 1);
	assert_int_equal(ask(f, &request), -ERR_ACCOUNT_NOT_VALID);
}

/* Every type of request but the two that need none checks who asks. */
static void
test_actor(void **state)
{
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1), other = actor(f, 2);

	/* All of them, up to the first that there is not. */
	for (int type = WEB_CORE_ACCOUNT_UPDATE;; type++) {
		struct web_core_request request = {
			.type = (enum web_core_type)type, .actor = who };
		int r;

		memcpy(request.actor.thumbprint, other.thumbprint,
		    JWK_THUMBPRINT_SIZE);
		r = ask(f, &request);
		if (r == -ERR_INTERNAL && type > WEB_CORE_CERTIFICATE_GET)
			break;
		assert_int_equal(r, -ERR_UNAUTHORIZED);
		request.actor.account_id = 12345;
		assert_int_equal(ask(f, &request),
		    -ERR_ACCOUNT_DOES_NOT_EXIST);
	}
}

/* Another account's objects are as absent as none. */
static void
test_ownership(void **state)
{
	static const char *const names[] = { "a.example" };
	static const enum web_core_type types[] = {
		WEB_CORE_ORDER_GET, WEB_CORE_AUTHZ_GET,
		WEB_CORE_AUTHZ_DEACTIVATE, WEB_CORE_CHALLENGE_GET,
		WEB_CORE_CHALLENGE_RESPOND, WEB_CORE_CERTIFICATE_GET,
	};
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1), other = actor(f, 2);
	struct web_core_request request = order_request(&who, 1, names);
	int64_t ids[3] = { 0, 0, 777 };
	char text[2][ERR_TEXT_SIZE];

	assert_int_equal(ask(f, &request), 0);
	ids[0] = f->result.answer.order.id;
	ids[1] = f->result.answer.order.authz_ids[0];
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		for (size_t j = 0; j < 3; j++) {
			request = (struct web_core_request){
				.type = types[i], .actor = other };
			if (types[i] == WEB_CORE_CHALLENGE_GET ||
			    types[i] == WEB_CORE_CHALLENGE_RESPOND) {
				request.challenge.authz_id = ids[j];
				request.challenge.type = CHALLENGE_HTTP_01;
			} else {
				request.object_id = ids[j];
			}
			assert_int_equal(ask(f, &request),
			    -ERR_NO_SUCH_RESOURCE);
			/* Nor do the words tell, but for the number. */
			snprintf(text[j > 0], ERR_TEXT_SIZE, "%.20s",
			    f->err.text);
			if (j > 0)
				assert_string_equal(text[0], text[1]);
		}
	}
}

static void
test_order_refused(void **state)
{
	static const char *const one[] = { "localhost" };
	static const char *const three[] = { "a.example.org", "b.localhost",
		"x.onion" };
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1);
	struct web_core_request request = order_request(&who, 0, one);
	const struct problem *problem = &f->result.answer.problem;

	assert_int_equal(ask(f, &request), -ERR_MALFORMED);
	/* Which names are refused is policy's; here: how it is told. */
	request = order_request(&who, 1, one);
	f->config.program = PROGRAM_WEBPKI;
	assert_int_equal(ask(f, &request), -ERR_REJECTED_IDENTIFIER);
	request = order_request(&who, 3, three);
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(f->result.answer.type, WEB_CORE_PROBLEM);
	assert_int_equal(problem->kind, ERR_COMPOUND);
	assert_int_equal(problem->num_subs, 2);
	assert_true(span_equal_str(problem->subs[0].ident.value,
	    "b.localhost"));
}

static void
test_order_several(void **state)
{
	static const char *const names[] = { "a.example", "b.example" };
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1);
	struct web_core_request request = order_request(&who, 2, names);
	struct attestation attestation = {
		.perspective = SPAN_LIT("local"),
		.method = CHALLENGE_HTTP_01, .caa = CAA_PERMITS, .at = START,
	};
	struct ca_effect effect;
	struct order order;

	assert_int_equal(ask(f, &request), 0);
	order = f->result.answer.order;
	for (size_t i = 0; i < 2; i++) {
		request = (struct web_core_request){
			.type = WEB_CORE_CHALLENGE_RESPOND, .actor = who };
		request.challenge.authz_id = order.authz_ids[i];
		request.challenge.type = CHALLENGE_HTTP_01;
		assert_int_equal(ask(f, &request), 0);
		assert_int_equal(f->result.effect.validate_authz_id,
		    order.authz_ids[i]);
		attestation.ident = f->result.effect.validate.ident;
		assert_int_equal(ca_attested(&f->ca, order.authz_ids[i],
		    &attestation, &f->arena, &effect, &f->err), 0);
		/* The order changes with the last one. */
		assert_int_equal(effect.num_changed, i + 1);
		/* A second answer changes nothing. */
		assert_int_equal(ca_attested(&f->ca, order.authz_ids[i],
		    &attestation, &f->arena, &effect, &f->err), 0);
		assert_int_equal(effect.num_changed, 0);
	}
	request = (struct web_core_request){ .type = WEB_CORE_ORDER_GET,
		.actor = who, .object_id = order.id };
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(f->result.answer.order.status, ORDER_READY);
}

/* An attestation about something else is nonsense of the validator. */
static void
test_attestation_of_another(void **state)
{
	static const char *const names[] = { "a.example" };
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1);
	struct web_core_request request = order_request(&who, 1, names);
	struct attestation attestation = {
		.perspective = SPAN_LIT("local"),
		.ident = { IDENT_DNS, SPAN_LIT("b.example") },
		.method = CHALLENGE_HTTP_01, .caa = CAA_PERMITS, .at = START,
	};
	struct ca_effect effect;
	int64_t id;

	assert_int_equal(ask(f, &request), 0);
	id = f->result.answer.order.authz_ids[0];
	request = (struct web_core_request){
		.type = WEB_CORE_CHALLENGE_RESPOND, .actor = who };
	request.challenge.authz_id = id;
	request.challenge.type = CHALLENGE_HTTP_01;
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(ca_attested(&f->ca, id, &attestation, &f->arena,
	    &effect, &f->err), -ERR_FRAME);
	request.challenge.type = CHALLENGE_TYPE_COUNT;
	assert_int_equal(ask(f, &request), -ERR_NO_SUCH_RESOURCE);
}

/* More perspectives than there are: told at once, not at finalize. */
static void
test_quorum(void **state)
{
	static const char *const names[] = { "a.example.org" };
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1);
	struct web_core_request request = order_request(&who, 1, names);
	struct attestation attestation = {
		.perspective = SPAN_LIT("local"),
		.ident = { IDENT_DNS, SPAN_LIT("a.example.org") },
		.method = CHALLENGE_HTTP_01, .caa = CAA_PERMITS, .at = START,
	};
	struct ca_effect effect;
	int64_t id;

	f->config.program = PROGRAM_WEBPKI;
	assert_int_equal(ask(f, &request), 0);
	id = f->result.answer.order.authz_ids[0];
	request = (struct web_core_request){
		.type = WEB_CORE_CHALLENGE_RESPOND, .actor = who };
	request.challenge.authz_id = id;
	request.challenge.type = CHALLENGE_HTTP_01;
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(ca_attested(&f->ca, id, &attestation, &f->arena,
	    &effect, &f->err), 0);
	request = (struct web_core_request){ .type = WEB_CORE_AUTHZ_GET,
		.actor = who, .object_id = id };
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(f->result.answer.authz.status, AUTHZ_INVALID);
}

/* An order for a.example whose authorization is valid by an attestation with
 * this CAA verdict. */
static struct order
ready_order(struct fixture *f, const struct web_core_actor *who,
    enum caa_verdict caa)
{
	static const char *const names[] = { "a.example" };
	struct web_core_request request = order_request(who, 1, names);
	struct attestation attestation = {
		.perspective = SPAN_LIT(ATTESTATION_PERSPECTIVE_LOCAL),
		.ident = { IDENT_DNS, SPAN_LIT("a.example") },
		.method = CHALLENGE_HTTP_01, .caa = caa, .at = f->now,
	};
	struct ca_effect effect;
	struct order order;

	memcpy(attestation.thumbprint, who->thumbprint, JWK_THUMBPRINT_SIZE);
	assert_int_equal(ask(f, &request), 0);
	order = f->result.answer.order;
	assert_int_equal(order.status, ORDER_PENDING);
	request = (struct web_core_request){
		.type = WEB_CORE_CHALLENGE_RESPOND, .actor = *who };
	request.challenge.authz_id = order.authz_ids[0];
	request.challenge.type = CHALLENGE_HTTP_01;
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(ca_attested(&f->ca, order.authz_ids[0],
	    &attestation, &f->arena, &effect, &f->err), 0);
	return order;
}

static enum order_status
order_again(struct fixture *f, const struct web_core_actor *who)
{
	static const char *const names[] = { "a.example" };
	struct web_core_request request = order_request(who, 1, names);

	assert_int_equal(ask(f, &request), 0);
	return f->result.answer.order.status;
}

/* What the signer would not take under a configuration that came later is not
 * used again: no client could get a certificate until it expires. */
static void
test_reuse_after_reload(void **state)
{
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1);
	char identity[] = "ca.example";

	ready_order(f, &who, CAA_NOT_CHECKED);
	assert_int_equal(order_again(f, &who), ORDER_READY);
	f->config.caa_identity = identity;
	assert_int_equal(order_again(f, &who), ORDER_PENDING);
	f->config.caa_identity = NULL;
	assert_int_equal(order_again(f, &who), ORDER_READY);
	f->now += 4 * 3600 * INT64_C(1000);
	assert_int_equal(order_again(f, &who), ORDER_READY);
	f->config.authz_lifetime_s = 2 * 3600;
	assert_int_equal(order_again(f, &who), ORDER_PENDING);
}

/* Sent to the signer before, what was deactivated since is no evidence any
 * more, if the signer must still decide: RFC 8555 7.5.2, 7.3.6. */
static void
test_deactivated_while_issuing(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		struct web_core_actor who = actor(f, (uint8_t)(i + 1));
		struct order order = ready_order(f, &who, CAA_PERMITS);
		struct web_core_request request = {
			.type = WEB_CORE_ORDER_FINALIZE, .actor = who };
		struct ca_effect effect;

		request.finalize.order_id = order.id;
		request.finalize.verified = true;
		request.finalize.payload_b64 = SPAN_LIT("e30");
		assert_int_equal(ask(f, &request), 0);
		assert_int_equal(f->result.effect.issue.num_attestations, 1);
		request = (struct web_core_request){ .actor = who };
		request.type = i == 0 ? WEB_CORE_AUTHZ_DEACTIVATE :
		    WEB_CORE_ACCOUNT_UPDATE;
		if (i == 0)
			request.object_id = order.authz_ids[0];
		else
			request.account_update.deactivate = true;
		assert_int_equal(ask(f, &request), 0);
		assert_int_equal(ca_issue_question(&f->ca, order.id,
		    &f->arena, &effect, &f->err), 0);
		assert_int_equal(effect.issue_order_id, order.id);
		assert_int_equal(effect.issue.num_attestations, 0);
	}
}

static void
test_authz_deactivate(void **state)
{
	static const char *const names[] = { "a.example" };
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1);
	struct web_core_request request = order_request(&who, 1, names);
	struct order order;

	assert_int_equal(ask(f, &request), 0);
	order = f->result.answer.order;
	request = (struct web_core_request){
		.type = WEB_CORE_AUTHZ_DEACTIVATE, .actor = who,
		.object_id = order.authz_ids[0] };
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(f->result.answer.authz.status, AUTHZ_DEACTIVATED);
	assert_int_equal(ask(f, &request), -ERR_MALFORMED);
	request.type = WEB_CORE_ORDER_GET;
	request.object_id = order.id;
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(f->result.answer.order.status, ORDER_INVALID);
}

/* However many newer orders the account has. */
static void
test_authz_deactivate_old(void **state)
{
	static const char *const names[] = { "a.example" };
	static const char *const others[] = { "b.example" };
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1);
	struct web_core_request request = order_request(&who, 1, names);
	struct order order;

	assert_int_equal(ask(f, &request), 0);
	order = f->result.answer.order;
	request = order_request(&who, 1, others);
	for (int i = 0; i < 120; i++)
		assert_int_equal(ask(f, &request), 0);
	request = (struct web_core_request){
		.type = WEB_CORE_AUTHZ_DEACTIVATE, .actor = who,
		.object_id = order.authz_ids[0] };
	assert_int_equal(ask(f, &request), 0);
	request.type = WEB_CORE_ORDER_GET;
	request.object_id = order.id;
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(f->result.answer.order.status, ORDER_INVALID);
	assert_int_equal(f->result.answer.order.problem.kind,
	    ERR_UNAUTHORIZED);
}

static void
test_orders_paged(void **state)
{
	static const char *const names[] = { "a.example" };
	struct fixture *f = *state;
	struct web_core_actor who = actor(f, 1);
	struct web_core_request request = order_request(&who, 1, names);
	int64_t newest = 0;

	for (int i = 0; i < WEB_CORE_ORDERS_PAGE + 5; i++) {
		assert_int_equal(ask(f, &request), 0);
		assert_true(f->result.answer.order.id > newest);
		newest = f->result.answer.order.id;
	}
	request = (struct web_core_request){ .type = WEB_CORE_ACCOUNT_ORDERS,
		.actor = who };
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(f->result.answer.orders.count, WEB_CORE_ORDERS_PAGE);
	assert_true(f->result.answer.orders.more);
	assert_int_equal(f->result.answer.orders.ids[0], newest);
	request.before_id =
	    f->result.answer.orders.ids[WEB_CORE_ORDERS_PAGE - 1];
	assert_int_equal(ask(f, &request), 0);
	assert_int_equal(f->result.answer.orders.count, 5);
	assert_false(f->result.answer.orders.more);
}

/* Ids grow, also when the clock is set back and after a restart. */
static void
test_ids(void **state)
{
	struct fixture *f = *state;
	int64_t last = actor(f, 1).account_id, id;

	assert_true(last >= ca_id_at(START));
	assert_true(last < ca_id_at(START + 1));
	f->now -= 1000000;
	for (int i = 0; i < 1000; i++) {
		id = ca_new_id(&f->ca);
		assert_true(id > last);
		last = id;
	}
	last = actor(f, 2).account_id;
	assert_int_equal(ca_init(&f->ca, &f->env, &f->config, &f->err), 0);
	assert_true(ca_new_id(&f->ca) > last);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) { #f, f, set_up, tear_down, NULL }
		TEST(test_account_new), TEST(test_terms),
		TEST(test_account_update), TEST(test_actor),
		TEST(test_ownership), TEST(test_order_refused),
		TEST(test_order_several), TEST(test_attestation_of_another),
		TEST(test_quorum), TEST(test_reuse_after_reload),
		TEST(test_deactivated_while_issuing),
		TEST(test_authz_deactivate),
		TEST(test_authz_deactivate_old),
		TEST(test_orders_paged), TEST(test_ids),
	};

	return cmocka_run_group_tests_name("ca", tests, NULL, NULL);
}
