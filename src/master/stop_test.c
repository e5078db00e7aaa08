/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a stop, with three processes that only wait to be killed, in
 * time that is not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "master/fake_time.h"
#include "master/stop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIGNER, CORE, WEB, COUNT };

static struct {
	struct master master;
	struct roles_row rows[COUNT];
	int ends[COUNT];        /* the processes' control sockets */
} t;

static void
add_child(size_t i, enum role role, enum roles_stop stop)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(60);
		for (;;)
			pause();
	}
	t.rows[i] = (struct roles_row){ .role = role, .stop = stop };
	t.ends[i] = fds[1];
	t.master.children[i] = (struct child){ .master = &t.master,
		.row = &t.rows[i], .state = CHILD_READY, .pid = pid,
		.control = fds[0] };
	t.master.num_children++;
}

static int
setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	memset(&fake_time, 0, sizeof(fake_time));
	fake_time.now_ms = 1000000;
	t.master.state = MASTER_RUNNING;
	t.master.notify.fd = -1;
	t.master.loop = loop_new();
	t.master.env = (struct env){ .now = fake_time_now,
		.timer_start = fake_time_start,
		.timer_cancel = fake_time_cancel };
	add_child(SIGNER, ROLE_SIGNER, ROLES_STOP_BACK);
	add_child(CORE, ROLE_CORE, ROLES_STOP_CORE);
	add_child(WEB, ROLE_WEB, ROLES_STOP_FRONT);
	return 0;
}

/* What children.c does at a death. */
static void
die(size_t i)
{
	struct child *child = &t.master.children[i];

	kill(child->pid, SIGKILL);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
	child->pid = 0;
	close(child->control);
	child->control = -1;
	stop_death(&t.master);
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		if (t.master.children[i].pid > 0)
			die(i);
		close(t.ends[i]);
	}
	stop_done(&t.master);
	assert_null(fake_time.timers[0].cb);
	loop_free(t.master.loop);
	return 0;
}

static bool
told(size_t i)
{
	uint8_t *buf = mem_alloc(CONTROL_SIZE_MAX);
	struct control control;
	struct err err = ERR_INIT;
	int r = control_receive(t.ends[i], buf, &control, &err);

	free(buf);
	return r == 1 && control.type == CONTROL_STOP;
}

static unsigned
killed(void)
{
	unsigned count = 0;

	for (size_t i = 0; i < COUNT; i++)
		count += t.master.children[i].killed;
	return count;
}

static void
test_order(void **state)
{
	(void)state;
	stop_begin(&t.master, 0);
	assert_true(told(WEB));
	assert_false(told(CORE));
	assert_false(told(SIGNER));
	/* One of a later phase that dies early changes nothing. */
	die(SIGNER);
	assert_false(told(CORE));
	die(WEB);
	assert_true(told(CORE));
	assert_int_equal(killed(), 0);
}

static void
test_again(void **state)
{
	(void)state;
	stop_begin(&t.master, 0);
	fake_time.now_ms += STOP_AGAIN_MS - 1;
	stop_begin(&t.master, 0);
	assert_int_equal(killed(), 0);
	fake_time.now_ms += 1;
	stop_begin(&t.master, 0);
	assert_int_equal(killed(), COUNT);
}

static void
test_again_with_a_clock_set_back(void **state)
{
	(void)state;
	stop_begin(&t.master, 0);
	fake_time.now_ms -= 3600000;
	stop_begin(&t.master, 0);
	assert_int_equal(killed(), COUNT);
}

/* Only those of the phase that takes too long. */
static void
test_timeout(void **state)
{
	struct env_timer timer;

	(void)state;
	stop_begin(&t.master, 0);
	timer = fake_time.timers[0];
	assert_int_equal(timer.at_ms - fake_time.now_ms, PROC_STOP_TIMEOUT_MS);
	fake_time.timers[0].cb = NULL;
	timer.cb(timer.arg);
	assert_int_equal(killed(), 1);
	assert_true(t.master.children[WEB].killed);
}

static void
test_failed_start(void **state)
{
	(void)state;
	stop_begin(&t.master, 1);
	assert_int_equal(killed(), COUNT);
	assert_int_equal(t.master.status, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_again_with_a_clock_set_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_start, setup,
		    teardown),
	};

	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
