/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/text.h"
#include "conf/layout.h"
#include "master/api_leaf.h"
#include "master/disk.h"
#include "master/newca.h"
#include "pkix/key.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)

static int64_t shift_ms;
static struct loop *loop;
static struct env env;      /* the real one */
static char directory[] = "/tmp/signet-api-leaf-XXXXXX";
static struct config config;

static int64_t
shifted_now(void *ctx)
{
	return env.now(ctx) + shift_ms;
}

static void
read_pem(const char *name, struct arena *arena, struct span certs[2])
{
	struct err err = ERR_INIT;
	char path[PATH_MAX];
	struct bld pem;
	size_t count;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	bld_init(&pem, DISK_FILE_MAX);
	assert_int_equal(file_read(AT_FDCWD, path, 0, &pem, &err), 0);
	assert_int_equal(pki_from_pem(bld_view(&pem), arena, certs, 2, &count,
	    &err), 0);
	bld_free(&pem);
}

static EVP_PKEY *
read_key(const char *name)
{
	struct err err = ERR_INIT;
	char path[PATH_MAX];
	struct bld pem;
	EVP_PKEY *ret = NULL;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	bld_init(&pem, DISK_FILE_MAX);
	assert_int_equal(file_read(AT_FDCWD, path, 0, &pem, &err), 0);
	assert_int_equal(key_from_pem(bld_view(&pem), &ret, &err), 0);
	bld_free(&pem);
	return ret;
}

/* A leaf that was made days ago. */
static void
write_old(int64_t days)
{
	struct newca names = { 0 };
	struct arena arena = { 0 };
	struct env past = env;
	struct err err = ERR_INIT;
	struct pki_issuer api_ca;
	struct span certs[2];
	EVP_PKEY *key = read_key(LAYOUT_API_KEY);

	past.now = shifted_now;
	shift_ms = -days * DAY_MS;
	assert_int_equal(newca_add_names(&names, "ca.example,10.0.0.1,::1",
	    &arena, &err), 0);
	read_pem(LAYOUT_API_CA_CERTIFICATE, &arena, certs);
	api_ca.certificate = certs[0];
	api_ca.key = read_key(LAYOUT_API_CA_KEY);
	assert_int_equal(api_leaf_write(directory, &api_ca, key,
	    &names.names, &past, false, &err), 0);
	EVP_PKEY_free(api_ca.key);
	EVP_PKEY_free(key);
	arena_free(&arena);
}

static int64_t
not_after_days(void)
{
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	struct pki_certificate leaf;
	struct span certs[2];
	EVP_PKEY *key = read_key(LAYOUT_API_KEY);
	int64_t ret;

	read_pem(LAYOUT_API_CERTIFICATE, &arena, certs);
	assert_int_equal(pki_read(certs[0], &leaf, &err), 0);
	/* The key stays, whatever happens to the certificate. */
	assert_int_equal(pki_check_key(certs[0], key, &err), 0);
	ret = (leaf.not_after_s - env_now(&env) / 1000) / 86400;
	EVP_PKEY_free(key);
	arena_free(&arena);
	return ret;
}

/* No certificate is older than its issuer, so the API CA must be. */
static void
age_api_ca(const struct ident_list *names)
{
	const struct disk_owner owner = { .mode = 0644, .uid = (uid_t)-1 };
	struct arena arena = { 0 };
	struct env past = env;
	struct err err = ERR_INIT;
	struct pki_issuer root = { .key = read_key(LAYOUT_ROOT_KEY) };
	EVP_PKEY *key = read_key(LAYOUT_API_CA_KEY);
	char path[PATH_MAX];
	struct span cert;
	struct bld pem;

	past.now = shifted_now;
	shift_ms = -2 * PKI_API_LEAF_DAYS * DAY_MS;
	assert_int_equal(pki_make_root(&past, root.key, "Root", 0, &arena,
	    &root.certificate, &err), 0);
	assert_int_equal(pki_make_api_ca(&past, &root, key, "API", names, 0,
	    &arena, &cert, &err), 0);
	bld_init(&pem, DISK_FILE_MAX);
	text_pem(&pem, "CERTIFICATE", cert);
	snprintf(path, sizeof(path), "%s/%s", directory,
	    LAYOUT_API_CA_CERTIFICATE);
	assert_int_equal(disk_replace(path, bld_view(&pem), &owner, &err), 0);
	bld_free(&pem);
	EVP_PKEY_free(root.key);
	EVP_PKEY_free(key);
	arena_free(&arena);
}

static int
setup(void **state)
{
	struct newca newca = {
		.organization = "Test", .uid_base = 64200,
		.directory = directory,
	};
	struct arena arena = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	loop = loop_new();
	loop_env(loop, &env);
	assert_non_null(mkdtemp(directory));
	assert_int_equal(newca_add_names(&newca, "ca.example,10.0.0.1,::1",
	    &arena, &err), 0);
	assert_int_equal(newca_make(&newca, &err), 0);
	age_api_ca(&newca.names);
	arena_free(&arena);
	config_init(&config);
	config_set_directory(&config, directory);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	config_free(&config);
	loop_free(loop);
	return disk_remove_tree(directory, NULL);
}

static bool renewed;

static int
refresh(struct err *err)
{
	return api_leaf_refresh(&config, &renewed, err);
}

static void
test_refresh(void **state)
{
	struct err err = ERR_INIT;
	int64_t fresh = not_after_days();

	(void)state;
	assert_true(fresh > 80);
	/* More than a third is left: nothing changes. */
	write_old(PKI_API_LEAF_DAYS / 2);
	assert_int_equal(refresh(&err), 0);
	assert_false(renewed);
	assert_int_equal(not_after_days(), PKI_API_LEAF_DAYS / 2 - 1);
	/* Less, or nothing at all. */
	write_old(PKI_API_LEAF_DAYS * 3 / 4);
	assert_int_equal(refresh(&err), 0);
	assert_true(renewed);
	assert_int_equal(not_after_days(), fresh);
	write_old(PKI_API_LEAF_DAYS + 10);
	assert_int_equal(refresh(&err), 0);
	assert_int_equal(not_after_days(), fresh);
	/* Twice: what the first one wrote has the same names. */
	write_old(PKI_API_LEAF_DAYS);
	assert_int_equal(refresh(&err), 0);
	assert_int_equal(refresh(&err), 0);
	assert_int_equal(not_after_days(), fresh);
}

static void
test_not_ours(void **state)
{
	struct err err = ERR_INIT;
	char path[PATH_MAX], away[PATH_MAX + 8];

	(void)state;
	write_old(PKI_API_LEAF_DAYS);
	assert_int_equal(config_set(&config, "tls_certificate", "/none",
	    &err), 0);
	assert_int_equal(refresh(&err), 0);
	config_free(&config);
	config_init(&config);
	config_set_directory(&config, directory);
	snprintf(path, sizeof(path), "%s/"LAYOUT_API_CA_KEY, directory);
	snprintf(away, sizeof(away), "%s.away", path);
	assert_int_equal(rename(path, away), 0);
	assert_int_equal(refresh(&err), 0);
	assert_false(renewed);
	assert_true(not_after_days() < 1);
	/* A key that is none is told. */
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_true(refresh(&err) < 0);
	assert_non_null(strstr(err.text, LAYOUT_API_CA_KEY));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(away, path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_not_ours),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
