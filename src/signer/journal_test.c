/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "signer/journal_file.h"
#include "signer/signer_fixture.h"

static struct fixture f;
static struct journal journal;

static struct journal_record
record_of(unsigned n)
{
	struct journal_record record = {
		.type = JOURNAL_ISSUED, .at = f.now, .order_at = f.now,
		.request = {
			.account_spki = SPAN_LIT("spki"),
			.protected_b64 = SPAN_LIT("protected"),
			.payload_b64 = SPAN_LIT("payload"),
			.signature = SPAN_LIT("signature"),
		},
		.certificate = SPAN_LIT("certificate"),
	};

	for (size_t i = 0; i < sizeof(n); i++)
		record.digest[i] = (uint8_t)(n >> 8 * i);
	return record;
}

static int
setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	f.now = FIXTURE_NOW;
	f.writes_left = -1;
	f.env = (struct env){
		.ctx = &f, .now = fixture_now,
		.journal_append = fixture_append,
		.journal_sync = fixture_sync, .journal_read = fixture_read,
		.journal_cut = fixture_cut,
	};
	bld_init(&f.journal, 64 * 1024 * 1024);
	return journal_open(&journal, &f.env, NULL);
}

static int
teardown(void **state)
{
	(void)state;
	journal_close(&journal);
	bld_free(&f.journal);
	arena_free(&f.arena);
	return 0;
}

static void
append(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct journal_record record = record_of(i);

		assert_int_equal(journal_append(&journal, &record, NULL), 0);
	}
	assert_int_equal(journal_sync(&journal, NULL), 0);
}

static void
expect_found(unsigned n, bool there)
{
	struct journal_record wanted = record_of(n), found;
	int r = journal_find(&journal, wanted.digest, &f.arena, &found, NULL);

	assert_int_equal(r, there ? 0 : -ERR_NOT_FOUND);
	if (there)
		assert_true(span_equal(found.certificate,
		    wanted.certificate));
}

static void
reopen(int result)
{
	struct err err = ERR_INIT;

	journal_close(&journal);
	assert_int_equal(journal_open(&journal, &f.env, &err), result);
}

static void
test_find(void **state)
{
	(void)state;
	append(0, 1000);
	for (unsigned i = 0; i < 1000; i++)
		expect_found(i, true);
	expect_found(1000, false);
	reopen(0);
	for (unsigned i = 0; i < 1000; i++)
		expect_found(i, true);
	append(1000, 1001);
	expect_found(1000, true);
}

static void
test_old(void **state)
{
	(void)state;
	append(0, 60);
	f.now += 93 * FIXTURE_DAY_MS;
	append(60, 200);
	expect_found(1, false);
	expect_found(61, true);
	reopen(0);
	expect_found(1, false);
	expect_found(61, true);
}

/* Wherever a crash cuts the last record, the ones before it stay. */
static void
test_torn(void **state)
{
	size_t before, whole;

	(void)state;
	append(0, 3);
	before = f.journal.len;
	append(3, 4);
	whole = f.journal.len;
	for (size_t len = before; len < whole; len++) {
		f.journal.len = len;
		reopen(0);
		assert_int_equal(journal.cut, len - before);
		assert_int_equal(f.journal.len, before);
		expect_found(2, true);
		expect_found(3, false);
		append(3, 4);
		assert_int_equal(f.journal.len, whole);
	}
	/* Zeros: the file had grown, its data had not arrived. */
	f.journal.len = before;
	for (int i = 0; i < 5000; i++)
		bld_u8(&f.journal, 0);
	reopen(0);
	assert_int_equal(journal.cut, 5000);
	expect_found(2, true);
}

static void
test_torn_beginning(void **state)
{
	(void)state;
	for (size_t len = 0; len < strlen(JOURNAL_MAGIC); len++) {
		f.journal.len = len;
		reopen(0);
		append(0, 1);
		expect_found(0, true);
	}
}

