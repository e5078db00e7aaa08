/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/judge/follow.h"

#include <strings.h>

#include "agent/judge/judge_private.h"
#include "agent/judge/when.h"
#include "agent/server/server.h"
#include "agent/state/run_lock.h"
#include "pkix/ident.h"

#define SAID_MAX (16 * 1024 * 1024) /* bytes that a server's look says */

/* A site that is installed in the server. */
struct followed {
	int64_t id, cert_id;
	enum state_origin origin;
	struct site_conf site;
	char *folder;
	size_t num_new; /* names that were added to site */
};

struct name {
	const char *text;
	size_t owner; /* in followed */
};

struct follow {
	struct judge *judge;
	struct arena arena;
	struct run_lock lock;
	bool busy;             /* another run is at work: the next looks */
	int r;
	struct err *err;
	/* one server */
	const struct server *server;
	struct server_world world;
	char *install;         /* "nginx=FILE" */
	size_t count, cap;
	struct followed *sites;
	size_t num_names;
	struct name *names;    /* sorted */
};

/* ---- the sites of a server ---------------------------------------------- */

/* Its certificate that is live: one for each type of key, of which the first
 * will do. */
static int
add_cert(struct follow *f, struct followed *site)
{
	struct state *state = f->judge->state;
	int64_t ids[STATE_CERTS_PER_SITE];
	struct state_cert cert = { 0 };
	size_t count;
	int r = state_cert_list(state, site->id, ids, &count, f->err);

	if (r == 0 && count > 0)
		r = state_cert_get(state, ids[0], &f->arena, &cert, f->err);
	if (r < 0 || count == 0 || !when_live(&cert))
		return r < 0 ? r : -(int)ERR_NOT_FOUND;
	site->cert_id = cert.id;
	site->folder = arena_str(&f->arena, cert.path);
	return 0;
}

static int
add_site(struct follow *f, const struct state_site *row)
{
	struct followed site = { .id = row->id, .origin = row->origin };
	int r = judge_read_site(row, &site.site, f->err);

	if (r < 0)
		return r;
	r = row_list_has(&site.site.install, f->install) ?
	    add_cert(f, &site) : -(int)ERR_NOT_FOUND;
	if (r < 0) {
		site_conf_done(&site.site);
		return r == -(int)ERR_NOT_FOUND ? 0 : r;
	}
	if (f->count == f->cap) {
		f->cap = f->cap * 2 + 16;
		f->sites = mem_realloc(f->sites, f->cap * sizeof(*f->sites));
	}
	f->sites[f->count++] = site;
	return 0;
}

static int
by_text(const void *a, const void *b)
{
	return strcasecmp(((const struct name *)a)->text,
	    ((const struct name *)b)->text);
}

static void
sort_names(struct follow *f)
{
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++)
		count += f->sites[i].site.names.count;
	f->names = mem_alloc((count + 1) * sizeof(*f->names));
	for (size_t i = 0; i < f->count; i++)
		for (size_t j = 0; j < f->sites[i].site.names.count; j++)
			f->names[f->num_names++] = (struct name){
			    .text = f->sites[i].site.names.items[j],
			    .owner = i };
	qsort(f->names, f->num_names, sizeof(*f->names), by_text);
}

static int
find_sites(struct follow *f)
{
	struct state_site row = { 0 };
	int r;

	while ((r = state_site_next(f->judge->state, row.name, &f->arena, &row,
	    f->err)) == 0 && (r = add_site(f, &row)) == 0)
		;
	if (r != -(int)ERR_NOT_FOUND)
		return r;
	f->err->kind = ERR_NONE;
	sort_names(f);
	return 0;
}

static void
forget_sites(struct follow *f)
{
	for (size_t i = 0; i < f->count; i++)
		site_conf_done(&f->sites[i].site);
	free(f->sites);
	free(f->names);
	f->sites = NULL;
	f->names = NULL;
	f->count = f->cap = f->num_names = 0;
}

/* ---- what the server says ----------------------------------------------- */

static struct followed *
find_site(struct follow *f, struct span name)
{
	for (size_t i = 0; i < f->count; i++)
		if (span_equal_str(name, f->sites[i].site.name))
			return &f->sites[i];
	return NULL;
}

/* Its step is to be done again; kept, so that a run that is killed does not
 * forget it. */
static int
make_due(struct follow *f, const struct followed *site)
{
	struct state *state = f->judge->state;
	struct state_deployment step = { .step = span_str(arena_fmt(&f->arena,
	    "install %s", f->install)) };
	struct state_cert cert;
	int r = state_cert_get(state, site->cert_id, &f->arena, &cert, f->err);

	if (r == 0) {
		cert.due_at = 0;
		r = state_cert_set(state, &cert, f->err);
	}
	if (r == 0)
		r = state_deployment_set(state, cert.id, &step, f->err);
	if (r < 0)
		return r;
	judge_say(f->judge, JUDGE_STEP, site->site.name, "what %s has for it "
	    "was changed", f->server->name);
	judge_add(f->judge, cert.id, 0);
	return 0;
}

