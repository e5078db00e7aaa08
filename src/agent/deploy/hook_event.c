/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deploy/hook_event.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/conf/hook_argument.h"
#include "agent/deploy/deploy_dialect.h"
#include "base/json.h"

struct list {
	const struct site_conf *site;
	const struct hook_event_facts *facts;
	struct arena *arena;
	struct hook_event_call *calls;
	size_t count;
};

/* ---- certbot's folders and commands ------------------------------------- */

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    access(path, X_OK) == 0;
}

/* What editors leave behind is no hook. */
static int
is_hook(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && entry->d_name[len - 1] != '~';
}

static int
compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

size_t
hook_event_folder(const struct site_conf *site, const char *sub,
    struct arena *arena, const char *ret[HOOK_EVENT_CALLS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < site->hook_dir.count; i++) {
		const char *dir = arena_fmt(arena, "%s/%s",
		    site->hook_dir.items[i], sub);
		struct dirent **entries = NULL;
		int count = scandir(dir, &entries, is_hook, compare);

		for (int j = 0; j < count; j++) {
			const char *path = arena_fmt(arena, "%s/%s",
			    dir, entries[j]->d_name);

			if (n < HOOK_EVENT_CALLS_MAX && is_program(path))
				ret[n++] = path;
			free(entries[j]);
		}
		free(entries);
	}
	return n;
}

static struct hook_event_call *
add(struct list *list, const char *name)
{
	struct hook_event_call *call;

	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->calls[i].name, name) == 0)
			return NULL;
	}
	if (list->count == HOOK_EVENT_CALLS_MAX)
		return NULL;
	call = &list->calls[list->count++];
	*call = (struct hook_event_call){ .name = name };
	return call;
}

static void
add_shell(struct list *list, const char *command, enum hook_event event)
{
	struct hook_event_call *call = add(list, command);

	if (call == NULL)
		return;
	call->argv[0] = "/bin/sh";
	call->argv[1] = "-c";
	call->argv[2] = command;
	if (event != HOOK_EVENT_POST)
		return;
	call->variables[0] = arena_fmt(list->arena,
	    "RENEWED_DOMAINS=%s", list->facts->renewed);
	call->variables[1] = arena_fmt(list->arena,
	    "FAILED_DOMAINS=%s", list->facts->failed);
}

/* A folder's first; what is in a folder does not run twice. */
static void
add_commands(struct list *list, const char *sub,
    const struct row_list *commands, enum hook_event event)
{
	const char *paths[HOOK_EVENT_CALLS_MAX];
	size_t count = hook_event_folder(list->site, sub, list->arena, paths);

	for (size_t i = 0; i < count; i++)
		add_shell(list, paths[i], event);
	for (size_t i = 0; i < commands->count; i++)
		add_shell(list, commands->items[i], event);
}

/* ---- dehydrated --------------------------------------------------------- */

/* As the CA's answer looks on the wire (RFC 8555 6.7). */
static const char *
problem(struct list *list)
{
	const struct hook_event_facts *facts = list->facts;
	struct bld text;
	const char *ret;

	bld_init(&text, 65536);
	bld_fmt(&text, "{\"type\":\"urn:ietf:params:acme:error:%.*s\","
	    "\"detail\":", SPAN_FMT(facts->type));
	json_put_string(&text, facts->detail);
	bld_fmt(&text, ",\"status\":%u}", facts->status);
	ret = arena_str(list->arena, bld_view(&text));
	bld_free(&text);
	return ret;
}

static void
put_files(struct list *list, const char **at)
{
	struct deploy_dialect_paths paths;

	deploy_dialect_find(list->site, list->facts->path, list->arena,
	    &paths);
	*at++ = paths.key;
	*at++ = paths.cert;
	*at++ = paths.fullchain;
	*at++ = paths.chain;
}

static void
put_arguments(struct list *list, enum hook_event event, const char **at)
{
	const struct hook_event_facts *facts = list->facts;
	const struct site_conf *site = list->site;
	const char *domain = site_conf_first_name(site);

	switch (event) {
	case HOOK_EVENT_PRE:
		*at++ = "startup_hook";
		break;
	case HOOK_EVENT_POST:
		*at++ = "exit_hook";
		if (facts->error != NULL)
			*at++ = facts->error;
		break;
	case HOOK_EVENT_CSR:
		*at++ = "generate_csr";
		*at++ = domain;
		*at++ = arena_str(list->arena, facts->path);
		*at++ = row_list_join(&site->names, ' ', list->arena);
		break;
	case HOOK_EVENT_UNCHANGED:
		*at++ = "unchanged_cert";
		*at++ = domain;
		put_files(list, at);
		break;
	case HOOK_EVENT_FAILURE:
		*at++ = "request_failure";
		*at++ = arena_fmt(list->arena, "%u", facts->status);
		*at++ = problem(list);
		*at++ = "post";
		*at++ = arena_fmt(list->arena, "HTTP/1.1 %u",
		    facts->status);
		break;
	}
}

static void
add_dehydrated(struct list *list, struct span hook, enum hook_event event)
{
	struct hook_event_call *call;
	const char *path;

	if (hook.len == 0)
		return;
	path = arena_str(list->arena, hook);
	call = add(list, arena_fmt(list->arena, "%s (of dehydrated)",
	    path));
	if (call == NULL)
		return;
	call->argv[0] = path;
	call->needed = event == HOOK_EVENT_PRE || event == HOOK_EVENT_CSR;
	put_arguments(list, event, call->argv + 1);
	call->variables[0] = "COMMAND=sign_domains";
}

static void
add_hooks(struct list *list, enum hook_event event)
{
	const struct site_conf *site = list->site;

	for (size_t i = 0; i < site->via.count; i++)
		add_dehydrated(list,
		    hook_argument_dehydrated(site->via.items[i]), event);
	for (size_t i = 0; i < site->deploy_hook.count; i++)
		add_dehydrated(list,
		    hook_argument_dehydrated(site->deploy_hook.items[i]),
		    event);
}

size_t
hook_event_list(const struct site_conf *site, enum hook_event event,
    const struct hook_event_facts *facts, struct arena *arena,
    struct hook_event_call ret[HOOK_EVENT_CALLS_MAX])
{
	struct list list = { .site = site, .facts = facts, .arena = arena,
		.calls = ret };

	if (event == HOOK_EVENT_PRE)
		add_commands(&list, "pre", &site->pre_hook, event);
	if (event == HOOK_EVENT_POST)
		add_commands(&list, "post", &site->post_hook, event);
	add_hooks(&list, event);
	return list.count;
}

struct command *
hook_event_start(struct loop *loop, const struct site_conf *site,
    const struct hook_env *environment, const struct hook_event_call *call,
    void (*done)(void *ctx, const struct err *err, struct span output),
    void *ctx, struct err *err)
{
	struct arena arena = { 0 };
	struct command *ret;

	ret = command_exec(loop, call->argv, hook_env_join(environment,
	    call->variables, &arena), done, ctx, err);
	command_limit(ret, site_conf_hook_timeout(site));
	arena_free(&arena);
	return ret;
}
