/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haproxy: asked and changed over its runtime socket, without a reload. Its
 * configuration has no folder for files of others, so challenges need one rule
 * that the administrator writes once: a map, into which they are put.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/server/haproxy_private.h"
#include "agent/server/names.h"
#include "agent/server/tasks.h"
#include "base/text.h"

#define SOCKET "/run/haproxy/admin.sock" /* of Debian */
#define MAP_NAME "signet.map"
#define RULE "http-request return status 200 content-type text/plain " \
    "lf-string \"%[path,map(/etc/haproxy/" MAP_NAME ")]\" " \
    "if { path,map(/etc/haproxy/" MAP_NAME ") -m found }"

static int
begin(void *self, const struct server_world *world, struct err *err)
{
	struct haproxy *haproxy = self;
	struct bld answer;
	int r;

	*haproxy = (struct haproxy){ .world = world,
	    .socket = world->argument[0] == '\0' ? SOCKET : world->argument };
	haproxy->change.fd_lock = -1;
	r = world->dir == NULL ? 0 : change_begin(&haproxy->change, world->dir,
	    "haproxy", world->argument, err);
	if (r < 0)
		return r;
	bld_init(&answer, HAPROXY_SOCKET_ANSWER_MAX);
	r = haproxy_socket_ask(haproxy->socket, "show info", SPAN_NONE,
	    &answer, err);
	if (r == 0) {
		haproxy->pid = haproxy_answer_pid(bld_view(&answer));
		haproxy->num_at = addresses_find(haproxy->pid, haproxy->at);
	}
	bld_free(&answer);
	if (r < 0)
		return r;
	return haproxy->change.count > 0 ? haproxy_repair(haproxy, err) : 0;
}

static void
end(void *self)
{
	struct haproxy *haproxy = self;

	change_end(&haproxy->change);
	arena_free(&haproxy->arena);
}

static char *
find_map(struct haproxy *haproxy, struct err *err)
{
	struct bld answer;
	char *ret = NULL;

	bld_init(&answer, HAPROXY_SOCKET_ANSWER_MAX);
	if (haproxy_socket_ask(haproxy->socket, "show map", SPAN_NONE,
	    &answer, err) == 0)
		ret = haproxy_answer_map(bld_view(&answer), MAP_NAME,
		    &haproxy->arena);
	bld_free(&answer);
	return ret;
}

/* A rule with the account's thumbprint needs nothing of us. */
static bool
is_served(const struct haproxy *haproxy, const struct server_task *task)
{
	char path[TASKS_PATH_SIZE];

	tasks_path(task, path);
	for (size_t i = 0; i < haproxy->num_at; i++)
		if (look_http(&haproxy->at[i], task->name, path,
		    span_str(task->key_authorization), NULL) == 0)
			return true;
	return false;
}

static int
set_entry(const struct haproxy *haproxy, const char *map,
    const struct server_task *task, bool there, struct err *err)
{
	char path[TASKS_PATH_SIZE], shown[200];
	struct bld command, answer;
	int r;

	tasks_path(task, path);
	bld_init(&command, 4096);
	bld_init(&answer, HAPROXY_SOCKET_ANSWER_MAX);
	bld_fmt(&command, "%s map %s %s%s%s%c", there ? "add" : "del", map,
	    path, there ? " " : "", there ? task->key_authorization : "", 0);
	r = haproxy_socket_ask(haproxy->socket, (const char *)command.data,
	    SPAN_NONE, &answer, err);
	/* It says nothing when all is well. */
	if (r == 0 && answer.len > 2) {
		text_printable(shown, sizeof(shown), bld_view(&answer));
		r = err_set(err, ERR_IO, NULL, "HAProxy says to \"%s map\": "
		    "%s", there ? "add" : "del", shown);
	}
	bld_free(&command);
	bld_free(&answer);
	return r;
}

