/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/tasks.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"

static bool
plain(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < 400 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_.:*") == len;
}

/* "PID NAME TOKEN KEYAUTH" */
static void
load_line(struct tasks *tasks, struct span line)
{
	struct span first = span_cut(&line, ' '), name, token;
	struct arena *arena = &tasks->arena;
	uint64_t pid;

	if (span_equal_str(first, "file")) {
		tasks->file = arena_str(arena, line);
		return;
	}
	name = span_cut(&line, ' ');
	token = span_cut(&line, ' ');
	if (text_uint(first, INT_MAX, &pid) < 0 || (pid_t)pid != tasks->run ||
	    line.len == 0 || tasks->count == SERVER_TASKS_MAX)
		tasks->stale = true;
	else
		tasks->items[tasks->count++] = (struct server_task){
			.name = arena_str(arena, name),
			.token = arena_str(arena, token),
			.key_authorization = arena_str(arena, line) };
}

void
tasks_load(struct tasks *tasks, const struct change *change)
{
	char path[CHANGE_PATH_SIZE];
	struct bld text;
	struct span rest;

	memset(tasks, 0, sizeof(*tasks));
	tasks->run = getppid();
	change_path(change, "tasks", path);
	bld_init(&text, CHANGE_FILE_MAX);
	if (change_read(path, &text, NULL) == 0) {
		rest = bld_view(&text);
		while (rest.len > 0)
			load_line(tasks, span_cut(&rest, '\n'));
	}
	bld_free(&text);
}

int
tasks_save(const struct tasks *tasks, const struct change *change,
    struct err *err)
{
	char path[CHANGE_PATH_SIZE];
	struct bld text;
	int r;

	change_path(change, "tasks", path);
	if (tasks->count == 0) {
		unlink(path);
		return 0;
	}
	bld_init(&text, CHANGE_FILE_MAX);
	if (tasks->file != NULL)
		bld_fmt(&text, "file %s\n", tasks->file);
	for (size_t i = 0; i < tasks->count; i++)
		bld_fmt(&text, "%d %s %s %s\n", (int)tasks->run,
		    tasks->items[i].name, tasks->items[i].token,
		    tasks->items[i].key_authorization);
	r = change_put(path, bld_view(&text), 0600, err);
	bld_free(&text);
	return r;
}

void
tasks_free(struct tasks *tasks)
{
	arena_free(&tasks->arena);
}

int
tasks_add(struct tasks *tasks, const struct server_task *items, size_t count,
    struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (tasks->count == SERVER_TASKS_MAX)
			return err_set(err, ERR_BUSY, NULL,
			    "more than %d challenges at a time",
			    SERVER_TASKS_MAX);
		/* They are written into the server's configuration. */
		if (!plain(items[i].name) || !plain(items[i].token) ||
		    !plain(items[i].key_authorization))
			return err_set(err, ERR_MALFORMED, "RFC 8555 8.3",
			    "the CA's token is none");
		tasks->items[tasks->count++] = items[i];
	}
	return 0;
}

void
tasks_remove(struct tasks *tasks, const struct server_task *items,
    size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < tasks->count; i++) {
		bool gone = false;

		for (size_t j = 0; j < count && !gone; j++)
			gone = strcmp(tasks->items[i].token,
			    items[j].token) == 0;
		if (!gone)
			tasks->items[kept++] = tasks->items[i];
	}
	tasks->count = kept;
}

void
tasks_set_file(struct tasks *tasks, const char *file)
{
	tasks->file = arena_str(&tasks->arena, span_str(file));
}

void
tasks_path(const struct server_task *task, char out[TASKS_PATH_SIZE])
{
	snprintf(out, TASKS_PATH_SIZE, "/.well-known/acme-challenge/%s",
	    task->token);
}
