/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conf/hook_argument.h"

#include <stdlib.h>
#include <string.h>

#define CHAIN ",chain"
#define WELLKNOWN ",wellknown=/"

int
hook_argument_parse(const char *text, struct hook_argument *ret,
    struct err *err)
{
	const char *known = strstr(text, WELLKNOWN);
	size_t len = strlen(text), chain = strlen(CHAIN);

	*ret = (struct hook_argument){ 0 };
	if (known != NULL) {
		ret->wellknown = span_str(known + strlen(WELLKNOWN) - 1);
		len = (size_t)(known - text);
	}
	if (len >= chain && memcmp(text + len - chain, CHAIN, chain) == 0) {
		ret->chain = true;
		len -= chain;
	}
	ret->hook = span_of(text, len);
	if (len == 0 ? known != NULL && !ret->chain : text[0] == '/')
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "\"%s\" is no absolute path of a "
	    "hook; write HOOK, HOOK,chain for HOOK_CHAIN=yes, and with a "
	    "comma wellknown=DIR where files are to be written, too", text);
}

struct span
hook_argument_dehydrated(const char *text)
{
	static const char *const starts[] = { "dehydrated-http=",
		"dehydrated-dns=", "dehydrated:" };
	struct hook_argument argument;

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (strncmp(text, starts[i], strlen(starts[i])) == 0 &&
		    hook_argument_parse(text + strlen(starts[i]), &argument,
		    NULL) == 0)
			return argument.hook;
	}
	return SPAN_NONE;
}

void
hook_argument_acmesh(const char *text, const char *sub, struct arena *arena,
    struct hook_argument_acmesh *ret)
{
	size_t len = strcspn(text, ",");
	const char *home = getenv("HOME");

	ret->name = arena_fmt(arena, "%.*s", (int)len, text);
	ret->dir = text[len] == ',' ? arena_fmt(arena, "%s", text + len + 1) :
	    arena_fmt(arena, "%s/.acme.sh", home == NULL ? "/root" : home);
	ret->sources[0] = arena_fmt(arena, "%s/acme.sh", ret->dir);
	ret->sources[1] = arena_fmt(arena, "%s/account.conf", ret->dir);
	ret->sources[2] = arena_fmt(arena, "%s/%s/%s.sh", ret->dir, sub,
	    ret->name);
	ret->sources[3] = arena_fmt(arena, "%s/%s.sh", ret->dir, ret->name);
	ret->sources[4] = NULL;
}
