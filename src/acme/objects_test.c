/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "acme/objects_json.h"
#include "base/json.h"

#define OUT_MAX (1 << 20)
#define BASE SPAN_LIT("https://ca.example:14000")
#define TOKEN "DGyRejmCefe7v4NfDGDKfAAAAAAAAAAAAAAAAAAAAAA"
#define AT INT64_C(1795251600000) /* 2026-11-21T09:00:00Z */

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(account_status_name(ACCOUNT_REVOKED), "revoked");
	assert_string_equal(order_status_name(ORDER_PROCESSING),
	    "processing");
	assert_string_equal(authz_status_name(AUTHZ_EXPIRED), "expired");
	assert_string_equal(challenge_status_name(CHALLENGE_INVALID),
	    "invalid");
	assert_string_equal(order_status_name(0), "unknown");
	assert_string_equal(authz_status_name(77), "unknown");
	for (int type = 1; type < CHALLENGE_TYPE_COUNT; type++)
		assert_int_equal(challenge_type_from_name(span_str(
		    challenge_type_name((enum challenge_type)type))), type);
	assert_int_equal(challenge_type_from_name(SPAN_LIT("http-02")), 0);
	assert_int_equal(challenge_type_from_name(SPAN_NONE), 0);
	assert_string_equal(challenge_type_name(CHALLENGE_TYPE_COUNT),
	    "unknown");
}

static struct account
an_account(void)
{
	return (struct account){
		.id = 17, .status = ACCOUNT_VALID, .thumbprint = { 1, 2 },
		.key_spki = SPAN_LIT("spki"), .terms_agreed = true,
		.num_contacts = 2, .contacts = {
		    SPAN_LIT("mailto:a@example.org"), SPAN_LIT("tel:1") },
		.created_at = AT,
	};
}

static struct order
an_order(void)
{
	return (struct order){
		.id = INT64_MAX, .account_id = 17, .status = ORDER_PENDING,
		.expires_at = AT,
		.idents = { 2, {
		    { IDENT_DNS, SPAN_LIT("*.a.example") },
		    { IDENT_IP, SPAN_LIT("192.0.2.1") } } },
		.authz_ids = { 3, 4 },
	};
}

static struct authz
an_authz(void)
{
	struct authz authz = {
		.id = 3, .account_id = 17, .status = AUTHZ_PENDING,
		.expires_at = AT,
		.ident = { IDENT_DNS, SPAN_LIT("a.example") },
		.offered = 1U << CHALLENGE_HTTP_01,
	};

	memcpy(authz.token, TOKEN, ACME_TOKEN_SIZE);
	return authz;
}

static const struct problem a_problem = {
	.kind = ERR_CONNECTION,
	.detail = { (const uint8_t *)"no route", 8 },
};

/* One object, whichever. */
struct any {
	enum { ACCOUNT, ORDER, AUTHZ } kind;
	union {
		struct account account;
		struct order order;
		struct authz authz;
	};
};

static void
any_encode(struct bld *out, const struct any *any)
{
	switch (any->kind) {
	case ACCOUNT:
		account_encode(out, &any->account);
		break;
	case ORDER:
		order_encode(out, &any->order);
		break;
	case AUTHZ:
		authz_encode(out, &any->authz);
		break;
	}
}

static void
any_decode(struct cur *cur, struct arena *arena, struct any *ret)
{
	switch (ret->kind) {
	case ACCOUNT:
		account_decode(cur, &ret->account);
		break;
	case ORDER:
		order_decode(cur, arena, &ret->order);
		break;
	case AUTHZ:
		authz_decode(cur, arena, &ret->authz);
		break;
	}
}

/* Encoded, decoded, encoded: the same bytes; cut anywhere: refused. */
static void
round_trip(const struct any *any)
{
	struct arena arena = { .used = 0 };
	struct any got = { .kind = any->kind };
	struct bld out, again;
	struct cur cur;

	bld_init(&out, OUT_MAX);
	bld_init(&again, OUT_MAX);
	any_encode(&out, any);
	assert_int_equal(bld_end(&out), 0);
	cur = CUR_OF(bld_view(&out));
	any_decode(&cur, &arena, &got);
	assert_int_equal(cur_end(&cur), 0);
	any_encode(&again, &got);
	assert_true(span_equal(bld_view(&out), bld_view(&again)));
	for (size_t cut = 0; cut < out.len; cut++) {
		cur = CUR_OF(span_of(out.data, cut));
		any_decode(&cur, &arena, &got);
		assert_int_equal(cur_end(&cur), -ERR_FRAME);
	}
	bld_free(&out);
	bld_free(&again);
	arena_free(&arena);
}

