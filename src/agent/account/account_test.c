/* SPDX-License-Identifier: Apache-2.0 */
/* What account signs and what it does not; keys on disk through a rollover
 * that is cut short; keys that other programs made. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/account/account_sign.h"
#include "agent/account/jwk_private.h"
#include "agent/proc/key_file.h"
#include "base/json.h"
#include "base/text.h"
#include "pkix/key.h"

#define ORIGIN SPAN_LIT("https://CA.example:443")
#define URL SPAN_LIT("https://ca.example/acme/x")

static const uint8_t none[ACCOUNT_HASH_SIZE];
static char top[64];
static int fd_dir;
static struct account_signer account;
static struct arena arena;
static struct bld out;

static int
setup(void **state)
{
	const struct span origin = ORIGIN;
	bool created;

	(void)state;
	snprintf(top, sizeof(top), "/tmp/signet-account-XXXXXX");
	assert_non_null(mkdtemp(top));
	fd_dir = open(top, O_RDONLY | O_DIRECTORY);
	account = (struct account_signer){ .id = 1 };
	assert_int_equal(account_store_open(fd_dir, 1, JWK_ES256,
	    &account.pair, &created, NULL), 0);
	assert_int_equal(account_sign_bind(&account, &origin, 1, NULL), 0);
	bld_init(&out, JWS_BODY_MAX);
	return 0;
}

static int
teardown(void **state)
{
	char command[96];

	(void)state;
	account_store_done(&account.pair);
	close(fd_dir);
	bld_free(&out);
	arena_free(&arena);
	snprintf(command, sizeof(command), "rm -r %s", top);
	return system(command);
}

static int
sign(const struct client_sign *request, struct err *err)
{
	bld_reset(&out);
	return account_sign(&account, request, &out, err);
}

/* Parses what was signed and verifies it with key; the caller calls
 * jws_done. */
static void
parse(struct span body, const struct jwk *key, struct jws *ret)
{
	struct err err = ERR_INIT;

	if (jws_parse(body, &arena, ret, &err) < 0 ||
	    jws_verify(ret, key, &err) < 0)
		fail_msg("%s", err.text);
}

static void
test_kid_and_jwk(void **state)
{
	struct client_sign request = { .type = CLIENT_SIGN_KID, .url = URL,
		.nonce = SPAN_LIT("bm9uY2U"), .kid =
		SPAN_LIT("https://ca.example/acct/1"),
		.payload = SPAN_LIT("{\"reason\":1}") };
	struct jws jws;

	(void)state;
	assert_int_equal(sign(&request, NULL), 0);
	parse(bld_view(&out), &account.pair.key, &jws);
	assert_true(span_equal_str(jws.header.kid,
	    "https://ca.example/acct/1"));
	assert_true(span_equal(jws.header.url, URL));
	assert_true(span_equal_str(jws.header.nonce, "bm9uY2U"));
	assert_true(span_equal_str(jws.payload, "{\"reason\":1}"));
	jws_done(&jws);
	request.type = CLIENT_SIGN_JWK;
	request.payload = SPAN_NONE;
	assert_int_equal(sign(&request, NULL), 0);
	parse(bld_view(&out), &account.pair.key, &jws);
	assert_int_equal(jws.header.kid.len, 0);
	jws_done(&jws);
	request.type = CLIENT_SIGN_CERTIFICATE;
	assert_int_not_equal(sign(&request, NULL), 0);
}

static void
test_origin(void **state)
{
	static const struct {
		const char *url;
		bool good;
	} rows[] = {
		{ "https://ca.example/x", true },
		{ "https://ca.example", true },
		{ "HTTPS://Ca.Example:443/x", true },
		{ "https://ca.example?x", true },
		{ "http://ca.example/x", false },
		{ "https://ca.example:8443/x", false },
		{ "https://ca.example.evil.example/x", false },
		{ "https://ca.example@evil.example/x", false },
		{ "https://evil.example/https://ca.example/", false },
		{ "https://evil.example\\@ca.example/", false },
		{ "ca.example/x", false },
		{ "https://", false },
		{ "", false },
	};
	const struct span bad = SPAN_LIT("ftp://ca.example");
	struct client_sign request = { .type = CLIENT_SIGN_JWK,
		.url = SPAN_LIT("https://evil.example/x") };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (account_sign_allows(&account, span_str(rows[i].url)) !=
		    rows[i].good)
			fail_msg("%s", rows[i].url);
	}
	assert_int_equal(sign(&request, &err), -(int)ERR_UNAUTHORIZED);
	assert_int_equal(account_sign_bind(&account, &bad, 1, NULL),
	    -(int)ERR_CONFIG);
}

