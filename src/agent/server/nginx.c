/* SPDX-License-Identifier: Apache-2.0 */
/* nginx: asked by nginx -T, changed by files of our own in a folder that it
 * includes, tested by nginx -t, reloaded by nginx -s reload. */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/server/change.h"
#include "agent/server/holders.h"
#include "agent/server/names.h"
#include "agent/server/nginx_private.h"
#include "agent/server/run.h"

#define TEXT_MAX (4 * 1024 * 1024) /* bytes of a file of ours */

struct nginx {
	struct change change;      /* first */
	const struct server_world *world;
	struct arena arena;
	bool deaf;                 /* the last reload failed */
	uint64_t reloaded;         /* when: agent/server/holders.h */
	struct bld text;           /* under dump */
	struct nginx_dump dump;
};

static int
run(const struct server_world *world, const char *option, const char *value,
    struct bld *out, struct err *err)
{
	const char *argv[8];
	size_t n = 0;

	argv[n++] = "nginx";
	if (world->argument[0] != '\0') {
		argv[n++] = "-c";
		argv[n++] = world->argument;
	}
	argv[n++] = option;
	if (value != NULL)
		argv[n++] = value;
	argv[n] = NULL;
	return run_program(argv, out, err);
}

static int
ask(struct nginx *nginx, struct err *err)
{
	int r;

	bld_init(&nginx->text, NGINX_DUMP_MAX);
	r = run(nginx->world, "-T", NULL, &nginx->text, err);
	if (r < 0)
		return err_prefix(err, "nginx's configuration is not right "
		    "as it is, and was not touched; see nginx -t");
	return nginx_dump_parse(bld_view(&nginx->text), &nginx->arena,
	    &nginx->dump, err);
}

static int
test_and_reload(struct nginx *nginx, struct err *err)
{
	int r = run(nginx->world, "-t", NULL, NULL, err);

	nginx->reloaded = holders_now();
	if (r == 0) {
		r = run(nginx->world, "-s", "reload", NULL, err);
		if (r < 0)
			err_prefix(err, "nginx takes no reload; does it run?");
	}
	nginx->deaf = r < 0;
	return r;
}

static int
begin(void *self, const struct server_world *world, struct err *err)
{
	struct nginx *nginx = self;
	int r;

	*nginx = (struct nginx){ .world = world };
	r = change_begin(&nginx->change, world->dir, "nginx", world->argument,
	    err);
	if (r < 0 || nginx->change.count == 0)
		return r;
	/* A run was killed in the middle. */
	r = change_undo(&nginx->change, err);
	if (r == 0)
		r = test_and_reload(nginx, err);
	return r < 0 ? err_prefix(err, "what an earlier run left cannot be "
	    "taken back") : 0;
}

static void
end(void *self)
{
	struct nginx *nginx = self;

	change_end(&nginx->change);
	arena_free(&nginx->arena);
	bld_free(&nginx->text);
}

/* "/etc/nginx/conf.d/ * .conf" gives "/etc/nginx/conf.d/00-signet-x.conf". */
static bool
fit_pattern(struct span pattern, const char *name, char out[PATH_MAX])
{
	const uint8_t *star = memchr(pattern.data, '*', pattern.len);
	size_t at = (size_t)(star - pattern.data);
	struct span after = span_from(pattern, at + 1);
	char folder[PATH_MAX];

	if (at == 0 || star[-1] != '/' || (after.len > 0 &&
	    strpbrk((const char *)after.data, "*?[/") != NULL))
		return false;
	snprintf(folder, sizeof(folder), "%.*s", (int)at, pattern.data);
	return access(folder, W_OK) == 0 && snprintf(out, PATH_MAX,
	    "%s%s%.*s", folder, name, SPAN_FMT(after)) < PATH_MAX;
}

