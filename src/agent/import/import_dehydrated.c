/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dehydrated: DIR/config says how, DIR/certs/NAME has the files, and
 * DIR/accounts/BASE64URL-OF-THE-CA the account.
 */
#include <sys/stat.h>
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
	const char *certs;
};

static const char *
variable(struct reader *r, const char *key, const char *otherwise)
{
	const char *ret = import_variable(&r->import->arena, r->config, key);

	return ret == NULL || ret[0] == '\0' ? otherwise : ret;
}

static const char *
ca_of(struct reader *r)
{
	return r->from->ca != NULL ? r->from->ca :
	    variable(r, "CA", DEFAULT_CA);
}

static void
take_challenge(struct reader *r, struct site_conf *site)
{
	struct arena *arena = &r->import->arena;
	const char *type = variable(r, "CHALLENGETYPE", "http-01");
	const char *hook = variable(r, "HOOK", NULL);
	const char *known = variable(r, "WELLKNOWN", DEFAULT_WELLKNOWN);
	size_t len = strlen(known), tail = strlen(CHALLENGES);

	if (hook != NULL)
		import_set(r->from, site, "deploy_hook", import_text(arena,
		    "dehydrated:%s", hook));
	if (strcmp(type, "dns-01") == 0 && hook != NULL)
		import_set(r->from, site, "via", import_text(arena,
		    "dehydrated-dns=%s", hook));
	else if (strcmp(type, "http-01") == 0 && len > tail &&
	    strcmp(known + len - tail, CHALLENGES) == 0)
		import_set(r->from, site, "via", import_text(arena,
		    "webroot=%.*s", (int)(len - tail), known));
	else if (strcmp(type, "http-01") == 0)
		r->from->note(r->from->ctx, site->name, import_text(arena,
		    "is proven by files in %s, which a web server shows under "
		    "another name; write --via webroot=DIR", known));
	else
		r->from->note(r->from->ctx, site->name, "say how control is "
		    "proven with `signet get --via ...`");
}

static void
take_certificate(void *ctx, const char *name)
{
	struct reader *r = ctx;
	struct arena *arena = &r->import->arena;
	char *file = import_text(arena, "%s/%s/fullchain.pem", r->certs, name);
	struct err err = ERR_INIT;
	struct site_conf *site;

	if (access(file, F_OK) < 0)
		return;
	site = import_site(r->import, name, file, &err);
	if (site == NULL) {
		r->from->note(r->from->ctx, name, err.text);
		return;
	}
	import_set(r->from, site, "ca", ca_of(r));
	import_set(r->from, site, "layout", import_text(arena,
	    "dehydrated:%s:%s", r->certs, name));
	/* It makes a new key each time unless it is told not to. */
	if (strcmp(variable(r, "PRIVATE_KEY_RENEW", "yes"), "no") == 0)
		import_set(r->from, site, "reuse_key", "true");
	if (strcmp(variable(r, "OCSP_MUST_STAPLE", "no"), "yes") == 0)
		import_set(r->from, site, "must_staple", "true");
	if (variable(r, "PREFERRED_CHAIN", NULL) != NULL)
		import_set(r->from, site, "preferred_chain",
		    variable(r, "PREFERRED_CHAIN", NULL));
	take_challenge(r, site);
}

/* The folder's name is base64url of the CA's URL and a line's end. */
static void
take_account(void *ctx, const char *name)
{
	struct reader *r = ctx;
	struct arena *arena = &r->import->arena;
	const char *dir = import_text(arena, "%s/accounts/%s", r->from->dir,
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
	account.kid = import_json(arena, import_text(arena,
	    "%s/account_id.json", dir), "url");
	if (account.kid == NULL)
		account.kid = import_json(arena, import_text(arena,
		    "%s/account_id.json", dir), "id");
	account.key_file = import_text(arena, "%s/account_key.pem", dir);
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
	char *file = import_text(arena, "%s/config", from->dir);

	if (access(file, F_OK) < 0)
		file = import_text(arena, "/etc/dehydrated/config");
	(void)import_file(arena, file, &reader.config, NULL);
	reader.certs = variable(&reader, "CERTDIR",
	    import_text(arena, "%s/certs", from->dir));
	if (strchr(reader.certs, '$') != NULL)
		reader.certs = import_text(arena, "%s/certs", from->dir);
	if (access(reader.certs, R_OK | X_OK) < 0)
		return err_errno(err, "cannot read %s, where dehydrated keeps "
		    "certificates", reader.certs);
	import_list(arena, reader.certs, take_certificate, &reader);
	import_list(arena, import_text(arena, "%s/accounts", from->dir),
	    take_account, &reader);
	return 0;
}