/* RFC 8555 7.4: whoever is in net's place gets no key of his own certified. */
static void
test_csr(void **state)
{
	static const char *const bad[] = { "{\"csr\":\"b3RoZXI\"}",
		"{\"CSR\":\"b3Vycw\"}", "{\"c\\u017fr\":\"b3RoZXI\"}",
		"{\"csr\":[\"b3Vycw\"]}", "{\"csr\":\"b3Vycw\",\"Csr\":\"x\"}",
		"{\"csr\":\"b3Vycw\",\"csr\":\"b3RoZXI\"}",
		"{\"csr\":\"b3Vycw\\u0000b3RoZXI\"}", "{\"csr\":null}" };
	struct client_sign request = { .type = CLIENT_SIGN_KID, .url = URL,
		.nonce = SPAN_LIT("bm9uY2U"), .kid =
		SPAN_LIT("https://ca.example/acct/1"),
		.payload = SPAN_LIT("{\"csr\":\"b3Vycw\"}") };
	uint8_t hash[ACCOUNT_HASH_SIZE], other[ACCOUNT_HASH_SIZE] = { 1 };
	struct err err = ERR_INIT;

	(void)state;
	SHA256((const uint8_t *)"ours", 4, hash);
	assert_int_equal(sign(&request, &err), -(int)ERR_UNAUTHORIZED);
	assert_non_null(strstr(err.text, "another key"));
	account_sign_send(&account, other, none);
	account_sign_send(&account, hash, none);
	assert_int_equal(sign(&request, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		request.payload = span_str(bad[i]);
		if (sign(&request, NULL) != -(int)ERR_UNAUTHORIZED)
			fail_msg("%s", bad[i]);
	}
	/* The last ones are kept. */
	request.payload = SPAN_LIT("{\"csr\":\"b3Vycw\"}");
	for (int i = 0; i < ACCOUNT_SENDS_MAX - 1; i++)
		account_sign_send(&account, other, none);
	assert_int_equal(sign(&request, NULL), 0);
	account_sign_send(&account, other, none);
	assert_int_equal(sign(&request, NULL), -(int)ERR_UNAUTHORIZED);
}

/* RFC 8555 7.4: nor other names than the site's, nor orders without end. */
static void
test_order(void **state)
{
	static const char *const bad[] = {
		"{\"identifiers\":[]}", "{\"identifiers\":null}",
		"{\"identifiers\":{\"type\":\"dns\",\"value\":\"a.example\"}}",
		"{\"identifiers\":[{\"type\":\"dns\",\"value\":"
		    "\"other.example\"}]}",
		"{\"identifiers\":[{\"type\":\"dns\",\"value\":"
		    "\"a.example\"}]}",
		"{\"identifiers\":[{\"type\":\"dns\",\"value\":"
		    "\"a.example\"},{\"type\":\"dns\",\"value\":"
		    "\"*.b.example\"},{\"type\":\"dns\",\"value\":"
		    "\"c.example\"}]}",
		"{\"identifiers\":[{\"type\":\"dns\",\"value\":"
		    "\"a.example\"},{\"type\":\"dns\",\"value\":"
		    "\"*.b.example\",\"Value\":\"c.example\"}]}",
		"{\"identifiers\":[{\"type\":\"dns\",\"value\":"
		    "\"a.example\"},{\"type\":\"dns\",\"value\":"
		    "\"b.example\"}]}",
		"{\"identifiers\":[\"a.example\",\"*.b.example\"]}",
	};
	struct client_sign request = { .type = CLIENT_SIGN_KID, .url = URL,
		.nonce = SPAN_LIT("bm9uY2U"), .kid =
		SPAN_LIT("https://ca.example/acct/1") };
	const struct span good = SPAN_LIT("{\"identifiers\":[{\"type\":"
	    "\"dns\",\"value\":\"*.b.example\"},{\"type\":\"dns\","
	    "\"value\":\"a.example\"}],\"profile\":\"short\"}");
	const struct ident_list names = { .count = 2, .items = {
		{ IDENT_DNS, SPAN_LIT("a.example") },
		{ IDENT_DNS, SPAN_LIT("*.b.example") } } };
	uint8_t hash[ACCOUNT_HASH_SIZE];
	struct err err = ERR_INIT;

	(void)state;
	request.payload = good;
	assert_int_equal(sign(&request, &err), -(int)ERR_UNAUTHORIZED);
	assert_non_null(strstr(err.text, "other names"));
	judge_account_hash(&names, hash);
	account_sign_send(&account, none, hash);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		request.payload = span_str(bad[i]);
		if (sign(&request, NULL) != -(int)ERR_UNAUTHORIZED)
			fail_msg("%s", bad[i]);
	}
	request.payload = good;
	for (int i = 0; i < ACCOUNT_ORDERS_MAX; i++)
		assert_int_equal(sign(&request, NULL), 0);
	assert_int_equal(sign(&request, NULL), -(int)ERR_UNAUTHORIZED);
	account_sign_send(&account, none, hash);
	assert_int_equal(sign(&request, NULL), 0);
}

