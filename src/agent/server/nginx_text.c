/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx_text: the files of our own. nginx takes the first block that has a
 * name on an address, so a block of ours that is read before the
 * administrator's answers in its place: with all that stands in it, and our
 * few lines before. The administrator's files are never written to.
 */
#include <stdio.h>
#include <unistd.h>

#include "agent/server/nginx_private.h"

#define HEAD "# Written by signet, which writes it anew and removes it.\n"

bool
nginx_text_is_ours(struct span file)
{
	size_t name = file.len;

	while (name > 0 && file.data[name - 1] != '/')
		name--;
	file = span_from(file, name);
	return span_starts_with(file, SPAN_LIT(NGINX_TEXT_FIRST)) ||
	    span_starts_with(file, SPAN_LIT(NGINX_TEXT_LAST));
}

struct body {
	const struct nginx_dump *dump;
	struct bld *out;
	bool drop_certificate, drop_staple, found;
};

static bool
is_dropped(const struct body *body, const struct nginx_directive *d)
{
	return nginx_dump_is(d, "listen") || nginx_dump_is(d, "ssl") ||
	    nginx_dump_is(d, "server_name") ||
	    (body->drop_certificate && (nginx_dump_is(d, "ssl_certificate") ||
	    nginx_dump_is(d, "ssl_certificate_key"))) ||
	    (body->drop_staple && (nginx_dump_is(d, "ssl_stapling") ||
	    nginx_dump_is(d, "ssl_stapling_file")));
}

static int
look(void *ctx, const struct nginx_directive *d, struct span file,
    struct err *err)
{
	struct body *body = ctx;

	(void)file;
	(void)err;
	body->found = body->found || is_dropped(body, d);
	return 0;
}

static int
copy(void *ctx, const struct nginx_directive *d, struct span file,
    struct err *err)
{
	struct body *body = ctx;

	(void)file;
	(void)err;
	if (is_dropped(body, d))
		return 0;
	bld_str(body->out, "\t");
	bld_span(body->out, d->text);
	bld_str(body->out, "\n");
	return 0;
}

/* What stands in the block; an include stays one, unless something in it must
 * not be in ours. */
static int
put_body(struct body *body, const struct nginx_server *server,
    struct err *err)
{
	int r = 0;

	for (const struct nginx_directive *d = server->directive->block;
	    d != NULL && r == 0; d = d->next) {
		struct nginx_directive one = *d;

		one.next = NULL;
		body->found = false;
		r = nginx_dump_walk(body->dump, &one, server->file, look,
		    body, err);
		if (r == 0 && body->found)
			r = nginx_dump_walk(body->dump, &one, server->file,
			    copy, body, err);
		else if (r == 0)
			copy(body, d, server->file, err);
	}
	return r;
}

static void
put_listen(struct bld *out, const struct nginx_listen *l, bool is_default)
{
	bld_fmt(out, "\tlisten %.*s:%u%s%s%s%s%s;\n", SPAN_FMT(l->host),
	    l->port, l->ssl ? " ssl" : "", l->http2 ? " http2" : "",
	    l->proxy ? " proxy_protocol" : "",
	    l->both ? " ipv6only=off" : "", is_default ?
	    " default_server" : "");
}

static void
put_source(struct bld *out, const struct nginx_server *server)
{
	bld_fmt(out, "# Of signet, from %.*s:%u; `signet nginx` writes it anew.\n"
	    "server {\n", SPAN_FMT(server->file),
	    server->directive->line);
}

/* One block for each server that answers for some of the names on one
 * address. */
struct group {
	const struct nginx_server *server;
	const struct nginx_listen *listen;
	bool is_default;
};

static void
put_answers(struct bld *out, const struct nginx_dump *dump,
    const struct group *group, const struct server_task *tasks, size_t count)
{
	char path[TASKS_PATH_SIZE];

	for (size_t i = 0; i < count; i++) {
		bool again = false;

		if (nginx_match_server(dump, group->listen,
		    span_str(tasks[i].name), NULL) != group->server)
			continue;
		for (size_t j = 0; j < i && !again; j++)
			again = strcmp(tasks[i].name, tasks[j].name) == 0;
		if (!again)
			bld_fmt(out, "\tserver_name %s;\n", tasks[i].name);
		tasks_path(&tasks[i], path);
		/* Before any return or rewrite of the block. */
		bld_fmt(out, "\tif ($request_uri = \"%s\") { return 200 "
		    "\"%s\"; }\n", path, tasks[i].key_authorization);
	}
}

static int
put_group(struct bld *out, const struct nginx_dump *dump,
    const struct group *group, const struct server_task *tasks, size_t count,
    struct err *err)
{
	struct body body = { .dump = dump, .out = out };
	int r;

	put_source(out, group->server);
	put_listen(out, group->listen, group->is_default);
	put_answers(out, dump, group, tasks, count);
	r = put_body(&body, group->server, err);
	bld_str(out, "}\n");
	return r;
}

