/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The conformance suite of the store: every driver must pass all of it. A new
 * driver is a new row of `drivers`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/store_sqlite.h"

struct driver {
	const char *name;
	bool durable;
	int (*open)(const char *folder, struct store **ret, struct err *err);
};

struct fixture {
	const struct driver *driver;
	char folder[64];
	struct store *store;
	struct arena arena;
	struct err err;
};

static int
open_memory(const char *folder, struct store **ret, struct err *err)
{
	(void)folder;
	return store_sqlite_open(STORE_SQLITE_MEMORY, ret, err);
}

static int
open_file(const char *folder, struct store **ret, struct err *err)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/signet.db", folder);
	return store_sqlite_open(path, ret, err);
}

static const struct driver drivers[] = {
	{ "sqlite-memory", false, open_memory },
	{ "sqlite-file", true, open_file },
};
static size_t current_driver;
static struct store *forgetful; /* one is: it has to read its database */

static void
ok(int r)
{
	assert_int_equal(r, 0);
	/* What is rolled back must not be remembered, so nothing is. */
	if (forgetful != NULL && store_begin(forgetful, NULL) == 0)
		store_rollback(forgetful);
}

static int
set_up(void **state)
{
	struct fixture *f = mem_zalloc(sizeof(*f));

	f->driver = &drivers[current_driver];
	strcpy(f->folder, "/tmp/signet-store-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	assert_int_equal(f->driver->open(f->folder, &f->store, &f->err), 0);
	forgetful = f->driver->durable ? f->store : NULL;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const files[] = { "signet.db", "signet.db-wal", "signet.db-shm" };
	struct fixture *f = *state;
	char path[128];

	store_free(f->store);
	arena_free(&f->arena);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->folder, files[i]);
		unlink(path);
	}
	rmdir(f->folder);
	free(f);
	return 0;
}

static struct account
some_account(int64_t id)
{
	struct account account = {
		.id = id,
		.status = ACCOUNT_VALID,
		.key_spki = SPAN_LIT("spki"),
		.terms_agreed = true,
		.num_contacts = 2,
		.contacts = { SPAN_LIT("mailto:a@example.org"),
		    SPAN_LIT("mailto:b@example.org") },
		.created_at = 1000 + id,
	};

	memset(account.thumbprint, (int)id, sizeof(account.thumbprint));
	return account;
}

static struct store_order
some_order(int64_t id, int64_t account_id)
{
	return (struct store_order){
		.order = {
			.id = id,
			.account_id = account_id,
			.status = ORDER_PENDING,
			.expires_at = 5000,
			.not_before = 1, .not_after = 2,
			.profile = SPAN_LIT("default"),
			.idents = { .count = 2, .items = {
			    { IDENT_DNS, SPAN_LIT("a.example") },
			    { IDENT_DNS, SPAN_LIT("b.example") } } },
			.authz_ids = { id + 1, id + 2 },
		},
		.authz_left = 2,
	};
}

static struct store_authz
some_authz(int64_t id, int64_t account_id, const char *name)
{
	struct store_authz row = {
		.order_id = 7,
		.authz = {
			.id = id,
			.account_id = account_id,
			.status = AUTHZ_PENDING,
			.expires_at = 5000,
			.ident = { IDENT_DNS, span_str(name) },
			.offered = 1 << CHALLENGE_HTTP_01,
		},
	};

	memset(row.authz.token, 'T', ACME_TOKEN_SIZE);
	return row;
}

static void
add_account(struct fixture *f, int64_t id)
{
	struct account account = some_account(id);

	ok(store_account_add(f->store, &account, &f->err));
}

static void
test_account(void **state)
{
	struct fixture *f = *state;
	struct account account = some_account(1), got;

	ok(store_account_add(f->store, &account, &f->err));
	ok(store_account_get(f->store, 1, &f->arena, &got, &f->err));
	assert_int_equal(got.id, 1);
	assert_int_equal(got.status, ACCOUNT_VALID);
	assert_true(got.terms_agreed);
	assert_int_equal(got.created_at, 1001);
	assert_true(span_equal(got.key_spki, account.key_spki));
	assert_int_equal(got.num_contacts, 2);
	assert_true(span_equal(got.contacts[1], account.contacts[1]));
	assert_memory_equal(got.thumbprint, account.thumbprint,
	    JWK_THUMBPRINT_SIZE);
	ok(store_account_get_by_key(f->store, account.thumbprint, &f->arena,
	    &got, &f->err));
	assert_int_equal(got.id, 1);
	assert_int_equal(store_account_get(f->store, 2, &f->arena, &got,
	    &f->err), -ERR_NOT_FOUND);
	ok(store_account_find_key(f->store, account.key_spki, &f->err));
	assert_int_equal(store_account_find_key(f->store, span_of(
	    account.key_spki.data, account.key_spki.len - 1), &f->err),
	    -ERR_NOT_FOUND);
	account.thumbprint[0] ^= 1;
	assert_int_equal(store_account_get_by_key(f->store,
	    account.thumbprint, &f->arena, &got, &f->err), -ERR_NOT_FOUND);
}