/* Any changed byte is damage: nothing is cut, nothing is opened. */
static void
test_damage(void **state)
{
	size_t whole;

	(void)state;
	append(0, 3);
	whole = f.journal.len;
	for (size_t i = 0; i < whole; i++) {
		f.journal.data[i] ^= 0x21;
		reopen(-ERR_IO);
		assert_int_equal(f.journal.len, whole);
		f.journal.data[i] ^= 0x21;
	}
	reopen(0);
}

/* A record that changes while the signer runs, in its type and elsewhere. */
static void
test_damage_later(void **state)
{
	static const size_t at[] = { 8, 8 + 1 + 8 + 8 };
	struct journal_record wanted = record_of(0), found;
	struct err err = ERR_INIT;

	(void)state;
	append(0, 1);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		uint8_t *byte = f.journal.data + strlen(JOURNAL_MAGIC) + at[i];

		*byte ^= 0x21;
		assert_int_equal(journal_find(&journal, wanted.digest,
		    &f.arena, &found, &err), -ERR_IO);
		assert_non_null(strstr(err.text, "a record changed"));
		*byte ^= 0x21;
	}
	expect_found(0, true);
}

/* A record that is taken out, or two that change places. */
static void
test_reordered(void **state)
{
	size_t start = f.journal.len, size;
	uint8_t *a, *b;

	(void)state;
	append(0, 3);
	size = (f.journal.len - start) / 3;
	a = f.journal.data + start;
	b = a + size;
	for (size_t i = 0; i < size; i++) {
		uint8_t t = a[i];

		a[i] = b[i];
		b[i] = t;
	}
	reopen(-ERR_IO);
	memmove(a, a + size, 2 * size);
	f.journal.len -= size;
	reopen(-ERR_IO);
	f.journal.len = 0;
	reopen(0);
}

static int
count_each(void *ctx, uint64_t offset, const struct journal_record *record,
    struct err *err)
{
	unsigned *count = ctx;

	(void)offset;
	(void)err;
	assert_true(span_equal_str(record->certificate, "certificate"));
	(*count)++;
	return 0;
}

static void
test_verify(void **state)
{
	struct journal_totals totals;
	unsigned count = 0;

	(void)state;
	append(0, 10);
	assert_int_equal(journal_verify(&f.env, count_each, &count, &totals,
	    NULL), 0);
	assert_int_equal(count, 10);
	assert_int_equal(totals.records, 10);
	assert_int_equal(totals.size, f.journal.len);
	assert_memory_equal(totals.chain, journal.chain, 32);
	bld_u8(&f.journal, 1);
	assert_int_equal(journal_verify(&f.env, NULL, NULL, &totals, NULL),
	    0);
	assert_int_equal(totals.torn, 1);
	f.journal.len--;
}

static void
test_file(void **state)
{
	char path[] = "/tmp/signet-journal-XXXXXX";
	int fd = mkstemp(path);
	struct journal_file file;
	uint8_t out[16];
	size_t len;

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(journal_file_init(&file, fd, NULL), 0);
	assert_int_equal(journal_file_append(&file, SPAN_LIT("hello "), NULL),
	    0);
	assert_int_equal(journal_file_append(&file, SPAN_LIT("world"), NULL),
	    0);
	/* What is not synced can be read, too. */
	assert_int_equal(journal_file_read(&file, 6, out, sizeof(out), &len,
	    NULL), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(out, "world", 5);
	assert_int_equal(journal_file_sync(&file, NULL), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 11);
	assert_int_equal(journal_file_cut(&file, 6, NULL), 0);
	assert_int_equal(journal_file_append(&file, SPAN_LIT("there"), NULL),
	    0);
	assert_int_equal(journal_file_sync(&file, NULL), 0);
	journal_file_done(&file);
	assert_int_equal(journal_file_init(&file, fd, NULL), 0);
	assert_int_equal(journal_file_read(&file, 0, out, sizeof(out), &len,
	    NULL), 0);
	assert_int_equal(len, 11);
	assert_memory_equal(out, "hello there", 11);
	journal_file_done(&file);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_find),
		TEST(test_old),
		TEST(test_torn),
		TEST(test_torn_beginning),
		TEST(test_damage),
		TEST(test_damage_later),
		TEST(test_reordered),
		TEST(test_verify),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
