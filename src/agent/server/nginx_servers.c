/* SPDX-License-Identifier: Apache-2.0 */
/* nginx_servers: the server blocks in a dump, with what they include. */
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>

#include "agent/server/nginx_private.h"
#include "base/text.h"

bool
nginx_dump_is(const struct nginx_directive *directive, const char *name)
{
	return span_equal_str(directive->words->text, name);
}

struct span
nginx_dump_word(const struct nginx_directive *directive, size_t index)
{
	const struct nginx_word *word = directive->words;

	for (; word != NULL && index > 0; index--)
		word = word->next;
	return word == NULL ? SPAN_NONE : word->text;
}

/* A pattern hangs on the folder of the main file. */
static bool
make_pattern(const struct nginx_dump *dump, struct span pattern,
    char out[PATH_MAX])
{
	struct span main = dump->files->name;
	size_t folder = main.len;
	int n;

	while (folder > 0 && main.data[folder - 1] != '/')
		folder--;
	if (pattern.len > 0 && pattern.data[0] == '/')
		folder = 0;
	n = snprintf(out, PATH_MAX, "%.*s%.*s", (int)folder,
	    (const char *)main.data, SPAN_FMT(pattern));
	return n > 0 && n < PATH_MAX;
}

struct walk {
	const struct nginx_dump *dump;
	int (*visit)(void *ctx, const struct nginx_directive *directive,
	    struct span file, struct err *err);
	void *ctx;
	unsigned left; /* files that may still be included: no explosion */
};

static int walk_list(struct walk *walk, const struct nginx_directive *first,
    struct span file, unsigned depth, struct err *err);

/* The dump has the files that a pattern found in the order that glob(3) gives
 * them, each once. */