static void
test_account_conflict(void **state)
{
	struct fixture *f = *state;
	struct account account = some_account(1);

	add_account(f, 1);
	assert_int_equal(store_account_add(f->store, &account, &f->err),
	    -ERR_CONFLICT);
	account.id = 2; /* the key is taken */
	assert_int_equal(store_account_add(f->store, &account, &f->err),
	    -ERR_CONFLICT);
}

static void
test_account_advance(void **state)
{
	struct fixture *f = *state;
	struct account account = some_account(1), got;

	add_account(f, 1);
	account.status = ACCOUNT_DEACTIVATED;
	account.num_contacts = 0;
	ok(store_account_advance(f->store, ACCOUNT_VALID, &account, &f->err));
	assert_int_equal(store_account_advance(f->store, ACCOUNT_VALID,
	    &account, &f->err), -ERR_CONFLICT);
	ok(store_account_get(f->store, 1, &f->arena, &got, &f->err));
	assert_int_equal(got.status, ACCOUNT_DEACTIVATED);
	assert_int_equal(got.num_contacts, 0);
}

static void
test_order(void **state)
{
	struct fixture *f = *state;
	struct store_order row = some_order(10, 1), got;

	add_account(f, 1);
	ok(store_order_add(f->store, &row, &f->err));
	assert_int_equal(store_order_add(f->store, &row, &f->err),
	    -ERR_CONFLICT);
	ok(store_order_get(f->store, 10, &f->arena, &got, &f->err));
	assert_int_equal(got.order.account_id, 1);
	assert_int_equal(got.order.status, ORDER_PENDING);
	assert_int_equal(got.order.expires_at, 5000);
	assert_int_equal(got.order.not_after, 2);
	assert_true(span_equal_str(got.order.profile, "default"));
	assert_true(ident_list_equal(&got.order.idents, &row.order.idents));
	assert_int_equal(got.order.authz_ids[1], 12);
	assert_int_equal(got.order.problem.kind, ERR_NONE);
	assert_int_equal(got.authz_left, 2);
	assert_int_equal(got.finalized.len, 0);
	assert_int_equal(store_order_get(f->store, 11, &f->arena, &got,
	    &f->err), -ERR_NOT_FOUND);
}

static void
test_order_advance(void **state)
{
	struct fixture *f = *state;
	struct store_order row = some_order(10, 1), got;

	add_account(f, 1);
	ok(store_order_add(f->store, &row, &f->err));
	row.order.status = ORDER_INVALID;
	row.order.expires_at = 6000;
	row.order.certificate_id = 99;
	row.order.problem = (struct problem){ .kind = ERR_DNS,
		.detail = SPAN_LIT("no such name") };
	row.authz_left = 1;
	row.finalized = SPAN_LIT("hash");
	assert_int_equal(store_order_advance(f->store, ORDER_READY, &row,
	    &f->err), -ERR_CONFLICT);
	ok(store_order_advance(f->store, ORDER_PENDING, &row, &f->err));
	ok(store_order_get(f->store, 10, &f->arena, &got, &f->err));
	assert_int_equal(got.order.status, ORDER_INVALID);
	assert_int_equal(got.order.expires_at, 6000);
	assert_int_equal(got.order.certificate_id, 99);
	assert_int_equal(got.order.problem.kind, ERR_DNS);
	assert_true(span_equal_str(got.order.problem.detail, "no such name"));
	assert_int_equal(got.authz_left, 1);
	assert_true(span_equal_str(got.finalized, "hash"));
}