/* RFC 8555 7.6: no certificate but one that judge told of. */
static void
test_revocation(void **state)
{
	struct client_sign request = { .type = CLIENT_SIGN_KID, .url = URL,
		.nonce = SPAN_LIT("bm9uY2U"), .kid =
		SPAN_LIT("https://ca.example/acct/1"),
		.payload = SPAN_LIT("{\"certificate\":\"b3Vycw\"}") };
	uint8_t hash[ACCOUNT_HASH_SIZE];
	struct err err = ERR_INIT;

	(void)state;
	SHA256((const uint8_t *)"ours", 4, hash);
	assert_int_equal(sign(&request, &err), -(int)ERR_UNAUTHORIZED);
	assert_non_null(strstr(err.text, "revoke"));
	account_sign_send(&account, hash, none);
	assert_int_equal(sign(&request, NULL), 0);
	request.payload = SPAN_LIT("{\"certificate\":\"b3RoZXI\","
	    "\"reason\":1}");
	assert_int_equal(sign(&request, NULL), -(int)ERR_UNAUTHORIZED);
}

/* The account stays as it is, and ours, unless judge wants it otherwise; an
 * authorization may be ended. */
static void
test_change(void **state)
{
	static const struct {
		const char *url, *payload;
		bool good;
	} rows[] = {
		{ "https://ca.example/acct/1", "{\"contact\":[]}", false },
		{ "https://ca.example/x", "{\"contact\":[]}", false },
		{ "https://ca.example/acct/1", "{\"status\":\"deactivated\"}",
		    false },
		{ "https://ca.example:443/acct/1/", "{\"status\":1}", false },
		{ "https://CA.example/Acct/1", "{\"status\":1}", false },
		{ "https://ca.example/acct/1?x", "{\"status\":1}", false },
		{ "https://ca.example/acct/%31", "{\"status\":1}", false },
		{ "https://ca.example//acct/1", "{\"status\":1}", false },
		{ "https://ca.example/acct/1\t", "{\"status\":1}", false },
		{ "https://ca.example/x/../acct/1", "{\"status\":1}", false },
		{ "https://ca.example/authz/1", "{\"status\":1}", true },
		{ "https://ca.example/acct/12", "{\"status\":1}", true },
		{ "https://ca.example/acct/", "{\"status\":1}", true },
		{ "https://ca.example", "{\"status\":1}", true },
		{ "https://ca.example/acct/1", "{}", true },
	};
	struct client_sign request = { .type = CLIENT_SIGN_KID, .nonce =
		SPAN_LIT("bm9uY2U"), .kid =
		SPAN_LIT("https://ca.example/acct/1") };

	(void)state;
	snprintf(account.kid, sizeof(account.kid),
	    "https://ca.example/acct/1");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		request.url = span_str(rows[i].url);
		request.payload = span_str(rows[i].payload);
		account.may_change = false;
		if (sign(&request, NULL) != (rows[i].good ? 0 :
		    -(int)ERR_UNAUTHORIZED))
			fail_msg("%s %s", rows[i].url, rows[i].payload);
		account.may_change = true;
		assert_int_equal(sign(&request, NULL), 0);
	}
	/* Making an account says how to reach us. */
	account.may_change = false;
	request.type = CLIENT_SIGN_JWK;
	request.payload = SPAN_LIT("{\"contact\":[]}");
	assert_int_equal(sign(&request, NULL), 0);
}

