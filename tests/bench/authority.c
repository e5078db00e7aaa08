/* SPDX-License-Identifier: Apache-2.0 */
#include "authority.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LISTEN "127.0.0.1:14000"
#define READY "signetd: ready, ACME directory at "
#define READY_MS 30000
#define STOP_MS 15000
#define LOG_SHOWN 4000 /* bytes of its end */
#define TEXT_MAX 4096

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Begins a program whose standard error goes to the log and whose standard
 * output to out. It ends with us, whatever we end of. */
static pid_t
spawn(const struct authority *authority, char **argv, int out)
{
	char path[PATH_MAX + 8];
	pid_t parent = getpid(), pid = fork();
	int log;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	snprintf(path, sizeof(path), "%s/log", authority->folder);
	log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (log < 0 || dup2(log, STDERR_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0)
		_exit(127);
	/* What the terminal's Ctrl-C says is for us; we stop the CA. */
	setpgid(0, 0);
	close_range(3, ~0U, 0);
	execv(authority->program, argv);
	_exit(127);
}

static int
init(const struct authority *authority, char *directory, struct err *err)
{
	static char name[] = "signetd", verb[] = "init", names[] = "--name",
	    own[] = "localhost,127.0.0.1", listen[] = "--listen",
	    address[] = LISTEN;
	char *argv[] = { name, verb, names, own, listen, address, directory,
		NULL };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status = -1;
	pid_t pid = spawn(authority, argv, null);

	close(null);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (pid < 0 || status != 0)
		return err_set(err, ERR_IO, NULL, "`%s init` failed",
		    authority->program);
	return 0;
}

static int
configure(const char *file, const struct authority_options *options,
    struct err *err)
{
	FILE *config = fopen(file, "ae");

	if (config == NULL)
		return err_errno(err, "%s", file);
	fprintf(config, "resolver = \"127.0.0.1:%u\"\n"
	    "validation_allow = { \"127.0.0.0/8\" }\n"
	    "%s\n", options->dns_port,
	    options->extra == NULL ? "" : options->extra);
	if (fclose(config) != 0)
		return err_errno(err, "%s", file);
	return 0;
}

/* Looks for the ready line in what the CA has said so far. */
static bool
find_ready(struct authority *authority, char *text)
{
	char *at = strstr(text, READY), *end;

	if (at == NULL || (end = strchr(at, '\n')) == NULL)
		return false;
	*end = '\0';
	snprintf(authority->url, sizeof(authority->url), "%s",
	    at + strlen(READY));
	return true;
}

static int
wait_ready(struct authority *authority, struct err *err)
{
	int64_t deadline = now_ms() + READY_MS, left;
	struct pollfd pollfd = { .fd = authority->out, .events = POLLIN };
	char text[TEXT_MAX];
	size_t len = 0;
	ssize_t n;

	while ((left = deadline - now_ms()) > 0 && len < sizeof(text) - 1) {
		if (poll(&pollfd, 1, (int)left) <= 0)
			continue;
		n = read(authority->out, text + len, sizeof(text) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		text[len] = '\0';
		if (find_ready(authority, text))
			return 0;
	}
	return err_set(err, ERR_IO, NULL, "the CA did not become ready");
}

static int
run(struct authority *authority, char *file, struct err *err)
{
	static char name[] = "signetd", verb[] = "run", option[] = "-c";
	char *argv[] = { name, verb, option, file, NULL };
	int out[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	authority->out = out[0];
	authority->pid = spawn(authority, argv, out[1]);
	close(out[1]);
	if (authority->pid < 0)
		return err_errno(err, "fork");
	return wait_ready(authority, err);
}

int
authority_start(struct authority *authority,
    const struct authority_options *options, struct err *err)
{
	char directory[PATH_MAX + 8], file[PATH_MAX + 32];
	int r;

	*authority = (struct authority){ .program = options->program,
		.out = -1 };
	snprintf(authority->folder, sizeof(authority->folder),
	    "%s/signet-bench-XXXXXX", options->parent);
	/* The CA's processes have users of their own. */
	if (mkdtemp(authority->folder) == NULL ||
	    chmod(authority->folder, 0755) < 0)
		return err_errno(err, "cannot make %s", authority->folder);
	snprintf(directory, sizeof(directory), "%s/ca", authority->folder);
	snprintf(file, sizeof(file), "%s/signetd.conf", directory);
	snprintf(authority->root, sizeof(authority->root), "%s/ca/root.pem",
	    authority->folder);
	r = init(authority, directory, err);
	if (r == 0)
		r = configure(file, options, err);
	if (r == 0)
		r = run(authority, file, err);
	return r;
}

static void
end(struct authority *authority)
{
	int64_t deadline = now_ms() + STOP_MS;
	struct pollfd pollfd = { .fd = authority->out, .events = POLLIN };
	int64_t left;
	char text[256];

	kill(authority->pid, SIGTERM);
	/* Its output ends when its last process does. */
	while ((left = deadline - now_ms()) > 0) {
		if (poll(&pollfd, 1, (int)left) > 0 &&
		    read(authority->out, text, sizeof(text)) <= 0)
			break;
	}
	if (left <= 0) {
		fprintf(stderr, "bench: the CA does not stop\n");
		kill(authority->pid, SIGKILL);
	}
	while (waitpid(authority->pid, NULL, 0) < 0 && errno == EINTR)
		;
	authority->pid = 0;
}

static int
remove_one(const char *path, const struct stat *info, int type,
    struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

void
authority_stop(struct authority *authority)
{
	if (authority->pid > 0)
		end(authority);
	if (authority->out > 0)
		close(authority->out);
	if (authority->folder[0] != '\0')
		nftw(authority->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	authority->folder[0] = '\0';
}

void
authority_print_log(const struct authority *authority)
{
	char path[PATH_MAX + 8], text[LOG_SHOWN];
	FILE *log;
	size_t n;

	snprintf(path, sizeof(path), "%s/log", authority->folder);
	log = fopen(path, "re");
	if (log == NULL)
		return;
	if (fseek(log, -LOG_SHOWN, SEEK_END) != 0)
		rewind(log);
	n = fread(text, 1, sizeof(text), log);
	fprintf(stderr, "bench: the CA's log ends with:\n%.*s\n", (int)n,
	    text);
	fclose(log);
}