static void
test_order_list(void **state)
{
	static const struct {
		int64_t before, now;
		size_t max, count;
		int64_t first;
	} rows[] = {
		{ 0, 100, 10, 5, 50 }, /* without the invalid one */
		{ 0, 100, 3, 3, 50 },
		{ 40, 100, 10, 3, 30 },
		{ 10, 100, 10, 0, 0 },
		{ 0, 9000, 10, 1, 20 }, /* expired, but for the valid one */
	};
	struct fixture *f = *state;
	int64_t ids[10];
	size_t count;

	add_account(f, 1);
	add_account(f, 2);
	for (int64_t id = 10; id <= 60; id += 10) {
		struct store_order row = some_order(id, 1);

		if (id == 20)
			row.order.status = ORDER_VALID;
		if (id == 60)
			row.order.status = ORDER_INVALID;
		ok(store_order_add(f->store, &row, &f->err));
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ok(store_order_list(f->store, 1, rows[i].before, rows[i].now,
		    rows[i].max, ids, &count, &f->err));
		assert_int_equal(count, rows[i].count);
		if (count > 0)
			assert_int_equal(ids[0], rows[i].first);
	}
	ok(store_order_list(f->store, 2, 0, 100, 10, ids, &count, &f->err));
	assert_int_equal(count, 0);
}

static void
test_authz(void **state)
{
	struct fixture *f = *state;
	struct store_authz row = some_authz(10, 1, "a.example"), got;

	add_account(f, 1);
	row.authz.wildcard = true;
	ok(store_authz_add(f->store, &row, &f->err));
	ok(store_authz_get(f->store, 10, &f->arena, &got, &f->err));
	assert_int_equal(got.authz.account_id, 1);
	assert_int_equal(got.order_id, 7);
	assert_int_equal(got.authz.status, AUTHZ_PENDING);
	assert_int_equal(got.authz.offered, 1 << CHALLENGE_HTTP_01);
	assert_true(got.authz.wildcard);
	assert_int_equal(ident_compare(&got.authz.ident, &row.authz.ident), 0);
	assert_memory_equal(got.authz.token, row.authz.token,
	    ACME_TOKEN_SIZE);
	assert_int_equal(got.attestations.len, 0);

	row.authz.attempted = CHALLENGE_HTTP_01;
	row.authz.attempted_status = CHALLENGE_PROCESSING;
	ok(store_authz_advance(f->store, AUTHZ_PENDING, 0, &row, &f->err));
	assert_int_equal(store_authz_advance(f->store, AUTHZ_PENDING, 0, &row,
	    &f->err), -ERR_CONFLICT);
	row.authz.status = AUTHZ_VALID;
	row.authz.attempted_status = CHALLENGE_VALID;
	row.authz.validated_at = 77;
	row.attestations = SPAN_LIT("sworn");
	ok(store_authz_advance(f->store, AUTHZ_PENDING, CHALLENGE_PROCESSING,
	    &row, &f->err));
	ok(store_authz_get(f->store, 10, &f->arena, &got, &f->err));
	assert_int_equal(got.authz.status, AUTHZ_VALID);
	assert_int_equal(got.authz.attempted, CHALLENGE_HTTP_01);
	assert_int_equal(got.authz.attempted_status, CHALLENGE_VALID);
	assert_int_equal(got.authz.validated_at, 77);
	assert_true(span_equal_str(got.attestations, "sworn"));
}

static void
test_authz_find_valid(void **state)
{
	static const struct {
		const char *name;
		int64_t account;
		bool wildcard;
		int64_t expires_min;
		int64_t found;
	} rows[] = {
		{ "a.example", 1, false, 0, 12 }, /* the one that lasts longest */
		{ "a.example", 1, false, 5002, 12 },
		{ "a.example", 1, false, 5003, 0 },
		{ "a.example", 1, true, 0, 0 },
		{ "b.example", 1, false, 0, 0 },
		{ "c.example", 1, false, 0, 0 }, /* pending */
		{ "a.example", 2, false, 0, 0 },
	};
	struct fixture *f = *state;
	struct store_authz got;

	add_account(f, 1);
	add_account(f, 2);
	for (int64_t id = 10; id <= 13; id++) {
		struct store_authz row = some_authz(id, 1,
		    id == 13 ? "c.example" : "a.example");

		if (id != 13)
			row.authz.status = AUTHZ_VALID;
		row.authz.expires_at = 5000 + id - 10;
		ok(store_authz_add(f->store, &row, &f->err));
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ident ident = { IDENT_DNS, span_str(rows[i].name) };
		int r = store_authz_find_valid(f->store, rows[i].account,
		    &ident, rows[i].wildcard, rows[i].expires_min, &f->arena,
		    &got, &f->err);

		assert_int_equal(r, rows[i].found == 0 ? -ERR_NOT_FOUND : 0);
		if (r == 0)
			assert_int_equal(got.authz.id, rows[i].found);
	}
}

