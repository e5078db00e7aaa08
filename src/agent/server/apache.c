/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apache: asked by apachectl -t -D DUMP_VHOSTS, changed by files of our own in
 * folders that it includes, tested by apachectl -t, reloaded gracefully.
 *
 * Challenges are answered for all virtual hosts at once, from DIR/challenge:
 * an Alias of the main server is every host's, and so is a rewrite rule that
 * comes before theirs (RewriteOptions InheritDownBefore), for hosts that
 * redirect or proxy all. mod_rewrite looks at it only in hosts that have a
 * directive of its own, so such a host needs the line "RewriteEngine On".
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/server/apache_private.h"
#include "agent/server/holders.h"
#include "agent/server/names.h"
#include "agent/server/run.h"
#include "agent/server/tasks.h"
#include "base/text.h"

#define MODULES "/usr/lib/apache2/modules" /* of Debian */

static int
run(const struct server_world *world, const char *const *more,
    struct bld *out, struct err *err)
{
	const char *argv[16];
	size_t n = 0;

	argv[n++] = "apachectl";
	if (world->argument[0] != '\0') {
		argv[n++] = "-f";
		argv[n++] = world->argument;
	}
	while (*more != NULL)
		argv[n++] = *more++;
	argv[n] = NULL;
	return run_program(argv, out, err);
}

int
apache_ask(struct apache *apache, struct err *err)
{
	static const char *const options[] = { "-t", "-D", "DUMP_VHOSTS",
	    "-D", "DUMP_INCLUDES", "-D", "DUMP_RUN_CFG", NULL };
	int r;

	bld_free(&apache->text);
	bld_init(&apache->text, APACHE_DUMP_MAX);
	r = run(apache->world, options, &apache->text, err);
	if (r < 0)
		return err_prefix(err, "Apache's configuration is not right "
		    "as it is, and was not touched; see apachectl -t");
	r = apache_dump_parse(bld_view(&apache->text), &apache->arena,
	    &apache->dump, err);
	for (struct apache_vhost *v = apache->dump.vhosts;
	    v != NULL && r == 0; v = v->next) {
		struct bld file;

		bld_init(&file, CHANGE_FILE_MAX);
		if (change_read(arena_str(&apache->arena, v->file), &file,
		    NULL) < 0)
			bld_reset(&file);
		apache_dump_text(v, arena_dup(&apache->arena,
		    bld_view(&file)), &apache->arena);
		bld_free(&file);
	}
	return r;
}

/* "graceful" would start one that the administrator has stopped. */
static int
check_runs(struct apache *apache, struct err *err)
{
	const struct span file = apache->dump.pid_file;
	struct bld text;
	struct span line;
	uint64_t pid = 0;
	int r = 0;

	bld_init(&text, 64);
	if (file.len > 0)
		r = change_read(arena_str(&apache->arena, file), &text, NULL);
	if (file.len == 0 || (r < 0 && r != -(int)ERR_NOT_FOUND)) {
		bld_free(&text);
		return 0;
	}
	line = bld_view(&text);
	if (r == 0)
		(void)text_uint(span_cut(&line, '\n'), INT32_MAX, &pid);
	bld_free(&text);
	if (pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM))
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "Apache does not run (by %.*s); "
	    "start it", SPAN_FMT(file));
}

int
apache_test_and_reload(struct apache *apache, struct err *err)
{
	static const char *const test[] = { "-t", NULL };
	static const char *const reload[] = { "-k", "graceful", NULL };
	int r = run(apache->world, test, NULL, err);

	if (r == 0 && apache->text.len == 0)
		r = apache_ask(apache, err);
	if (r == 0)
		r = check_runs(apache, err);
	apache->reloaded = holders_now();
	if (r == 0)
		r = run(apache->world, reload, NULL, err);
	apache->deaf = r < 0;
	return r;
}

