/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acme.sh: DIR/NAME[_ecc]/NAME.conf beside the files, accounts in
 * DIR/ca/HOST/PATH/{account.key,ca.conf}.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/import/import.h"

#define ECC "_ecc"
#define WRAP "__ACME_BASE64__START_"
#define WRAP_END "__ACME_BASE64__END_"
#define DEPTH_MAX 6 /* of folders below ca */

struct reader {
	const struct import_from *from;
	struct import *import;
	struct span conf;     /* of the certificate at hand */
	const char *folder;   /* the same */
	const char *path;     /* of the account's folder, below DIR/ca */
	int depth;
};

/* Commands are kept in base64. */
static const char *
unwrap(struct arena *arena, const char *text)
{
	const char *end = strstr(text, WRAP_END);
	size_t len;
	char *ret;
	int n;

	if (strncmp(text, WRAP, strlen(WRAP)) != 0 || end == NULL)
		return text;
	text += strlen(WRAP);
	len = (size_t)(end - text);
	ret = arena_alloc(arena, len + 1);
	n = EVP_DecodeBlock((unsigned char *)ret,
	    (const unsigned char *)text, (int)len);
	ret[n < 0 ? 0 : n] = '\0'; /* padding became NULs */
	return ret;
}

/* NULL for "", and for "no", which stands for nothing. */
static const char *
variable(struct reader *r, const char *key)
{
	const char *ret = import_variable(&r->import->arena, r->conf, key);

	if (ret == NULL || ret[0] == '\0' || strcmp(ret, "no") == 0)
		return NULL;
	return unwrap(&r->import->arena, ret);
}

static void
take_challenge(struct reader *r, struct site_conf *site)
{
	struct arena *arena = &r->import->arena;
	const char *root = variable(r, "Le_Webroot");
	size_t len = root == NULL ? 0 : strcspn(root, ",");

	if (root != NULL && root[len] == ',' && root[len + 1] != '\0')
		r->from->note(r->from->ctx, site->name, "its names are proven "
		    "in several ways; only the first is used");
	if (root != NULL && strncmp(root, "dns_", 4) == 0)
		import_set(r->from, site, "via", arena_fmt(arena,
		    "acme.sh=%.*s,%s", (int)len, root, r->from->dir));
	else if (root != NULL && root[0] == '/')
		import_set(r->from, site, "via", arena_fmt(arena,
		    "webroot=%.*s", (int)len, root));
	else if (root == NULL)
		import_set(r->from, site, "via", "standalone");
	else if (strncmp(root, "alpn", 4) == 0)
		import_set(r->from, site, "via", "tls-alpn");
	else
		r->from->note(r->from->ctx, site->name, arena_fmt(arena,
		    "is proven by %s; say how with `signet get --via ...`",
		    root));
}

/* As one word of a shell's, whatever is in it. */
static const char *
quote(struct arena *arena, const char *text)
{
	struct bld out;
	const char *ret;

	bld_init(&out, 4 * strlen(text) + 3);
	bld_u8(&out, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			bld_str(&out, "'\\'");
		bld_u8(&out, (uint8_t)*text);
	}
	bld_u8(&out, '\'');
	ret = arena_str(arena, bld_view(&out));
	bld_free(&out);
	return ret;
}

/* acme.sh runs them in the certificate's folder. */
static void
take_command(struct reader *r, struct site_conf *site, const char *variable_,
    const char *key)
{
	const char *command = variable(r, variable_);

	if (command != NULL)
		import_set(r->from, site, key, arena_fmt(&r->import->arena,
		    "cd %s && %s", quote(&r->import->arena, r->folder),
		    command));
}

/* Where --install-cert puts them is where they are served from. */
static void
take_copies(struct reader *r, struct site_conf *site)
{
	static const char *const installed[][2] = {
		{ "Le_RealKeyPath", "privkey" },
		{ "Le_RealCertPath", "cert" }, { "Le_RealCACertPath", "chain" },
		{ "Le_RealFullChainPath", "fullchain" } };

	for (size_t i = 0; i < sizeof(installed) / sizeof(installed[0]); i++) {
		const char *path = variable(r, installed[i][0]);

		if (path != NULL)
			import_set(r->from, site, "copy", arena_fmt(
			    &r->import->arena, "%s=%s", installed[i][1],
			    path));
	}
}

/* "haproxy,ssh," */
static void
take_deploy_hooks(struct reader *r, struct site_conf *site)
{
	const char *list = variable(r, "Le_DeployHook");

	while (list != NULL && list[0] != '\0') {
		size_t len = strcspn(list, ",");

		if (len > 0)
			import_set(r->from, site, "deploy_hook", arena_fmt(
			    &r->import->arena, "acme.sh:%.*s,%s", (int)len,
			    list, r->from->dir));
		list += len + (list[len] == ',');
	}
}