static void
test_processing_list(void **state)
{
	struct fixture *f = *state;
	int64_t ids[10];
	size_t count;

	add_account(f, 1);
	for (int64_t id = 10; id < 16; id++) {
		struct store_authz row = some_authz(id, 1, "a.example");

		if (id % 2 == 0)
			row.authz.attempted_status = CHALLENGE_PROCESSING;
		ok(store_authz_add(f->store, &row, &f->err));
	}
	ok(store_authz_list_processing(f->store, 0, 2, ids, &count, &f->err));
	assert_int_equal(count, 2);
	assert_int_equal(ids[1], 12);
	ok(store_authz_list_processing(f->store, 12, 2, ids, &count, &f->err));
	assert_int_equal(count, 1);
	assert_int_equal(ids[0], 14);
}

static void
test_finalize(void **state)
{
	struct fixture *f = *state;
	struct store *s = f->store;
	struct err *err = &f->err;
	struct store_finalize got;
	int64_t ids[10];
	size_t count;

	assert_int_equal(store_finalize_get(s, 10, &f->arena, &got, err),
	    -ERR_NOT_FOUND);
	ok(store_finalize_add(s, 10, STORE_UNVERIFIED, SPAN_LIT("one"), err));
	assert_int_equal(store_finalize_add(s, 10, STORE_UNVERIFIED,
	    SPAN_LIT("two"), err), -ERR_CONFLICT);
	ok(store_finalize_add(s, 10, STORE_VERIFIED, SPAN_LIT("true"), err));
	assert_int_equal(store_finalize_add(s, 10, STORE_VERIFIED,
	    SPAN_LIT("true"), err), -ERR_CONFLICT);
	ok(store_finalize_get(s, 10, &f->arena, &got, err));
	assert_true(span_equal_str(got.unverified, "one"));
	assert_true(span_equal_str(got.verified, "true"));
	ok(store_finalize_del(s, 10, STORE_UNVERIFIED, err));
	ok(store_finalize_get(s, 10, &f->arena, &got, err));
	assert_int_equal(got.unverified.len, 0);
	ok(store_finalize_add(s, 10, STORE_UNVERIFIED, SPAN_LIT("two"), err));
	ok(store_finalize_add(s, 11, STORE_VERIFIED, SPAN_LIT("x"), err));
	ok(store_finalize_list(s, 0, 10, ids, &count, err));
	assert_int_equal(count, 2);
	ok(store_finalize_list(s, 10, 10, ids, &count, err));
	assert_int_equal(count, 1);
	ok(store_finalize_take(s, 10, &f->arena, &got, err));
	assert_true(span_equal_str(got.unverified, "two"));
	assert_true(span_equal_str(got.verified, "true"));
	assert_int_equal(store_finalize_take(s, 10, &f->arena, &got, err),
	    -ERR_NOT_FOUND);
	ok(store_finalize_del(s, 11, STORE_VERIFIED, err));
	ok(store_finalize_list(s, 0, 10, ids, &count, err));
	assert_int_equal(count, 0);
}

static void
test_certificate(void **state)
{
	struct fixture *f = *state;
	struct store_certificate row = {
		.id = 5, .account_id = 1, .order_id = 10,
		.serial = SPAN_LIT("\x01\x02"), .issuer = 0,
		.not_after = 123, .der = SPAN_LIT("der"),
	}, got;

	add_account(f, 1);
	ok(store_certificate_add(f->store, &row, &f->err));
	row.id = 6; /* the serial number is taken */
	assert_int_equal(store_certificate_add(f->store, &row, &f->err),
	    -ERR_CONFLICT);
	ok(store_certificate_get(f->store, 5, &f->arena, &got, &f->err));
	assert_int_equal(got.order_id, 10);
	assert_int_equal(got.not_after, 123);
	assert_true(span_equal(got.der, row.der));
	ok(store_certificate_get_by_serial(f->store, SPAN_LIT("\x01\x02"),
	    &f->arena, &got, &f->err));
	assert_int_equal(got.id, 5);
	assert_int_equal(store_certificate_get_by_serial(f->store,
	    SPAN_LIT("\x01"), &f->arena, &got, &f->err), -ERR_NOT_FOUND);
	assert_int_equal(store_certificate_get(f->store, 6, &f->arena, &got,
	    &f->err), -ERR_NOT_FOUND);
}

