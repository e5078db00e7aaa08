/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/server/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define FOLDERS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct run {
	pid_t pid;
	struct pollfd fds[2];       /* standard output, standard error */
	struct bld *out;
	size_t said_len;
	uint8_t said[RUN_SAID_MAX]; /* the last bytes */
};

static void __attribute__((noreturn))
child(const char *const *argv, int out, int said)
{
	int in = open("/dev/null", O_RDONLY);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setenv("PATH", FOLDERS, 1);
	setenv("LC_ALL", "C", 1);
	if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(said, 2) < 0)
		_exit(126);
	execvp(argv[0], mem_unconst(argv));
	_exit(127);
}

static void
keep_said(struct run *run, const uint8_t *data, size_t len)
{
	size_t drop;

	if (len > sizeof(run->said)) {
		data += len - sizeof(run->said);
		len = sizeof(run->said);
	}
	drop = run->said_len + len > sizeof(run->said) ?
	    run->said_len + len - sizeof(run->said) : 0;
	memmove(run->said, run->said + drop, run->said_len - drop);
	run->said_len -= drop;
	memcpy(run->said + run->said_len, data, len);
	run->said_len += len;
}

/* Reads what there is; false at the end of both. */
static bool
read_all(struct run *run)
{
	uint8_t data[16384];

	for (int i = 0; i < 2; i++) {
		ssize_t n;

		if (run->fds[i].fd < 0 || run->fds[i].revents == 0)
			continue;
		n = read(run->fds[i].fd, data, sizeof(data));
		if (n > 0 && i == 0 && run->out != NULL)
			bld_bytes(run->out, data, (size_t)n);
		else if (n > 0)
			keep_said(run, data, (size_t)n);
		else if (n == 0 || errno != EINTR)
			run->fds[i].fd = -run->fds[i].fd;
	}
	return run->fds[0].fd >= 0 || run->fds[1].fd >= 0;
}

/* What servers say beside what is wrong. */
static bool
is_noise(struct span line)
{
	static const char *const words[] = { " [warn] ", " [notice] ",
	    "AH00558: " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(line.data, line.len, words[i], strlen(words[i])) !=
		    NULL)
			return true;
	return false;
}

static void
show(const struct run *run, char *shown, size_t size)
{
	struct span rest = span_of(run->said, run->said_len);
	struct bld kept;

	bld_init(&kept, RUN_SAID_MAX + 1);
	while (rest.len > 0) {
		struct span line = span_cut(&rest, '\n');

		if (!is_noise(line))
			bld_fmt(&kept, "%.*s\n", SPAN_FMT(line));
	}
	text_said(shown, size, bld_view(&kept));
	bld_free(&kept);
}

static int
tell(const struct run *run, const char *program, int status, bool late,
    struct err *err)
{
	char shown[300];

	show(run, shown, sizeof(shown));
	if (late)
		return err_set(err, ERR_IO, NULL, "%s was killed after %d s: "
		    "%s", program, RUN_TIMEOUT_MS / 1000, shown);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127 &&
	    run->said_len == 0)
		return err_set(err, ERR_NOT_FOUND, NULL, "there is no program "
		    "%s", program);
	if (run->out != NULL && run->out->failed)
		return err_set(err, ERR_IO, NULL, "%s said too much", program);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(err, ERR_IO, NULL, "%s ended with %s %d: %s", program,
	    WIFEXITED(status) ? "status" : "signal", WIFEXITED(status) ?
	    WEXITSTATUS(status) : WTERMSIG(status), shown);
}

static int
start(struct run *run, const char *const *argv, int ends[4], struct err *err)
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "cannot make a pipe");
	if (pipe2(ends + 2, O_CLOEXEC) < 0) {
		close(ends[0]);
		close(ends[1]);
		return err_errno(err, "cannot make a pipe");
	}
	run->pid = fork();
	if (run->pid == 0)
		child(argv, ends[1], ends[3]);
	close(ends[1]);
	close(ends[3]);
	run->fds[0] = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	run->fds[1] = (struct pollfd){ .fd = ends[2], .events = POLLIN };
	if (run->pid > 0)
		return 0;
	close(ends[0]);
	close(ends[2]);
	return err_errno(err, "cannot start %s", argv[0]);
}

int
run_program(const char *const *argv, struct bld *out, struct err *err)
{
	struct run run = { .out = out };
	int64_t end = clock_ms() + RUN_TIMEOUT_MS;
	int ends[4], status = 0, r = start(&run, argv, ends, err);
	bool late = false;

	if (r < 0)
		return r;
	/* A server that it left behind may hold the pipes open. */
	while (waitpid(run.pid, &status, WNOHANG) == 0) {
		late = clock_ms() > end;
		if (late)
			kill(-run.pid, SIGKILL);
		if (poll(run.fds, 2, 20) > 0)
			read_all(&run);
	}
	for (int i = 0; i < 4096 && poll(run.fds, 2, 0) > 0; i++)
		if (!read_all(&run))
			break;
	close(ends[0]);
	close(ends[2]);
	return tell(&run, argv[0], status, late, err);
}
