/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a role's process, with the test as its master. Everything of
 * the role happens in a forked child, as it would after an exec. */
#include "proc/control.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bld.h"
#include "base/mem.h"

struct parent {
	int fd;
	pid_t pid;
	uint8_t *buf;
};

/* The role under test: says through its exit status what it has seen. */
struct role_under_test {
	struct proc proc;
	unsigned links;
	unsigned prepares;
	unsigned commits;
	unsigned abandons;
};

static void
on_link(void *ctx, const struct peer *peer, int fd)
{
	struct role_under_test *role = ctx;

	if (peer->role == ROLE_CORE && peer->index == 2 && peer->number == 7 &&
	    write(fd, "linked", 6) == 6)
		role->links++;
	close(fd);
	proc_link_lost(&role->proc, peer);
}

static int
on_prepare(void *ctx, const struct config *config, struct err *err)
{
	struct role_under_test *role = ctx;
	struct bld text;

	bld_init(&text, 100);
	if (proc_read(&role->proc, RESOURCE_TLS_KEY, 0, &text, err) < 0 ||
	    !span_equal_str(bld_view(&text), "new key"))
		_exit(21);
	bld_free(&text);
	if (config->hold_ms == 1)
		return err_set(err, ERR_CONFIG, NULL, "not one");
	role->prepares++;
	return 0;
}

static void
on_commit(void *ctx)
{
	struct role_under_test *role = ctx;

	if (role->proc.config.hold_ms != 2)
		_exit(22);
	role->commits++;
}

static void
on_abandon(void *ctx)
{
	((struct role_under_test *)ctx)->abandons++;
}

static void
on_stop(void *ctx)
{
	struct role_under_test *role = ctx;

	if (role->links != 1 || role->prepares != 2 || role->commits != 1 ||
	    role->abandons != 1)
		_exit(23);
	loop_stop(role->proc.loop);
}

static const struct proc_reload reload = { on_prepare, on_commit, on_abandon };

static int
role_main(void)
{
	static struct role_under_test role;
	struct err err = ERR_INIT;
	struct bld text;
	char key[7], longer[8];
	int fd;

	if (proc_begin(&role.proc, ROLE_WEB, &err) < 0) {
		proc_end(&role.proc);
		return 10;
	}
	bld_init(&text, 100);
	fd = proc_take(&role.proc, RESOURCE_TLS_CERTIFICATE, 1);
	if (proc_read(&role.proc, RESOURCE_TLS_KEY, 0, &text, &err) < 0 ||
	    !span_equal_str(bld_view(&text), "old key") || fd < 0 ||
	    proc_resource(&role.proc, RESOURCE_TLS_CERTIFICATE, 1) != -1 ||
	    proc_resource(&role.proc, RESOURCE_TLS_CERTIFICATE, 2) != -1 ||
	    role.proc.index != 3 || role.proc.config.hold_ms != 3000)
		return 11;
	bld_free(&text);
	if (proc_read_exactly(&role.proc, RESOURCE_TLS_KEY, 0, key,
	    sizeof(key), &err) < 0 || memcmp(key, "old key", 7) != 0 ||
	    proc_read_exactly(&role.proc, RESOURCE_TLS_KEY, 0, key,
	    sizeof(key) - 1, &err) != -ERR_CONFIG ||
	    proc_read_exactly(&role.proc, RESOURCE_TLS_KEY, 0, longer,
	    sizeof(longer), &err) != -ERR_CONFIG)
		return 13;
	fd = proc_resource(&role.proc, RESOURCE_TLS_KEY, 0);
	proc_links(&role.proc, on_link, &role);
	proc_on_reload(&role.proc, &reload, &role);
	proc_on_stop(&role.proc, on_stop, &role);
	proc_ready(&role.proc);
	if (fcntl(fd, F_GETFD) != -1)
		return 12; /* an open key */
	proc_run(&role.proc);
	proc_end(&role.proc);
	return 0;
}

static int
file_with(const char *text)
{
	int fd = memfd_create("resource", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void
begin(struct parent *parent)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    fds), 0);
	parent->pid = fork();
	if (parent->pid == 0) {
		close(fds[0]);
		dup2(fds[1], CONTROL_FD);
		if (fds[1] != CONTROL_FD)
			close(fds[1]);
		exit(role_main());
	}
	close(fds[1]);
	/* The child's descriptor 3 may have been ours. */
	parent->fd = fds[0];
	parent->buf = mem_alloc(CONTROL_SIZE_MAX);
}

static void
tell(struct parent *parent, struct control control, int64_t hold_ms)
{
	struct config config;
	struct bld out;

	config_init(&config);
	config_set_directory(&config, "/nowhere");
	config.hold_ms = hold_ms;
	bld_init(&out, CONTROL_SIZE_MAX);
	config_encode(&out, &config);
	control.config = bld_view(&out);
	assert_int_equal(control_send(parent->fd, &control, NULL), 0);
	bld_free(&out);
	config_free(&config);
	control_close_fds(&control);
}

