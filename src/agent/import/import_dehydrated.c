/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dehydrated: DIR/config says how, DIR/certs/NAME has the files, and
 * DIR/accounts/BASE64URL-OF-THE-CA the account.
 */
#include <strings.h>
#include <unistd.h>

#include "agent/import/import.h"
#include "base/text.h"

#define DEFAULT_CA "https://acme-v02.api.letsencrypt.org/directory"
#define DEFAULT_WELLKNOWN "/var/www/dehydrated"
#define CHALLENGES "/.well-known/acme-challenge"

struct reader {
	const struct import_from *from;
	struct import *import;
	struct span config;
	struct span own;         /* the config of the certificate at hand */
	struct span domains;     /* domains.txt */
	const char *certs, *file, *more;
};

/* What the certificate's own config says, else the main one and conf.d; of
 * other variables, BASEDIR alone is filled in. */
static const char *
variable(struct reader *r, const char *key, const char *otherwise)
{
	static const char *const marks[] = { "${BASEDIR}", "$BASEDIR" };
	struct arena *arena = &r->import->arena;
	const char *ret = import_variable(arena, r->own, key), *at;

	if (ret == NULL)
		ret = import_variable(arena, r->config, key);
	if (ret == NULL || ret[0] == '\0')
		return otherwise;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		at = strstr(ret, marks[i]);
		if (at != NULL)
			ret = arena_fmt(arena, "%.*s%s%s", (int)(at - ret),
			    ret, r->from->dir, at + strlen(marks[i]));
	}
	return ret;
}

static const char *
ca_of(struct reader *r)
{
	static const char *const presets[][2] = {
		{ "letsencrypt", DEFAULT_CA },
		{ "letsencrypt-test", "letsencrypt-staging" },
		{ "zerossl", "zerossl" }, { "google", "google" },
		{ "google-test", "google-staging" } };
	const char *ca = r->from->ca != NULL ? r->from->ca :
	    variable(r, "CA", DEFAULT_CA);

	for (size_t i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		if (strcmp(ca, presets[i][0]) == 0)
			return presets[i][1];
	}
	return ca;
}

static void
put_environment(struct reader *r, struct site_conf *site, const char *name,
    const char *value)
{
	import_set(r->from, site, "environment", arena_fmt(&r->import->arena,
	    "%s=%s", name, value));
}

/* What dehydrated exports to its hook, and what its config does. */
static void
take_environment(struct reader *r, struct site_conf *site)
{
	struct arena *arena = &r->import->arena;
	const char *const exported[][2] = {
		{ "BASEDIR", r->from->dir },
		{ "ALPNCERTDIR", arena_fmt(arena, "%s/alpn-certs",
		    r->from->dir) },
		{ "CHALLENGETYPE", "http-01" },
		{ "WELLKNOWN", DEFAULT_WELLKNOWN },
		{ "KEY_ALGO", "secp384r1" },
		{ "PRIVATE_KEY_ROLLOVER", "no" },
	};
	char *text = arena_str(arena, r->config), *line;

	for (size_t i = 0; i < sizeof(exported) / sizeof(exported[0]); i++)
		put_environment(r, site, exported[i][0], variable(r,
		    exported[i][0], exported[i][1]));
	put_environment(r, site, "CERTDIR", r->certs);
	put_environment(r, site, "alias", site->name);
	put_environment(r, site, "CONFIG", r->file);
	while ((line = strsep(&text, "\n")) != NULL) {
		const char *name;

		line += strspn(line, " \t");
		if (strncmp(line, "export ", 7) != 0)
			continue;
		name = arena_fmt(arena, "%.*s", (int)strcspn(line + 7, "= "),
		    line + 7);
		if (variable(r, name, NULL) != NULL)
			put_environment(r, site, name, variable(r, name, ""));
	}
}

