/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pkix/key.h"
#include "web/account_keys.h"

static struct jwk
key_of(EVP_PKEY *pkey, uint8_t mark)
{
	struct jwk key = { .pkey = pkey, .alg = JWK_ES256 };

	assert_int_equal(EVP_PKEY_up_ref(pkey), 1);
	key.thumbprint[0] = mark;
	return key;
}

static void
add(struct account_keys *cache, EVP_PKEY *pkey, int64_t id, uint8_t mark)
{
	struct jwk key = key_of(pkey, mark);

	assert_int_equal(account_keys_add(cache, id, &key)->thumbprint[0], mark);
}

static void
test_account_keys(void **state)
{
	/* Ids of one bucket, and of others. */
	static const int64_t ids[] = { 1, 1025, 2049, 2 };
	struct account_keys *cache = account_keys_new(3);
	EVP_PKEY *pkey;
	struct err err;

	(void)state;
	assert_int_equal(key_generate(&pkey, &err), 0);
	assert_null(account_keys_get(cache, 1));
	for (uint8_t i = 0; i < 3; i++)
		add(cache, pkey, ids[i], i);
	for (uint8_t i = 0; i < 3; i++)
		assert_int_equal(account_keys_get(cache, ids[i])->thumbprint[0],
		    i);
	/* 1025 is used longest ago when a fourth comes. */
	assert_non_null(account_keys_get(cache, 1));
	add(cache, pkey, ids[3], 3);
	assert_null(account_keys_get(cache, 1025));
	assert_non_null(account_keys_get(cache, 1));
	assert_non_null(account_keys_get(cache, 2049));
	assert_non_null(account_keys_get(cache, 2));
	/* Another key of the same account. */
	add(cache, pkey, 1, 9);
	assert_int_equal(account_keys_get(cache, 1)->thumbprint[0], 9);
	account_keys_del(cache, 1);
	account_keys_del(cache, 1);
	assert_null(account_keys_get(cache, 1));
	account_keys_free(cache);
	account_keys_free(NULL);
	EVP_PKEY_free(pkey);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_account_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