static void
expect(struct parent *parent, enum control_type type, const char *text)
{
	struct pollfd pollfd = { .fd = parent->fd, .events = POLLIN };
	struct control control;

	assert_int_equal(poll(&pollfd, 1, 10000), 1);
	assert_int_equal(control_receive(parent->fd, parent->buf, &control,
	    NULL), 1);
	assert_int_equal(control.type, type);
	assert_true(span_equal_str(control.text, text));
}

static void
expect_lost(struct parent *parent, unsigned index, unsigned link)
{
	struct pollfd pollfd = { .fd = parent->fd, .events = POLLIN };
	struct control control;

	assert_int_equal(poll(&pollfd, 1, 10000), 1);
	assert_int_equal(control_receive(parent->fd, parent->buf, &control,
	    NULL), 1);
	assert_int_equal(control.type, CONTROL_LINK_LOST);
	assert_int_equal(control.role, ROLE_CORE);
	assert_int_equal(control.index, index);
	assert_int_equal(control.link, link);
}

static int
end(struct parent *parent)
{
	int status;

	assert_int_equal(waitpid(parent->pid, &status, 0), parent->pid);
	close(parent->fd);
	free(parent->buf);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct control
start_message(enum role role)
{
	return (struct control){ .type = CONTROL_START, .role = role,
		.index = 3, .num_fds = 4,
		.resources = { RESOURCE_TLS_CERTIFICATE, RESOURCE_TLS_KEY,
		    RESOURCE_TLS_CERTIFICATE, RESOURCE_LOCK },
		.fds = { file_with("a"), file_with("old key"),
		    file_with("b"), file_with("") } };
}

static void
prepare(struct parent *parent, int64_t hold_ms)
{
	tell(parent, (struct control){ .type = CONTROL_PREPARE, .num_fds = 1,
	    .resources = { RESOURCE_TLS_KEY },
	    .fds = { file_with("new key") } }, hold_ms);
}

static void
a_life_from_start_to_stop(void **state)
{
	struct parent parent;
	int fds[2];
	char text[6];

	(void)state;
	begin(&parent);
	tell(&parent, start_message(ROLE_WEB), 3000);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	tell(&parent, (struct control){ .type = CONTROL_LINK,
	    .role = ROLE_CORE, .index = 2, .link = 7, .num_fds = 1,
	    .fds = { fds[1] } }, 0);
	expect(&parent, CONTROL_READY, "");
	assert_int_equal(recv(fds[0], text, 6, MSG_WAITALL), 6);
	close(fds[0]);
	expect_lost(&parent, 2, 7);
	tell(&parent, (struct control){ .type = CONTROL_PING }, 0);
	expect(&parent, CONTROL_PONG, "");
	prepare(&parent, 1);
	expect(&parent, CONTROL_ANSWER, "not one");
	prepare(&parent, 5);
	expect(&parent, CONTROL_ANSWER, "");
	tell(&parent, (struct control){ .type = CONTROL_ABANDON }, 0);
	prepare(&parent, 2);
	expect(&parent, CONTROL_ANSWER, "");
	tell(&parent, (struct control){ .type = CONTROL_COMMIT }, 0);
	expect(&parent, CONTROL_COMMITTED, "");
	tell(&parent, (struct control){ .type = CONTROL_STOP }, 0);
	assert_int_equal(end(&parent), 0);
}

static void
the_end_of_master_is_the_end(void **state)
{
	struct parent parent;

	(void)state;
	begin(&parent);
	tell(&parent, start_message(ROLE_WEB), 3000);
	expect(&parent, CONTROL_READY, "");
	shutdown(parent.fd, SHUT_RDWR);
	assert_int_equal(end(&parent), 0);
}

static void
a_wrong_start_is_refused(void **state)
{
	struct parent parent;

	(void)state;
	begin(&parent);
	tell(&parent, start_message(ROLE_SIGNER), 3000);
	assert_int_equal(end(&parent), 10);
	begin(&parent);
	tell(&parent, (struct control){ .type = CONTROL_STOP }, 0);
	assert_int_equal(end(&parent), 10);
	begin(&parent);
	assert_int_equal(send(parent.fd, "\1\0\4none", 7, 0), 7);
	assert_int_equal(end(&parent), 10);
}

static void
roles_have_names(void **state)
{
	(void)state;
	for (int role = ROLE_MASTER; role < ROLE_COUNT; role++)
		assert_int_equal(role_from_name(role_name((enum role)role)),
		    role);
	assert_int_equal(role_from_name("nobody"), 0);
	assert_string_equal(role_name(ROLE_COUNT), "unknown");
}

/* A child that dies before it reads, or reads nothing, never blocks us. */
static void
sending_never_waits(void **state)
{
	struct control control = { .type = CONTROL_STOP };
	struct err err = ERR_INIT;
	int fds[2], r = 0;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	for (int i = 0; r == 0 && i < 100000; i++)
		r = control_send(fds[0], &control, &err);
	assert_int_equal(r, -ERR_BUSY);
	close(fds[1]);
	assert_int_equal(control_send(fds[0], &control, &err), -ERR_IO);
	close(fds[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_life_from_start_to_stop),
		cmocka_unit_test(the_end_of_master_is_the_end),
		cmocka_unit_test(a_wrong_start_is_refused),
		cmocka_unit_test(roles_have_names),
		cmocka_unit_test(sending_never_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
