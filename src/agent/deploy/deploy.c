/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deploy/deploy.h"

#include "agent/deploy/deploy_dialect.h"
#include "agent/deploy/hook_event.h"
#include "agent/proc/trusted.h"

#define VARIABLES_MAX 16

/* The environment of certbot's deploy hooks and acme.sh's commands, and the
 * same in our words. */
static void
put_shell(const struct deploy_cert *cert, struct arena *arena,
    const char *ret[VARIABLES_MAX])
{
	const char **at = ret;

	*at++ = arena_fmt(arena, "RENEWED_LINEAGE=%.*s",
	    SPAN_FMT(cert->path));
	*at++ = arena_fmt(arena, "RENEWED_DOMAINS=%s",
	    row_list_join(&cert->site->names, ' ', arena));
	*at++ = arena_fmt(arena, "SIGNET_SITE=%s", cert->site->name);
	*at++ = arena_fmt(arena, "SIGNET_PATH=%.*s", SPAN_FMT(cert->path));
	*at++ = arena_fmt(arena, "SIGNET_KEY=%s", cert->key_name);
	*at++ = cert->dry_run ? "SIGNET_DRY_RUN=1" : "SIGNET_DRY_RUN=";
	deploy_dialect_shell(cert, arena, at);
	at[DEPLOY_DIALECT_SHELL_VARIABLES] = NULL;
}

static struct command *
start_command(struct loop *loop, const char *argument,
    const struct deploy_cert *cert, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err)
{
	bool other = deploy_dialect_is(argument);
	const char *variables[VARIABLES_MAX];
	struct arena arena = { 0 };
	struct deploy_dialect dialect;
	struct command *ret = NULL;

	if (other && deploy_dialect_make(argument, cert, &arena, &dialect)) {
		if (trusted_files(dialect.sources, err) == 0)
			ret = command_exec(loop, dialect.argv, hook_env_join(
			    cert->environment, dialect.variables, &arena),
			    done, ctx, err);
	} else if (!other && cert->call == 0) {
		put_shell(cert, &arena, variables);
		ret = command_start(loop, argument, hook_env_join(
		    cert->environment, variables, &arena), done, ctx, err);
	}
	command_limit(ret, site_conf_hook_timeout(cert->site));
	arena_free(&arena);
	return ret;
}

static const struct deploy_kind kinds[] = {
	{ .name = "install", .offset = offsetof(struct site_conf, install),
	    .ocsp = true, .live = true, .start = deploy_server },
	{ .name = "deploy_hook",
	    .offset = offsetof(struct site_conf, deploy_hook),
	    .several = true, .folder = "deploy", .start = start_command },
	{ .name = "reload", .offset = offsetof(struct site_conf, reload),
	    .shared = true, .ocsp = true, .start = start_command },
	{ .name = "verify", .offset = offsetof(struct site_conf, verify),
	    .live = true, .start = deploy_verify },
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
	if (list->count < DEPLOY_STEPS_MAX)
		list->steps[list->count++] = (struct deploy_step){
			.kind = kind, .argument = argument,
			.name = arena_fmt(list->arena, "%s %s", kind->name,
			argument) };
}

/* Those of the folders come first, and no second time. */
static size_t
add_folders(struct list *list, const struct deploy_kind *kind,
    const struct site_conf *site, const char *paths[HOOK_EVENT_CALLS_MAX])
{
	size_t count = kind->folder == NULL ? 0 :
	    hook_event_folder(site, kind->folder, list->arena, paths);

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

	for (const struct deploy_kind *kind = kinds; kind->name != NULL;
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
