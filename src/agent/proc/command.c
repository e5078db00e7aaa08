/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/command.h"
#include "agent/proc/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

#define READ_SIZE 4096 /* COMMAND_OUTPUT_MAX is it times a power of two */
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:" \
	"/sbin:/bin"

extern char **environ;

enum { STREAM_OUT, STREAM_WORDS, NUM_STREAMS };

struct stream {
	int pipe;
	struct event *reading;
	size_t len, size;
	uint8_t *data;       /* grows to COMMAND_OUTPUT_MAX */
};

struct command {
	struct loop *loop;
	pid_t pid;
	int pidfd;
	struct event *death, *late;
	int timeout_s;
	bool killed, is_call;
	struct stream streams[NUM_STREAMS]; /* WORDS: of command_exec alone */
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
	free_event(c->late);
	for (size_t i = 0; i < NUM_STREAMS; i++) {
		free_event(c->streams[i].reading);
		if (c->streams[i].pipe >= 0)
			close(c->streams[i].pipe);
		free(c->streams[i].data);
	}
	if (c->pidfd >= 0)
		close(c->pidfd);
	free(c);
}

/* Keeps the last bytes. */
static void
keep(struct stream *s, const uint8_t *data, size_t len)
{
	while (s->len + len > s->size && s->size < COMMAND_OUTPUT_MAX) {
		s->size = s->size == 0 ? READ_SIZE : 2 * s->size;
		s->data = mem_realloc(s->data, s->size);
	}
	if (s->len + len > s->size) {
		size_t drop = s->len + len - s->size;

		memmove(s->data, s->data + drop, s->len - drop);
		s->len -= drop;
	}
	memcpy(s->data + s->len, data, len);
	s->len += len;
}

static bool
read_some(struct stream *s)
{
	uint8_t data[READ_SIZE];
	ssize_t n = s->pipe < 0 ? 0 : read(s->pipe, data, sizeof(data));

	if (n > 0)
		keep(s, data, (size_t)n);
	return n > 0;
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	if (!read_some(s) && errno != EAGAIN)
		event_del(s->reading);
}