/* Where a file of ours is read before all others, or after. */
static int
find_place(const struct nginx *nginx, const char *prefix, const char *name,
    char out[PATH_MAX], struct err *err)
{
	bool last = strcmp(prefix, NGINX_TEXT_LAST) == 0, found = false;
	char file[PATH_MAX];

	snprintf(file, sizeof(file), "%s%s", prefix, name);
	for (const struct nginx_include *i = nginx->dump.includes; i != NULL;
	    i = i->next)
		if (!found || last)
			found |= fit_pattern(i->pattern, file, out);
	return found ? 0 : err_set(err, ERR_CONFIG, NULL, "the http block of "
	    "%.*s includes no folder that can be written to; write there, "
	    "before other blocks: include /etc/nginx/conf.d/*.conf; or use "
	    "--via webroot=DIR", SPAN_FMT(nginx->dump.files->name));
}

/* Does the file say text, or is there none where that is empty? */
static bool
is_set(const char *path, struct span text)
{
	struct bld old;
	bool same;

	bld_init(&old, TEXT_MAX);
	same = change_read(path, &old, NULL) == 0 ?
	    span_equal(bld_view(&old), text) && text.len > 0 : text.len == 0;
	bld_free(&old);
	return same;
}

/* Makes the file say text, empty: makes it go; nothing if it is so already. */
static int
set_file(struct nginx *nginx, const char *path, struct span text,
    struct err *err)
{
	if (is_set(path, text))
		return 0;
	return text.len > 0 ? change_write(&nginx->change, path, text, 0644,
	    err) : change_remove(&nginx->change, path, err);
}

/* After a failure: all as before. */
static void
take_back(struct nginx *nginx, struct err *err)
{
	struct err why = ERR_INIT;

	if (nginx->change.count == 0)
		return;
	if (change_undo(&nginx->change, &why) < 0 || (!nginx->deaf &&
	    test_and_reload(nginx, &why) < 0))
		err_prefix(err, "and what was changed could not be taken back "
		    "(%.150s)", why.text);
}

/* The end of a change: it is taken up if that is to be done, and stays, or is
 * taken back. */
static int
settle(struct nginx *nginx, int r, bool reload, struct err *err)
{
	if (r == 0 && reload)
		r = test_and_reload(nginx, err);
	if (r < 0)
		take_back(nginx, err);
	else
		change_keep(&nginx->change);
	return r;
}

/* Writes the file for all challenges that stand, or removes it. */
static int
apply_tasks(struct nginx *nginx, struct tasks *tasks, struct err *err)
{
	char path[PATH_MAX];
	struct bld text;
	int r = ask(nginx, err);

	if (r == 0)
		r = find_place(nginx, NGINX_TEXT_FIRST, "challenges", path,
		    err);
	if (r < 0)
		return r;
	bld_init(&text, TEXT_MAX);
	if (tasks->count > 0)
		r = nginx_text_challenges(&text, &nginx->dump, tasks->items,
		    tasks->count, err);
	if (r == 0 && bld_end(&text) < 0)
		r = err_set(err, ERR_CONFIG, NULL, "nginx's server blocks are "
		    "too large; use --via webroot=DIR");
	if (r == 0) {
		/* On disk first, so that a run that is killed is noticed. */
		tasks_set_file(tasks, path);
		r = tasks_save(tasks, &nginx->change, err);
	}
	if (r == 0)
		r = set_file(nginx, path, bld_view(&text), err);
	bld_free(&text);
	return settle(nginx, r, nginx->change.count > 0, err);
}

static int
show(void *self, struct tasks *tasks, const struct server_task *items,
    size_t count, struct err *err)
{
	(void)items;
	(void)count;
	return apply_tasks(self, tasks, err);
}

static int
see(void *self, const struct server_task *task, struct err *err)
{
	const struct nginx *nginx = self;
	struct look_at at;
	char path[TASKS_PATH_SIZE];
	int r = 0;

	tasks_path(task, path);
	for (const struct nginx_server *s = nginx->dump.servers;
	    s != NULL && r == 0; s = s->next)
		for (const struct nginx_listen *l = s->listens;
		    l != NULL && r == 0; l = l->next) {
			if (l->ssl || nginx_text_is_ours(s->file) ||
			    nginx_match_repeated(&nginx->dump, s, l))
				continue;
			at = (struct look_at){ .port = l->port,
			    .proxy = l->proxy, .since = nginx->reloaded };
			snprintf(at.host, sizeof(at.host), "%.*s",
			    SPAN_FMT(l->host));
			r = look_http_wait(&at, task->name, path,
			    span_str(task->key_authorization), err);
		}
	return r < 0 ? err_prefix(err, "nginx was told to answer a challenge "
	    "and does not (if it could not take up the change, its error log "
	    "says why)") : 0;
}

