/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_HOOK_ENV_H
#define SIGNET_AGENT_PROC_HOOK_ENV_H

/*
 * hook_env: the variables that a site gives its hooks (`environment`). They
 * stand between signet's own environment and what a hook's protocol sets.
 */

#include "agent/conf/row.h"
#include "base/mem.h"

#define HOOK_ENV_MAX 256          /* variables */
#define HOOK_ENV_FILE_MAX 65536   /* bytes */

struct hook_env {
	size_t count;
	const char *items[HOOK_ENV_MAX + 1]; /* "NAME=value", NULL at the end */
};

/* Reads what from names, into the arena. Root reads files of
 * trusted_file alone. */
int hook_env_load(const struct row_list *from, struct arena *arena,
    struct hook_env *ret, struct err *err);

/* A copy, in the arena. */
void hook_env_copy(const struct hook_env *from, struct arena *arena,
    struct hook_env *ret);

/* Its value there or, if it has none, in signet's own environment. NULL. env
 * may be NULL. */
const char *hook_env_get(const struct hook_env *env, const char *name);
/* The same, or what the file NAME_FILE holds, without its line's end. */
const char *hook_env_secret(const struct hook_env *env, const char *name,
    struct arena *arena);
/* A number of seconds, 1 to max; otherwise if it is none. */
unsigned hook_env_seconds(const struct hook_env *env, const char *name,
    unsigned max, unsigned otherwise);

/* Both, what is more last; NULL at the end, in the arena. */
const char **hook_env_join(const struct hook_env *env,
    const char *const *more, struct arena *arena);

#endif