static const struct name *
find_name(const struct follow *f, const char *text)
{
	const struct name key = { .text = text };

	return bsearch(&key, f->names, f->num_names, sizeof(key), by_text);
}

/* The names of one certificate: those that none has become those of the first
 * site that has one of them. What that site has besides, it keeps: names that
 * went may be in use elsewhere. */
static void
take_names(struct follow *f, struct span line)
{
	struct followed *site = NULL;
	struct span rest = line;
	const struct name *name;

	while (rest.len > 0 && site == NULL) {
		name = find_name(f, arena_str(&f->arena, span_cut(&rest,
		    ' ')));
		if (name != NULL)
			site = &f->sites[name->owner];
	}
	if (site == NULL || site->site.follow_names != ROW_YES ||
	    site->origin != STATE_FROM_COMMAND || site->site.csr != NULL)
		return;
	while (line.len > 0) {
		const char *text = arena_str(&f->arena, span_cut(&line, ' '));
		struct row_list *names = &site->site.names;

		if (find_name(f, text) != NULL || row_list_has(names, text))
			continue;
		if (names->count == IDENT_LIST_MAX) {
			judge_say(f->judge, JUDGE_WARN, site->site.name, "%s "
			    "serves %s, too, and it has %d names already; "
			    "`signet get %s` makes a site of it",
			    f->server->name, text, IDENT_LIST_MAX, text);
			return;
		}
		row_list_add(names, text);
		site->num_new++;
		judge_say(f->judge, JUDGE_STEP, site->site.name, "%s serves "
		    "%s, too", f->server->name, text);
	}
}

static int
set_names(struct follow *f)
{
	int64_t id;
	int r = 0;

	for (size_t i = 0; i < f->count && r == 0; i++) {
		if (f->sites[i].num_new == 0)
			continue;
		r = judge_set_site(f->judge, &f->sites[i].site,
		    f->sites[i].origin, &id, f->err);
		if (r == 0)
			r = judge_add_site(f->judge, id, 0, f->err);
	}
	return r;
}

static int
take_line(struct follow *f, struct span line)
{
	struct span word = span_cut(&line, ' ');
	bool fault = span_equal_str(word, "fault");
	struct followed *site;

	if (span_equal_str(word, "names")) {
		take_names(f, line);
		return 0;
	}
	if (!fault && !span_equal_str(word, "stale"))
		return 0;
	site = find_site(f, span_cut(&line, ' '));
	if (site == NULL)
		return 0;
	if (!fault)
		return make_due(f, site);
	judge_say(f->judge, JUDGE_WARN, site->site.name, "%.*s\nor, if it is "
	    "not to have a certificate any more: signet remove %s",
	    SPAN_FMT(line), site->site.name);
	return 0;
}

static int
take_lines(struct follow *f, struct span text)
{
	int r = 0;

	while (r == 0 && text.len > 0)
		r = take_line(f, span_cut(&text, '\n'));
	return r < 0 ? r : set_names(f);
}

static int
look(struct follow *f)
{
	struct server_cert *certs = arena_alloc(&f->arena,
	    (f->count + 1) * sizeof(*certs));
	struct err why = ERR_INIT;
	struct bld said;
	bool ok;
	int r = 0;

	for (size_t i = 0; i < f->count; i++)
		certs[i] = (struct server_cert){
		    .site = f->sites[i].site.name,
		    .folder = f->sites[i].folder,
		    .names = &f->sites[i].site.names };
	bld_init(&said, SAID_MAX);
	ok = server_look(f->server, &f->world, certs, f->count, &said,
	    &why) == 0;
	if (ok)
		r = take_lines(f, bld_view(&said));
	else
		judge_say(f->judge, JUDGE_WARN, NULL, "whether %s was changed "
		    "is not known: %s", f->install, why.text);
	bld_free(&said);
	if (r == 0)
		server_looked(f->server, &f->world, ok,
		    judge_now(f->judge));
	return r;
}

static void
visit(void *ctx, const struct server *server, const char *argument)
{
	struct follow *f = ctx;
	char who[RUN_LOCK_WHO_SIZE];

	if (f->busy || f->r < 0)
		return;
	/* Whoever works there now may have changed it. */
	f->busy = f->lock.fd < 0 && run_lock_take(&f->lock,
	    f->judge->options.dir, f->judge->options.command, false, who,
	    NULL) < 0;
	if (f->busy)
		return;
	f->server = server;
	f->world = (struct server_world){ .dir = f->judge->options.dir,
	    .argument = argument };
	f->install = arena_fmt(&f->arena, "%s%s%s", server->name,
	    argument[0] == '\0' ? "" : "=", argument);
	f->r = find_sites(f);
	if (f->r == 0)
		f->r = look(f);
	forget_sites(f);
}

int
follow_servers(struct judge *judge, struct err *err)
{
	struct follow f = { .judge = judge, .lock.fd = -1, .err = err };

	server_each_changed(judge->options.dir, judge_now(judge), visit, &f);
	judge_release_lock(judge, &f.lock);
	arena_free(&f.arena);
	return f.r;
}