static void
take_challenge(struct reader *r, struct site_conf *site)
{
	struct arena *arena = &r->import->arena;
	const char *type = variable(r, "CHALLENGETYPE", "http-01");
	const char *hook = variable(r, "HOOK", NULL);
	const char *known = variable(r, "WELLKNOWN", DEFAULT_WELLKNOWN);
	const char *chain = strcmp(variable(r, "HOOK_CHAIN", "no"), "yes") == 0 ?
	    ",chain" : "";
	size_t len = strlen(known), tail = strlen(CHALLENGES);

	if (hook != NULL) {
		import_set(r->from, site, "deploy_hook", arena_fmt(arena,
		    "dehydrated:%s", hook));
		take_environment(r, site);
	}
	if (strcmp(type, "dns-01") == 0 && hook != NULL)
		import_set(r->from, site, "via", arena_fmt(arena,
		    "dehydrated-dns=%s%s", hook, chain));
	else if (strcmp(type, "http-01") == 0 && hook == NULL && len > tail &&
	    strcmp(known + len - tail, CHALLENGES) == 0)
		import_set(r->from, site, "via", arena_fmt(arena,
		    "webroot=%.*s", (int)(len - tail), known));
	else if (strcmp(type, "http-01") == 0)
		import_set(r->from, site, "via", arena_fmt(arena,
		    "dehydrated-http=%s%s,wellknown=%s",
		    hook == NULL ? "" : hook, hook == NULL ? "" : chain,
		    known));
	else
		r->from->note(r->from->ctx, site->name, arena_fmt(arena,
		    "is proven by %s; say how with `signet get --via tls-alpn`, "
		    "for example", type));
}

/* The first name of the line is what hooks are called with. */
static void
take_order(struct reader *r, char *line, struct site_conf *site)
{
	const struct row *row = row_find(site_conf_rows, "names");
	struct row_list names = { 0 };
	char *word;
	bool same = true;

	line[strcspn(line, ">")] = '\0';
	while ((word = strsep(&line, " \t\r")) != NULL) {
		same = same && (word[0] == '\0' ||
		    row_list_has(&site->names, word));
		if (word[0] != '\0')
			row_list_add(&names, word);
	}
	if (same && names.count == site->names.count) {
		row_clear(row, site);
		for (size_t i = 0; i < names.count; i++)
			import_set(r->from, site, "names", names.items[i]);
	}
	row_list_clear(&names);
}

/* A line of domains.txt is the certificate's, by its first name or alias. */
static char *
find_line(struct reader *r, const char *name)
{
	struct span text = r->domains;

	while (text.len > 0) {
		struct span line = span_cut(&text, '\n'), rest = line;
		struct span before = span_cut(&rest, '>');
		struct span word = before.len < line.len ? rest : line;
		size_t len = 0;

		while (word.len > 0 && strchr(" \t", word.data[0]) != NULL)
			word = span_from(word, 1);
		while (len < word.len && strchr(" \t\r", word.data[len]) ==
		    NULL)
			len++;
		if (len > 0 && len == strlen(name) && strncasecmp(
		    (const char *)word.data, name, len) == 0)
			return arena_str(&r->import->arena, line);
	}
	return NULL;
}

static void
read_own(struct reader *r, const char *name)
{
	struct arena *arena = &r->import->arena;
	const char *dir = import_variable(arena, r->config, "DOMAINS_D");
	struct err err = ERR_INIT;

	if (import_file(arena, dir != NULL && dir[0] != '\0' ?
	    arena_fmt(arena, "%s/%s", dir, name) :
	    arena_fmt(arena, "%s/%s/config", r->certs, name), &r->own,
	    &err) < 0 && err.kind != ERR_NOT_FOUND)
		r->from->note(r->from->ctx, name, err.text);
}

/* All configs as one text, of which the last line holds. */
static void
take_more(void *ctx, const char *name)
{
	struct reader *r = ctx;
	struct arena *arena = &r->import->arena;
	size_t len = strlen(name);
	struct span text;

	if (len > 3 && strcmp(name + len - 3, ".sh") == 0 &&
	    import_file(arena, arena_fmt(arena, "%s/%s", r->more, name),
	    &text, NULL) == 0)
		r->config = span_str(arena_fmt(arena, "%.*s\n%.*s",
		    SPAN_FMT(r->config), SPAN_FMT(text)));
}