/* RFC 8555 7.3.5, and nobody else's key. */
static void
test_rollover(void **state)
{
	struct client_sign inner = { .type = CLIENT_SIGN_ROLLOVER, .url = URL,
		.kid = SPAN_LIT("https://ca.example/acct/1") };
	struct client_sign outer = { .type = CLIENT_SIGN_KID, .url = URL,
		.nonce = SPAN_LIT("abc"), .kid = inner.kid };
	struct jws jws;

	(void)state;
	assert_int_equal(sign(&inner, NULL), -(int)ERR_UNAUTHORIZED);
	assert_int_equal(account_store_roll(fd_dir, 1, JWK_ES384,
	    &account.pair, NULL), 0);
	assert_int_equal(sign(&inner, NULL), 0);
	parse(bld_view(&out), &account.pair.next, &jws);
	assert_non_null(strstr((const char *)jws.payload.data, "oldKey"));
	assert_int_equal(jws.header.nonce.len, 0);
	jws_done(&jws);
	outer.payload = arena_dup(&arena, bld_view(&out));
	assert_int_equal(sign(&outer, NULL), 0);
	outer.payload = SPAN_LIT("{\"protected\":\"x\",\"payload\":\"y\","
	    "\"signature\":\"z\"}");
	assert_int_equal(sign(&outer, NULL), -(int)ERR_UNAUTHORIZED);
	outer.payload = SPAN_LIT("{\"\\u0070rotected\":\"x\"}");
	assert_int_equal(sign(&outer, NULL), -(int)ERR_UNAUTHORIZED);
	outer.payload = SPAN_LIT("{\"Protected\":\"x\"}");
	assert_int_equal(sign(&outer, NULL), -(int)ERR_UNAUTHORIZED);
	outer.payload = SPAN_LIT("{\"payload\":\"y\",\"signatures\":[]}");
	assert_int_equal(sign(&outer, NULL), -(int)ERR_UNAUTHORIZED);
	outer.payload = SPAN_LIT("no JSON");
	assert_int_equal(sign(&outer, NULL), -(int)ERR_UNAUTHORIZED);
}

/* Whenever the run ends, the next one has both keys, or the right one. */
static void
test_rollover_on_disk(void **state)
{
	uint8_t old[JWK_THUMBPRINT_SIZE], new[JWK_THUMBPRINT_SIZE];
	struct account_pair again;
	bool created;

	(void)state;
	memcpy(old, account.pair.key.thumbprint, sizeof(old));
	assert_int_equal(account_store_roll(fd_dir, 1, JWK_ES256,
	    &account.pair, NULL), 0);
	memcpy(new, account.pair.next.thumbprint, sizeof(new));
	assert_int_equal(account_store_open(fd_dir, 1, 0, &again, &created,
	    NULL), 0);
	assert_memory_equal(again.key.thumbprint, old, sizeof(old));
	assert_memory_equal(again.next.thumbprint, new, sizeof(new));
	/* Asked again, the same new key: the CA may know it already. */
	assert_int_equal(account_store_roll(fd_dir, 1, JWK_ES384, &again,
	    NULL), 0);
	assert_memory_equal(again.next.thumbprint, new, sizeof(new));
	assert_int_equal(account_store_commit(fd_dir, 1, &again, NULL), 0);
	account_store_done(&again);
	assert_int_equal(account_store_open(fd_dir, 1, 0, &again, &created,
	    NULL), 0);
	assert_memory_equal(again.key.thumbprint, new, sizeof(new));
	assert_null(again.next.pkey);
	assert_int_equal(account_store_roll(fd_dir, 1, JWK_ES256, &again,
	    NULL), 0);
	assert_int_equal(account_store_abandon(fd_dir, 1, &again, NULL), 0);
	account_store_done(&again);
	assert_int_equal(account_store_open(fd_dir, 1, 0, &again, &created,
	    NULL), 0);
	assert_null(again.next.pkey);
	account_store_done(&again);
	assert_int_equal(account_store_remove(fd_dir, 1, NULL), 0);
	assert_int_equal(account_store_open(fd_dir, 1, 0, &again, &created,
	    NULL), -(int)ERR_NOT_FOUND);
}