static void
test_last_id(void **state)
{
	struct fixture *f = *state;
	struct store_order row = some_order(40, 3);
	int64_t id;

	ok(store_last_id(f->store, &id, &f->err));
	assert_int_equal(id, 0);
	add_account(f, 3);
	ok(store_last_id(f->store, &id, &f->err));
	assert_int_equal(id, 3);
	ok(store_order_add(f->store, &row, &f->err));
	ok(store_last_id(f->store, &id, &f->err));
	assert_int_equal(id, 40);
}

static void
test_expire(void **state)
{
	struct fixture *f = *state;
	struct store_order got;
	size_t deleted;

	add_account(f, 1);
	for (int64_t id = 10; id <= 50; id += 10) {
		struct store_order row = some_order(id, 1);

		row.order.expires_at = 1000 + id;
		ok(store_order_add(f->store, &row, &f->err));
	}
	/* One that the signer may still answer for. */
	ok(store_finalize_add(f->store, 10, STORE_UNVERIFIED, SPAN_LIT("x"),
	    &f->err));
	ok(store_expire(f->store, 1041, 1000, 2, &deleted, &f->err));
	assert_int_equal(deleted, 2);
	ok(store_expire(f->store, 1041, 1000, 2, &deleted, &f->err));
	assert_int_equal(deleted, 1);
	ok(store_expire(f->store, 9999, 50, 2, &deleted, &f->err));
	assert_int_equal(deleted, 0);
	ok(store_order_get(f->store, 10, &f->arena, &got, &f->err));
	ok(store_order_get(f->store, 50, &f->arena, &got, &f->err));
	assert_int_equal(store_order_get(f->store, 20, &f->arena, &got,
	    &f->err), -ERR_NOT_FOUND);
}

static void
test_transaction(void **state)
{
	struct fixture *f = *state;
	struct account got;

	ok(store_begin(f->store, &f->err));
	add_account(f, 1);
	ok(store_account_get(f->store, 1, &f->arena, &got, &f->err));
	store_rollback(f->store);
	assert_int_equal(store_account_get(f->store, 1, &f->arena, &got,
	    &f->err), -ERR_NOT_FOUND);
	ok(store_begin(f->store, &f->err));
	add_account(f, 1);
	ok(store_commit(f->store, &f->err));
	ok(store_account_get(f->store, 1, &f->arena, &got, &f->err));
}

/* What was committed is there after the store is opened again; what was not
 * is not. A finalize that was taken stays taken. */
static void
test_durable(void **state)
{
	struct fixture *f = *state;
	struct store_finalize taken;
	struct account got;

	if (!f->driver->durable)
		return; /* nothing of it outlives its handle */
	add_account(f, 1);
	ok(store_finalize_add(f->store, 10, STORE_UNVERIFIED, SPAN_LIT("x"),
	    &f->err));
	ok(store_finalize_take(f->store, 10, &f->arena, &taken, &f->err));
	ok(store_begin(f->store, &f->err));
	add_account(f, 2);
	store_free(f->store);
	assert_int_equal(f->driver->open(f->folder, &f->store, &f->err), 0);
	forgetful = f->store;
	ok(store_account_get(f->store, 1, &f->arena, &got, &f->err));
	assert_int_equal(store_account_get(f->store, 2, &f->arena, &got,
	    &f->err), -ERR_NOT_FOUND);
	assert_int_equal(store_finalize_take(f->store, 10, &f->arena, &taken,
	    &f->err), -ERR_NOT_FOUND);
}

static const struct CMUnitTest tests[] = {
#define TEST(f) { #f, f, set_up, tear_down, NULL }
	TEST(test_account), TEST(test_account_conflict),
	TEST(test_account_advance), TEST(test_order),
	TEST(test_order_advance), TEST(test_order_list), TEST(test_authz),
	TEST(test_authz_find_valid), TEST(test_processing_list),
	TEST(test_finalize), TEST(test_certificate), TEST(test_last_id),
	TEST(test_expire), TEST(test_transaction), TEST(test_durable),
};

int
main(void)
{
	int failed = 0;

	for (current_driver = 0; current_driver < sizeof(drivers) /
	    sizeof(drivers[0]); current_driver++)
		failed += cmocka_run_group_tests_name(
		    drivers[current_driver].name, tests, NULL, NULL);
	return failed;
}
