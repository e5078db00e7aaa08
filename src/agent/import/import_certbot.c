/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certbot: DIR/renewal/NAME.conf says how DIR/live/NAME was got; accounts are
 * in DIR/accounts/HOST/PATH/ID; hooks for all certificates in
 * DIR/renewal-hooks.
 */
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "agent/import/import.h"

#define SUFFIX ".conf"
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

static void
note(struct reader *r, const char *fmt, const char *a)
{
	r->from->note(r->from->ctx, r->site->name,
	    import_text(&r->import->arena, "%s%s", fmt, a));
}

/* ---- how control was proven --------------------------------------------- */

/* Of several, the first: a site has one way for all of its names. */
static void
take_webroot(struct reader *r)
{
	const char *first = NULL;

	for (size_t i = 0; i < r->renewal->count; i++) {
		const struct value *v = &r->renewal->values[i];

		if (strcmp(v->section, "webroot_map") != 0)
			continue;
		if (first == NULL)
			first = v->text;
		else if (strcmp(first, v->text) != 0)
			note(r, "has several web roots; only the first is "
			    "used, not ", v->text);
	}
	if (first == NULL && value(r->renewal, "webroot_path") != NULL)
		first = strip(arena_str(&r->import->arena,
		    span_str(value(r->renewal, "webroot_path"))), " ,\"'");
	if (first != NULL)
		import_set(r->from, r->site, "via",
		    import_text(&r->import->arena, "webroot=%s", first));
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
	import_set(r->from, r->site, "via", import_text(&r->import->arena,
	    "certbot-%s=%s%s%s", dns ? "dns" : "http", auth,
	    cleanup == NULL ? "" : ";;", cleanup == NULL ? "" : cleanup));
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
	else if (strcmp(name, "standalone") == 0 ||
	    strcmp(name, "nginx") == 0 || strcmp(name, "apache") == 0)
		import_set(r->from, r->site, "via", name);
	else if (strcmp(name, "dns-rfc2136") == 0)
		note(r, "was got by dns-rfc2136; put its TSIG key into a file "
		    "and use `signet get --via dns=KEY`", "");
	else
		note(r, "was got by a plugin that there is not here; say how "
		    "with `signet get --via ...`, not ", name);
}

/* ---- what runs afterwards ----------------------------------------------- */

static void
take_directory_hook(void *ctx, const char *name)
{
	struct reader *r = ctx;
	size_t len = strlen(name);
	char *path = import_text(&r->import->arena,
	    "%s/renewal-hooks/deploy/%s", r->from->dir, name);

	if (name[len - 1] != '~' && access(path, X_OK) == 0)
		import_set(r->from, r->site, "deploy_hook", path);
}

static void
take_hooks(struct reader *r)
{
	const char *deploy = value(r->renewal, "renew_hook");
	const char *pre = value(r->renewal, "pre_hook");
	const char *post = value(r->renewal, "post_hook");

	if (deploy == NULL)
		deploy = value(r->renewal, "deploy_hook");
	if (deploy != NULL)
		import_set(r->from, r->site, "deploy_hook", deploy);
	import_list(&r->import->arena, import_text(&r->import->arena,
	    "%s/renewal-hooks/deploy", r->from->dir), take_directory_hook, r);
	if (post != NULL && pre == NULL)
		import_set(r->from, r->site, "reload", post);
	else if (post != NULL)
		note(r, "its post_hook is not taken, since it undoes its "
		    "pre_hook: ", post);
	if (pre != NULL)
		note(r, "its pre_hook is not taken; nothing has to be stopped "
		    "here: ", pre);
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

static void
take_account(struct reader *r, const char *server, const char *id)
{
	struct arena *arena = &r->import->arena;
	const char *host = strstr(server, "://");
	const char *dir, *kid, *contact;

	if (host == NULL)
		return;
	dir = import_text(arena, "%s/accounts/%s/%s", r->from->dir, host + 3,
	    id);
	kid = import_json(arena, import_text(arena, "%s/regr.json", dir),
	    "uri");
	contact = import_json(arena, import_text(arena, "%s/regr.json", dir),
	    "body/contact/0");
	if (kid == NULL)
		note(r, "its account is not taken: there is no regr.json in ",
		    dir);
	else if (!has_account(r->import, kid))
		import_add_account(r->import, &(struct import_account){
		    .directory = server, .kid = kid,
		    .contacts = contact == NULL ? "" : contact,
		    .key_file = import_text(arena, "%s/private_key.json",
		    dir) });
}

/* ---- one certificate ---------------------------------------------------- */

static void
take_all(struct reader *r, const char *name)
{
	const char *server = value(r->renewal, "server");
	const char *account = value(r->renewal, "account");

	if (server == NULL)
		server = r->from->ca;
	if (server != NULL)
		import_set(r->from, r->site, "ca", server);
	if (server != NULL && account != NULL)
		take_account(r, server, account);
	import_set(r->from, r->site, "layout", import_text(
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
	struct renewal renewal;
	struct err err = ERR_INIT;
	struct span text;
	char *name;

	if (len <= tail || strcmp(file + len - tail, SUFFIX) != 0)
		return;
	name = import_text(arena, "%.*s", (int)(len - tail), file);
	if (import_file(arena, import_text(arena, "%s/renewal/%s",
	    r->from->dir, file), &text, &err) == 0)
		r->site = import_site(r->import, name, import_text(arena,
		    "%s/live/%s/fullchain.pem", r->from->dir, name), &err);
	if (err.kind != ERR_NONE) {
		r->from->note(r->from->ctx, name, err.text);
		return;
	}
	parse(arena_str(arena, text), &renewal);
	r->renewal = &renewal;
	take_all(r, name);
}

int
import_certbot(const struct import_from *from, struct import *ret,
    struct err *err)
{
	struct reader reader = { .from = from, .import = ret };
	char *dir = import_text(&ret->arena, "%s/renewal", from->dir);

	if (access(dir, R_OK | X_OK) < 0)
		return err_errno(err, "cannot read %s, where certbot keeps "
		    "what it renews", dir);
	import_list(&ret->arena, dir, take_renewal, &reader);
	return 0;
}
