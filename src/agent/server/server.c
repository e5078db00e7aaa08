/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

bool
server_folder(const struct server_cert *cert, size_t index,
    char out[SERVER_FOLDER_SIZE])
{
	static const char *const suffixes[] = { "", "+rsa", "+ecdsa" };
	const char *name = strrchr(cert->folder, '/');
	const char *plus = name == NULL ? NULL : strrchr(name, '+');
	int len = (int)(plus == NULL ? strlen(cert->folder) :
	    (size_t)(plus - cert->folder));
	char file[SERVER_FOLDER_SIZE + 16];

	for (size_t i = 0; i < 3; i++) {
		snprintf(out, SERVER_FOLDER_SIZE, "%.*s%s", len, cert->folder,
		    suffixes[i]);
		snprintf(file, sizeof(file), "%s/cert.pem", out);
		if ((i == 0 || access(file, F_OK) == 0) && index-- == 0)
			return true;
	}
	return false;
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

/* Runs a function that blocks in a process of its own; judge waits for it. */
static int
run_apart(void (*call)(void *arg, struct err *err), void *arg,
    struct err *err)
{
	char text[ERR_TEXT_SIZE];
	struct err said = ERR_INIT;
	int ends[2];
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "cannot make a pipe");
	pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		call(arg, &said);
		_exit(said.kind != ERR_NONE && write(ends[1], said.text,
		    strlen(said.text)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	}
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

struct repair {
	const char *dir;
	struct err *err; /* the first */
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
	    repair->err->kind == ERR_NONE)
		*repair->err = err;
}

static void
repair_all(void *arg, struct err *err)
{
	struct repair *repair = arg;

	repair->err = err;
	change_each_pending(repair->dir, repair_one, repair);
}

int
server_repair(const char *dir, struct err *err)
{
	struct repair repair = { .dir = dir };

	return server_is_left(dir) ? run_apart(repair_all, &repair, err) : 0;
}

struct fitting {
	const struct server *server;
	struct server_world world;
	const struct row_list *names;
};

static void
fit_one(void *arg, struct err *err)
{
	const struct fitting *fitting = arg;

	fitting->server->fits(&fitting->world, fitting->names, err);
}

int
server_fits(const struct server *server, int pid,
    const struct row_list *names, char via[SERVER_VIA_SIZE],
    struct err *err)
{
	char argument[RUNNING_SIZE] = "";
	struct fitting fitting = { .server = server, .names = names,
	    .world.argument = argument };

	server->find(pid, argument);
	snprintf(via, SERVER_VIA_SIZE, "%s%s%s", server->name,
	    argument[0] == '\0' ? "" : "=", argument);
	return run_apart(fit_one, &fitting, err);
}

struct removal {
	const struct server *server;
	struct server_world world;
	const struct server_cert *cert;
};

static void
remove_one(void *arg, struct err *err)
{
	const struct removal *removal = arg;

	removal->server->remove(&removal->world, removal->cert, err);
}

int
server_remove(const char *dir, const char *install,
    const struct server_cert *cert, struct err *err)
{
	struct removal removal = { .world.dir = dir, .cert = cert };
	char name[32];
	size_t len = strcspn(install, "=");

	snprintf(name, sizeof(name), "%.*s", (int)len, install);
	removal.server = server_find(name);
	removal.world.argument = install[len] == '=' ? install + len + 1 : "";
	return removal.server == NULL ? 0 :
	    run_apart(remove_one, &removal, err);
}