static int
hide(void *self, struct tasks *tasks, const struct server_task *items,
    size_t count, struct err *err)
{
	const struct nginx *nginx = self;
	int r;

	tasks_remove(tasks, items, count);
	r = apply_tasks(self, tasks, err);
	/* What others broke since must not keep it. */
	if (r < 0 && tasks->count == 0 && tasks->file != NULL)
		unlink(tasks->file);
	if (tasks->count == 0)
		tasks_save(tasks, &nginx->change, NULL);
	return r;
}

static int
see_site(const struct nginx *nginx, struct nginx_site *site,
    const struct look_leaf *leaf, struct err *err)
{
	char name[300];
	int r = 0;

	for (size_t i = 0; i < site->num_seen && r == 0; i++) {
		const char *is = site->seen[i].name;

		snprintf(name, sizeof(name), "%s%s", is[0] == '*' ?
		    "signet-looks" : "", is[0] == '*' ? is + 1 : is);
		site->seen[i].at.since = nginx->reloaded;
		r = look_tls_wait(&site->seen[i].at, name, leaf, err);
	}
	return r;
}

/* Writes both files; or says whether they are not so already. */
static int
set_site_files(struct nginx *nginx, const struct nginx_site *site,
    bool *ret_stale, struct err *err)
{
	char path[PATH_MAX];
	int r = 0;

	for (int last = 0; last < 2 && r == 0; last++) {
		const struct bld *text = last ? &site->last : &site->first;

		r = find_place(nginx, last ? NGINX_TEXT_LAST :
		    NGINX_TEXT_FIRST, site->cert->site, path,
		    text->len > 0 ? err : NULL);
		if (r < 0 && text->len == 0)
			r = 0;
		else if (r == 0 && bld_end(text) < 0)
			r = err_set(err, ERR_CONFIG, NULL, "nginx's server "
			    "block is too large");
		else if (r == 0 && ret_stale != NULL)
			*ret_stale |= !is_set(path, bld_view(text));
		else if (r == 0)
			r = set_file(nginx, path, bld_view(text), err);
	}
	return r;
}

#define ADDRESSES_MAX 4096 /* where a site is to be seen */

/* What install would write. */
static int
make_site(struct nginx *nginx, struct nginx_site *site, struct err *err)
{
	bld_init(&site->first, TEXT_MAX);
	bld_init(&site->last, TEXT_MAX);
	site->seen = arena_alloc(&nginx->arena, ADDRESSES_MAX *
	    sizeof(*site->seen));
	return nginx_text_site(site, err);
}

static int
install(void *self, const struct server_cert *cert, struct err *err)
{
	struct nginx *nginx = self;
	struct nginx_site site = { .dump = &nginx->dump, .cert = cert,
	    .arena = &nginx->arena, .max_seen = ADDRESSES_MAX };
	struct look_leaf leaf;
	char file[PATH_MAX];
	int r;

	snprintf(file, sizeof(file), "%s/cert.pem", cert->folder);
	r = look_leaf_read(file, &leaf, err);
	if (r == 0)
		r = ask(nginx, err);
	if (r < 0)
		return r;
	r = make_site(nginx, &site, err);
	if (r == 0)
		r = set_site_files(nginx, &site, NULL, err);
	/* Always: the certificate's files are new. */
	if (r == 0)
		r = test_and_reload(nginx, err);
	if (r == 0)
		r = see_site(nginx, &site, &leaf, err);
	r = settle(nginx, r, false, err);
	bld_free(&site.first);
	bld_free(&site.last);
	return r;
}

