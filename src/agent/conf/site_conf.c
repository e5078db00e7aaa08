/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conf/site_conf.h"

#include "agent/conf/form.h"
#include "agent/conf/service.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>

#define AT(m) .offset = offsetof(struct site_conf, m)

const struct row site_conf_rows[] = {
	{ .key = "names", .kind = ROW_LIST, AT(names), .check = form_ident,
	    .form = "DNS names and IP addresses",
	    .doc = "What the certificate is for. The default is the site's "
		"own name." },
	{ .key = "ca", .kind = ROW_LIST, AT(ca), .check = form_word,
	    .form = "CAs by name or URL",
	    .doc = "In order of preference: the next one is asked when one "
		"does not give a certificate. The default is letsencrypt." },
	{ .key = "via", .kind = ROW_LIST, AT(via), .check = form_words,
	    .form = "`webroot=DIR`, `standalone` and the others of signet(1)",
	    .doc = "How control is proven, in order of preference." },
	{ .key = "key", .kind = ROW_LIST, AT(key), .check = form_key,
	    .form = "`ec256`, `ec384`, `rsa2048`, `rsa3072`, `rsa4096`",
	    .doc = "The type of key. With two, the site has two certificates. "
		"The default is ec256." },
	{ .key = "reuse_key", .kind = ROW_BOOL, AT(reuse_key),
	    .form = "true or false",
	    .doc = "Keep the key when the certificate is renewed." },
	{ .key = "owner", .kind = ROW_TEXT, AT(owner), .check = form_word,
	    .form = "a user", .doc = "Who the files belong to." },
	{ .key = "group", .kind = ROW_TEXT, AT(group), .check = form_word,
	    .form = "a group", .doc = "The group of the files." },
	{ .key = "mode", .kind = ROW_MODE, AT(mode), .form = "an octal mode",
	    .doc = "The mode of files with private keys; 0600 if not set." },
	{ .key = "copy", .kind = ROW_LIST, AT(copy), .check = form_copy,
	    .form = "folders, or `KIND=/FILE`",
	    .doc = "Where copies of the files are kept, too: all of them in a "
		"folder, or one of them in a file: `privkey=`, `cert=`, "
		"`chain=`, `fullchain=` or `combined=` and its path. A file "
		"that is there keeps its owner and mode unless they are "
		"set." },
	{ .key = "install", .kind = ROW_LIST, AT(install),
	    .check = form_words, .form = "`nginx`, `apache`, `haproxy`",
	    .doc = "Web servers that are to serve it: each is changed by a "
		"file of our own, tested, reloaded and looked at, and left as "
		"it was where that fails. `nginx=FILE` and `apache=FILE` have "
		"another configuration than the usual one, `haproxy=SOCKET` "
		"another runtime socket." },
	{ .key = "follow_names", .kind = ROW_BOOL, AT(follow_names),
	    .form = "true or false",
	    .doc = "Names that are added in install's server beside those of "
		"the site become its own; what goes there stays until "
		"`signet nginx`, `signet apache` or `signet haproxy` is run "
		"again, which say this of their sites. Of sites of this file "
		"it is not heeded: their names stand here." },
	{ .key = "reload", .kind = ROW_LIST, AT(reload),
	    .check = form_words, .form = "shell commands",
	    .doc = "Run when there is a new certificate, again and again "
		"until they succeed." },
	{ .key = "deploy_hook", .kind = ROW_LIST, AT(deploy_hook),
	    .check = form_words, .form = "shell commands",
	    .doc = "As reload, with the environment of certbot's deploy "
		"hooks. Hooks of other clients are named with it: "
		"`dehydrated:/PATH`, `lego:/PATH`, `acme.sh:NAME`." },
	{ .key = "pre_hook", .kind = ROW_LIST, AT(pre_hook),
	    .check = form_words, .form = "shell commands",
	    .doc = "Run before a CA is asked for a certificate, each once in a "
		"run, however many sites have it. What it exits with does not "
		"hinder." },
	{ .key = "post_hook", .kind = ROW_LIST, AT(post_hook),
	    .check = form_words, .form = "shell commands",
	    .doc = "Run at the end of a run in which pre_hook was due, also if "
		"all failed or the run was killed (then by the next). "
		"RENEWED_DOMAINS and FAILED_DOMAINS tell the names." },
	{ .key = "hook_dir", .kind = ROW_LIST, AT(hook_dir),
	    .check = form_folder, .form = "folders",
	    .doc = "A folder as certbot's `/etc/letsencrypt/renewal-hooks`: "
		"programs in its folders `pre`, `deploy` and `post` are run "
		"in the order of their names, before pre_hook, deploy_hook "
		"and post_hook." },
	{ .key = "environment", .kind = ROW_LIST, AT(environment),
	    .check = form_environment, .form = "`NAME=VALUE`, or files",
	    .doc = "Variables of all hooks of the site, as credentials of a "
		"DNS provider; of a file, each line is one. Secrets belong "
		"in a file that only its owner can read." },
	{ .key = "hook_timeout", .kind = ROW_TEXT, AT(hook_timeout),
	    .check = form_seconds, .form = "seconds",
	    .doc = "After them a hook is killed, with all processes of its "
		"group; 600 if not said." },
	{ .key = "verify", .kind = ROW_LIST, AT(verify),
	    .check = service_check, .form = "`HOST:PORT` or `PROTOCOL:HOST:PORT`",
	    .doc = "Where a TLS connection must show the new certificate "
		"afterwards. PROTOCOL is what TLS begins in: `smtp`, `imap`, "
		"`pop3`, `ftp`, `sieve`, or `tls` for none; where none is "
		"said, the usual ports of these say it, and others are TLS "
		"from the first byte." },
	{ .key = "verify_wait", .kind = ROW_TEXT, AT(verify_wait),
	    .check = form_seconds, .form = "seconds",
	    .doc = "How long that may take. The default is 20." },
	{ .key = "must_staple", .kind = ROW_BOOL, AT(must_staple),
	    .form = "true or false",
	    .doc = "Ask for a certificate that says status_request "
		"(RFC 7633)." },
	{ .key = "ocsp", .kind = ROW_TEXT, AT(ocsp), .check = form_ocsp,
	    .form = "`file` or `no`",
	    .doc = "With `file`, the CA's OCSP responder is asked, and its "
		"response is kept fresh beside the certificate: `ocsp.der`, "
		"which nginx takes as ssl_stapling_file, and "
		"`combined.pem.ocsp`, which HAProxy finds by itself. A "
		"certificate that the response calls revoked is replaced at "
		"once. A responder at a private address or another port "
		"than 80 is asked for CAs with `ca_file` alone. The default "
		"is `file` for certificates that say status_request, else "
		"`no`." },
	{ .key = "csr", .kind = ROW_PATH, AT(csr), .form = "a PEM file",
	    .doc = "A certification request made elsewhere; the key stays "
		"there." },
	{ .key = "profile", .kind = ROW_TEXT, AT(profile),
	    .check = form_word, .form = "a profile's name",
	    .doc = "The certificate profile to ask for." },
	{ .key = "preferred_chain", .kind = ROW_TEXT, AT(preferred_chain),
	    .form = "an issuer's common name",
	    .doc = "Of several chains, take the one with this issuer." },
	{ .key = "layout", .kind = ROW_TEXT, AT(layout), .check = form_layout,
	    .form = "`PROGRAM:/FOLDER:NAME`",
	    .doc = "Keep the files where certbot, dehydrated, lego or acme.sh "
		"has them: `certbot:/etc/letsencrypt:www.example.org`, "
		"`dehydrated:/var/lib/dehydrated/certs:NAME`, "
		"`lego:/root/.lego/certificates:NAME`, "
		"`acme.sh:/root/.acme.sh:NAME_ecc`. A second certificate "
		"stays in our own." },
	{ .key = NULL }
};