static void
put_end(const struct command *c, int status, struct err *err)
{
	const struct stream *s = &c->streams[c->streams[STREAM_WORDS].len > 0 ?
	    STREAM_WORDS : STREAM_OUT];
	char shown[256];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (c->is_call && WIFEXITED(status)) {
		err_set(err, ERR_IO, NULL, "%.*s", (int)s->len,
		    (const char *)s->data);
		return;
	}
	text_said(shown, sizeof(shown), span_of(s->data, s->len));
	if (shown[0] == '\0')
		snprintf(shown, sizeof(shown), "it said nothing");
	if (c->killed)
		err_set(err, ERR_IO, NULL, "it was killed after %d s: %s",
		    c->timeout_s, shown);
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
	for (int i = 0; i < 128; i++)
		read_some(&c->streams[i % NUM_STREAMS]);
	put_end(c, status, &err);
	c->done(c->ctx, &err, span_of(c->streams[STREAM_OUT].data,
	    c->streams[STREAM_OUT].len));
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

/* In the child: a process group of its own, no input, output to out, and
 * nothing else that is open here. */
static void
prepare(int out, int words)
{
	int in = open("/dev/null", O_RDONLY);
	sigset_t none;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	if (in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(words, 2) < 0)
		_exit(126);
	syscall(SYS_close_range, 3, ~0U, 0);
}

/* What our supervisor told us alone, and what hooks of other clients are told
 * by them: what somebody else left there is not about this call. Those that
 * end in '_' stand for all that begin so. */
static const char *const not_theirs[] = { "NOTIFY_SOCKET", "WATCHDOG_PID",
	"WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
	"CREDENTIALS_DIRECTORY", "LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "ENV",
	"SIGNET_", "CERTBOT_", "RENEWED_LINEAGE", "RENEWED_DOMAINS",
	"FAILED_DOMAINS", "UACME_", "LEGO_CERT_", "LEGO_HOOK_",
	"LEGO_ACCOUNT_", "CERT_PATH", "CERT_KEY_PATH", "CA_CERT_PATH",
	"CERT_FULLCHAIN_PATH", "Le_Domain", "Le_Alt", "CHALLENGETYPE" };

static bool
is_theirs(const char *variable)
{
	size_t len = strcspn(variable, "=");

	for (size_t i = 0; i < sizeof(not_theirs) / sizeof(not_theirs[0]);
	    i++) {
		size_t n = strlen(not_theirs[i]);

		if (strncmp(variable, not_theirs[i], n) == 0 &&
		    (len == n || not_theirs[i][n - 1] == '_'))
			return false;
	}
	return true;
}

/* The PATH of a command with these variables. */
static void
put_path(const char *const *variables, char ret[TRUSTED_FOLDERS_MAX])
{
	const char *path = getenv("PATH");

	for (; *variables != NULL; variables++) {
		if (strncmp(*variables, "PATH=", 5) == 0)
			path = *variables + 5;
	}
	trusted_folders(path == NULL ? DEFAULT_PATH : path, ret);
	if (ret[0] == '\0') /* where "" stands for here */
		snprintf(ret, TRUSTED_FOLDERS_MAX, DEFAULT_PATH);
}

/* Where and in what a command runs does not depend on who called signet. */
static void
clean_up(const char *const *variables)
{
	char **to = environ, path[TRUSTED_FOLDERS_MAX];

	put_path(variables, path);
	for (char **from = environ; *from != NULL; from++) {
		if (is_theirs(*from))
			*to++ = *from;
	}
	*to = NULL;
	for (; *variables != NULL; variables++) {
		if (strchr(*variables, '=') != NULL)
			putenv(mem_unconst(*variables));
		else
			unsetenv(*variables);
	}
	setenv("PATH", path, 1);
	umask(022);
	if (chdir("/") < 0)
		_exit(126);
}

static void __attribute__((noreturn))
run_program(const char *const *argv, const char *const *variables, int out,
    int words)
{
	prepare(out, words);
	clean_up(variables);
	execvp(argv[0], mem_unconst(argv));
	dprintf(2, "cannot run %s: %s", argv[0], strerror(errno));
	_exit(127);
}

static void __attribute__((noreturn))
run_call(int (*call)(void *arg, struct err *err), void *arg, int out)
{
	struct err err = ERR_INIT;
	int r;

	prepare(out, out);
	signal(SIGPIPE, SIG_IGN);
	r = call(arg, &err);
	if (r < 0 && write(1, err.text, strlen(err.text)) < 0)
		_exit(2);
	_exit(r < 0 ? 1 : 0);
}

static void
add_event(struct event *event, const struct timeval *timeout)
{
	if (event == NULL || event_add(event, timeout) < 0)
		abort(); /* out of memory */
}

void
command_limit(struct command *command, int seconds)
{
	struct timeval late = { .tv_sec = seconds };

	if (command == NULL || seconds == 0)
		return;
	command->timeout_s = seconds;
	add_event(command->late, &late);
}

static void
watch(struct command *c)
{
	c->death = event_new(loop_base(c->loop), c->pidfd, EV_READ, on_death,
	    c);
	add_event(c->death, NULL);
	c->late = event_new(loop_base(c->loop), -1, 0, on_late, c);
	if (c->late == NULL)
		abort(); /* out of memory */
	command_limit(c, COMMAND_TIMEOUT_S);
	for (size_t i = 0; i < NUM_STREAMS; i++) {
		struct stream *s = &c->streams[i];

		if (s->pipe < 0)
			continue;
		s->reading = event_new(loop_base(c->loop), s->pipe,
		    EV_READ | EV_PERSIST, on_output, s);
		add_event(s->reading, NULL);
	}
}

/* Makes pipes and the child; ends are what the child writes to, -1 where the
 * stream is not wanted. */
static struct command *
make(struct loop *loop, bool apart, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx,
    int ends[NUM_STREAMS], struct err *err)
{
	struct command *c = mem_zalloc(sizeof(*c));
	int pair[2];

	*c = (struct command){ .loop = loop, .pidfd = -1, .done = done,
	    .ctx = ctx };
	for (size_t i = 0; i < NUM_STREAMS; i++)
		c->streams[i].pipe = ends[i] = -1;
	for (size_t i = 0; i < (apart ? NUM_STREAMS : 1); i++) {
		if (pipe2(pair, O_CLOEXEC | O_NONBLOCK) < 0) {
			err_errno(err, "cannot make a pipe");
			if (i > 0)
				close(ends[0]);
			release(c);
			return NULL;
		}
		c->streams[i].pipe = pair[0];
		ends[i] = pair[1];
	}
	c->pid = fork();
	/* A full pipe makes a command wait, not fail. */
	for (size_t i = 0; c->pid == 0 && i < NUM_STREAMS; i++) {
		if (ends[i] >= 0)
			fcntl(ends[i], F_SETFL, 0);
	}
	return c;
}

/* In the parent. */
static struct command *
begin(struct command *c, const int ends[NUM_STREAMS], struct err *err)
{
	for (size_t i = 0; i < NUM_STREAMS; i++) {
		if (ends[i] >= 0)
			close(ends[i]);
	}
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

/* With one stream for all that it says, unless apart. */
static struct command *
run(struct loop *loop, const char *const *argv, bool apart,
    const char *const *variables, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err)
{
	char path[TRUSTED_FOLDERS_MAX];
	int ends[NUM_STREAMS];
	struct command *c;

	put_path(variables, path);
	c = trusted_command(argv, path, err) < 0 ? NULL :
	    make(loop, apart, done, ctx, ends, err);
	if (c != NULL && c->pid == 0)
		run_program(argv, variables, ends[STREAM_OUT],
		    ends[apart ? STREAM_WORDS : STREAM_OUT]);
	return c == NULL ? NULL : begin(c, ends, err);
}

struct command *
command_start(struct loop *loop, const char *text,
    const char *const *variables, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err)
{
	const char *const argv[] = { "/bin/sh", "-c", text, NULL };

	return run(loop, argv, false, variables, done, ctx, err);
}

struct command *
command_exec(struct loop *loop, const char *const *argv,
    const char *const *variables, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err)
{
	return run(loop, argv, true, variables, done, ctx, err);
}

struct command *
command_call(struct loop *loop, int (*call)(void *arg, struct err *err),
    void *arg, void (*done)(void *ctx, const struct err *err,
    struct span output), void *ctx, struct err *err)
{
	int ends[NUM_STREAMS];
	struct command *c = make(loop, false, done, ctx, ends, err);

	if (c != NULL && c->pid == 0)
		run_call(call, arg, ends[0]);
	if (c != NULL)
		c->is_call = true;
	return c == NULL ? NULL : begin(c, ends, err);
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
