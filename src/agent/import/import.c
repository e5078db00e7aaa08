/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/import/import.h"

#include <dirent.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/files/chain.h"
#include "agent/proc/key_file.h"
#include "agent/proc/trusted.h"
#include "base/json.h"

#define PATH_SIZE 4096

const struct import_program import_programs[] = {
	{ "certbot", "/etc/letsencrypt", "systemctl disable --now "
	    "certbot.timer (with snap: snap disable certbot), and the line in "
	    "/etc/cron.d/certbot", import_certbot },
	{ "dehydrated", "/var/lib/dehydrated", "remove the line with "
	    "dehydrated from /etc/cron.d and crontab -l", import_dehydrated },
	{ "lego", "~/.lego", "remove the line with lego from crontab -l, or "
	    "its systemd timer", import_lego },
	{ "acme.sh", "~/.acme.sh", "acme.sh --uninstall-cronjob",
	    import_acmesh },
	{ NULL, NULL, NULL, NULL },
};

void
import_done(struct import *import)
{
	for (size_t i = 0; i < import->num_sites; i++)
		site_conf_done(&import->sites[i]);
	free(import->sites);
	free(import->accounts);
	arena_free(&import->arena);
	*import = (struct import){ 0 };
}

int
import_file(struct arena *arena, const char *path, struct span *ret,
    struct err *err)
{
	/* Commands in it would become root's. */
	return trusted_read(path, IMPORT_FILE_MAX, arena, ret, err);
}

static int
compare(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void
import_list(struct arena *arena, const char *dir,
    void (*each)(void *ctx, const char *name), void *ctx)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, NULL, compare);

	for (int i = 0; i < count; i++) {
		if (i < IMPORT_ITEMS_MAX && entries[i]->d_name[0] != '.')
			each(ctx, arena_str(arena,
			    span_str(entries[i]->d_name)));
		free(entries[i]);
	}
	free(entries);
}

/* The kind of the certificate's key, as --key has it; NULL: of none. */
static const char *
key_of(struct span pem)
{
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	X509 *leaf = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL,
	    NULL);
	EVP_PKEY *key = leaf == NULL ? NULL : X509_get0_pubkey(leaf);
	enum site_key_type type = key == NULL ? 0 : key_file_type(key);

	X509_free(leaf);
	BIO_free(bio);
	return type == 0 ? NULL : site_key_type_name(type);
}

static int
take_certificate(struct import *import, struct site_conf *site,
    const char *certificate, struct err *err)
{
	char name[IDENT_DNS_MAX + 1];
	const char *key;
	struct chain chain;
	struct span pem;
	int r = import_file(&import->arena, certificate, &pem, err);

	if (r == 0)
		r = chain_parse(pem, &import->arena, &chain, err);
	for (size_t i = 0; r == 0 && i < chain.leaf.names.count; i++) {
		snprintf(name, sizeof(name), "%.*s",
		    SPAN_FMT(chain.leaf.names.items[i].value));
		r = row_set(row_find(site_conf_rows, "names"), site, name,
		    NULL, err);
	}
	key = r == 0 ? key_of(pem) : NULL;
	if (r == 0 && key == NULL)
		key = "ec384"; /* of a kind that is not made here */
	return r < 0 ? r : row_set(row_find(site_conf_rows, "key"), site, key,
	    NULL, err);
}

struct site_conf *
import_site(struct import *import, const char *name, const char *certificate,
    struct err *err)
{
	struct site_conf site = { 0 };
	int r = site_conf_check_name(name, err);

	if (r == 0)
		r = take_certificate(import, &site, certificate, err);
	if (r < 0) {
		site_conf_done(&site);
		return NULL;
	}
	site.name = mem_strdup(name);
	import->sites = mem_realloc(import->sites,
	    (import->num_sites + 1) * sizeof(import->sites[0]));
	import->sites[import->num_sites++] = site;
	return &import->sites[import->num_sites - 1];
}

bool
import_set(const struct import_from *from, struct site_conf *site,
    const char *key, const char *value)
{
	struct err err = ERR_INIT;
	char text[ERR_TEXT_SIZE + 64];

	if (row_set(row_find(site_conf_rows, key), site, value, NULL,
	    &err) == 0)
		return true;
	snprintf(text, sizeof(text), "%s is not taken: %s", key, err.text);
	from->note(from->ctx, site->name, text);
	return false;
}

void
import_add_account(struct import *import, const struct import_account *account)
{
	import->accounts = mem_realloc(import->accounts,
	    (import->num_accounts + 1) * sizeof(import->accounts[0]));
	import->accounts[import->num_accounts++] = *account;
}

/* It is asked of one text for each certificate: only what is found is copied. */
const char *
import_variable(struct arena *arena, struct span text, const char *key)
{
	struct span name = span_str(key), ret = SPAN_NONE;
	bool found = false;

	while (text.len > 0) {
		struct span line = span_cut(&text, '\n');

		while (line.len > 0 && strchr(" \t", line.data[0]) != NULL)
			line = span_from(line, 1);
		if (span_starts_with(line, SPAN_LIT("export ")))
			line = span_from(line, 7);
		if (!span_starts_with(line, name) || line.len == name.len ||
		    line.data[name.len] != '=')
			continue;
		ret = span_from(line, name.len + 1);
		found = true;
	}
	while (ret.len > 0 && strchr(" \t\r", ret.data[ret.len - 1]) != NULL)
		ret.len--;
	if (ret.len > 1 && strchr("'\"", ret.data[0]) != NULL &&
	    ret.data[ret.len - 1] == ret.data[0])
		ret = span_of(ret.data + 1, ret.len - 2);
	return found ? arena_str(arena, ret) : NULL;
}

static const json_t *
find(const json_t *at, const char *path)
{
	char word[64];

	while (at != NULL && *path != '\0') {
		size_t len = strcspn(path, "/");

		snprintf(word, sizeof(word), "%.*s", (int)len, path);
		at = json_is_array(at) ? json_array_get(at,
		    strtoul(word, NULL, 10)) : json_object_get(at, word);
		path += len + (path[len] == '/');
	}
	return at;
}

const char *
import_json(struct arena *arena, const char *file, const char *path)
{
	cleanup_json json_t *object = NULL;
	const json_t *value;
	struct span text;

	if (import_file(arena, file, &text, NULL) < 0 ||
	    json_parse_object(text, "the file", &object, NULL) < 0)
		return NULL;
	value = find(object, path);
	return json_is_string(value) ? arena_str(arena,
	    span_of(json_string_value(value), json_string_length(value))) :
	    NULL;
}
