/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_match: which server block nginx takes for a name: exact names, then
 * the longest "*.x", the longest "x.*", the first regular expression, and the
 * default of the address. */
#include "agent/server/nginx_private.h"

static bool
same_address(const struct nginx_listen *a, const struct nginx_listen *b)
{
	return a->port == b->port && span_equal_nocase(a->host, b->host);
}

bool
nginx_match_listens(const struct nginx_server *server,
    const struct nginx_listen *listen, bool ssl)
{
	for (const struct nginx_listen *l = server->listens; l != NULL;
	    l = l->next)
		if (l->ssl == ssl && same_address(l, listen))
			return true;
	return false;
}

const struct nginx_server *
nginx_match_default(const struct nginx_dump *dump,
    const struct nginx_listen *listen, bool *ret_explicit)
{
	const struct nginx_server *first = NULL;

	*ret_explicit = false;
	for (const struct nginx_server *s = dump->servers; s != NULL;
	    s = s->next) {
		if (nginx_text_is_ours(s->file))
			continue;
		for (const struct nginx_listen *l = s->listens; l != NULL;
		    l = l->next) {
			if (!same_address(l, listen))
				continue;
			first = first == NULL ? s : first;
			if (l->is_default) {
				*ret_explicit = true;
				return s;
			}
		}
	}
	return first;
}

enum { EXACT = 1 << 20, LEADING = 1 << 18, TRAILING = 1 << 16 };

/* How well a server_name fits, 0: not; -1: only nginx knows. */
static int
fit(struct span pattern, struct span name)
{
	struct span tail;

	if (pattern.len == 0)
		return 0;
	if (pattern.data[0] == '~')
		return -1;
	if (span_equal_nocase(pattern, name))
		return EXACT;
	if (pattern.data[0] == '.' || (pattern.len > 2 &&
	    pattern.data[0] == '*')) {
		/* ".x" is "x" and "*.x". */
		tail = pattern.data[0] == '*' ? span_from(pattern, 1) :
		    pattern;
		if (pattern.data[0] == '.' &&
		    span_equal_nocase(span_from(pattern, 1), name))
			return EXACT;
		return name.len > tail.len && span_equal_nocase(span_from(name,
		    name.len - tail.len), tail) ? LEADING + (int)tail.len : 0;
	}
	if (pattern.len > 2 && pattern.data[pattern.len - 1] == '*') {
		tail = span_of(pattern.data, pattern.len - 1);
		return name.len > tail.len && span_equal_nocase(span_of(
		    name.data, tail.len), tail) ? TRAILING + (int)tail.len : 0;
	}
	return 0;
}

const struct nginx_server *
nginx_match_server(const struct nginx_dump *dump,
    const struct nginx_listen *listen, struct span name, struct err *err)
{
	const struct nginx_server *best = NULL, *regex = NULL;
	int best_fit = 0;
	bool is_explicit;

	for (const struct nginx_server *s = dump->servers; s != NULL;
	    s = s->next) {
		if (nginx_text_is_ours(s->file) ||
		    !nginx_match_listens(s, listen, false))
			continue;
		for (const struct nginx_word *w = s->names; w != NULL;
		    w = w->next) {
			int f = fit(w->text, name);

			if (f < 0 && regex == NULL)
				regex = s;
			if (f > best_fit) {
				best = s;
				best_fit = f;
			}
		}
	}
	if (best != NULL)
		return best;
	if (regex != NULL) {
		err_set(err, ERR_CONFIG, NULL, "which server block answers for "
		    "%.*s is decided by a regular expression (%.*s:%u), which "
		    "only nginx can follow; write the name into a server_name, "
		    "or use --via webroot=DIR", SPAN_FMT(name),
		    SPAN_FMT(regex->file), regex->directive->line);
		return NULL;
	}
	return nginx_match_default(dump, listen, &is_explicit);
}

bool
nginx_match_repeated(const struct nginx_dump *dump, const struct nginx_server *server,
    const struct nginx_listen *listen)
{
	for (const struct nginx_server *s = dump->servers; s != server;
	    s = s->next)
		if (!nginx_text_is_ours(s->file) &&
		    nginx_match_listens(s, listen, false))
			return true;
	for (const struct nginx_listen *l = server->listens; l != listen;
	    l = l->next)
		if (!l->ssl && same_address(l, listen))
			return true;
	return false;
}
