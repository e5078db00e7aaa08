/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public test vectors against our parsers and verifiers. SIGNET_VECTORS names
 * a folder with wycheproof/ (C2SP/wycheproof, testvectors_v1) and json/
 * (nst/JSONTestSuite, test_parsing). Without it the test is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "jose/jwa.h"
#include "jose/jws.h"

#define FILE_MAX (16 * 1024 * 1024)
#define PATH_SIZE 1024
#define EXIT_SKIPPED 77 /* to meson */

static const char *vectors;

static struct bld
read_file(const char *folder, const char *name)
{
	char path[PATH_SIZE];
	uint8_t part[65536];
	struct bld out;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", vectors, folder, name);
	f = fopen(path, "rb");
	if (f == NULL)
		fail_msg("cannot open %s", path);
	bld_init(&out, FILE_MAX);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		bld_bytes(&out, part, n);
	fclose(f);
	assert_int_equal(bld_end(&out), 0);
	return out;
}

static bool
is_one_of(const char *text, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (strcmp(text, *list) == 0)
			return true;
	}
	return false;
}

/* Valid JSON that we refuse all the same: duplicate members and NUL. */
static const char *const refused_json[] = {
	"y_object_duplicated_key.json",
	"y_object_duplicated_key_and_value.json",
	"y_object_escaped_null_in_key.json",
	"y_string_null_escape.json",
	NULL
};

/* Whether the parser takes the text as the value of a member. */
static bool
takes_json(struct span text)
{
	cleanup_json json_t *json = NULL;
	struct bld in;
	int r;

	bld_init(&in, FILE_MAX);
	bld_str(&in, "{\"v\":");
	bld_span(&in, text);
	bld_u8(&in, '}');
	r = json_parse_object(bld_view(&in), "the text", &json, NULL);
	bld_free(&in);
	return r == 0;
}