static int
walk_include(struct walk *walk, const struct nginx_directive *d,
    unsigned depth, struct err *err)
{
	char pattern[PATH_MAX], name[PATH_MAX];

	if (!make_pattern(walk->dump, nginx_dump_word(d, 1), pattern))
		return 0;
	for (const struct nginx_file *f = walk->dump->files; f != NULL;
	    f = f->next) {
		int r;

		if (snprintf(name, sizeof(name), "%.*s", SPAN_FMT(f->name)) >=
		    (int)sizeof(name) || fnmatch(pattern, name, FNM_PATHNAME |
		    FNM_PERIOD) != 0)
			continue;
		if (depth >= NGINX_DUMP_DEPTH_MAX || walk->left-- == 0)
			return err_set(err, ERR_CONFIG, NULL, "%.*s includes "
			    "files without end", SPAN_FMT(f->name));
		r = walk_list(walk, f->first, f->name, depth + 1, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
walk_list(struct walk *walk, const struct nginx_directive *first,
    struct span file, unsigned depth, struct err *err)
{
	int r = 0;

	for (const struct nginx_directive *d = first; d != NULL && r == 0;
	    d = d->next)
		r = nginx_dump_is(d, "include") && !d->has_block ?
		    walk_include(walk, d, depth, err) :
		    walk->visit(walk->ctx, d, file, err);
	return r;
}

int
nginx_dump_walk(const struct nginx_dump *dump,
    const struct nginx_directive *first, struct span file,
    int (*visit)(void *ctx, const struct nginx_directive *directive,
    struct span file, struct err *err), void *ctx, struct err *err)
{
	struct walk walk = { .dump = dump, .visit = visit, .ctx = ctx,
	    .left = 100000 };

	return walk_list(&walk, first, file, 0, err);
}

static void
listen_flags(const struct nginx_directive *d, struct nginx_listen *ret)
{
	for (const struct nginx_word *w = d->words->next; w != NULL;
	    w = w->next) {
		ret->ssl |= span_equal_str(w->text, "ssl");
		ret->http2 |= span_equal_str(w->text, "http2");
		ret->proxy |= span_equal_str(w->text, "proxy_protocol");
		ret->both |= span_equal_str(w->text, "ipv6only=off");
		ret->is_default |= span_equal_str(w->text, "default_server") ||
		    span_equal_str(w->text, "default");
	}
}

bool
nginx_dump_listen(const struct nginx_directive *d, struct nginx_listen *ret)
{
	struct span text = nginx_dump_word(d, 1);
	size_t colon = text.len;
	uint64_t port = 0;

	*ret = (struct nginx_listen){ .host = SPAN_LIT("*") };
	listen_flags(d, ret);
	if (span_starts_with(text, SPAN_LIT("unix:")))
		return false;
	for (const struct nginx_word *w = d->words->next; w != NULL;
	    w = w->next)
		if (span_equal_str(w->text, "quic"))
			return false;
	while (colon > 0 && text.data[colon - 1] != ':' &&
	    text.data[colon - 1] != ']')
		colon--;
	if (colon > 0 && text.data[colon - 1] == ':') {
		if (text_uint(span_from(text, colon), 65535, &port) < 0)
			return false;
		ret->host = span_of(text.data, colon - 1);
	} else if (text_uint(text, 65535, &port) < 0) {
		ret->host = text;
		port = 80;
	}
	ret->port = (unsigned)port;
	return ret->host.len > 0;
}

struct finder {
	struct nginx_dump *dump;
	struct arena *arena;
	struct nginx_server **next;
	struct nginx_listen **next_listen;
	struct nginx_word **next_name;
	bool has_listen, all_ssl;
};

static void
add_listen(struct finder *f, const struct nginx_listen *listen)
{
	*f->next_listen = arena_alloc(f->arena, sizeof(*listen));
	**f->next_listen = *listen;
	(*f->next_listen)->next = NULL;
	f->next_listen = &(*f->next_listen)->next;
}

static bool
is_redirect(const struct nginx_directive *d)
{
	struct span code = nginx_dump_word(d, 1), to = nginx_dump_word(d, 2);

	return nginx_dump_is(d, "return") && code.len == 3 &&
	    code.data[0] == '3' && span_starts_with(to, SPAN_LIT("https://"));
}

static int
visit_member(void *ctx, const struct nginx_directive *d, struct span file,
    struct err *err)
{
	struct finder *f = ctx;
	struct nginx_server *server = *f->next;
	struct nginx_listen listen;

	(void)file;
	(void)err;
	if (nginx_dump_is(d, "listen")) {
		f->has_listen = true;
		if (nginx_dump_listen(d, &listen))
			add_listen(f, &listen);
	} else if (nginx_dump_is(d, "server_name")) {
		for (const struct nginx_word *w = d->words->next; w != NULL;
		    w = w->next) {
			*f->next_name = arena_alloc(f->arena, sizeof(*w));
			**f->next_name = (struct nginx_word){
			    .text = w->text };
			f->next_name = &(*f->next_name)->next;
		}
	} else if (nginx_dump_is(d, "ssl_certificate")) {
		if (server->certificate.len == 0)
			server->certificate = nginx_dump_word(d, 1);
	} else if (nginx_dump_is(d, "ssl")) {
		f->all_ssl = span_equal_str(nginx_dump_word(d, 1), "on");
	} else if (is_redirect(d)) {
		server->redirects = true;
	}
	return 0;
}

static int
add_server(struct finder *f, const struct nginx_directive *d,
    struct span file, struct err *err)
{
	struct nginx_server *server = arena_alloc(f->arena, sizeof(*server));
	struct nginx_listen usual = { .host = SPAN_LIT("*"), .port = 80 };
	int r;

	*server = (struct nginx_server){ .directive = d, .file = file };
	*f->next = server;
	f->next_listen = &server->listens;
	f->next_name = &server->names;
	f->has_listen = f->all_ssl = false;
	r = nginx_dump_walk(f->dump, d->block, file, visit_member, f, err);
	if (!f->has_listen)
		add_listen(f, &usual);
	for (struct nginx_listen *l = server->listens; l != NULL && f->all_ssl;
	    l = l->next)
		l->ssl = true;
	f->next = &server->next;
	return r;
}

static int
visit_http(void *ctx, const struct nginx_directive *d, struct span file,
    struct err *err)
{
	struct finder *f = ctx;

	return d->has_block && nginx_dump_is(d, "server") ?
	    add_server(f, d, file, err) : 0;
}

/* The patterns by which a file of ours could get in. */
static void
find_includes(struct finder *f, const struct nginx_directive *http)
{
	struct nginx_include **next = &f->dump->includes;
	char pattern[PATH_MAX];

	while (*next != NULL)
		next = &(*next)->next;
	for (const struct nginx_directive *d = http->block; d != NULL;
	    d = d->next) {
		if (!nginx_dump_is(d, "include") || !make_pattern(f->dump,
		    nginx_dump_word(d, 1), pattern) ||
		    strchr(pattern, '*') == NULL)
			continue;
		*next = arena_alloc(f->arena, sizeof(**next));
		**next = (struct nginx_include){ .pattern = span_str(
		    arena_str(f->arena, span_str(pattern))) };
		next = &(*next)->next;
	}
}

static int
visit_top(void *ctx, const struct nginx_directive *d, struct span file,
    struct err *err)
{
	struct finder *f = ctx;

	if (!d->has_block || !nginx_dump_is(d, "http"))
		return 0;
	find_includes(f, d);
	return nginx_dump_walk(f->dump, d->block, file, visit_http, f, err);
}

int
nginx_servers_find(struct nginx_dump *dump, struct arena *arena,
    struct err *err)
{
	struct finder finder = { .dump = dump, .arena = arena,
	    .next = &dump->servers };

	return nginx_dump_walk(dump, dump->files->first, dump->files->name,
	    visit_top, &finder, err);
}

static void
see_patterns(const struct nginx_dump *dump,
    const struct nginx_directive *first, struct seen *seen)
{
	char pattern[PATH_MAX];

	for (const struct nginx_directive *d = first; d != NULL; d = d->next) {
		see_patterns(dump, d->block, seen);
		if (nginx_dump_is(d, "include") && !d->has_block &&
		    make_pattern(dump, nginx_dump_word(d, 1), pattern))
			seen_add_pattern(seen, pattern);
	}
}

void
nginx_servers_seen(const struct nginx_dump *dump, struct seen *seen)
{
	for (const struct nginx_file *f = dump->files; f != NULL; f = f->next) {
		seen_add(seen, f->name);
		see_patterns(dump, f->first, seen);
	}
}