static bool
answers_any(const struct nginx_dump *dump, const struct group *group,
    const struct server_task *tasks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (nginx_match_server(dump, group->listen,
		    span_str(tasks[i].name), NULL) == group->server)
			return true;
	return false;
}

/* All blocks for one address. */
static int
put_address(struct bld *out, const struct nginx_dump *dump,
    const struct nginx_listen *listen, const struct server_task *tasks,
    size_t count, struct err *err)
{
	struct group group = { .listen = listen };
	const struct nginx_server *usual;
	bool is_explicit;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		if (nginx_match_server(dump, listen, span_str(tasks[i].name),
		    err) == NULL)
			r = -(int)ERR_CONFIG;
	/* Ours are read first: what was the default for coming first stays
	 * it. */
	usual = nginx_match_default(dump, listen, &is_explicit);
	for (group.server = dump->servers; group.server != NULL && r == 0;
	    group.server = group.server->next) {
		group.is_default = !is_explicit && group.server == usual;
		if (group.is_default || (
		    !nginx_text_is_ours(group.server->file) &&
		    nginx_match_listens(group.server, listen, false) &&
		    answers_any(dump, &group, tasks, count)))
			r = put_group(out, dump, &group, tasks, count, err);
	}
	return r;
}

int
nginx_text_challenges(struct bld *out, const struct nginx_dump *dump,
    const struct server_task *tasks, size_t count, struct err *err)
{
	size_t addresses = 0;
	int r = 0;

	bld_str(out, HEAD);
	for (const struct nginx_server *s = dump->servers; s != NULL && r == 0;
	    s = s->next) {
		if (nginx_text_is_ours(s->file))
			continue;
		for (const struct nginx_listen *l = s->listens;
		    l != NULL && r == 0; l = l->next) {
			if (l->ssl || nginx_match_repeated(dump, s, l))
				continue;
			addresses++;
			r = put_address(out, dump, l, tasks, count, err);
		}
	}
	if (r == 0 && addresses == 0)
		return err_set(err, ERR_CONFIG, NULL, "no server block of "
		    "nginx listens without TLS, and http-01 comes to port 80; "
		    "add one, or use --via tls-alpn or dns");
	return r;
}

/* ---- TLS ---------------------------------------------------------------- */

static bool
has_name(const struct nginx_server *server, const char *name)
{
	for (const struct nginx_word *w = server->names; w != NULL;
	    w = w->next)
		if (span_equal_nocase(w->text, span_str(name)))
			return true;
	return false;
}

static bool
has_tls(const struct nginx_server *server)
{
	for (const struct nginx_listen *l = server->listens; l != NULL;
	    l = l->next)
		if (l->ssl)
			return true;
	return false;
}

/* The first block with the name, with or without TLS. */
static const struct nginx_server *
find_block(const struct nginx_dump *dump, const char *name, bool tls)
{
	for (const struct nginx_server *s = dump->servers; s != NULL;
	    s = s->next)
		if (!nginx_text_is_ours(s->file) && has_tls(s) == tls &&
		    has_name(s, name))
			return s;
	return NULL;
}

/* The port that the others have for TLS. */
static unsigned
tls_port(const struct nginx_dump *dump)
{
	unsigned port = 0;

	for (const struct nginx_server *s = dump->servers; s != NULL;
	    s = s->next)
		for (const struct nginx_listen *l = s->listens; l != NULL;
		    l = l->next)
			if (l->ssl && !nginx_text_is_ours(s->file) &&
			    (port == 0 || l->port == 443))
				port = l->port;
	return port == 0 ? 443 : port;
}

static void
expect(struct nginx_site *site, const struct nginx_listen *l,
    const char *name)
{
	struct nginx_seen *seen;

	if (site->num_seen == site->max_seen)
		return;
	seen = &site->seen[site->num_seen++];
	seen->name = name;
	seen->at = (struct look_at){ .port = l->port, .proxy = l->proxy };
	snprintf(seen->at.host, sizeof(seen->at.host), "%.*s",
	    SPAN_FMT(l->host));
}

/* Does the block answer for this one of the site's names, here? */
static bool
is_for(const struct nginx_site *site, const struct nginx_server *server,
    const char *name, bool tls)
{
	return has_name(server, name) &&
	    (tls || find_block(site->dump, name, true) == NULL);
}

/* Is there a response to staple now, in ocsp.conf? nginx takes one for all
 * certificates of a block, so a site with two is left to fetch them itself. */
static bool
has_staple(const struct nginx_site *site)
{
	char folder[SERVER_FOLDER_SIZE], file[SERVER_FOLDER_SIZE + 16];

	if (server_folder(site->cert, 1, folder) ||
	    !server_folder(site->cert, 0, folder))
		return false;
	snprintf(file, sizeof(file), "%s/ocsp.conf", folder);
	return access(file, F_OK) == 0;
}