static void
test_json(void **state)
{
	char path[PATH_SIZE];
	struct dirent *entry;
	unsigned tried = 0;
	DIR *dir;

	(void)state;
	snprintf(path, sizeof(path), "%s/json", vectors);
	dir = opendir(path);
	if (dir == NULL)
		fail_msg("cannot open %s", path);
	while ((entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;
		struct bld text;
		bool taken;

		if (name[0] == '.' || name[1] != '_' ||
		    (name[0] != 'y' && name[0] != 'n'))
			continue;
		text = read_file("json", name);
		taken = takes_json(bld_view(&text));
		bld_free(&text);
		if (taken != (name[0] == 'y' &&
		    !is_one_of(name, refused_json)))
			fail_msg("%s was %s", name,
			    taken ? "taken" : "refused");
		tried++;
	}
	closedir(dir);
	assert_true(tried > 0);
	print_message("json: %u files\n", tried);
}

static json_t *
load(const char *name)
{
	struct bld text = read_file("wycheproof", name);
	json_t *json = json_loadb((const char *)text.data, text.len, 0, NULL);

	bld_free(&text);
	if (json == NULL)
		fail_msg("%s is not JSON", name);
	return json;
}

static const char *
text_of(const json_t *obj, const char *name)
{
	const char *text = json_string_value(json_object_get(obj, name));

	return text != NULL ? text : "";
}

static struct bld
unhex(const json_t *obj, const char *name)
{
	struct bld out;

	bld_init(&out, FILE_MAX);
	assert_int_equal(text_unhex(&out, span_str(text_of(obj, name))), 0);
	return out;
}

/* The group's key, from DER and from JSON, where it has both. */
static struct jwk
group_key(const json_t *group)
{
	struct bld spki = unhex(group, "publicKeyDer");
	const json_t *json = json_object_get(group, "publicKeyJwk");
	struct err err = ERR_INIT;
	struct jwk jwk, other;

	if (jwk_from_spki(bld_view(&spki), &jwk, &err) != 0)
		fail_msg("%s", err.text);
	/* Some JWKs of the vectors are private keys or carry another alg. */
	if (json != NULL && jwk_parse(json, &other, &err) == 0) {
		assert_memory_equal(jwk.thumbprint, other.thumbprint,
		    JWK_THUMBPRINT_SIZE);
		jwk_done(&other);
	}
	bld_free(&spki);
	return jwk;
}

static void
run_signature(const char *file, const json_t *test, const struct jwk *jwk)
{
	struct bld message = unhex(test, "msg"), sig = unhex(test, "sig");
	struct span part = bld_view(&message);
	const char *result = text_of(test, "result");
	int r = jwa_verify(jwk, &part, 1, bld_view(&sig));

	if (strcmp(result, "acceptable") != 0 &&
	    (r == 0) != (strcmp(result, "valid") == 0))
		fail_msg("%s %d (%s) gave %d", file,
		    (int)json_integer_value(json_object_get(test, "tcId")),
		    text_of(test, "comment"), r);
	bld_free(&message);
	bld_free(&sig);
}

static void
test_signatures(void **state)
{
	static const char *const files[] = {
		"ecdsa_secp256r1_sha256_p1363_test.json",
		"ecdsa_secp384r1_sha384_p1363_test.json",
		"ecdsa_secp521r1_sha512_p1363_test.json",
		"ed25519_test.json",
		"rsa_signature_2048_sha256_test.json",
		"rsa_signature_4096_sha256_test.json",
		NULL
	};

	(void)state;
	for (size_t i = 0; files[i] != NULL; i++) {
		json_t *json = load(files[i]), *group, *test;
		unsigned tried = 0;
		size_t g, t;

		json_array_foreach(json_object_get(json, "testGroups"), g,
		    group) {
			struct jwk jwk = group_key(group);

			json_array_foreach(json_object_get(group, "tests"), t,
			    test) {
				run_signature(files[i], test, &jwk);
				tried++;
			}
			jwk_done(&jwk);
		}
		json_decref(json);
		assert_true(tried > 0);
		print_message("%s: %u vectors\n", files[i], tried);
	}
}

/* The compact form (RFC 7515 7.1) as a flattened body, or as good as it gets
 * where the text has not three parts. */
static struct bld
flatten(const char *compact)
{
	static const char *const names[] = {
		"protected", "payload", "signature"
	};
	struct bld out;

	bld_init(&out, FILE_MAX);
	for (size_t i = 0; i < 3; i++) {
		size_t len = i < 2 ? strcspn(compact, ".") : strlen(compact);

		bld_fmt(&out, "%c\"%s\":", i == 0 ? '{' : ',', names[i]);
		json_put_string(&out, span_of(compact, len));
		compact += len;
		if (*compact == '\0')
			break;
		compact++;
	}
	bld_u8(&out, '}');
	return out;
}

static bool
takes_jws(const json_t *key, const char *compact, struct err *err)
{
	struct arena arena = { .used = 0 };
	struct bld body = flatten(compact);
	struct jws jws;
	struct jwk jwk;
	int r = jwk_parse(key, &jwk, err);

	if (r == 0)
		r = jws_parse(bld_view(&body), &arena, &jws, err);
	if (r == 0) {
		r = jws_verify(&jws, &jwk, err);
		jws_done(&jws);
	}
	jwk_done(&jwk);
	bld_free(&body);
	arena_free(&arena);
	return r == 0;
}

/* Whether the key, or the one key of the set, is for one of our algorithms. */
static bool
is_ours(const json_t *key)
{
	const char *alg = text_of(key, "alg");

	return json_object_get(key, "kty") != NULL && (alg[0] == '\0' ||
	    jwk_alg_from_name(span_str(alg)) != 0);
}

/* Keys that are refused by pkix/key.h key_check: weak, but of their form. */
static const char *const weak_keys[] = {
	"rejectsKeyWithRocaVulnerability", "rejects1024bitRsaKey", NULL
};

static unsigned
run_jws_group(const char *file, const json_t *group)
{
	const json_t *key = json_object_get(group, "public");
	json_t *keys = json_object_get(key, "keys"), *test;
	size_t t;

	if (key == NULL)
		key = json_object_get(group, "private");
	if (json_array_size(keys) == 1)
		key = json_array_get(keys, 0);
	json_array_foreach(json_object_get(group, "tests"), t, test) {
		bool valid = strcmp(text_of(test, "result"), "valid") == 0;
		struct err err = ERR_INIT;

		if (is_one_of(text_of(test, "comment"), weak_keys))
			continue;
		if (takes_jws(key, text_of(test, "jws"), &err) !=
		    (valid && is_ours(key) &&
		    json_object_get(key, "k") == NULL))
			fail_msg("%s %d (%s, %s): %s", file,
			    (int)json_integer_value(json_object_get(test,
			    "tcId")), text_of(group, "comment"),
			    text_of(test, "comment"), err.text);
	}
	return (unsigned)t;
}

static void
test_jws(void **state)
{
	static const char *const files[] = {
		"json_web_signature_test.json", "json_web_key_test.json",
		"json_web_crypto_test.json", NULL
	};

	(void)state;
	for (size_t i = 0; files[i] != NULL; i++) {
		json_t *json = load(files[i]), *group;
		unsigned tried = 0;
		size_t g;

		json_array_foreach(json_object_get(json, "testGroups"), g,
		    group)
			tried += run_jws_group(files[i], group);
		json_decref(json);
		assert_true(tried > 0);
		print_message("%s: %u vectors\n", files[i], tried);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_jws),
	};

	vectors = getenv("SIGNET_VECTORS");
	if (vectors == NULL || vectors[0] == '\0') {
		puts("SIGNET_VECTORS is not set");
		return EXIT_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