static int
begin(void *self, const struct server_world *world, struct err *err)
{
	struct apache *apache = self;
	int r;

	*apache = (struct apache){ .world = world };
	r = change_begin(&apache->change, world->dir, "apache",
	    world->argument, err);
	if (r < 0 || apache->change.count == 0)
		return r;
	r = change_undo(&apache->change, err);
	if (r == 0)
		r = apache_test_and_reload(apache, err);
	return r < 0 ? err_prefix(err, "what an earlier run left cannot be "
	    "taken back") : 0;
}

static void
end(void *self)
{
	struct apache *apache = self;

	change_end(&apache->change);
	arena_free(&apache->arena);
	bld_free(&apache->text);
}

static void
take_back(struct apache *apache, struct err *err)
{
	struct err why = ERR_INIT;

	if (apache->change.count == 0)
		return;
	if (change_undo(&apache->change, &why) < 0 || (!apache->deaf &&
	    apache_test_and_reload(apache, &why) < 0))
		err_prefix(err, "and what was changed could not be taken back "
		    "(%.150s)", why.text);
}

int
apache_settle(struct apache *apache, int r, bool reload, struct err *err)
{
	if (r == 0 && reload)
		r = apache_test_and_reload(apache, err);
	if (r < 0)
		take_back(apache, err);
	else
		change_keep(&apache->change);
	return r;
}

static void
put_challenges(struct bld *out, const char *folder)
{
	bld_fmt(out, "# Written by signet, which removes it when the "
	    "challenges are over.\n"
	    "Alias \"/.well-known/acme-challenge/\" \"%s/\"\n"
	    "<Directory \"%s/\">\n\tAllowOverride None\n\tOptions None\n"
	    "\tRequire all granted\n</Directory>\n"
	    "<Location \"/.well-known/acme-challenge/\">\n"
	    "\tRequire all granted\n\tForceType text/plain\n</Location>\n",
	    folder, folder);
	if (access(MODULES "/mod_rewrite.so", R_OK) == 0)
		bld_str(out, "<IfModule !rewrite_module>\n\tLoadModule "
		    "rewrite_module " MODULES "/mod_rewrite.so\n"
		    "</IfModule>\n");
	bld_fmt(out, "<IfModule rewrite_module>\n\tRewriteEngine On\n"
	    "\tRewriteOptions InheritDownBefore\n"
	    "\tRewriteRule \"^/\\.well-known/acme-challenge/"
	    "([-_A-Za-z0-9]+)$\" \"%s/$1\" [END]\n</IfModule>\n", folder);
}

static bool
includes(const struct apache *apache, const char *file)
{
	for (const struct apache_name *f = apache->dump.files; f != NULL;
	    f = f->next)
		if (span_equal_str(f->text, file))
			return true;
	return false;
}

static const char *const folders[] = { "conf-enabled", "conf.d",
	"sites-enabled" };
#define NUM_FOLDERS (sizeof(folders) / sizeof(folders[0]))

static int
no_folder(const struct apache *apache, struct err *err)
{
	return err_set(err, ERR_CONFIG, NULL, "Apache includes no folder that "
	    "can be written to; add to its configuration: IncludeOptional "
	    "%.*s/conf-enabled/*.conf, or use --via webroot=DIR",
	    SPAN_FMT(apache->dump.root));
}

/* Writes the file where Apache then says that it reads it. */
static int
put_include(struct apache *apache, struct span text,
    char path[CHANGE_PATH_SIZE], struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < NUM_FOLDERS; i++) {
		snprintf(path, CHANGE_PATH_SIZE, "%.*s/%s/"
		    APACHE_OURS "challenges.conf", SPAN_FMT(apache->dump.root),
		    folders[i]);
		*strrchr(path, '/') = '\0';
		r = access(path, W_OK);
		path[strlen(path)] = '/';
		if (r < 0)
			continue;
		r = change_write(&apache->change, path, text, 0644, err);
		if (r == 0)
			r = apache_ask(apache, err);
		if (r < 0 || includes(apache, path))
			return r;
		r = change_undo(&apache->change, err);
		if (r < 0)
			return r;
	}
	return no_folder(apache, err);
}

