/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "web/nonce.h"

static const char boot_a[NONCE_BOOT_ID_SIZE] = "boot a";
static const char boot_b[NONCE_BOOT_ID_SIZE] = "boot b";

static void
fake_random(void *ctx, void *out, size_t len)
{
	static uint64_t seed = 1;
	uint8_t *at = out;

	(void)ctx;
	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005U + 1442695040888963407U;
		at[i] = (uint8_t)(seed >> 56);
	}
}

static const struct env env = { .random = fake_random };

static int
new_file(void)
{
	int fd = memfd_create("nonces", MFD_CLOEXEC);
	struct err err;

	assert_true(fd >= 0);
	assert_int_equal(nonce_map_create(fd, &err), 0);
	return fd;
}

static struct nonces *
open_map(int fd, const char *boot_id)
{
	struct nonces *nonces;
	struct err err = ERR_INIT;

	if (nonce_open(fd, boot_id, &env, &nonces, &err) < 0)
		fail_msg("%s", err.text);
	return nonces;
}

static bool
take(struct nonces *nonces, const char *text)
{
	return nonce_take(nonces, span_str(text));
}

static void
test_once(void **state)
{
	struct nonces *nonces = open_map(-1, boot_a);
	char a[NONCE_TEXT_SIZE], b[NONCE_TEXT_SIZE];

	(void)state;
	nonce_make(nonces, a);
	nonce_make(nonces, b);
	assert_string_not_equal(a, b);
	assert_true(take(nonces, b));
	assert_false(take(nonces, b));
	assert_true(take(nonces, a));
	assert_false(take(nonces, a));
	nonce_close(nonces);
}

static void
test_not_ours(void **state)
{
	static const char *const texts[] = {
		"", "x", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAA+",
	};
	struct nonces *nonces = open_map(-1, boot_a);
	char a[NONCE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(take(nonces, texts[i]));
	/* Any change of any character. */
	nonce_make(nonces, a);
	for (size_t i = 0; i < NONCE_TEXT_SIZE - 1; i++) {
		char saved = a[i];

		a[i] = saved == 'Q' ? 'g' : 'Q';
		assert_false(take(nonces, a));
		a[i] = saved;
	}
	assert_true(take(nonces, a));
	nonce_close(nonces);
}

/* Nonces are good in each process, and live on when all have ended. */
static void
test_shared(void **state)
{
	int fd = new_file();
	struct nonces *one = open_map(fd, boot_a), *two = open_map(fd, boot_a);
	char a[NONCE_TEXT_SIZE], b[NONCE_TEXT_SIZE];

	(void)state;
	nonce_make(one, a);
	assert_true(take(two, a));
	assert_false(take(one, a));
	nonce_make(two, b);
	nonce_close(one);
	nonce_close(two);
	one = open_map(fd, boot_a);
	assert_true(take(one, b));
	assert_false(take(one, a));
	nonce_close(one);
	close(fd);
}

static void
test_boot(void **state)
{
	int fd = new_file();
	struct nonces *one = open_map(fd, boot_a);
	char a[NONCE_TEXT_SIZE];

	(void)state;
	nonce_make(one, a);
	nonce_close(one);
	one = open_map(fd, boot_b);
	assert_false(take(one, a));
	nonce_make(one, a);
	assert_true(take(one, a));
	nonce_close(one);
	close(fd);
}

/* A process that still runs follows when another made the map new. */
static void
test_made_new_meanwhile(void **state)
{
	int fd = new_file();
	struct nonces *one = open_map(fd, boot_a), *two;
	char a[NONCE_TEXT_SIZE];

	(void)state;
	nonce_make(one, a);
	two = open_map(fd, boot_b);
	assert_false(take(one, a));
	nonce_make(one, a);
	assert_true(take(two, a));
	nonce_close(one);
	nonce_close(two);
	close(fd);
}

static void
test_damaged(void **state)
{
	static const off_t offsets[] = { 0, 7, 8, 43, 44 };
	char a[NONCE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		int fd = new_file();
		struct nonces *one = open_map(fd, boot_a);

		nonce_close(one);
		assert_int_equal(pwrite(fd, "?", 1, offsets[i]), 1);
		one = open_map(fd, boot_a);
		nonce_make(one, a);
		assert_true(take(one, a));
		assert_false(take(one, a));
		nonce_close(one);
		close(fd);
	}
}

static void
test_cut_short(void **state)
{
	int fd = new_file();
	struct nonces *one;
	char a[NONCE_TEXT_SIZE];

	(void)state;
	assert_int_equal(ftruncate(fd, 100), 0);
	one = open_map(fd, boot_a);
	nonce_make(one, a);
	assert_true(take(one, a));
	nonce_close(one);
	close(fd);
}

/* The ring goes round: old ones end, bits come back clean. */
static void
test_window(void **state)
{
	struct nonces *nonces = open_map(-1, boot_a);
	char old[NONCE_TEXT_SIZE], kept[NONCE_TEXT_SIZE];
	char used[NONCE_TEXT_SIZE], text[NONCE_TEXT_SIZE];

	(void)state;
	nonce_make(nonces, old);
	nonce_make(nonces, used);
	assert_true(take(nonces, used));
	nonce_make(nonces, kept);
	for (uint64_t i = 0; i < NONCE_WINDOW - 1; i++)
		nonce_make(nonces, text);
	assert_false(take(nonces, old));
	assert_true(take(nonces, kept));
	assert_false(take(nonces, used));
	/* Once round: the same bits are new again. */
	for (uint64_t i = 0; i < NONCE_BITS - NONCE_WINDOW - 3; i++)
		nonce_make(nonces, text);
	for (int i = 0; i < 8; i++) {
		nonce_make(nonces, text);
		assert_true(take(nonces, text));
		assert_false(take(nonces, text));
	}
	assert_false(take(nonces, used));
	assert_false(take(nonces, old));
	nonce_close(nonces);
}

#define RACED 2000

/* Counts how many of texts this process won. */
static unsigned
race(int fd, char (*texts)[NONCE_TEXT_SIZE])
{
	struct nonces *nonces = open_map(fd, boot_a);
	unsigned won = 0;

	for (int i = 0; i < RACED; i++)
		won += take(nonces, texts[i]);
	nonce_close(nonces);
	return won;
}

/* Two processes take the same nonces at once: each is taken exactly once. */
static void
test_race(void **state)
{
	static char texts[RACED][NONCE_TEXT_SIZE];
	int fd = new_file(), pipes[2];
	struct nonces *nonces = open_map(fd, boot_a);
	unsigned won[2];
	pid_t child;
	int status;

	(void)state;
	for (int i = 0; i < RACED; i++)
		nonce_make(nonces, texts[i]);
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		won[1] = race(fd, texts);
		_exit(write(pipes[1], &won[1], sizeof(won[1])) ==
		    sizeof(won[1]) ? 0 : 1);
	}
	won[0] = race(fd, texts);
	assert_int_equal(read(pipes[0], &won[1], sizeof(won[1])),
	    sizeof(won[1]));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(won[0] + won[1], RACED);
	nonce_close(nonces);
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_boot),
		cmocka_unit_test(test_made_new_meanwhile),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
