/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/server/change.h"

const struct server *const server_all[] = {
	&server_nginx,
	&server_apache,
	&server_haproxy,
	NULL
};

const struct server *
server_find(const char *name)
{
	for (size_t i = 0; server_all[i] != NULL; i++)
		if (strcmp(server_all[i]->name, name) == 0)
			return server_all[i];
	return NULL;
}

static void
set_left(void *ctx, const char *name, const char *argument)
{
	bool *left = ctx;

	(void)name;
	(void)argument;
	*left = true;
}

bool
server_is_left(const char *dir)
{
	bool left = false;

	change_each_pending(dir, set_left, &left);
	return left;
}

struct repair {
	const char *dir;
	struct err err; /* the first */
};

static void
repair_one(void *ctx, const char *name, const char *argument)
{
	struct repair *repair = ctx;
	const struct server *server = server_find(name);
	struct server_world world = { .dir = repair->dir,
	    .argument = argument };
	struct err err = ERR_INIT;

	if (server != NULL && server->present(&world, NULL, 0, &err) < 0 &&
	    repair->err.kind == ERR_NONE)
		repair->err = err;
}

static void __attribute__((noreturn))
repair_child(const char *dir, int to)
{
	struct repair repair = { .dir = dir };

	signal(SIGPIPE, SIG_IGN);
	change_each_pending(dir, repair_one, &repair);
	_exit(repair.err.kind != ERR_NONE && write(to, repair.err.text,
	    strlen(repair.err.text)) < 0);
}

int
server_repair(const char *dir, struct err *err)
{
	char text[ERR_TEXT_SIZE];
	int ends[2];
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	if (!server_is_left(dir))
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		repair_child(dir, ends[1]);
	close(ends[1]);
	while (len < sizeof(text) - 1 && (n = read(ends[0], text + len,
	    sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(ends[0]);
	if (pid < 0 || waitpid(pid, NULL, 0) < 0)
		return err_errno(err, "cannot start a process");
	text[len] = '\0';
	return len == 0 ? 0 : err_set(err, ERR_IO, NULL, "%s", text);
}