/* RFC 8555 7.3.4. */
static void
test_eab(void **state)
{
	struct client_sign request = { .type = CLIENT_SIGN_EAB, .url = URL,
		.kid = SPAN_LIT("kid-1") };
	cleanup_json json_t *obj = NULL;
	struct span protected_b64, payload_b64, signature;
	struct bld input, tag;
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned len;

	(void)state;
	assert_int_equal(sign(&request, NULL), -(int)ERR_UNAUTHORIZED);
	memcpy(account.hmac, "secret", 6);
	account.hmac_len = 6;
	account.hmac_bits = 256;
	snprintf(account.hmac_kid, sizeof(account.hmac_kid), "kid-1");
	assert_int_equal(sign(&request, NULL), 0);
	assert_int_equal(json_parse_object(bld_view(&out), "it", &obj, NULL),
	    0);
	json_need_string(obj, "protected", &protected_b64, NULL);
	json_need_string(obj, "payload", &payload_b64, NULL);
	json_need_string(obj, "signature", &signature, NULL);
	bld_init(&input, 4096);
	bld_init(&tag, 4096);
	bld_fmt(&input, "%.*s.%.*s", SPAN_FMT(protected_b64),
	    SPAN_FMT(payload_b64));
	HMAC(EVP_sha256(), "secret", 6, input.data, input.len, mac, &len);
	text_base64url(&tag, span_of(mac, len));
	assert_true(span_equal(bld_view(&tag), signature));
	bld_reset(&input);
	assert_int_equal(text_unbase64url(&input, protected_b64), 0);
	assert_true(span_equal_str(bld_view(&input), "{\"alg\":\"HS256\","
	    "\"url\":\"https://ca.example/acme/x\",\"kid\":\"kid-1\"}"));
	bld_free(&input);
	bld_free(&tag);
}

static void
put_number(struct bld *text, EVP_PKEY *key, const char *member,
    const char *param, int size)
{
	uint8_t octets[512];
	BIGNUM *bn = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(key, param, &bn), 1);
	size = size == 0 ? BN_num_bytes(bn) : size;
	assert_int_equal(BN_bn2binpad(bn, octets, size), size);
	bld_fmt(text, ",\"%s\":\"", member);
	text_base64url(text, span_of(octets, (size_t)size));
	bld_str(text, "\"");
	BN_free(bn);
}

