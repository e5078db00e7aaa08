/* SPDX-License-Identifier: Apache-2.0 */
/* Links that fail, with the test at the processes' ends, in time that is
 * not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "master/connect.h"
#include "master/fake_time.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CORE, SIGNER, WEB, COUNT };

static struct {
	struct master_options options;
	struct master master;
	struct roles_row rows[COUNT];
	int ends[COUNT];        /* the processes' control sockets */
	struct control heard;   /* last */
} t;

static int
setup(void **state)
{
	static const enum role roles[COUNT] = { ROLE_CORE, ROLE_SIGNER,
		ROLE_WEB };
	int fds[2];

	(void)state;
	memset(&t, 0, sizeof(t));
	memset(&fake_time, 0, sizeof(fake_time));
	t.master.state = MASTER_RUNNING;
	t.master.env = (struct env){ .now = fake_time_now,
		.timer_start = fake_time_start,
		.timer_cancel = fake_time_cancel };
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds),
		    0);
		t.rows[i].role = roles[i];
		t.ends[i] = fds[1];
		t.master.children[i] = (struct child){ .master = &t.master,
			.row = &t.rows[i], .control = fds[0] };
		t.master.num_children++;
		connect_child(&t.master.children[i]);
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	connect_done(&t.master);
	assert_null(fake_time.timers[0].cb);
	for (size_t i = 0; i < COUNT; i++) {
		close(t.master.children[i].control);
		close(t.ends[i]);
	}
	return 0;
}

/* Whether a process is given a link; t.heard has its number. */
static bool
hears(int process, enum role role)
{
	uint8_t *buf = mem_alloc(CONTROL_SIZE_MAX);
	int r = control_receive(t.ends[process], buf, &t.heard, NULL);

	free(buf);
	if (r != 1)
		return false;
	assert_int_equal(t.heard.type, CONTROL_LINK);
	assert_int_equal(t.heard.role, role);
	assert_int_equal(t.heard.num_fds, 1);
	return true;
}

/* Both of a pair are given ends of one link; gives its number. */
static unsigned
expect_link(int a, int b)
{
	unsigned number;
	char byte = 0;
	int fd;

	assert_true(hears(a, t.rows[b].role));
	number = t.heard.link;
	fd = t.heard.fds[0];
	assert_true(hears(b, t.rows[a].role));
	assert_int_equal(t.heard.link, number);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(t.heard.fds[0], &byte, 1), 1);
	close(fd);
	control_close_fds(&t.heard);
	return number;
}

static void
expect_silence(void)
{
	for (int i = 0; i < COUNT; i++)
		assert_false(hears(i, ROLE_MASTER));
}

static bool
complain(int process, enum role role, unsigned number)
{
	const struct control lost = { .type = CONTROL_LINK_LOST, .role = role,
		.link = number };

	return connect_lost(&t.master.children[process], &lost);
}

static void
test_made_anew(void **state)
{
	unsigned first = expect_link(CORE, SIGNER), second;

	(void)state;
	assert_true(first != expect_link(CORE, WEB));
	expect_silence();
	assert_true(complain(CORE, ROLE_SIGNER, first));
	assert_true(complain(SIGNER, ROLE_CORE, first));
	fake_time_pass(CONNECT_FIRST_MS - 1);
	expect_silence();
	fake_time_pass(1);
	second = expect_link(CORE, SIGNER);
	assert_int_not_equal(first, second);
	/* Late words about the old one. */
	assert_true(complain(SIGNER, ROLE_CORE, first));
	fake_time_pass(CONNECT_LAST_MS);
	expect_silence();
}

static void
test_not_too_often(void **state)
{
	unsigned number = expect_link(CORE, SIGNER);
	int64_t delay_ms = CONNECT_FIRST_MS;

	(void)state;
	expect_link(CORE, WEB);
	for (int i = 0; i < 10; i++) {
		assert_true(complain(SIGNER, ROLE_CORE, number));
		fake_time_pass(delay_ms - 1);
		expect_silence();
		fake_time_pass(1);
		number = expect_link(CORE, SIGNER);
		delay_ms = delay_ms < CONNECT_LAST_MS / 2 ? 2 * delay_ms :
		    CONNECT_LAST_MS;
	}
	fake_time_pass(CONNECT_FORGET_MS);
	assert_true(complain(CORE, ROLE_SIGNER, number));
	fake_time_pass(CONNECT_FIRST_MS);
	expect_link(CORE, SIGNER);
}

/* Its successor is given links of its own when it starts. */
static void
test_not_of_the_dead(void **state)
{
	unsigned number = expect_link(CORE, SIGNER);

	(void)state;
	expect_link(CORE, WEB);
	assert_true(complain(CORE, ROLE_SIGNER, number));
	connect_gone(&t.master.children[SIGNER]);
	assert_true(complain(CORE, ROLE_SIGNER, number));
	fake_time_pass(CONNECT_LAST_MS);
	expect_silence();
	connect_child(&t.master.children[SIGNER]);
	assert_true(expect_link(CORE, SIGNER) > number);
	expect_silence();
}

static void
test_not_at_the_end(void **state)
{
	unsigned number = expect_link(CORE, SIGNER);

	(void)state;
	expect_link(CORE, WEB);
	assert_true(complain(CORE, ROLE_SIGNER, number));
	t.master.state = MASTER_STOPPING;
	fake_time_pass(CONNECT_LAST_MS);
	expect_silence();
}

static void
test_not_what_never_was(void **state)
{
	unsigned number = expect_link(CORE, SIGNER);

	(void)state;
	expect_link(CORE, WEB);
	assert_false(complain(WEB, ROLE_SIGNER, number));
	assert_false(complain(CORE, ROLE_CORE, number));
	assert_false(complain(CORE, ROLE_VALIDATOR, number));
	/* One of another's. */
	assert_true(complain(WEB, ROLE_CORE, number));
	fake_time_pass(CONNECT_LAST_MS);
	expect_silence();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made_anew, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_not_too_often, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_not_of_the_dead, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_not_at_the_end, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_not_what_never_was, setup,
		    teardown),
	};

	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
