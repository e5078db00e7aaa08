/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/apart.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "base/text.h"

#define FD 3 /* the child's only one beyond standard error */

/* What the child says: nothing in it is believed but the numbers. */
struct said {
	int32_t kind; /* ERR_NONE: it went well */
	char text[ERR_TEXT_SIZE];
	uint8_t result[APART_RESULT_SIZE];
};

int
apart_enter(struct err *err)
{
	struct sandbox sandbox = { .calls = SANDBOX_DIAL };
	const char *missing;

	OPENSSL_init_ssl(0, NULL); /* reads its configuration */
	if (geteuid() == 0)
		sandbox.uid = sandbox.gid = APART_UID;
	return sandbox_enter(&sandbox, &missing, err);
}

static void __attribute__((noreturn))
be_apart(int (*look)(const void *arg, uint8_t result[APART_RESULT_SIZE],
    struct err *err), const void *arg, int fd)
{
	struct said said = { 0 };
	struct err err = ERR_INIT;
	int r;

	if (dup2(fd, FD) < 0 || syscall(SYS_close_range, FD + 1, ~0U, 0) < 0)
		_exit(126);
	r = apart_enter(&err);
	if (r == 0)
		r = look(arg, said.result, &err);
	if (r < 0) {
		said.kind = -r;
		snprintf(said.text, sizeof(said.text), "%s", err.text);
	}
	r = send(FD, &said, sizeof(said), MSG_NOSIGNAL) == sizeof(said) ? 0 : 1;
	_exit(r);
}

/* Whether all of it came in time. */
static bool
hear(int fd, struct said *ret)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };

	return poll(&in, 1, APART_MS) == 1 && recv(fd, ret, sizeof(*ret),
	    MSG_DONTWAIT) == sizeof(*ret);
}

static int
judge(struct said *said, uint8_t result[APART_RESULT_SIZE], struct err *err)
{
	char plain[ERR_TEXT_SIZE];

	if (said->kind == ERR_NONE) {
		memcpy(result, said->result, APART_RESULT_SIZE);
		return 0;
	}
	said->text[sizeof(said->text) - 1] = '\0';
	text_printable(plain, sizeof(plain), span_str(said->text));
	return err_set(err, said->kind > ERR_NONE && said->kind <
	    ERR_KIND_COUNT ? (enum err_kind)said->kind : ERR_INTERNAL, NULL,
	    "%s", plain);
}

int
apart_look(int (*look)(const void *arg, uint8_t result[APART_RESULT_SIZE],
    struct err *err), const void *arg, uint8_t result[APART_RESULT_SIZE],
    struct err *err)
{
	struct said said = { 0 };
	int fds[2], status = 0;
	bool heard;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "cannot make a socket pair");
	pid = fork();
	if (pid == 0)
		be_apart(look, arg, fds[1]);
	close(fds[1]);
	heard = pid > 0 && hear(fds[0], &said);
	close(fds[0]);
	if (pid < 0)
		return err_errno(err, "cannot make a process");
	if (!heard)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (heard)
		return judge(&said, result, err);
	return err_set(err, ERR_INCORRECT_RESPONSE, NULL, "the process that "
	    "looks at the server found nothing in %d s, or was ended by its "
	    "sandbox", APART_MS / 1000);
}
