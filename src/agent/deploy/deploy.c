/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deploy/deploy.h"

#include <stdio.h>
#include <time.h>

#include "agent/deploy/deploy_dialect.h"
#include "agent/deploy/hook_event.h"
#include "agent/proc/trusted.h"

#define HOOK "deploy_hook"
#define VARIABLES_MAX 16

/* "NAME=" and all names with a space between. */
static char *
names_variable(const char *variable, const struct site_conf *site,
    struct arena *arena)
{
	struct bld text;
	char *ret;

	bld_init(&text, 65536);
	bld_fmt(&text, "%s=", variable);
	for (size_t i = 0; i < site->names.count; i++)
		bld_fmt(&text, "%s%s", i == 0 ? "" : " ",
		    site->names.items[i]);
	ret = arena_str(arena, bld_view(&text));
	bld_free(&text);
	return ret;
}

static char *
variable(struct arena *arena, const char *name, struct span value)
{
	struct bld text;
	char *ret;

	bld_init(&text, 65536);
	bld_fmt(&text, "%s=%.*s", name, SPAN_FMT(value));
	ret = arena_str(arena, bld_view(&text));
	bld_free(&text);
	return ret;
}

/* The environment of certbot's deploy hooks and acme.sh's commands, and the
 * same in our words. */
static void
put_shell(const struct deploy_cert *cert, struct arena *arena,
    const char *ret[VARIABLES_MAX])
{
	const char **at = ret;

	*at++ = variable(arena, "RENEWED_LINEAGE", cert->path);
	*at++ = names_variable("RENEWED_DOMAINS", cert->site, arena);
	*at++ = variable(arena, "SIGNET_SITE", span_str(cert->site->name));
	*at++ = variable(arena, "SIGNET_PATH", cert->path);
	*at++ = variable(arena, "SIGNET_KEY", span_str(cert->key_name));
	*at++ = variable(arena, "SIGNET_DRY_RUN",
	    span_str(cert->dry_run ? "1" : ""));
	deploy_dialect_shell(cert, arena, at);
	at[DEPLOY_DIALECT_SHELL_VARIABLES] = NULL;
}

static struct command *
start_command(struct loop *loop, const char *argument,
    const struct deploy_cert *cert, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err)
{
	const struct deploy_call call = { .cert = cert, .step = cert->call,
	    .now_s = (int64_t)time(NULL) };
	bool other = deploy_dialect_is(argument);
	const char *variables[VARIABLES_MAX];
	struct arena arena = { 0 };
	struct deploy_dialect dialect;
	struct command *ret = NULL;

	if (other && deploy_dialect_make(argument, &call, &arena, &dialect)) {
		if (trusted_files(dialect.sources, err) == 0)
			ret = command_exec(loop, dialect.argv, hook_env_join(
			    cert->environment, dialect.variables, &arena),
			    done, ctx, err);
	} else if (!other && cert->call == 0) {
		put_shell(cert, &arena, variables);
		ret = command_start(loop, argument, hook_env_join(
		    cert->environment, variables, &arena), done, ctx, err);
	}
	if (ret != NULL && cert->hook_timeout_s > 0)
		command_limit(ret, (int)cert->hook_timeout_s);
	arena_free(&arena);
	return ret;
}

const struct deploy_kind deploy_kinds[] = {
	{ "install", offsetof(struct site_conf, install), false, false, true,
	    deploy_server },
	{ HOOK, offsetof(struct site_conf, deploy_hook), false, true, false,
	    start_command },
	{ "reload", offsetof(struct site_conf, reload), true, false, true,
	    start_command },
	{ "verify", offsetof(struct site_conf, verify), false, false, false,
	    deploy_verify },
	{ .name = NULL }
};

struct list {
	struct arena *arena;
	struct deploy_step *steps;
	size_t count;
};

static void
add(struct list *list, const struct deploy_kind *kind, const char *argument)
{
	struct bld name;

	bld_init(&name, ROW_TEXT_MAX + 64);
	bld_fmt(&name, "%s %s", kind->name, argument);
	if (list->count < DEPLOY_STEPS_MAX)
		list->steps[list->count++] = (struct deploy_step){
			.kind = kind, .argument = argument,
			.name = arena_str(list->arena, bld_view(&name)) };
	bld_free(&name);
}

/* Those of the folders come first, and no second time. */
static size_t
add_folders(struct list *list, const struct deploy_kind *kind,
    const struct site_conf *site, const char *paths[HOOK_EVENT_CALLS_MAX])
{
	size_t count = strcmp(kind->name, HOOK) == 0 ?
	    hook_event_folder(site, "deploy", list->arena, paths) : 0;

	for (size_t i = 0; i < count; i++)
		add(list, kind, paths[i]);
	return count;
}

size_t
deploy_list(const struct site_conf *site, struct arena *arena,
    struct deploy_step ret[DEPLOY_STEPS_MAX])
{
	struct list list = { .arena = arena, .steps = ret };
	const char *paths[HOOK_EVENT_CALLS_MAX];

	for (const struct deploy_kind *kind = deploy_kinds; kind->name != NULL;
	    kind++) {
		const struct row_list *own = (const struct row_list *)
		    ((const char *)site + kind->offset);
		size_t count = add_folders(&list, kind, site, paths), j;

		for (size_t i = 0; i < own->count; i++) {
			for (j = 0; j < count; j++) {
				if (strcmp(paths[j], own->items[i]) == 0)
					break;
			}
			if (j == count)
				add(&list, kind, own->items[i]);
		}
	}
	return list.count;
}