static int
remove_site(void *self, const struct server_cert *cert, struct err *err)
{
	struct nginx *nginx = self;
	static const char *const prefixes[] = { NGINX_TEXT_FIRST,
	    NGINX_TEXT_LAST };
	char path[PATH_MAX];
	int r = ask(nginx, err);

	for (size_t i = 0; i < 2 && r == 0; i++)
		if (find_place(nginx, prefixes[i], cert->site, path,
		    NULL) == 0)
			r = set_file(nginx, path, SPAN_NONE, err);
	return settle(nginx, r, nginx->change.count > 0, err);
}

static void
put_names(const struct nginx *nginx, const char *before, struct bld *out)
{
	struct names names = { 0 };

	for (const struct nginx_server *s = nginx->dump.servers; s != NULL;
	    s = s->next) {
		if (nginx_text_is_ours(s->file))
			continue;
		names_block(&names);
		for (const struct nginx_word *w = s->names; w != NULL;
		    w = w->next)
			names_add(&names, w->text);
	}
	names_put(&names, before, out);
	names_free(&names);
}

static int
sites(const struct server_world *world, struct bld *out, struct err *err)
{
	struct nginx nginx;
	int r;

	nginx = (struct nginx){ .world = world, .change.fd_lock = -1 };
	r = ask(&nginx, err);
	if (r == 0)
		put_names(&nginx, "", out);
	end(&nginx);
	return r;
}

static void
look_at(struct nginx *nginx, const struct server_cert *cert, struct bld *out)
{
	struct nginx_site site = { .dump = &nginx->dump, .cert = cert,
	    .arena = &nginx->arena, .max_seen = ADDRESSES_MAX };
	struct err err = ERR_INIT;
	bool stale = false;
	int r = make_site(nginx, &site, &err);

	if (r == 0)
		r = set_site_files(nginx, &site, &stale, &err);
	server_put_look(out, cert, stale, r < 0 ? &err : NULL);
	bld_free(&site.first);
	bld_free(&site.last);
}

static int
look(const struct server_world *world, const struct server_cert *certs,
    size_t count, struct bld *out, struct err *err)
{
	struct timespec since = seen_now();
	struct seen seen = { 0 };
	struct nginx nginx;
	int r = begin(&nginx, world, err);

	if (r == 0)
		r = ask(&nginx, err);
	if (r == 0) {
		put_names(&nginx, "names ", out);
		for (size_t i = 0; i < count; i++)
			look_at(&nginx, &certs[i], out);
		nginx_servers_seen(&nginx.dump, &seen);
		r = seen_write(&nginx.change, &seen, &since, err);
	}
	seen_free(&seen);
	end(&nginx);
	return r;
}

static void
find(int pid, char out[RUNNING_SIZE])
{
	running_option(pid, "-c", out);
}

/* What would be written is made, and thrown away. */
static int
fits(const struct server_world *world, const struct row_list *names,
    struct err *err)
{
	struct nginx nginx = { .world = world, .change.fd_lock = -1 };
	struct server_task *tasks;
	char path[PATH_MAX];
	struct bld text;
	int r = ask(&nginx, err);

	if (r == 0)
		r = find_place(&nginx, NGINX_TEXT_FIRST, "challenges", path,
		    err);
	tasks = arena_alloc(&nginx.arena, (names->count + 1) *
	    sizeof(*tasks));
	for (size_t i = 0; i < names->count; i++)
		tasks[i] = (struct server_task){ .name = names->items[i],
		    .token = "token", .key_authorization = "token" };
	bld_init(&text, TEXT_MAX);
	if (r == 0)
		r = nginx_text_challenges(&text, &nginx.dump, tasks,
		    names->count, err);
	bld_free(&text);
	end(&nginx);
	return r;
}

const struct server server_nginx = {
	.name = "nginx",
	.sites = sites, .find = find, .fits = fits,
	.size = sizeof(struct nginx), .begin = begin, .end = end,
	.show = show, .hide = hide, .see = see,
	.install = install, .remove = remove_site, .look = look,
};
