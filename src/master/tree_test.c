/* SPDX-License-Identifier: Apache-2.0 */
/* A CA as `signetd init` makes it, and what can become of it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/file.h"
#include "conf/layout.h"
#include "master/disk.h"
#include "master/newca.h"
#include "master/tree.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define UID_BASE 64200

static char parent[] = "/tmp/signet-tree-XXXXXX";
static char directory[64];
static struct config config;
static struct config_errors errors;

static const char *
path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void
make_ca(const char *name)
{
	struct newca newca = { .organization = "Test", .uid_base = UID_BASE };
	struct arena arena = { 0 };
	struct err err = ERR_INIT;

	snprintf(directory, sizeof(directory), "%s/%s", parent, name);
	newca.directory = directory;
	assert_int_equal(mkdir(directory, 0755), 0);
	assert_int_equal(newca_add_names(&newca, "ca.example", &arena, &err),
	    0);
	if (newca_make(&newca, &err) < 0)
		fail_msg("%s", err.text);
	arena_free(&arena);
	config_free(&config);
	config_init(&config);
	config.uid_base = UID_BASE;
	config_set_directory(&config, directory);
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(parent) == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	config_free(&config);
	return disk_remove_tree(parent, NULL);
}

/* One thing is wrong, and the text has both words. */
static void
expect(const char *what, const char *remedy)
{
	errors.count = 0;
	tree_check(&config, &errors);
	if (what == NULL && errors.count > 0)
		fail_msg("%s", errors.items[0].text);
	if (what == NULL)
		return;
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.items[0].key, "directory");
	if (strstr(errors.items[0].text, what) == NULL ||
	    strstr(errors.items[0].text, remedy) == NULL)
		fail_msg("\"%s\" has no \"%s\" and \"%s\"",
		    errors.items[0].text, what, remedy);
}

/* What owner and mode say, a copy has, too. */
static void
put(const char *name, struct span content)
{
	const struct tree_entry *entry = tree_find(name);
	const struct disk_owner owner = { .mode = entry->mode,
		.uid = tree_uid(entry, UID_BASE) };
	struct err err = ERR_INIT;

	if (disk_replace(path_of(name), content, &owner, &err) < 0)
		fail_msg("%s", err.text);
}

static void
take(const char *name, struct bld *out)
{
	bld_init_secret(out, DISK_FILE_MAX);
	assert_int_equal(file_read(AT_FDCWD, path_of(name), 0, out, NULL), 0);
}

/* It is another for as long as it is looked at. */
static void
expect_with(const char *name, struct span content, const char *what,
    const char *remedy)
{
	struct bld was;

	take(name, &was);
	put(name, content);
	expect(what, remedy);
	put(name, bld_view(&was));
	bld_free(&was);
	expect(NULL, NULL);
}

static void
test_table(void **state)
{
	(void)state;
	assert_null(tree_find("none"));
	assert_string_equal(tree_find("")->path, "");
	for (size_t i = 0; i < tree_entries_count; i++) {
		const struct tree_entry *entry = &tree_entries[i];

		assert_ptr_equal(tree_find(entry->path), entry);
		/* Nobody but its owner sees a key. */
		if (strstr(entry->path, ".key") != NULL)
			assert_int_equal(entry->mode, 0400);
		assert_int_equal(tree_uid(entry, UID_BASE), geteuid() != 0 ?
		    (uid_t)-1 : entry->owner == ROLE_MASTER ? 0 :
		    UID_BASE + (uid_t)entry->owner);
	}
}

static void
test_access(void **state)
{
	(void)state;
	make_ca("access");
	expect(NULL, NULL);
	assert_int_equal(chmod(path_of(LAYOUT_ISSUER_KEY), 0440), 0);
	expect("others can use", "chmod 0400");
	assert_int_equal(chmod(path_of(LAYOUT_ISSUER_KEY), 0400), 0);
	assert_int_equal(chmod(path_of(LAYOUT_CA), 0777), 0);
	expect("others can use", "chmod 0755");
	assert_int_equal(chmod(path_of(LAYOUT_CA), 0700), 0);
	expect(NULL, NULL);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(path_of(LAYOUT_STORE), UID_BASE, UID_BASE), 0);
	expect("belongs to user", "chown -R");
}

static void
test_missing(void **state)
{
	char away[PATH_MAX];

	(void)state;
	make_ca("missing");
	/* Optional ones may go. */
	assert_int_equal(unlink(path_of(LAYOUT_ROOT_KEY)), 0);
	expect(NULL, NULL);
	assert_int_equal(unlink(path_of(LAYOUT_ROOT_CERTIFICATE)), 0);
	expect("cannot use", "restore it from a backup");
	assert_int_equal(mkdir(path_of(LAYOUT_ROOT_CERTIFICATE), 0755), 0);
	errors.count = 0;
	tree_check(&config, &errors);
	assert_true(errors.count >= 1);
	assert_non_null(strstr(errors.items[0].text, "is not a file"));
	/* Without the directory, config_check_world has said all. */
	snprintf(away, sizeof(away), "%s.away", directory);
	assert_int_equal(rename(directory, away), 0);
	expect(NULL, NULL);
}

static void
test_content(void **state)
{
	struct bld other_key, other_root, cert;

	(void)state;
	make_ca("other");
	take(LAYOUT_ISSUER_KEY, &other_key);
	take(LAYOUT_ROOT_CERTIFICATE, &other_root);
	make_ca("content");
	expect(NULL, NULL);
	expect_with(LAYOUT_ISSUER_KEY, bld_view(&other_key),
	    "is not the key of", "restore the two");
	expect_with(LAYOUT_ISSUER_KEY, SPAN_LIT("none"), "there is no key",
	    "restore it");
	expect_with(LAYOUT_ROOT_CERTIFICATE, bld_view(&other_root),
	    "does not verify", "make a new CA");
	expect_with(LAYOUT_ROOT_CERTIFICATE, SPAN_LIT("none"),
	    "there is no certificate", "restore it");
	expect_with(LAYOUT_PERSPECTIVE_KEY, SPAN_LIT("abc"), "has 3 bytes",
	    "head -c 32");
	/* The root's own certificate in the place of the intermediate's is
	 * for another key. */
	take(LAYOUT_ROOT_CERTIFICATE, &cert);
	expect_with(LAYOUT_ISSUER_CERTIFICATE, bld_view(&cert),
	    "is not the key of", "restore the two");
	bld_free(&other_key);
	bld_free(&other_root);
	bld_free(&cert);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_content),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
