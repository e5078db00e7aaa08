/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pkix/key.h"
#include "signer/key_cache.h"

static struct key_cache cache;
static struct arena arena;

/* A key's SubjectPublicKeyInfo. */
static struct span
new_spki(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	struct span ret;

	assert_non_null(key);
	assert_int_equal(key_to_spki(key, &arena, &ret, NULL), 0);
	EVP_PKEY_free(key);
	return ret;
}

static void
expect(struct span spki, const struct jwk *key)
{
	struct jwk own;

	assert_int_equal(jwk_from_spki(spki, &own, NULL), 0);
	assert_memory_equal(own.thumbprint, key->thumbprint,
	    JWK_THUMBPRINT_SIZE);
	jwk_done(&own);
}

static int
teardown(void **state)
{
	(void)state;
	key_cache_done(&cache);
	arena_free(&arena);
	return 0;
}

static void
test_again(void **state)
{
	struct span spki = new_spki(), same = arena_dup(&arena, spki);
	const struct jwk *first, *second;
	EVP_PKEY *parsed;

	(void)state;
	assert_int_equal(key_cache_get(&cache, spki, &first, NULL), 0);
	expect(spki, first);
	parsed = first->pkey;
	/* By its bytes, wherever they lie; and parsed once. */
	assert_int_equal(key_cache_get(&cache, same, &second, NULL), 0);
	assert_ptr_equal(second, first);
	assert_ptr_equal(second->pkey, parsed);
}

/* More than there are places: each is still itself. */
static void
test_collisions(void **state)
{
	struct span kept[8];
	const struct jwk *key;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		kept[i] = new_spki();
	for (size_t i = 0; i < 2 * KEY_CACHE_SIZE; i++) {
		struct span spki = i % 16 == 0 ? kept[i / 16 % 8] : new_spki();

		assert_int_equal(key_cache_get(&cache, spki, &key, NULL), 0);
		expect(spki, key);
	}
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(key_cache_get(&cache, kept[i], &key, NULL),
		    0);
		expect(kept[i], key);
	}
}

/* A key in use is not parsed again because of others that come and go. */
static void
test_kept(void **state)
{
	struct span spki = new_spki();
	uint8_t other[64];
	const struct jwk *key;
	EVP_PKEY *parsed;

	(void)state;
	memcpy(other, spki.data, spki.len);
	assert_int_equal(key_cache_get(&cache, spki, &key, NULL), 0);
	parsed = key->pkey;
	EVP_PKEY_up_ref(parsed); /* its address is nobody else's */
	for (uint32_t i = 0; i < 4 * KEY_CACHE_SIZE; i++) {
		memcpy(other + spki.len - sizeof(i), &i, sizeof(i));
		assert_int_equal(key_cache_get(&cache,
		    span_of(other, spki.len), &key, NULL), 0);
		assert_int_equal(key_cache_get(&cache, spki, &key, NULL), 0);
		assert_ptr_equal(key->pkey, parsed);
	}
	EVP_PKEY_free(parsed);
}

static void
test_refused(void **state)
{
	struct span spki = new_spki(), cut = span_of(spki.data, spki.len - 1);
	const struct jwk *key;
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(key_cache_get(&cache, cut, &key, &err),
		    -ERR_BAD_PUBLIC_KEY);
		assert_int_equal(key_cache_get(&cache, SPAN_NONE, &key, &err),
		    -ERR_BAD_PUBLIC_KEY);
	}
	assert_int_equal(key_cache_get(&cache, spki, &key, &err), 0);
	expect(spki, key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_again, teardown),
		cmocka_unit_test_teardown(test_collisions, teardown),
		cmocka_unit_test_teardown(test_kept, teardown),
		cmocka_unit_test_teardown(test_refused, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