static void
take_certificate(void *ctx, const char *name)
{
	struct reader *r = ctx;
	struct arena *arena = &r->import->arena;
	char *file = arena_fmt(arena, "%s/%s/fullchain.pem", r->certs, name);
	struct err err = ERR_INIT;
	struct site_conf *site;
	char *line;

	if (access(file, F_OK) < 0)
		return;
	line = find_line(r, name);
	if (r->domains.len > 0 && line == NULL) {
		r->from->note(r->from->ctx, name, "is not taken: domains.txt "
		    "does not have it, so dehydrated does not renew it");
		return;
	}
	read_own(r, name);
	site = import_site(r->import, name, file, &err);
	if (site == NULL) {
		r->from->note(r->from->ctx, name, err.text);
		return;
	}
	if (line != NULL)
		take_order(r, line, site);
	import_set(r->from, site, "ca", ca_of(r));
	import_set(r->from, site, "layout", arena_fmt(arena,
	    "dehydrated:%s:%s", r->certs, name));
	/* It makes a new key each time unless it is told not to. */
	if (strcmp(variable(r, "PRIVATE_KEY_RENEW", "yes"), "no") == 0)
		import_set(r->from, site, "reuse_key", "true");
	if (strcmp(variable(r, "OCSP_MUST_STAPLE", "no"), "yes") == 0)
		import_set(r->from, site, "must_staple", "true");
	if (variable(r, "PREFERRED_CHAIN", NULL) != NULL)
		import_set(r->from, site, "preferred_chain",
		    variable(r, "PREFERRED_CHAIN", NULL));
	if (variable(r, "ACME_PROFILE", NULL) != NULL)
		import_set(r->from, site, "profile",
		    variable(r, "ACME_PROFILE", NULL));
	take_challenge(r, site);
}

/* The folder's name is base64url of the CA's URL and a line's end. */
static void
take_account(void *ctx, const char *name)
{
	struct reader *r = ctx;
	struct arena *arena = &r->import->arena;
	const char *dir = arena_fmt(arena, "%s/%s", variable(r,
	    "ACCOUNTDIR", arena_fmt(arena, "%s/accounts", r->from->dir)),
	    name);
	struct import_account account = { .contacts = "" };
	struct span text;
	struct bld url;

	bld_init(&url, 2048);
	if (text_unbase64url(&url, span_str(name)) == 0) {
		text = bld_view(&url);
		while (text.len > 0 && text.data[text.len - 1] == '\n')
			text.len--;
		account.directory = arena_str(arena, text);
	}
	bld_free(&url);
	account.kid = import_json(arena, arena_fmt(arena,
	    "%s/account_id.json", dir), "url");
	if (account.kid == NULL)
		account.kid = import_json(arena, arena_fmt(arena,
		    "%s/account_id.json", dir), "id");
	account.key_file = arena_fmt(arena, "%s/account_key.pem", dir);
	if (account.directory == NULL || account.kid == NULL)
		r->from->note(r->from->ctx, name, "the account is not taken: "
		    "its URL is not in account_id.json");
	else
		import_add_account(r->import, &account);
}

int
import_dehydrated(const struct import_from *from, struct import *ret,
    struct err *err)
{
	struct reader reader = { .from = from, .import = ret };
	struct arena *arena = &ret->arena;
	struct err none = ERR_INIT;
	char *file = arena_fmt(arena, "%s/config", from->dir);

	if (access(file, F_OK) < 0)
		file = arena_fmt(arena, "/etc/dehydrated/config");
	reader.file = file;
	if (import_file(arena, file, &reader.config, &none) < 0 &&
	    none.kind != ERR_NOT_FOUND)
		from->note(from->ctx, "dehydrated", none.text);
	reader.more = variable(&reader, "CONFIG_D", NULL);
	if (reader.more != NULL)
		import_list(arena, reader.more, take_more, &reader);
	reader.certs = variable(&reader, "CERTDIR",
	    arena_fmt(arena, "%s/certs", from->dir));
	(void)import_file(arena, variable(&reader, "DOMAINS_TXT",
	    arena_fmt(arena, "%s/domains.txt", from->dir)), &reader.domains,
	    NULL);
	if (access(reader.certs, R_OK | X_OK) < 0)
		return err_errno(err, "cannot read %s, where dehydrated keeps "
		    "certificates", reader.certs);
	import_list(arena, reader.certs, take_certificate, &reader);
	import_list(arena, variable(&reader, "ACCOUNTDIR", arena_fmt(arena,
	    "%s/accounts", from->dir)), take_account, &reader);
	return 0;
}