static void
test_round_trip(void **state)
{
	struct any any;

	(void)state;
	any.kind = ACCOUNT;
	any.account = an_account();
	round_trip(&any);
	any.kind = ORDER;
	any.order = an_order();
	round_trip(&any);
	any.order.profile = SPAN_LIT("short");
	any.order.status = ORDER_INVALID;
	any.order.problem = a_problem;
	round_trip(&any);
	any.kind = AUTHZ;
	any.authz = an_authz();
	round_trip(&any);
	any.authz.attempted = CHALLENGE_HTTP_01;
	any.authz.attempted_status = CHALLENGE_INVALID;
	any.authz.problem = a_problem;
	round_trip(&any);
}

/* A full order: IDENT_LIST_MAX names. */
static void
test_full_order(void **state)
{
	static char names[IDENT_LIST_MAX][16];
	static struct any any;

	(void)state;
	any.kind = ORDER;
	any.order = an_order();
	any.order.idents.count = IDENT_LIST_MAX;
	for (size_t i = 0; i < IDENT_LIST_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "n%03zu.example", i);
		any.order.idents.items[i] = (struct ident){ IDENT_DNS,
		    span_str(names[i]) };
		any.order.authz_ids[i] = (int64_t)i + 1;
	}
	round_trip(&any);
}

static void
expect_refused(const struct any *any)
{
	struct arena arena = { .used = 0 };
	struct any got = { .kind = any->kind };
	struct bld out;
	struct cur cur;

	bld_init(&out, OUT_MAX);
	any_encode(&out, any);
	cur = CUR_OF(bld_view(&out));
	any_decode(&cur, &arena, &got);
	assert_int_equal(cur_end(&cur), -ERR_FRAME);
	bld_free(&out);
	arena_free(&arena);
}

static void
test_refused(void **state)
{
	static const uint8_t big[ACME_CONTACT_MAX + 1];
	struct any any = { .kind = ACCOUNT, .account = an_account() };

	(void)state;
	any.account.status = 0;
	expect_refused(&any);
	any.account = an_account();
	any.account.contacts[1] = span_of(big, sizeof(big));
	expect_refused(&any);
	any = (struct any){ .kind = ORDER, .order = an_order() };
	any.order.status = ORDER_INVALID + 1;
	expect_refused(&any);
	any.order = an_order();
	any.order.profile = span_of(big, ACME_PROFILE_MAX + 1);
	expect_refused(&any);
	any.order = an_order();
	any.order.idents.items[0].type = 0;
	expect_refused(&any);
	any.order = an_order();
	any.order.idents.items[0].value = SPAN_NONE;
	expect_refused(&any);
	/* twice, and out of order */
	any.order = an_order();
	any.order.idents.items[1] = any.order.idents.items[0];
	expect_refused(&any);
	any.order.idents.items[0].value = SPAN_LIT("b.example");
	expect_refused(&any);
	any = (struct any){ .kind = AUTHZ, .authz = an_authz() };
	any.authz.offered = 1;
	expect_refused(&any);
	any.authz.offered = 1U << CHALLENGE_TYPE_COUNT;
	expect_refused(&any);
	any.authz = an_authz();
	any.authz.attempted = CHALLENGE_TYPE_COUNT;
	expect_refused(&any);
}

static void
expect_json(struct bld *out, const char *want)
{
	cleanup_json json_t *json = NULL;

	assert_int_equal(bld_end(out), 0);
	if (!span_equal_str(bld_view(out), want))
		fail_msg("%.*s", SPAN_FMT(bld_view(out)));
	assert_int_equal(json_parse_object(bld_view(out), "it", &json, NULL),
	    0);
	bld_free(out);
}

static void
test_account_json(void **state)
{
	struct account account = an_account();
	struct bld out;

	(void)state;
	bld_init(&out, OUT_MAX);
	account_put_json(&out, BASE, &account);
	expect_json(&out, "{\"status\":\"valid\",\"contact\":["
	    "\"mailto:a@example.org\",\"tel:1\"],"
	    "\"termsOfServiceAgreed\":true,"
	    "\"orders\":\"https://ca.example:14000/acme/account/17/orders\"}");
	account.num_contacts = 0;
	account.terms_agreed = false;
	account.status = ACCOUNT_DEACTIVATED;
	account_put_json(&out, BASE, &account);
	expect_json(&out, "{\"status\":\"deactivated\","
	    "\"orders\":\"https://ca.example:14000/acme/account/17/orders\"}");
}

#define ORDER_REST \
	"\"identifiers\":[{\"type\":\"dns\",\"value\":\"*.a.example\"}," \
	"{\"type\":\"ip\",\"value\":\"192.0.2.1\"}]," \
	"\"authorizations\":[\"https://ca.example:14000/acme/authz/3\"," \
	"\"https://ca.example:14000/acme/authz/4\"]," \
	"\"finalize\":\"https://ca.example:14000/acme/order/" \
	"9223372036854775807/finalize\""

