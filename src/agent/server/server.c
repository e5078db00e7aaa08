/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/rpc/site.h"
#include "agent/server/seen.h"
#include "agent/server/tasks.h"
#include "base/file.h"
#include "base/text.h"

#define SAID_MAX (16 * 1024 * 1024) /* bytes that a process of its own says */
#define POSTPONE_MS 3600000         /* a server that cannot be asked */

static const struct server *const servers[] = {
	&server_nginx,
	&server_apache,
	&server_haproxy,
	NULL
};

const struct server *
server_find(const char *name)
{
	for (size_t i = 0; servers[i] != NULL; i++)
		if (strcmp(servers[i]->name, name) == 0)
			return servers[i];
	return NULL;
}

const struct server *
server_parse(const char *text, const char **ret_argument)
{
	size_t len = strcspn(text, "=");
	char name[32];

	*ret_argument = text[len] == '=' ? text + len + 1 : "";
	if (len >= sizeof(name))
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	return server_find(name);
}

bool
server_folder(const struct server_cert *cert, size_t index,
    char out[SERVER_FOLDER_SIZE])
{
	static const char *const suffixes[] = { "", SITE_SUFFIX_RSA,
		SITE_SUFFIX_ECDSA };
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

void
server_put_look(struct bld *out, const struct server_cert *cert, bool stale,
    const struct err *err)
{
	char plain[ERR_TEXT_SIZE];

	if (err != NULL) {
		text_printable(plain, sizeof(plain), span_str(err->text));
		bld_fmt(out, "fault %s %s\n", cert->site, plain);
	} else if (stale) {
		bld_fmt(out, "stale %s\n", cert->site);
	}
}

/* What an operation is about. */
struct subject {
	const struct server_task *items;
	size_t count;
	const struct server_cert *cert;
};

static int
operate(const struct server *server, const struct server_world *world,
    int (*call)(const struct server *server, void *self,
    const struct subject *subject, struct err *err),
    const struct subject *subject, struct err *err)
{
	void *self = mem_zalloc(server->size);
	int r = server->begin(self, world, err);

	if (r == 0)
		r = call(server, self, subject, err);
	server->end(self);
	free(self);
	return r;
}

static int
present(const struct server *server, void *self,
    const struct subject *subject, struct err *err)
{
	struct tasks *tasks = mem_zalloc(sizeof(*tasks));
	int r;

	tasks_load(tasks, self);
	r = tasks_add(tasks, subject->items, subject->count, err);
	if (r == 0)
		r = (subject->count == 0 ? server->hide : server->show)(self,
		    tasks, subject->items, subject->count, err);
	for (size_t i = 0; r == 0 && server->see != NULL &&
	    i < subject->count; i++)
		r = server->see(self, &subject->items[i], err);
	if (r < 0 && subject->count > 0)
		server->hide(self, tasks, subject->items, subject->count,
		    NULL);
	tasks_free(tasks);
	free(tasks);
	return r;
}

int
server_present(const struct server *server, const struct server_world *world,
    const struct server_task *items, size_t count, struct err *err)
{
	return operate(server, world, present, &(struct subject){
	    .items = items, .count = count }, err);
}

static int
withdraw(const struct server *server, void *self,
    const struct subject *subject, struct err *err)
{
	struct tasks *tasks = mem_zalloc(sizeof(*tasks));
	int r;

	tasks_load(tasks, self);
	r = server->hide(self, tasks, subject->items, subject->count, err);
	tasks_free(tasks);
	free(tasks);
	return r;
}

int
server_withdraw(const struct server *server,
    const struct server_world *world, const struct server_task *items,
    size_t count, struct err *err)
{
	return operate(server, world, withdraw, &(struct subject){
	    .items = items, .count = count }, err);
}

static int
install(const struct server *server, void *self,
    const struct subject *subject, struct err *err)
{
	if (server->look != NULL)
		seen_forget(self);
	return server->install(self, subject->cert, err);
}

int
server_install(const struct server *server, const struct server_world *world,
    const struct server_cert *cert, struct err *err)
{
	return operate(server, world, install, &(struct subject){
	    .cert = cert }, err);
}

static int
take_away(const struct server *server, void *self,
    const struct subject *subject, struct err *err)
{
	return server->remove(self, subject->cert, err);
}

static void
set_left(void *ctx, const struct change *change, const char *name,
    const char *argument)
{
	bool *left = ctx;

	(void)name;
	(void)argument;
	*left = *left || change_is_left(change);
}

bool
server_is_left(const char *dir)
{
	bool left = false;

	change_each(dir, set_left, &left);
	return left;
}

/* First a byte, 1: what follows is what went wrong. */
static void __attribute__((noreturn))
apart_child(void (*call)(void *arg, struct bld *out, struct err *err),
    void *arg, int to)
{
	struct err said = ERR_INIT;
	struct bld out;

	signal(SIGPIPE, SIG_IGN);
	bld_init(&out, SAID_MAX);
	bld_u8(&out, 0);
	call(arg, &out, &said);
	if (said.kind != ERR_NONE) {
		bld_reset(&out);
		bld_u8(&out, 1);
		bld_str(&out, said.text);
	}
	_exit(bld_end(&out) < 0 || file_write(to, bld_view(&out)) < 0 ?
	    EXIT_FAILURE : EXIT_SUCCESS);
}

/* Runs a function that blocks in a process of its own; judge waits for it. */
static int
run_apart(void (*call)(void *arg, struct bld *out, struct err *err),
    void *arg, struct bld *out, struct err *err)
{
	struct bld said;
	int ends[2], r, status = 1;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		apart_child(call, arg, ends[1]);
	close(ends[1]);
	bld_init(&said, SAID_MAX);
	(void)file_slurp(ends[0], "a pipe", &said, NULL);
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		r = err_errno(err, "cannot start a process");
	else if (status != 0 || said.len == 0 || bld_end(&said) < 0)
		r = err_set(err, ERR_IO, NULL, "a process that asked a web "
		    "server ended in the middle");
	else if (said.data[0] != 0)
		r = err_set(err, ERR_IO, NULL, "%.*s", (int)said.len - 1,
		    (const char *)said.data + 1);
	else
		r = 0;
	if (r == 0 && out != NULL)
		bld_bytes(out, said.data + 1, said.len - 1);
	bld_free(&said);
	return r;
}

struct repair {
	const char *dir;
	struct err *err; /* the first */
};

static void
repair_one(void *ctx, const struct change *change, const char *name,
    const char *argument)
{
	struct repair *repair = ctx;
	const struct server *server = server_find(name);
	struct server_world world = { .dir = repair->dir,
	    .argument = argument };
	struct err err = ERR_INIT;

	if (server != NULL && change_is_left(change) &&
	    server_present(server, &world, NULL, 0, &err) < 0 &&
	    repair->err->kind == ERR_NONE)
		*repair->err = err;
}

static void
repair_all(void *arg, struct bld *out, struct err *err)
{
	struct repair *repair = arg;

	(void)out;
	repair->err = err;
	change_each(repair->dir, repair_one, repair);
}

int
server_repair(const char *dir, struct err *err)
{
	struct repair repair = { .dir = dir };

	return server_is_left(dir) ? run_apart(repair_all, &repair, NULL, err) :
	    0;
}

struct fitting {
	const struct server *server;
	struct server_world world;
	const struct row_list *names;
};

static void
fit_one(void *arg, struct bld *out, struct err *err)
{
	const struct fitting *fitting = arg;

	(void)out;
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
	return run_apart(fit_one, &fitting, NULL, err);
}

struct removal {
	const struct server *server;
	struct server_world world;
	const struct server_cert *cert;
};

static void
remove_one(void *arg, struct bld *out, struct err *err)
{
	const struct removal *removal = arg;

	(void)out;
	operate(removal->server, &removal->world, take_away,
	    &(struct subject){ .cert = removal->cert }, err);
}

int
server_remove(const char *dir, const char *install,
    const struct server_cert *cert, struct err *err)
{
	struct removal removal = { .world.dir = dir, .cert = cert };

	removal.server = server_parse(install, &removal.world.argument);
	return removal.server == NULL ? 0 :
	    run_apart(remove_one, &removal, NULL, err);
}

/* ---- what changes there without us ------------------------------------- */

struct changed {
	int64_t now;
	void (*visit)(void *ctx, const struct server *server,
	    const char *argument);
	void *ctx;
};

static void
visit_changed(void *ctx, const struct change *change, const char *name,
    const char *argument)
{
	const struct changed *changed = ctx;
	const struct server *server = server_find(name);

	if (server != NULL && server->look != NULL &&
	    !seen_same(change, changed->now))
		changed->visit(changed->ctx, server, argument);
}

void
server_each_changed(const char *dir, int64_t now, void (*visit)(void *ctx,
    const struct server *server, const char *argument), void *ctx)
{
	struct changed changed = { .now = now, .visit = visit, .ctx = ctx };

	change_each(dir, visit_changed, &changed);
}

struct looking {
	const struct server *server;
	struct server_world world;
	const struct server_cert *certs;
	size_t count;
};

static void
look_one(void *arg, struct bld *out, struct err *err)
{
	const struct looking *looking = arg;

	looking->server->look(&looking->world, looking->certs, looking->count,
	    out, err);
}

/* Whatever becomes of it, until something is installed. */
static int
look_none(const struct server *server, const struct server_world *world,
    struct err *err)
{
	const struct timespec never = { 0 };
	struct seen none = { 0 };
	struct change change;
	int r = change_begin(&change, world->dir, server->name,
	    world->argument, err);

	if (r == 0)
		r = seen_write(&change, &none, &never, err);
	change_end(&change);
	return r;
}

int
server_look(const struct server *server, const struct server_world *world,
    const struct server_cert *certs, size_t count, struct bld *out,
    struct err *err)
{
	struct looking looking = { .server = server, .world = *world,
	    .certs = certs, .count = count };

	if (count == 0)
		return look_none(server, world, err);
	return run_apart(look_one, &looking, out, err);
}

void
server_looked(const struct server *server, const struct server_world *world,
    bool ok, int64_t now)
{
	struct change change;

	if (change_begin(&change, world->dir, server->name, world->argument,
	    NULL) < 0)
		return;
	if (ok)
		seen_keep(&change);
	else
		seen_postpone(&change, now + POSTPONE_MS);
	change_end(&change);
}