const char *
site_conf_first_name(const struct site_conf *site)
{
	return site->names.count > 0 ? site->names.items[0] : site->name;
}

int
site_conf_hook_timeout(const struct site_conf *site)
{
	return site->hook_timeout == NULL ? 0 :
	    (int)strtol(site->hook_timeout, NULL, 10);
}

struct site_conf_layout
site_conf_layout(const struct site_conf *site)
{
	const char *folder = strchr(site->layout, ':');
	const char *name = strrchr(site->layout, ':');

	return (struct site_conf_layout){
		.program = span_of(site->layout, (size_t)(folder -
		    site->layout)),
		.folder = span_of(folder + 1, (size_t)(name - folder - 1)),
		.name = span_str(name + 1),
	};
}

void
site_conf_done(struct site_conf *site)
{
	row_clear_all(site_conf_rows, site);
	free(site->name);
	site->name = NULL;
}

void
site_conf_complete(struct site_conf *site)
{
	if (site->names.count == 0 && site->csr == NULL)
		row_list_add(&site->names, site->name);
	if (site->key.count == 0 && site->csr == NULL)
		row_list_add(&site->key, "ec256");
	if (site->ca.count == 0)
		row_list_add(&site->ca, SITE_CONF_CA);
}

int
site_conf_check_name(const char *name, struct err *err)
{
	size_t len = strlen(name), i = 0;

	while (i < len && (isalnum((unsigned char)name[i]) ||
	    strchr("-._:", name[i]) != NULL))
		i++;
	if (len == 0 || len > SITE_CONF_NAME_MAX || i < len ||
	    strchr(".-:", name[0]) != NULL)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" cannot be a "
		    "site's name, which becomes a folder; use letters, digits, "
		    "'-', '.', '_' and ':', and first a letter or a digit",
		    name);
	return 0;
}

void
site_conf_make_name(char out[SITE_CONF_NAME_MAX + 1], const char *ident)
{
	snprintf(out, SITE_CONF_NAME_MAX + 1, "%s",
	    strncmp(ident, "*.", 2) == 0 ? ident + 2 : ident);
	for (char *c = out; *c != '\0'; c++)
		*c = text_lower(*c);
}
