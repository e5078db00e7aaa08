/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lego (version 4): DIR/certificates/NAME.crt and so on, accounts in
 * DIR/accounts/HOST/EMAIL. How control is proven it is told on each command
 * line, and so it is not written down anywhere; nor is the CA's directory,
 * which is found by its host.
 */
#include <unistd.h>

#include "agent/conf/authority.h"
#include "agent/import/import.h"

#define SUFFIX ".crt"
#define ISSUER ".issuer.crt"

struct reader {
	const struct import_from *from;
	struct import *import;
	const char *host; /* of the accounts at hand */
};

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);

	return len > tail && strcmp(text + len - tail, end) == 0;
}

/* The host of a URL, as lego names folders: with '_' for ':'. */
static const char *
host_of(struct reader *r, const char *url)
{
	const char *at = strstr(url, "://");
	char *ret;

	if (at == NULL)
		return "";
	ret = arena_fmt(&r->import->arena, "%.*s",
	    (int)strcspn(at + 3, "/"), at + 3);
	for (char *c = ret; *c != '\0'; c++)
		*c = *c == ':' ? '_' : *c;
	return ret;
}

/* Which CA has its API there: the one that --ca says, or one that is known.
 * NULL: nobody says. */
static const char *
ca_at(struct reader *r, const char *host)
{
	const char *known;

	if (r->from->ca != NULL && strcmp(host_of(r, r->from->ca), host) == 0)
		return r->from->ca;
	for (size_t i = 0; (known = authority_known(i)) != NULL; i++) {
		if (strcmp(host_of(r, known), host) == 0)
			return known;
	}
	return NULL;
}

/* By where it was fetched from. NULL: nobody says what CA that is, and to ask
 * another one for its names is no renewal. */
static const char *
ca_of(struct reader *r, const char *lineage)
{
	struct arena *arena = &r->import->arena;
	const char *url = import_json(arena, arena_fmt(arena,
	    "%s/certificates/%s.json", r->from->dir, lineage), "certUrl");
	const char *ret = url == NULL ? "letsencrypt" : ca_at(r, host_of(r,
	    url));

	if ((url == NULL || ret == NULL) && r->from->ca != NULL)
		return r->from->ca;
	if (ret == NULL)
		r->from->note(r->from->ctx, lineage, arena_fmt(arena, "the "
		    "certificate is not taken: it is from %s, and lego does "
		    "not keep the URL of the CA's directory; write --ca URL",
		    host_of(r, url)));
	return ret;
}

static void
take_certificate(void *ctx, const char *file)
{
	struct reader *r = ctx;
	struct arena *arena = &r->import->arena;
	struct err err = ERR_INIT;
	struct site_conf *site;
	char *name, *lineage;
	const char *ca;

	if (!ends_with(file, SUFFIX) || ends_with(file, ISSUER))
		return;
	lineage = arena_fmt(arena, "%.*s", (int)(strlen(file) -
	    strlen(SUFFIX)), file);
	/* "_.example.com" is that of "*.example.com". */
	name = lineage[0] == '_' && lineage[1] == '.' ? lineage + 2 : lineage;
	ca = ca_of(r, lineage);
	if (ca == NULL)
		return;
	site = import_site(r->import, name, arena_fmt(arena,
	    "%s/certificates/%s", r->from->dir, file), &err);
	if (site == NULL) {
		r->from->note(r->from->ctx, name, err.text);
		return;
	}
	import_set(r->from, site, "ca", ca);
	import_set(r->from, site, "layout", arena_fmt(arena,
	    "lego:%s/certificates:%s", r->from->dir, lineage));
	/* lego's own habit. */
	import_set(r->from, site, "reuse_key", "true");
	if (r->from->via == NULL)
		r->from->note(r->from->ctx, site->name, "lego does not write "
		    "down how control is proven; say it with `signet import "
		    "--via ...` or `signet get --via ...` (lego-exec=PROGRAM, "
		    "webroot=DIR, standalone, ...)");
}

static void
take_account(void *ctx, const char *email)
{
	struct reader *r = ctx;
	struct arena *arena = &r->import->arena;
	const char *dir = arena_fmt(arena, "%s/accounts/%s/%s",
	    r->from->dir, r->host, email);
	const char *file = arena_fmt(arena, "%s/account.json", dir);
	struct import_account account = {
		.directory = ca_at(r, r->host),
		.kid = import_json(arena, file, "registration/uri"),
		.contacts = import_json(arena, file, "email"),
		.key_file = arena_fmt(arena, "%s/keys/%s.key", dir, email),
	};

	if (account.directory == NULL) {
		r->from->note(r->from->ctx, email, arena_fmt(arena, "the "
		    "account at %s is not taken: lego does not keep the URL "
		    "of the CA's directory; write --ca URL", r->host));
		return;
	}
	if (account.kid == NULL) {
		r->from->note(r->from->ctx, email, "the account is not taken: "
		    "account.json does not have its URL");
		return;
	}
	if (account.contacts == NULL)
		account.contacts = "";
	import_add_account(r->import, &account);
}

static void
take_host(void *ctx, const char *host)
{
	struct reader *r = ctx;

	r->host = host;
	import_list(&r->import->arena, arena_fmt(&r->import->arena,
	    "%s/accounts/%s", r->from->dir, host), take_account, r);
}

int
import_lego(const struct import_from *from, struct import *ret,
    struct err *err)
{
	struct reader reader = { .from = from, .import = ret };
	char *dir = arena_fmt(&ret->arena, "%s/certificates", from->dir);

	if (access(dir, R_OK | X_OK) < 0)
		return err_errno(err, "cannot read %s, where lego keeps "
		    "certificates", dir);
	import_list(&ret->arena, dir, take_certificate, &reader);
	import_list(&ret->arena, arena_fmt(&ret->arena, "%s/accounts",
	    from->dir), take_host, &reader);
	return 0;
}
