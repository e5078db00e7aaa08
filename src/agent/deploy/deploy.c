/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deploy/deploy.h"

#include <stdio.h>
#include <time.h>

#include "agent/deploy/deploy_dialect.h"

#define VARIABLES_MAX 8

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

/* The environment of certbot's deploy hooks, and the same in our words. */
static struct command *
start_command(struct loop *loop, const char *argument,
    const struct deploy_cert *cert, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err)
{
	struct arena arena = { 0 };
	const char *variables[VARIABLES_MAX];
	struct deploy_dialect dialect;
	struct command *ret;
	size_t n = 0;

	if (deploy_dialect_make(argument, cert, (int64_t)time(NULL), &arena,
	    &dialect)) {
		ret = command_exec(loop, dialect.argv, dialect.variables,
		    done, ctx, err);
		arena_free(&arena);
		return ret;
	}
	variables[n++] = variable(&arena, "RENEWED_LINEAGE", cert->path);
	variables[n++] = names_variable("RENEWED_DOMAINS", cert->site, &arena);
	variables[n++] = variable(&arena, "SIGNET_SITE",
	    span_str(cert->site->name));
	variables[n++] = variable(&arena, "SIGNET_PATH", cert->path);
	variables[n++] = variable(&arena, "SIGNET_KEY",
	    span_str(cert->key_name));
	variables[n++] = variable(&arena, "SIGNET_DRY_RUN",
	    span_str(cert->dry_run ? "1" : ""));
	variables[n] = NULL;
	ret = command_start(loop, argument, variables, done, ctx, err);
	arena_free(&arena);
	return ret;
}

const struct deploy_kind deploy_kinds[] = {
	{ "install", offsetof(struct site_conf, install), false,
	    deploy_server },
	{ "deploy_hook", offsetof(struct site_conf, deploy_hook), false,
	    start_command },
	{ "reload", offsetof(struct site_conf, reload), true, start_command },
	{ "verify", offsetof(struct site_conf, verify), false,
	    deploy_verify },
	{ NULL }
};

size_t
deploy_list(const struct site_conf *site, struct arena *arena,
    struct deploy_step ret[DEPLOY_STEPS_MAX])
{
	struct bld name;
	size_t n = 0;

	bld_init(&name, ROW_TEXT_MAX + 64);
	for (const struct deploy_kind *kind = deploy_kinds; kind->name != NULL;
	    kind++) {
		const struct row_list *list = (const struct row_list *)
		    ((const char *)site + kind->offset);

		for (size_t i = 0; i < list->count && n < DEPLOY_STEPS_MAX;
		    i++) {
			bld_reset(&name);
			bld_fmt(&name, "%s %s", kind->name, list->items[i]);
			ret[n++] = (struct deploy_step){ .kind = kind,
			    .argument = list->items[i],
			    .name = arena_str(arena, bld_view(&name)) };
		}
	}
	bld_free(&name);
	return n;
}
