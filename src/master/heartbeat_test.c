/* SPDX-License-Identifier: Apache-2.0 */
/* A process that really hangs, in time that is not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "master/fake_time.h"
#include "master/heartbeat.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	struct master master;
	struct roles_row row;
	uint8_t *buf;
} t;

/* 1, a message and its type, or 0 at the end. */
static int
receive(int fd, enum control_type *ret)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };
	struct err err = ERR_INIT;
	struct control control;
	int r;

	while (poll(&in, 1, -1) < 0)
		;
	r = control_receive(fd, t.buf, &control, &err);
	*ret = control.type;
	return r;
}

static void __attribute__((noreturn))
live(int fd)
{
	const struct control pong = { .type = CONTROL_PONG };
	struct err err = ERR_INIT;
	enum control_type type;

	alarm(60);
	while (receive(fd, &type) == 1) {
		if (type != CONTROL_PING || control_send(fd, &pong, &err) < 0)
			_exit(1);
	}
	_exit(0);
}

static int
setup(void **state)
{
	struct child *child = &t.master.children[0];
	int fds[2];

	(void)state;
	memset(&t, 0, sizeof(t));
	memset(&fake_time, 0, sizeof(fake_time));
	t.buf = mem_alloc(CONTROL_SIZE_MAX);
	t.master.state = MASTER_RUNNING;
	t.master.notify.fd = -1;
	t.master.env = (struct env){ .timer_start = fake_time_start,
		.timer_cancel = fake_time_cancel };
	t.master.num_children = 1;
	t.row.role = ROLE_CORE;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	*child = (struct child){ .master = &t.master, .row = &t.row,
		.state = CHILD_READY, .control = fds[0] };
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid == 0) {
		close(fds[0]);
		live(fds[1]);
	}
	close(fds[1]);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	heartbeat_done(&t.master);
	for (size_t i = 0; i < FAKE_TIMERS_MAX; i++)
		assert_null(fake_time.timers[i].cb);
	close(t.master.children[0].control);
	free(t.buf);
	return 0;
}

static void
beat(void)
{
	struct child *child = &t.master.children[0];
	enum control_type type;

	fake_time_pass(HEARTBEAT_INTERVAL_MS);
	assert_int_equal(receive(child->control, &type), 1);
	assert_int_equal(type, CONTROL_PONG);
	heartbeat_answer(child);
}

static void
test_stopped_process_is_killed(void **state)
{
	pid_t pid = t.master.children[0].pid;
	int status;

	(void)state;
	heartbeat_start(&t.master);
	for (int i = 0; i < 3 * HEARTBEAT_MISSED_MAX; i++)
		beat();
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	for (int i = 0; i < HEARTBEAT_MISSED_MAX; i++) {
		fake_time_pass(HEARTBEAT_INTERVAL_MS);
		assert_false(t.master.children[0].killed);
	}
	fake_time_pass(HEARTBEAT_INTERVAL_MS);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	/* Until its death is known it is let be. */
	t.master.children[0].pid = getpid();
	fake_time_pass(HEARTBEAT_INTERVAL_MS);
}

/* A late answer is as good as one in time, and who starts or stops, or is not
 * there, is asked nothing. */
static void
test_patience(void **state)
{
	struct child *child = &t.master.children[0];
	enum control_type type;

	(void)state;
	heartbeat_start(&t.master);
	for (int i = 0; i < HEARTBEAT_MISSED_MAX; i++)
		fake_time_pass(HEARTBEAT_INTERVAL_MS);
	/* It was asked once. */
	assert_int_equal(receive(child->control, &type), 1);
	heartbeat_answer(child);
	beat();
	child->state = CHILD_STARTING;
	for (int i = 0; i < 2 * HEARTBEAT_MISSED_MAX; i++)
		fake_time_pass(HEARTBEAT_INTERVAL_MS);
	child->state = CHILD_READY;
	t.master.state = MASTER_STOPPING;
	for (int i = 0; i < 2 * HEARTBEAT_MISSED_MAX; i++)
		fake_time_pass(HEARTBEAT_INTERVAL_MS);
	assert_int_equal(recv(child->control, t.buf, 1, MSG_DONTWAIT), -1);
	assert_false(child->killed);
	shutdown(child->control, SHUT_RDWR);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

static void
test_watchdog(void **state)
{
	struct child *child = &t.master.children[0];
	char text[32];
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	t.master.notify = (struct notify){ .fd = fds[0],
		.watchdog_ms = 3000 };
	heartbeat_start(&t.master);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(recv(fds[1], text, sizeof(text),
		    MSG_DONTWAIT), strlen("WATCHDOG=1\n"));
		assert_memory_equal(text, "WATCHDOG=1\n", 11);
		fake_time_pass(1499);
		assert_int_equal(recv(fds[1], text, sizeof(text),
		    MSG_DONTWAIT), -1);
		fake_time_pass(1);
	}
	close(fds[0]);
	close(fds[1]);
	shutdown(child->control, SHUT_RDWR);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stopped_process_is_killed,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_patience, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_watchdog, setup,
		    teardown),
	};

	log_init("test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