static void
token_path(const struct apache *apache, const struct server_task *task,
    char out[CHANGE_PATH_SIZE])
{
	snprintf(out, CHANGE_PATH_SIZE, "%s/challenge%s%s",
	    apache->world->dir, task == NULL ? "" : "/",
	    task == NULL ? "" : task->token);
}

static int
write_tokens(const struct apache *apache, const struct server_task *items,
    size_t count, struct err *err)
{
	char path[CHANGE_PATH_SIZE];
	int r = 0;

	token_path(apache, NULL, path);
	mkdir(path, 0755);
	/* Whatever the umask is, Apache's user must look inside. */
	if (chmod(path, 0755) < 0)
		return err_errno(err, "cannot make %s", path);
	for (size_t i = 0; i < count && r == 0; i++) {
		token_path(apache, &items[i], path);
		r = change_put(path, span_str(items[i].key_authorization),
		    0644, err);
	}
	return r;
}

static int
see(void *self, const struct server_task *task, struct err *err)
{
	const struct apache *apache = self;
	char path[TASKS_PATH_SIZE];
	int r = 0;

	tasks_path(task, path);
	for (const struct apache_address *a = apache->dump.addresses;
	    a != NULL && r == 0; a = a->next) {
		struct look_at at = { .port = a->port,
		    .since = apache->reloaded };

		snprintf(at.host, sizeof(at.host), "%.*s", SPAN_FMT(a->host));
		if (a->port != 0 && !apache_is_tls(&apache->dump, a))
			r = look_http_wait(&at, task->name, path,
			    span_str(task->key_authorization), err);
	}
	return r < 0 ? err_prefix(err, "Apache was told to answer a challenge "
	    "and does not (a virtual host that redirects all needs the line "
	    "RewriteEngine On, and Apache's user must be able to read %s)",
	    apache->world->dir) : 0;
}

/* All, those of a run that was killed, too. */
static void
remove_tokens(const struct apache *apache)
{
	char path[CHANGE_PATH_SIZE];
	const struct dirent *entry;
	DIR *folder;

	token_path(apache, NULL, path);
	folder = opendir(path);
	while (folder != NULL && (entry = readdir(folder)) != NULL)
		unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder != NULL)
		closedir(folder);
	rmdir(path);
}

/* The last one takes the file along. */
static int
hide(void *self, struct tasks *tasks, const struct server_task *items,
    size_t count, struct err *err)
{
	struct apache *apache = self;
	char path[CHANGE_PATH_SIZE];
	int r = 0;

	tasks_remove(tasks, items, count);
	for (size_t i = 0; i < count; i++) {
		token_path(apache, &items[i], path);
		unlink(path);
	}
	if (tasks->count == 0 && tasks->file != NULL &&
	    access(tasks->file, F_OK) == 0) {
		if (unlink(tasks->file) < 0)
			r = err_errno(err, "cannot remove %s", tasks->file);
		else
			r = apache_test_and_reload(apache, err);
	}
	if (tasks->count == 0)
		remove_tokens(apache);
	return r < 0 ? r : tasks_save(tasks, &apache->change, err);
}

/* Before the first: the file, unless another order's is there. */
static int
show(void *self, struct tasks *tasks, const struct server_task *items,
    size_t count, struct err *err)
{
	struct apache *apache = self;
	char folder[CHANGE_PATH_SIZE], path[CHANGE_PATH_SIZE];
	struct bld text;
	int r = write_tokens(apache, items, count, err);

	if (r == 0)
		r = apache_ask(apache, err);
	if (r < 0 || (tasks->file != NULL &&
	    includes(apache, tasks->file)))
		return r < 0 ? r : tasks_save(tasks, &apache->change, err);
	bld_init(&text, 8192);
	token_path(apache, NULL, folder);
	put_challenges(&text, folder);
	r = put_include(apache, bld_view(&text), path, err);
	bld_free(&text);
	if (r == 0) {
		tasks_set_file(tasks, path);
		r = tasks_save(tasks, &apache->change, err);
	}
	return apache_settle(apache, r, true, err);
}