static int
hide(void *self, struct tasks *tasks, const struct server_task *items,
    size_t count, struct err *err)
{
	struct haproxy *haproxy = self;
	char command[CHANGE_PATH_SIZE];
	struct bld answer;
	char *map = find_map(haproxy, err);
	int r = 0;

	tasks_remove(tasks, items, count);
	for (size_t i = 0; i < count && map != NULL; i++)
		set_entry(haproxy, map, &items[i], false, NULL);
	/* Those of a run that was killed go, too: the map is ours. */
	if (map != NULL && tasks->count == 0) {
		snprintf(command, sizeof(command), "clear map %s", map);
		bld_init(&answer, HAPROXY_SOCKET_ANSWER_MAX);
		r = haproxy_socket_ask(haproxy->socket, command, SPAN_NONE,
		    &answer, err);
		bld_free(&answer);
	}
	return r < 0 ? r : tasks_save(tasks, &haproxy->change, err);
}

static int
no_map(struct err *err)
{
	return err_set(err, ERR_CONFIG, NULL, "HAProxy has no map for "
	    "challenges; make the empty file /etc/haproxy/" MAP_NAME
	    " and write once into the frontend of port 80: %s", RULE);
}

static int
show(void *self, struct tasks *tasks, const struct server_task *items,
    size_t count, struct err *err)
{
	struct haproxy *haproxy = self;
	int r = tasks_save(tasks, &haproxy->change, err);
	char *map = r < 0 ? NULL : find_map(haproxy, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (is_served(haproxy, &items[i]))
			continue;
		if (map == NULL)
			return no_map(err);
		if (set_entry(haproxy, map, &items[i], true, err) < 0)
			return -(int)ERR_IO;
		if (!is_served(haproxy, &items[i]))
			return err_set(err, ERR_INCORRECT_RESPONSE, NULL,
			    "HAProxy has the challenge of %s in %s and does "
			    "not answer it; write first into the frontend of "
			    "port 80: %s", items[i].name, map, RULE);
	}
	return 0;
}

static bool
add_names(void *ctx, const struct haproxy_cert *cert)
{
	struct names *names = ctx;

	names_block(names);
	for (size_t i = 0; i < cert->num_names; i++)
		names_add(names, span_str(cert->names[i]));
	return true;
}

/* HAProxy knows names from its certificates alone. */
static int
sites(const struct server_world *world, struct bld *out, struct err *err)
{
	struct names names = { 0 };
	struct haproxy haproxy;
	int r = begin(&haproxy, world, err);

	if (r == 0)
		r = haproxy_certs(&haproxy, true, add_names, &names, err);
	if (r == 0)
		names_put(&names, "", out);
	names_free(&names);
	end(&haproxy);
	return r;
}

static int
look(const struct server_world *world, const struct server_cert *certs,
    size_t count, struct bld *out, struct err *err)
{
	struct haproxy haproxy;
	int r = begin(&haproxy, world, err);

	if (r == 0)
		r = haproxy_look(&haproxy, certs, count, out, err);
	end(&haproxy);
	return r;
}

/* The first that answers as a runtime socket. */
static void
find(int pid, char out[RUNNING_SIZE])
{
	bool found = false;

	for (unsigned i = 0; !found && running_socket(pid, i, out); i++)
		found = haproxy_socket_tell(out, "show info", SPAN_NONE,
		    "Pid:", NULL) == 0;
	if (!found || strcmp(out, SOCKET) == 0)
		out[0] = '\0';
}

static int
fits(const struct server_world *world, const struct row_list *names,
    struct err *err)
{
	struct haproxy haproxy;
	int r = begin(&haproxy, world, err);

	(void)names;
	if (r == 0 && find_map(&haproxy, err) == NULL)
		r = err->kind != ERR_NONE ? -(int)err->kind : no_map(err);
	end(&haproxy);
	return r;
}

const struct server server_haproxy = {
	.name = "haproxy",
	.sites = sites, .find = find, .fits = fits,
	.size = sizeof(struct haproxy), .begin = begin, .end = end,
	.show = show, .hide = hide,
	.install = haproxy_install, .remove = haproxy_remove, .look = look,
};
