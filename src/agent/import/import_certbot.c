/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certbot: DIR/renewal/NAME.conf says how DIR/live/NAME was got; accounts are
 * in DIR/accounts/HOST/PATH/ID; hooks for all certificates in
 * DIR/renewal-hooks.
 */
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/import/import.h"

#define SUFFIX ".conf"
#define DEPTH_MAX 6    /* of folders below accounts */
#define VALUES_MAX 128 /* lines of one file that are looked at */

/* One line of a renewal file. */
struct value {
	const char *section, *key, *text;
};

struct renewal {
	size_t count;
	struct value values[VALUES_MAX];
};

struct reader {
	const struct import_from *from;
	struct import *import;
	const struct renewal *renewal; /* of the certificate at hand */
	struct site_conf *site;
	const char *path;              /* below accounts, of the one at hand */
	int depth;
};

/* The text without what is around it: blanks, brackets, a final comma. */
static char *
strip(char *text, const char *what)
{
	size_t len;

	text += strspn(text, what);
	len = strlen(text);
	while (len > 0 && strchr(what, text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

/* configobj's INI; quotes around values are rare and taken off. */
static void
parse(char *text, struct renewal *ret)
{
	const char *section = "";
	char *line, *equals;

	ret->count = 0;
	while ((line = strsep(&text, "\n")) != NULL) {
		line = strip(line, " \t\r");
		equals = strchr(line, '=');
		if (line[0] == '[') {
			section = strip(line, "[]");
		} else if (line[0] != '#' && equals != NULL &&
		    ret->count < VALUES_MAX) {
			*equals = '\0';
			ret->values[ret->count++] = (struct value){ section,
				strip(line, " \t"),
				strip(equals + 1, " \t\"'") };
		}
	}
}

static const char *
value(const struct renewal *renewal, const char *key)
{
	for (size_t i = 0; i < renewal->count; i++) {
		if (strcmp(renewal->values[i].key, key) == 0 &&
		    strcmp(renewal->values[i].text, "None") != 0)
			return renewal->values[i].text;
	}
	return NULL;
}

static bool
is_true(const struct renewal *renewal, const char *key)
{
	const char *text = value(renewal, key);

	return text != NULL && strcasecmp(text, "true") == 0;
}

static bool
is_false(const struct renewal *renewal, const char *key)
{
	const char *text = value(renewal, key);

	return text != NULL && strcasecmp(text, "false") == 0;
}

static void
note(struct reader *r, const char *fmt, const char *a)
{
	r->from->note(r->from->ctx, r->site->name,
	    arena_fmt(&r->import->arena, "%s%s", fmt, a));
}

/* ---- how control was proven --------------------------------------------- */

/* All of them, since a token may be looked for in any. */
static void
take_webroot(struct reader *r)
{
	struct arena *arena = &r->import->arena;
	struct row_list roots = { 0 };
	const char *path = value(r->renewal, "webroot_path");
	const char *all = NULL;

	for (size_t i = 0; i < r->renewal->count; i++) {
		const struct value *v = &r->renewal->values[i];

		if (strcmp(v->section, "webroot_map") == 0 &&
		    !row_list_has(&roots, v->text))
			row_list_add(&roots, v->text);
	}
	for (size_t i = 0; i < roots.count; i++)
		all = all == NULL ? arena_fmt(arena, "%s", roots.items[i]) :
		    arena_fmt(arena, "%s,%s", all, roots.items[i]);
	row_list_clear(&roots);
	if (all == NULL && path != NULL)
		all = strip(arena_str(arena, span_str(path)), " ,\"'");
	if (all != NULL)
		import_set(r->from, r->site, "via",
		    arena_fmt(arena, "webroot=%s", all));
}

static void
take_manual(struct reader *r)
{
	const char *auth = value(r->renewal, "manual_auth_hook");
	const char *cleanup = value(r->renewal, "manual_cleanup_hook");
	const char *prefers = value(r->renewal, "pref_challs");
	bool dns = prefers != NULL && strncmp(prefers, "dns", 3) == 0;

	if (auth == NULL) {
		note(r, "was got by hand, without a hook; say how with "
		    "`signet get --via ...`", "");
		return;
	}
	import_set(r->from, r->site, "via", arena_fmt(&r->import->arena,
	    "certbot-%s=%s%s%s", dns ? "dns" : "http", auth,
	    cleanup == NULL ? "" : ";;", cleanup == NULL ? "" : cleanup));
}

static void
take_standalone(struct reader *r)
{
	const char *port = value(r->renewal, "http01_port");
	const char *address = value(r->renewal, "http01_address");

	if (port == NULL && address == NULL)
		import_set(r->from, r->site, "via", "standalone");
	else
		import_set(r->from, r->site, "via", arena_fmt(
		    &r->import->arena, "standalone=%s%s%s",
		    address == NULL ? "" : address, address == NULL ? "" : ":",
		    port == NULL ? "80" : port));
}

static void
take_authenticator(struct reader *r)
{
	const char *name = value(r->renewal, "authenticator");

	if (name == NULL)
		note(r, "does not say how control was proven; say it with "
		    "`signet get --via ...`", "");
	else if (strcmp(name, "webroot") == 0)
		take_webroot(r);
	else if (strcmp(name, "manual") == 0)
		take_manual(r);
	else if (strcmp(name, "standalone") == 0)
		take_standalone(r);
	else if (strcmp(name, "nginx") == 0 || strcmp(name, "apache") == 0)
		import_set(r->from, r->site, "via", name);
	else if (strcmp(name, "dns-rfc2136") == 0)
		note(r, "was got by dns-rfc2136; put its TSIG key into a file "
		    "and use `signet get --via dns=KEY`", "");
	else
		note(r, "was got by a plugin that there is not here; say how "
		    "with `signet get --via ...`, not ", name);
}

/* ---- what runs afterwards ----------------------------------------------- */

/* certbot reads its folders at each run, and so do we. */
static void
take_hooks(struct reader *r)
{
	static const char *const texts[][2] = { { "pre_hook", "pre_hook" },
		{ "renew_hook", "deploy_hook" },
		{ "deploy_hook", "deploy_hook" },
		{ "post_hook", "post_hook" } };
	const char *installer = value(r->renewal, "installer");
	const char *dir = arena_fmt(&r->import->arena, "%s/renewal-hooks",
	    r->from->dir);

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = value(r->renewal, texts[i][0]);

		if (text != NULL)
			import_set(r->from, r->site, texts[i][1], text);
	}
	if (access(dir, R_OK | X_OK) == 0)
		import_set(r->from, r->site, "hook_dir", dir);
	/* What its plugin does at the end. */
	if (installer != NULL && strcmp(installer, "nginx") == 0)
		import_set(r->from, r->site, "reload", "nginx -s reload");
	else if (installer != NULL && strcmp(installer, "apache") == 0)
		import_set(r->from, r->site, "reload", "apachectl graceful");
}

static void
take_rest(struct reader *r)
{
	static const char *const texts[][2] = {
		{ "preferred_chain", "preferred_chain" },
		{ "preferred_profile", "profile" },
		{ "required_profile", "profile" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = value(r->renewal, texts[i][0]);

		if (text != NULL)
			import_set(r->from, r->site, texts[i][1], text);
	}
	if (is_true(r->renewal, "reuse_key"))
		import_set(r->from, r->site, "reuse_key", "true");
	if (is_true(r->renewal, "must_staple"))
		import_set(r->from, r->site, "must_staple", "true");
}

/* ---- accounts ----------------------------------------------------------- */

static bool
has_account(const struct import *import, const char *kid)
{
	for (size_t i = 0; i < import->num_accounts; i++) {
		if (strcmp(import->accounts[i].kid, kid) == 0)
			return true;
	}
	return false;
}

/* A folder of DIR/accounts: an account, or part of a CA's URL. */
static void
take_account(void *ctx, const char *name)
{
	struct reader *r = ctx, below = *r;
	struct arena *arena = &r->import->arena;
	const char *kid, *contact, *file;
	char *dir = arena_fmt(arena, "%s/accounts%s/%s", r->from->dir,
	    r->path, name);
	struct stat st;

	/* Links are accounts of a CA's older URL. */
	if (lstat(dir, &st) < 0 || !S_ISDIR(st.st_mode) ||
	    r->depth == DEPTH_MAX)
		return;
	file = arena_fmt(arena, "%s/regr.json", dir);
	if (access(file, F_OK) < 0) {
		below.path = arena_fmt(arena, "%s/%s", r->path, name);
		below.depth++;
		import_list(arena, dir, take_account, &below);
		return;
	}
	kid = import_json(arena, file, "uri");
	contact = import_json(arena, file, "body/contact/0");
	if (kid == NULL)
		r->from->note(r->from->ctx, name, "the account is not taken: "
		    "its URL is not in regr.json");
	else if (!has_account(r->import, kid))
		import_add_account(r->import, &(struct import_account){
		    .directory = arena_fmt(arena, "https:/%s", r->path),
		    .kid = kid, .contacts = contact == NULL ? "" : contact,
		    .key_file = arena_fmt(arena, "%s/private_key.json",
		    dir) });
}

/* ---- one certificate ---------------------------------------------------- */

static void
take_all(struct reader *r, const char *name)
{
	const char *server = value(r->renewal, "server");

	if (server == NULL)
		server = r->from->ca;
	if (server != NULL)
		import_set(r->from, r->site, "ca", server);
	import_set(r->from, r->site, "layout", arena_fmt(
	    &r->import->arena, "certbot:%s:%s", r->from->dir, name));
	take_authenticator(r);
	take_hooks(r);
	take_rest(r);
}

static void
take_renewal(void *ctx, const char *file)
{
	struct reader *r = ctx;
	struct arena *arena = &r->import->arena;
	size_t len = strlen(file), tail = strlen(SUFFIX);
	struct renewal renewal = { .count = 0 };
	struct err err = ERR_INIT;
	struct span text;
	char *name;

	if (len <= tail || strcmp(file + len - tail, SUFFIX) != 0)
		return;
	name = arena_fmt(arena, "%.*s", (int)(len - tail), file);
	if (import_file(arena, arena_fmt(arena, "%s/renewal/%s",
	    r->from->dir, file), &text, &err) == 0) {
		parse(arena_str(arena, text), &renewal);
		if (is_false(&renewal, "autorenew")) {
			r->from->note(r->from->ctx, name, "is not taken: "
			    "certbot was told not to renew it (autorenew)");
			return;
		}
		r->site = import_site(r->import, name, arena_fmt(arena,
		    "%s/live/%s/fullchain.pem", r->from->dir, name), &err);
	}
	if (err.kind != ERR_NONE) {
		r->from->note(r->from->ctx, name, err.text);
		return;
	}
	r->renewal = &renewal;
	take_all(r, name);
}

int
import_certbot(const struct import_from *from, struct import *ret,
    struct err *err)
{
	struct reader reader = { .from = from, .import = ret, .path = "" };
	char *dir = arena_fmt(&ret->arena, "%s/renewal", from->dir);

	if (access(dir, R_OK | X_OK) < 0)
		return err_errno(err, "cannot read %s, where certbot keeps "
		    "what it renews", dir);
	import_list(&ret->arena, dir, take_renewal, &reader);
	import_list(&ret->arena, arena_fmt(&ret->arena, "%s/accounts",
	    from->dir), take_account, &reader);
	return 0;
}