/* Its files are those of that name that Apache reads. */
static int
remove_site(void *self, const struct server_cert *cert, struct err *err)
{
	struct apache *apache = self;
	char name[CHANGE_PATH_SIZE];
	int r = apache_ask(apache, err);

	snprintf(name, sizeof(name), "-" APACHE_OURS "%s.conf",
	    cert->site);
	for (const struct apache_name *f = apache->dump.files;
	    f != NULL && r == 0; f = f->next)
		if (f->text.len > strlen(name) && memcmp(f->text.data +
		    f->text.len - strlen(name), name, strlen(name)) == 0)
			r = change_remove(&apache->change, arena_str(
			    &apache->arena, f->text), err);
	return apache_settle(apache, r, apache->change.count > 0, err);
}

static void
put_names(const struct apache *apache, const char *before, struct bld *out)
{
	struct names names = { 0 };

	for (const struct apache_vhost *v = apache->dump.vhosts; v != NULL;
	    v = v->next) {
		if (apache_is_ours(v->file))
			continue;
		names_block(&names);
		for (const struct apache_name *n = v->names; n != NULL;
		    n = n->next)
			names_add(&names, n->text);
	}
	names_put(&names, before, out);
	names_free(&names);
}

static int
sites(const struct server_world *world, struct bld *out, struct err *err)
{
	struct apache apache;
	int r;

	apache = (struct apache){ .world = world, .change.fd_lock = -1 };
	r = apache_ask(&apache, err);
	if (r == 0)
		put_names(&apache, "", out);
	end(&apache);
	return r;
}

static int
look(const struct server_world *world, const struct server_cert *certs,
    size_t count, struct bld *out, struct err *err)
{
	struct timespec since = seen_now();
	struct seen seen = { 0 };
	struct apache apache;
	int r = begin(&apache, world, err);

	if (r == 0)
		r = apache_ask(&apache, err);
	if (r == 0) {
		put_names(&apache, "names ", out);
		for (size_t i = 0; i < count; i++)
			apache_look(&apache, &certs[i], out);
		for (const struct apache_name *f = apache.dump.files;
		    f != NULL; f = f->next)
			seen_add(&seen, f->text);
		r = seen_write(&apache.change, &seen, &since, err);
	}
	seen_free(&seen);
	end(&apache);
	return r;
}

static void
find(int pid, char out[RUNNING_SIZE])
{
	running_option(pid, "-f", out);
}

/* A host that sends all elsewhere would not look at our rule. */
static int
check_host(const struct apache_vhost *vhost, const char *name,
    struct err *err)
{
	if (!vhost->redirects || vhost->rewrites || vhost->tls ||
	    !apache_has_name(vhost, name))
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "the virtual host of %s at "
	    "%.*s:%u redirects all and needs the line RewriteEngine On", name,
	    SPAN_FMT(vhost->file), vhost->line);
}

static int
fits(const struct server_world *world, const struct row_list *names,
    struct err *err)
{
	struct apache apache = { .world = world, .change.fd_lock = -1 };
	char path[CHANGE_PATH_SIZE];
	bool found = false;
	int r = apache_ask(&apache, err);

	for (size_t i = 0; i < NUM_FOLDERS && r == 0; i++) {
		snprintf(path, sizeof(path), "%.*s/%s",
		    SPAN_FMT(apache.dump.root), folders[i]);
		found = found || access(path, W_OK) == 0;
	}
	if (r == 0 && !found)
		r = no_folder(&apache, err);
	for (size_t i = 0; i < names->count; i++)
		for (const struct apache_vhost *v = apache.dump.vhosts;
		    v != NULL && r == 0; v = v->next)
			r = check_host(v, names->items[i], err);
	end(&apache);
	return r;
}

const struct server server_apache = {
	.name = "apache",
	.sites = sites, .find = find, .fits = fits,
	.size = sizeof(struct apache), .begin = begin, .end = end,
	.show = show, .hide = hide, .see = see,
	.install = apache_install, .remove = remove_site, .look = look,
};