static void
put_rsa(struct bld *text, EVP_PKEY *key)
{
	bld_str(text, "{\"kty\":\"RSA\"");
	put_number(text, key, "n", OSSL_PKEY_PARAM_RSA_N, 0);
	put_number(text, key, "e", OSSL_PKEY_PARAM_RSA_E, 0);
	put_number(text, key, "d", OSSL_PKEY_PARAM_RSA_D, 0);
	put_number(text, key, "p", OSSL_PKEY_PARAM_RSA_FACTOR1, 0);
	put_number(text, key, "q", OSSL_PKEY_PARAM_RSA_FACTOR2, 0);
	put_number(text, key, "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1, 0);
	put_number(text, key, "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2, 0);
	put_number(text, key, "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1, 0);
	bld_str(text, "}");
}

static void
put_ec(struct bld *text, EVP_PKEY *key)
{
	bld_str(text, "{\"kty\":\"EC\",\"crv\":\"P-256\"");
	put_number(text, key, "x", OSSL_PKEY_PARAM_EC_PUB_X, 32);
	put_number(text, key, "y", OSSL_PKEY_PARAM_EC_PUB_Y, 32);
	put_number(text, key, "d", OSSL_PKEY_PARAM_PRIV_KEY, 32);
	bld_str(text, "}");
}

static void
check_import(int64_t id, struct span text, EVP_PKEY *key)
{
	struct account_pair pair;
	struct err err = ERR_INIT;
	bool created;

	if (account_store_import(fd_dir, id, text, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(account_store_open(fd_dir, id, 0, &pair, &created,
	    NULL), 0);
	assert_int_equal(EVP_PKEY_eq(pair.key.pkey, key), 1);
	account_store_done(&pair);
	/* Again is fine; another key is not. */
	assert_int_equal(account_store_import(fd_dir, id, text, NULL), 0);
	assert_int_equal(account_store_import(fd_dir, 1, text, NULL),
	    -(int)ERR_CONFLICT);
}

static void
test_import(void **state)
{
	EVP_PKEY *rsa, *ec, *other;
	struct bld text;

	(void)state;
	bld_init(&text, KEY_FILE_PEM_MAX);
	assert_int_equal(key_file_generate(SITE_KEY_RSA2048, &rsa, NULL), 0);
	assert_int_equal(key_file_generate(SITE_KEY_EC256, &ec, NULL), 0);
	assert_int_equal(key_file_generate(SITE_KEY_EC256, &other, NULL), 0);
	put_rsa(&text, rsa);
	check_import(2, bld_view(&text), rsa);
	bld_reset(&text);
	put_ec(&text, ec);
	check_import(3, bld_view(&text), ec);
	bld_reset(&text);
	assert_int_equal(key_to_pem(ec, &text, NULL), 0);
	check_import(4, bld_view(&text), ec);
	/* The halves of two keys. */
	bld_reset(&text);
	bld_str(&text, "{\"kty\":\"EC\",\"crv\":\"P-256\"");
	put_number(&text, ec, "x", OSSL_PKEY_PARAM_EC_PUB_X, 32);
	put_number(&text, ec, "y", OSSL_PKEY_PARAM_EC_PUB_Y, 32);
	put_number(&text, other, "d", OSSL_PKEY_PARAM_PRIV_KEY, 32);
	bld_str(&text, "}");
	assert_int_equal(account_store_import(fd_dir, 5, bld_view(&text),
	    NULL), -(int)ERR_CONFIG);
	assert_int_equal(account_store_import(fd_dir, 5, SPAN_LIT("{}"),
	    NULL), -(int)ERR_CONFIG);
	assert_int_equal(account_store_import(fd_dir, 5, SPAN_LIT(""), NULL),
	    -(int)ERR_CONFIG);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(other);
	bld_free(&text);
}

/* As `openssl ecparam -genkey` writes it, and acme.sh keeps it. */
static void
test_import_sec1(void **state)
{
	char command[256], text[2048];
	size_t len;
	FILE *pipe;

	(void)state;
	snprintf(command, sizeof(command),
	    "openssl ecparam -name prime256v1 -genkey");
	pipe = popen(command, "r");
	assert_non_null(pipe);
	len = fread(text, 1, sizeof(text), pipe);
	assert_int_equal(pclose(pipe), 0);
	assert_non_null(memmem(text, len, "EC PARAMETERS", 13));
	assert_int_equal(account_store_import(fd_dir, 9, span_of(text, len),
	    NULL), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_kid_and_jwk),
		TEST(test_origin),
		TEST(test_csr),
		TEST(test_order),
		TEST(test_revocation),
		TEST(test_change),
		TEST(test_rollover),
		TEST(test_rollover_on_disk),
		TEST(test_eab),
		TEST(test_import),
		TEST(test_import_sec1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