static void
test_order_json(void **state)
{
	struct order order = an_order();
	struct bld out;

	(void)state;
	bld_init(&out, OUT_MAX);
	order_put_json(&out, BASE, &order);
	expect_json(&out, "{\"status\":\"pending\","
	    "\"expires\":\"2026-11-21T09:00:00Z\"," ORDER_REST "}");
	order.status = ORDER_VALID;
	order.certificate_id = 9;
	order.not_before = AT;
	order.not_after = AT + 1000;
	order.profile = SPAN_LIT("short");
	order_put_json(&out, BASE, &order);
	expect_json(&out, "{\"status\":\"valid\","
	    "\"expires\":\"2026-11-21T09:00:00Z\","
	    "\"notBefore\":\"2026-11-21T09:00:00Z\","
	    "\"notAfter\":\"2026-11-21T09:00:01Z\","
	    "\"profile\":\"short\"," ORDER_REST
	    ",\"certificate\":\"https://ca.example:14000/acme/certificate/9\""
	    "}");
}

/* acme.sh searches the whole order for "status":"invalid". */
static void
test_invalid_order_json(void **state)
{
	struct order order = an_order();
	const char *status = "\"status\":\"", *at;
	struct bld out;

	(void)state;
	order.status = ORDER_INVALID;
	order.problem = a_problem;
	bld_init(&out, OUT_MAX);
	order_put_json(&out, BASE, &order);
	bld_u8(&out, 0);
	at = strstr((const char *)out.data, status);
	assert_non_null(at);
	assert_null(strstr(at + 1, status));
	out.len--;
	expect_json(&out, "{\"status\":\"invalid\","
	    "\"expires\":\"2026-11-21T09:00:00Z\"," ORDER_REST
	    ",\"error\":{\"type\":\"urn:ietf:params:acme:error:connection\","
	    "\"detail\":\"no route\",\"status\":400}}");
}

#define CHALLENGE(status, more) "{\"type\":\"http-01\"," \
	"\"url\":\"https://ca.example:14000/acme/challenge/3/http-01\"," \
	"\"status\":\"" status "\",\"token\":\"" TOKEN "\"" more "}"
#define AUTHZ_JSON(status, challenges, more) \
	"{\"identifier\":{\"type\":\"dns\",\"value\":\"a.example\"}," \
	"\"status\":\"" status "\",\"expires\":\"2026-11-21T09:00:00Z\"," \
	"\"challenges\":[" challenges "]" more "}"

static void
test_authz_json(void **state)
{
	struct authz authz = an_authz();
	struct bld out;

	(void)state;
	bld_init(&out, OUT_MAX);
	authz.wildcard = true;
	authz_put_json(&out, BASE, &authz);
	expect_json(&out, AUTHZ_JSON("pending", CHALLENGE("pending", ""),
	    ",\"wildcard\":true"));
	authz.wildcard = false;
	authz.attempted = CHALLENGE_HTTP_01;
	authz.attempted_status = CHALLENGE_PROCESSING;
	authz_put_json(&out, BASE, &authz);
	expect_json(&out, AUTHZ_JSON("pending", CHALLENGE("pending", ""), ""));
	authz.status = AUTHZ_VALID;
	authz.attempted_status = CHALLENGE_VALID;
	authz.validated_at = AT;
	authz_put_json(&out, BASE, &authz);
	expect_json(&out, AUTHZ_JSON("valid", CHALLENGE("valid",
	    ",\"validated\":\"2026-11-21T09:00:00Z\""), ""));
	authz.status = AUTHZ_INVALID;
	authz.attempted_status = CHALLENGE_INVALID;
	authz.problem = a_problem;
	authz.validated_at = 0;
	authz_put_json(&out, BASE, &authz);
	expect_json(&out, AUTHZ_JSON("invalid", CHALLENGE("invalid",
	    ",\"error\":{\"type\":\"urn:ietf:params:acme:error:connection\","
	    "\"detail\":\"no route\",\"status\":400}"), ""));
	challenge_put_json(&out, BASE, &authz, CHALLENGE_HTTP_01);
	expect_json(&out, CHALLENGE("invalid",
	    ",\"error\":{\"type\":\"urn:ietf:params:acme:error:connection\","
	    "\"detail\":\"no route\",\"status\":400}"));
}

/* An authorization that is given up before any attempt keeps what it
 * offered. */
static void
test_deactivated_authz_json(void **state)
{
	struct authz authz = an_authz();
	struct bld out;

	(void)state;
	authz.status = AUTHZ_DEACTIVATED;
	bld_init(&out, OUT_MAX);
	authz_put_json(&out, BASE, &authz);
	expect_json(&out, AUTHZ_JSON("deactivated", CHALLENGE("pending", ""),
	    ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_full_order),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_account_json),
		cmocka_unit_test(test_order_json),
		cmocka_unit_test(test_invalid_order_json),
		cmocka_unit_test(test_authz_json),
		cmocka_unit_test(test_deactivated_authz_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
