/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conf/authority.h"

#include "agent/conf/form.h"
#include "base/mem.h"

#define AT(m) .offset = offsetof(struct authority, m)

const struct row authority_rows[] = {
	{ .key = "directory", .kind = ROW_TEXT, AT(directory),
	    .check = form_url, .form = "an https URL",
	    .doc = "The CA's ACME directory. Needed unless the block's name "
		"is that of a CA that signet knows." },
	{ .key = "ca_file", .kind = ROW_PATH, AT(ca_file),
	    .form = "a PEM file",
	    .doc = "The roots that the CA's own server is trusted by, instead "
		"of the system's." },
	{ .key = "eab_kid", .kind = ROW_TEXT, AT(eab_kid), .check = form_word,
	    .form = "the key identifier that the CA gave",
	    .doc = "External account binding (RFC 8555 7.3.4)." },
	{ .key = "eab_key_file", .kind = ROW_PATH, AT(eab_key_file),
	    .form = "a file with the base64url key that the CA gave",
	    .doc = "The secret of eab_kid, in a file of its own that only its "
		"owner can read." },
	{ .key = "eab_alg", .kind = ROW_TEXT, AT(eab_alg), .check = form_hmac,
	    .form = "`HS256`, `HS384` or `HS512`",
	    .doc = "The MAC that eab_key_file is for, where the CA wants "
		"another than HS256." },
	{ .key = "email", .kind = ROW_LIST, AT(email), .check = form_email,
	    .form = "e-mail addresses",
	    .doc = "Contacts that the CA is told." },
	{ .key = "profile", .kind = ROW_TEXT, AT(profile),
	    .check = form_word, .form = "a profile's name",
	    .doc = "The certificate profile to ask this CA for." },
	{ .key = "preferred_chain", .kind = ROW_TEXT, AT(preferred_chain),
	    .form = "an issuer's common name",
	    .doc = "Of several chains, take the one with this issuer." },
	{ .key = "agree_terms", .kind = ROW_BOOL, AT(agree_terms),
	    .form = "true or false",
	    .doc = "Agree to the CA's terms of service." },
	{ .key = "staging", .kind = ROW_TEXT, AT(staging), .check = form_word,
	    .form = "a CA's name or URL",
	    .doc = "The CA that `--dry-run` asks in place of this one: there is no "
		"rehearsal without one. Those of letsencrypt and google are "
		"known; a CA that is for tests may name itself." },
	{ .key = "timeout", .kind = ROW_TEXT, AT(timeout),
	    .check = form_seconds, .form = "seconds",
	    .doc = "The longest that signet waits for one thing of this CA: "
		"an answer (never beyond 90 s, but it asks again), a "
		"validation, a certificate; 600 if not said. A CA where people "
		"look at each order needs more." },
	{ .key = NULL }
};

/* Public CAs with an ACME service, by the name that --ca takes. */
static const struct {
	const char *name;
	const char *directory;
	const char *staging;
} known[] = {
	{ "letsencrypt", "https://acme-v02.api.letsencrypt.org/directory",
	    "letsencrypt-staging" },
	{ "letsencrypt-staging",
	    "https://acme-staging-v02.api.letsencrypt.org/directory",
	    "letsencrypt-staging" },
	{ "google", "https://dv.acme-v02.api.pki.goog/directory",
	    "google-staging" },
	{ "google-staging", "https://dv.acme-v02.test-api.pki.goog/directory",
	    "google-staging" },
	{ "zerossl", "https://acme.zerossl.com/v2/DV90", NULL },
	{ "sslcom", "https://acme.ssl.com/sslcom-dv-ecc", NULL },
	{ "actalis", "https://acme-api.actalis.com/acme/directory", NULL },
};

/* As --ca says it, or by its URL. */
static void
fill(struct authority *ret, const char *text, const char *directory,
    const char *staging)
{
	ret->name = mem_strdup(text);
	ret->directory = mem_strdup(directory);
	if (staging != NULL)
		ret->staging = mem_strdup(staging);
}

int
authority_init(struct authority *ret, const char *text, struct err *err)
{
	struct err why = ERR_INIT;

	*ret = (struct authority){ 0 };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, text) != 0 &&
		    strcmp(known[i].directory, text) != 0)
			continue;
		fill(ret, text, known[i].directory, known[i].staging);
		return 0;
	}
	if (form_url(text, &why) != 0)
		return err_set(err, ERR_CONFIG, NULL, "there is no CA called "
		    "\"%s\"; write one of letsencrypt, letsencrypt-staging, "
		    "google, google-staging, zerossl, sslcom or actalis, the "
		    "name of a ca block of signet.conf, or the https URL of "
		    "the CA's directory", text);
	fill(ret, text, text, NULL);
	return 0;
}

const char *
authority_known(size_t index)
{
	return index < sizeof(known) / sizeof(known[0]) ?
	    known[index].directory : NULL;
}

void
authority_done(struct authority *authority)
{
	row_clear_all(authority_rows, authority);
	free(authority->name);
	authority->name = NULL;
}