static void
take_rest(struct reader *r, struct site_conf *site)
{
	const char *api = variable(r, "Le_API");
	const char *chain = variable(r, "Le_Preferred_Chain");
	const char *profile = variable(r, "Le_CertificateProfile");
	const char *new_key = variable(r, "Le_ForceNewDomainKey");
	const char *staple = variable(r, "Le_OCSP_Staple");

	import_set(r->from, site, "ca", api != NULL ? api :
	    r->from->ca != NULL ? r->from->ca : "letsencrypt");
	take_copies(r, site);
	take_command(r, site, "Le_PreHook", "pre_hook");
	take_command(r, site, "Le_RenewHook", "deploy_hook");
	take_command(r, site, "Le_ReloadCmd", "deploy_hook");
	take_deploy_hooks(r, site);
	take_command(r, site, "Le_PostHook", "post_hook");
	if (chain != NULL)
		import_set(r->from, site, "preferred_chain", chain);
	if (profile != NULL)
		import_set(r->from, site, "profile", profile);
	if (staple != NULL && strcmp(staple, "1") == 0)
		import_set(r->from, site, "must_staple", "true");
	/* acme.sh's own habit. */
	if (new_key == NULL || strcmp(new_key, "1") != 0)
		import_set(r->from, site, "reuse_key", "true");
}

static bool
is_taken(const struct import *import, const char *name)
{
	for (size_t i = 0; i < import->num_sites; i++) {
		if (strcmp(import->sites[i].name, name) == 0)
			return true;
	}
	return false;
}

static void
take_certificate(void *ctx, const char *folder)
{
	struct reader *r = ctx;
	struct arena *arena = &r->import->arena;
	size_t len = strlen(folder), tail = strlen(ECC);
	struct err err = ERR_INIT;
	struct site_conf *site;
	char *lineage, *name;

	if (len > tail && strcmp(folder + len - tail, ECC) == 0)
		len -= tail;
	lineage = arena_fmt(arena, "%.*s", (int)len, folder);
	if (import_file(arena, arena_fmt(arena, "%s/%s/%s.conf",
	    r->from->dir, folder, lineage), &r->conf, NULL) < 0 ||
	    import_variable(arena, r->conf, "Le_Domain") == NULL)
		return;
	/* One name may have two certificates, RSA and ECDSA. */
	name = is_taken(r->import, lineage) ? arena_fmt(arena, "%s",
	    folder) : lineage;
	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	site = import_site(r->import, name, arena_fmt(arena,
	    "%s/%s/fullchain.cer", r->from->dir, folder), &err);
	if (site == NULL) {
		r->from->note(r->from->ctx, name, err.text);
		return;
	}
	import_set(r->from, site, "layout", arena_fmt(arena,
	    "acme.sh:%s:%s", r->from->dir, folder));
	r->folder = arena_fmt(arena, "%s/%s", r->from->dir, folder);
	take_challenge(r, site);
	take_rest(r, site);
}

static void
take_account(void *ctx, const char *name)
{
	struct reader *r = ctx, below = *r;
	struct arena *arena = &r->import->arena;
	struct import_account account = { .contacts = "" };
	struct span conf;
	const char *dir;

	below.path = arena_fmt(arena, "%s/%s", r->path, name);
	below.depth++;
	dir = arena_fmt(arena, "%s/ca%s", r->from->dir, below.path);
	account.key_file = arena_fmt(arena, "%s/account.key", dir);
	if (access(account.key_file, F_OK) < 0) {
		if (below.depth < DEPTH_MAX)
			import_list(arena, dir, take_account, &below);
		return;
	}
	if (import_file(arena, arena_fmt(arena, "%s/ca.conf", dir), &conf,
	    NULL) == 0) {
		account.kid = import_variable(arena, conf, "ACCOUNT_URL");
		account.contacts = import_variable(arena, conf, "CA_EMAIL");
		if (account.contacts == NULL)
			account.contacts = "";
	}
	account.directory = arena_fmt(arena, "https:/%s", below.path);
	if (account.kid == NULL)
		r->from->note(r->from->ctx, below.path + 1, "the account is "
		    "not taken: ca.conf does not have ACCOUNT_URL");
	else
		import_add_account(r->import, &account);
}

int
import_acmesh(const struct import_from *from, struct import *ret,
    struct err *err)
{
	struct reader reader = { .from = from, .import = ret, .path = "" };

	if (access(from->dir, R_OK | X_OK) < 0)
		return err_errno(err, "cannot read %s, where acme.sh keeps "
		    "certificates", from->dir);
	import_list(&ret->arena, from->dir, take_certificate, &reader);
	import_list(&ret->arena, arena_fmt(&ret->arena, "%s/ca", from->dir),
	    take_account, &reader);
	return 0;
}