static void
put_names(struct bld *out, const struct nginx_site *site,
    const struct nginx_server *server, bool tls)
{
	char folder[SERVER_FOLDER_SIZE];

	bld_str(out, "\tserver_name");
	for (const struct nginx_word *w = server->names; w != NULL;
	    w = w->next)
		for (size_t i = 0; i < site->cert->names->count; i++)
			if (span_equal_nocase(w->text,
			    span_str(site->cert->names->items[i])) &&
			    is_for(site, server, site->cert->names->items[i],
			    tls))
				bld_fmt(out, " %s",
				    site->cert->names->items[i]);
	bld_str(out, ";\n");
	for (size_t i = 0; server_folder(site->cert, i, folder); i++)
		bld_fmt(out, "\tssl_certificate \"%s/fullchain.pem\";\n"
		    "\tssl_certificate_key \"%s/privkey.pem\";\n", folder,
		    folder);
}

static int
put_block(struct nginx_site *site, const struct nginx_server *server,
    bool tls, struct bld *out, struct err *err)
{
	char folder[SERVER_FOLDER_SIZE];
	struct body body = { .dump = site->dump, .out = out,
	    .drop_certificate = true, .drop_staple = has_staple(site) };
	unsigned port = tls_port(site->dump);
	int r;

	put_source(out, server);
	for (const struct nginx_listen *l = server->listens; l != NULL;
	    l = l->next) {
		struct nginx_listen ours = *l;

		if (l->ssl != tls)
			continue;
		ours.ssl = true;
		if (!tls)
			ours.port = port;
		put_listen(out, &ours, false);
	}
	put_names(out, site, server, tls);
	/* What matches a pattern need not be there, as it may not be after a
	 * renewal. */
	if (body.drop_staple && server_folder(site->cert, 0, folder))
		bld_fmt(out, "\tinclude \"%s/ocsp*.conf\";\n", folder);
	r = put_body(&body, server, err);
	bld_str(out, "}\n");
	return r;
}

/* A block of ours that is read first would be the default of its address,
 * unless another is so by name. */
static int
check_default(const struct nginx_site *site,
    const struct nginx_server *server, struct err *err)
{
	for (const struct nginx_listen *l = server->listens; l != NULL;
	    l = l->next) {
		bool is_explicit;
		const struct nginx_server *usual = nginx_match_default(
		    site->dump, l, &is_explicit);

		if (l->ssl && !is_explicit && usual != server)
			return err_set(err, ERR_CONFIG, NULL, "%.*s:%u has "
			    "another certificate, and a file of our own would "
			    "change who answers for unknown names at %.*s:%u; "
			    "write there: ssl_certificate %s/fullchain.pem; "
			    "ssl_certificate_key %s/privkey.pem; or write "
			    "default_server to the listen of %.*s:%u",
			    SPAN_FMT(server->file), server->directive->line,
			    SPAN_FMT(l->host), l->port, site->cert->folder,
			    site->cert->folder, SPAN_FMT(usual->file),
			    usual->directive->line);
	}
	return 0;
}

static bool
has_ours(const struct nginx_site *site, const struct nginx_server *server)
{
	char path[SERVER_FOLDER_SIZE];
	struct span folder;

	server_folder(site->cert, 0, path);
	folder = span_str(path);
	return span_starts_with(server->certificate, folder) &&
	    server->certificate.len > folder.len &&
	    server->certificate.data[folder.len] == '/';
}

/* One of the administrator's blocks: what it needs. */
static int
take_block(struct nginx_site *site, const struct nginx_server *server,
    struct err *err)
{
	bool tls = has_tls(server);
	size_t wanted = 0;
	int r;

	for (size_t i = 0; i < site->cert->names->count; i++) {
		const char *name = site->cert->names->items[i];

		if (!is_for(site, server, name, tls) || (!tls &&
		    find_block(site->dump, name, false) != server))
			continue;
		wanted++;
		for (const struct nginx_listen *l = server->listens; l != NULL;
		    l = l->next) {
			struct nginx_listen ours = *l;

			if (!tls)
				ours.port = tls_port(site->dump);
			if (l->ssl == tls)
				expect(site, &ours, name);
		}
	}
	if (wanted == 0 || (tls && has_ours(site, server)))
		return 0;
	if (!tls && server->redirects)
		return err_set(err, ERR_CONFIG, NULL, "%.*s:%u sends all to "
		    "https, and no block of nginx serves those names there; "
		    "write one with listen 443 ssl", SPAN_FMT(server->file),
		    server->directive->line);
	r = tls ? check_default(site, server, err) : 0;
	return r < 0 ? r : put_block(site, server, tls, tls ? &site->first :
	    &site->last, err);
}

int
nginx_text_site(struct nginx_site *site, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < site->cert->names->count; i++)
		if (find_block(site->dump, site->cert->names->items[i],
		    true) == NULL && find_block(site->dump,
		    site->cert->names->items[i], false) == NULL)
			return err_set(err, ERR_CONFIG, NULL, "no server block "
			    "of nginx has %s in its server_name; add it",
			    site->cert->names->items[i]);
	for (const struct nginx_server *s = site->dump->servers;
	    s != NULL && r == 0; s = s->next)
		if (!nginx_text_is_ours(s->file))
			r = take_block(site, s, err);
	return r;
}
