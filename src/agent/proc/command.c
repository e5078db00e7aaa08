/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

struct command {
	struct loop *loop;
	pid_t pid;
	int pidfd, pipe;
	struct event *death, *reading, *late;
	bool killed, is_call;
	size_t len;
	uint8_t output[COMMAND_OUTPUT_MAX];
	void (*done)(void *ctx, const struct err *err, struct span output);
	void *ctx;
};

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

static void
release(struct command *c)
{
	free_event(c->death);
	free_event(c->reading);
	free_event(c->late);
	if (c->pidfd >= 0)
		close(c->pidfd);
	if (c->pipe >= 0)
		close(c->pipe);
	free(c);
}

/* Keeps the last bytes. */
static void
keep(struct command *c, const uint8_t *data, size_t len)
{
	if (len > sizeof(c->output)) {
		data += len - sizeof(c->output);
		len = sizeof(c->output);
	}
	if (c->len + len > sizeof(c->output)) {
		size_t drop = c->len + len - sizeof(c->output);

		memmove(c->output, c->output + drop, c->len - drop);
		c->len -= drop;
	}
	memcpy(c->output + c->len, data, len);
	c->len += len;
}

static bool
read_some(struct command *c)
{
	uint8_t data[4096];
	ssize_t n = read(c->pipe, data, sizeof(data));

	if (n > 0)
		keep(c, data, (size_t)n);
	return n > 0;
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	struct command *c = arg;

	(void)fd;
	(void)what;
	if (!read_some(c) && errno != EAGAIN)
		event_del(c->reading);
}

static void
put_end(const struct command *c, int status, struct err *err)
{
	char shown[256];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (c->is_call && WIFEXITED(status)) {
		err_set(err, ERR_IO, NULL, "%.*s", (int)c->len,
		    (const char *)c->output);
		return;
	}
	/* The last words say most. */
	text_printable(shown, sizeof(shown), span_of(c->output +
	    (c->len > 200 ? c->len - 200 : 0), c->len > 200 ? 200 : c->len));
	if (c->killed)
		err_set(err, ERR_IO, NULL, "it was killed after %d s: %s",
		    (int)(COMMAND_TIMEOUT_MS / 1000), shown);
	else if (WIFEXITED(status))
		err_set(err, ERR_IO, NULL, "it ended with status %d: %s",
		    WEXITSTATUS(status), shown);
	else
		err_set(err, ERR_IO, NULL, "it was ended by signal %d: %s",
		    WTERMSIG(status), shown);
}

static void
on_death(evutil_socket_t fd, short what, void *arg)
{
	struct command *c = arg;
	struct err err = ERR_INIT;
	int status = 0;

	(void)fd;
	(void)what;
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	/* What it left behind may hold the pipe open: only what is there. */
	for (int i = 0; i < 64 && read_some(c); i++)
		;
	put_end(c, status, &err);
	c->done(c->ctx, &err, span_of(c->output, c->len));
	release(c);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct command *c = arg;

	(void)fd;
	(void)what;
	c->killed = true;
	kill(-c->pid, SIGKILL);
}

/* In the child: a process group of its own, no input, output to out. */
static void
prepare(int out)
{
	int in = open("/dev/null", O_RDONLY);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
}

static void __attribute__((noreturn))
run_shell(const char *text, const char *const *variables, int out)
{
	const char *const argv[] = { "sh", "-c", text, NULL };

	prepare(out);
	for (; *variables != NULL; variables++)
		putenv((char *)(uintptr_t)*variables);
	execv("/bin/sh", (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void __attribute__((noreturn))
run_call(int (*call)(void *arg, struct err *err), void *arg, int out)
{
	struct err err = ERR_INIT;
	int r;

	prepare(out);
	signal(SIGPIPE, SIG_IGN);
	syscall(SYS_close_range, 3, ~0U, 0);
	r = call(arg, &err);
	if (r < 0 && write(1, err.text, strlen(err.text)) < 0)
		_exit(2);
	_exit(r < 0 ? 1 : 0);
}

static void
watch(struct command *c)
{
	struct timeval late = { .tv_sec = COMMAND_TIMEOUT_MS / 1000 };

	c->death = event_new(loop_base(c->loop), c->pidfd, EV_READ, on_death,
	    c);
	c->reading = event_new(loop_base(c->loop), c->pipe,
	    EV_READ | EV_PERSIST, on_output, c);
	c->late = event_new(loop_base(c->loop), -1, 0, on_late, c);
	if (c->death == NULL || c->reading == NULL || c->late == NULL ||
	    event_add(c->death, NULL) < 0 ||
	    event_add(c->reading, NULL) < 0 || event_add(c->late, &late) < 0)
		abort(); /* out of memory */
}

/* With the pipe; *ret_end is the end that the child writes to. */
static struct command *
make(struct loop *loop, void (*done)(void *ctx, const struct err *err,
    struct span output), void *ctx, int *ret_end, struct err *err)
{
	struct command *c;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		err_errno(err, "cannot make a pipe");
		return NULL;
	}
	c = mem_zalloc(sizeof(*c));
	*c = (struct command){ .loop = loop, .pipe = ends[0], .pidfd = -1,
	    .done = done, .ctx = ctx };
	*ret_end = ends[1];
	c->pid = fork();
	if (c->pid == 0)
		/* A full pipe makes a command wait, not fail. */
		fcntl(ends[1], F_SETFL, 0);
	return c;
}

/* In the parent. */
static struct command *
begin(struct command *c, int end, struct err *err)
{
	close(end);
	if (c->pid > 0) {
		setpgid(c->pid, c->pid);
		c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	}
	if (c->pidfd < 0) {
		err_errno(err, "cannot start a command");
		if (c->pid > 0) {
			kill(-c->pid, SIGKILL);
			waitpid(c->pid, NULL, 0);
		}
		release(c);
		return NULL;
	}
	watch(c);
	return c;
}

struct command *
command_start(struct loop *loop, const char *text,
    const char *const *variables, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err)
{
	int end = -1;
	struct command *c = make(loop, done, ctx, &end, err);

	if (c != NULL && c->pid == 0)
		run_shell(text, variables, end);
	return c == NULL ? NULL : begin(c, end, err);
}

struct command *
command_call(struct loop *loop, int (*call)(void *arg, struct err *err),
    void *arg, void (*done)(void *ctx, const struct err *err,
    struct span output), void *ctx, struct err *err)
{
	int end = -1;
	struct command *c = make(loop, done, ctx, &end, err);

	if (c != NULL && c->pid == 0)
		run_call(call, arg, end);
	if (c != NULL)
		c->is_call = true;
	return c == NULL ? NULL : begin(c, end, err);
}

void
command_cancel(struct command *command)
{
	if (command == NULL)
		return;
	kill(-command->pid, SIGKILL);
	while (waitpid(command->pid, NULL, 0) < 0 && errno == EINTR)
		;
	release(command);
}
