/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/hook_env.h"

#include <stdio.h>

#include "agent/conf/form.h"
#include "agent/proc/trusted.h"
#include "base/text.h"

static int
add(struct hook_env *env, const char *text, struct err *err)
{
	if (env->count == HOOK_ENV_MAX)
		return err_set(err, ERR_CONFIG, NULL, "there are more than %d "
		    "variables for hooks", HOOK_ENV_MAX);
	env->items[env->count++] = text;
	env->items[env->count] = NULL;
	return 0;
}

/* The file's text, in the arena. */
static int
read_file(const char *path, struct arena *arena, char **ret, struct err *err)
{
	struct span text;
	int r = trusted_read(path, HOOK_ENV_FILE_MAX, arena, &text, err);

	*ret = r == 0 ? arena_str(arena, text) : NULL;
	return r;
}

/* Without blanks and line ends around it. */
static char *
strip(char *text)
{
	size_t len;

	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

/* NAME="value" as a shell writes it, but nothing is expanded. */
static void
unquote(char *line)
{
	char *value = strchr(line, '=');
	size_t len;

	if (value == NULL)
		return;
	value++;
	len = strlen(value);
	if (len > 1 && strchr("'\"", value[0]) != NULL &&
	    value[len - 1] == value[0]) {
		memmove(value, value + 1, len - 2);
		value[len - 2] = '\0';
	}
}

static int
load_file(const char *path, struct arena *arena, struct hook_env *env,
    struct err *err)
{
	char *text = NULL, *line;
	int r = read_file(path, arena, &text, err);

	while (r == 0 && (line = strsep(&text, "\n")) != NULL) {
		line = strip(line);
		if (strncmp(line, "export ", 7) == 0)
			line = strip(line + 7);
		if (line[0] == '\0' || line[0] == '#')
			continue;
		r = line[0] == '/' ? -(int)ERR_CONFIG :
		    form_environment(line, err);
		if (r < 0)
			return err_set(err, ERR_CONFIG, NULL, "%s has a line "
			    "that is not NAME=VALUE", path);
		unquote(line);
		r = add(env, line, err);
	}
	return r;
}

int
hook_env_load(const struct row_list *from, struct arena *arena,
    struct hook_env *ret, struct err *err)
{
	int r = 0;

	*ret = (struct hook_env){ 0 };
	for (size_t i = 0; r == 0 && i < from->count; i++)
		r = from->items[i][0] == '/' ?
		    load_file(from->items[i], arena, ret, err) :
		    add(ret, arena_str(arena, span_str(from->items[i])), err);
	return r;
}

void
hook_env_copy(const struct hook_env *from, struct arena *arena,
    struct hook_env *ret)
{
	*ret = (struct hook_env){ .count = from->count };
	for (size_t i = 0; i < from->count; i++)
		ret->items[i] = arena_str(arena, span_str(from->items[i]));
}

const char *
hook_env_get(const struct hook_env *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = env == NULL ? 0 : env->count; i > 0; i--) {
		const char *item = env->items[i - 1];

		if (strncmp(item, name, len) == 0 && item[len] == '=')
			return item + len + 1;
	}
	return getenv(name);
}

const char *
hook_env_secret(const struct hook_env *env, const char *name,
    struct arena *arena)
{
	char file[128];
	const char *path, *ret = hook_env_get(env, name);
	char *text = NULL;

	snprintf(file, sizeof(file), "%s_FILE", name);
	path = hook_env_get(env, file);
	if (ret == NULL && path != NULL &&
	    read_file(path, arena, &text, NULL) == 0 && text != NULL)
		return strip(text);
	return ret;
}

unsigned
hook_env_seconds(const struct hook_env *env, const char *name, unsigned max,
    unsigned otherwise)
{
	const char *text = hook_env_get(env, name);
	uint64_t number;

	return text != NULL && text_uint(span_str(text), max, &number) == 0 &&
	    number > 0 ? (unsigned)number : otherwise;
}

const char **
hook_env_join(const struct hook_env *env, const char *const *more,
    struct arena *arena)
{
	size_t count = env == NULL ? 0 : env->count, n = 0;
	const char **ret;

	while (more[n] != NULL)
		n++;
	ret = arena_alloc(arena, (count + n + 1) * sizeof(ret[0]));
	for (size_t i = 0; i < count; i++)
		ret[i] = env->items[i];
	for (size_t i = 0; i <= n; i++)
		ret[count + i] = more[i];
	return ret;
}
