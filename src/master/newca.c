/* SPDX-License-Identifier: Apache-2.0 */
#include "master/newca.h"

#include "base/bld.h"
#include "base/loop.h"
#include "base/text.h"
#include "conf/layout.h"
#include "http/ip_range.h"
#include "master/api_leaf.h"
#include "master/disk.h"
#include "master/tree.h"
#include "pkix/key.h"
#include "pkix/pki.h"

#include <limits.h>
#include <stdio.h>

struct birth {
	const struct newca *newca;
	struct env env;
	struct arena arena;
	char name[PKI_NAME_MAX + 1];
	uint8_t serial[3]; /* tells CAs of the same organisation apart */
	EVP_PKEY *root_key, *issuer_key, *api_ca_key, *api_key;
	struct span root, issuer, api_ca;
};

static struct disk_owner
owner_of(const struct birth *birth, const char *name)
{
	const struct tree_entry *entry = tree_find(name);

	return (struct disk_owner){
		.mode = entry->mode, .sync = birth->newca->sync,
		.uid = tree_uid(entry, birth->newca->uid_base),
	};
}

static int
write_file(const struct birth *birth, const char *name, struct span content,
    struct err *err)
{
	struct disk_owner owner = owner_of(birth, name);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", birth->newca->directory, name);
	return disk_write(path, content, &owner, err);
}

static int
write_certificate(const struct birth *birth, const char *name,
    struct span der, struct err *err)
{
	struct bld pem;
	int r;

	bld_init(&pem, DISK_FILE_MAX);
	text_pem(&pem, "CERTIFICATE", der);
	r = write_file(birth, name, bld_view(&pem), err);
	bld_free(&pem);
	return r;
}

static int
write_key(const struct birth *birth, const char *name, EVP_PKEY *key,
    struct err *err)
{
	struct bld pem;
	int r;

	bld_init_secret(&pem, DISK_FILE_MAX);
	r = key_to_pem(key, &pem, err);
	if (r == 0)
		r = write_file(birth, name, bld_view(&pem), err);
	bld_free(&pem);
	return r;
}

static int
make_folders(const struct birth *birth, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < tree_entries_count; i++) {
		const struct tree_entry *entry = &tree_entries[i];
		struct disk_owner owner = owner_of(birth, entry->path);
		char path[PATH_MAX];

		if (!entry->folder || entry->path[0] == '\0')
			continue;
		snprintf(path, sizeof(path), "%s/%s", birth->newca->directory,
		    entry->path);
		r = disk_make_folder(path, &owner, err);
	}
	return r;
}

/* "Example Root CA 3e5f1a" */
static const char *
name_of(struct birth *birth, const char *what)
{
	snprintf(birth->name, sizeof(birth->name), "%s %s CA %02x%02x%02x",
	    birth->newca->organization, what, birth->serial[0],
	    birth->serial[1], birth->serial[2]);
	return birth->name;
}

static int
make_keys(struct birth *birth, struct err *err)
{
	int r;

	r = key_generate(&birth->root_key, err);
	if (r == 0)
		r = key_generate(&birth->issuer_key, err);
	if (r == 0)
		r = key_generate(&birth->api_ca_key, err);
	if (r == 0)
		r = key_generate(&birth->api_key, err);
	return r;
}

static int
make_certificates(struct birth *birth, struct err *err)
{
	struct pki_issuer root = { .key = birth->root_key };
	int r;

	r = pki_make_root(&birth->env, birth->root_key,
	    name_of(birth, "Root"), 0, &birth->arena, &birth->root, err);
	root.certificate = birth->root;
	if (r == 0)
		r = pki_make_intermediate(&birth->env, &root,
		    birth->issuer_key, name_of(birth, "Intermediate"), 0,
		    &birth->arena, &birth->issuer, err);
	if (r == 0)
		r = pki_make_api_ca(&birth->env, &root, birth->api_ca_key,
		    name_of(birth, "API"), &birth->newca->names, 0,
		    &birth->arena, &birth->api_ca, err);
	return r;
}

static int
write_certificates(struct birth *birth, struct err *err)
{
	const struct pki_issuer api_ca = {
		.certificate = birth->api_ca, .key = birth->api_ca_key,
	};
	int r;

	r = write_certificate(birth, LAYOUT_ISSUER_CERTIFICATE, birth->issuer,
	    err);
	if (r == 0)
		r = write_certificate(birth, LAYOUT_API_CA_CERTIFICATE,
		    birth->api_ca, err);
	if (r == 0)
		r = api_leaf_write(birth->newca->directory, &api_ca,
		    birth->api_key, &birth->newca->names, &birth->env,
		    birth->newca->sync, err);
	return r;
}

static int
write_keys(struct birth *birth, struct err *err)
{
	uint8_t perspective[LAYOUT_PERSPECTIVE_KEY_SIZE];
	int r;

	r = write_key(birth, LAYOUT_ROOT_KEY, birth->root_key, err);
	if (r == 0)
		r = write_key(birth, LAYOUT_ISSUER_KEY, birth->issuer_key, err);
	if (r == 0)
		r = write_key(birth, LAYOUT_API_CA_KEY, birth->api_ca_key, err);
	if (r == 0)
		r = write_key(birth, LAYOUT_API_KEY, birth->api_key, err);
	if (r == 0) {
		env_random(&birth->env, perspective, sizeof(perspective));
		r = write_file(birth, LAYOUT_PERSPECTIVE_KEY,
		    span_of(perspective, sizeof(perspective)), err);
		mem_wipe(perspective, sizeof(perspective));
	}
	return r;
}

static int
sync_folders(const struct birth *birth, struct err *err)
{
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < tree_entries_count; i++) {
		if (!tree_entries[i].folder)
			continue;
		snprintf(path, sizeof(path), "%s/%s", birth->newca->directory,
		    tree_entries[i].path);
		r = disk_sync_folder(path, err);
	}
	return r;
}

int
newca_make(const struct newca *newca, struct err *err)
{
	struct birth birth = { .newca = newca };
	struct loop *loop = loop_new();
	int r;

	loop_env(loop, &birth.env);
	env_random(&birth.env, birth.serial, sizeof(birth.serial));
	r = make_folders(&birth, err);
	if (r == 0)
		r = make_keys(&birth, err);
	if (r == 0)
		r = make_certificates(&birth, err);
	if (r == 0)
		r = write_certificates(&birth, err);
	if (r == 0)
		r = write_keys(&birth, err);
	/* Last: who waits for it finds all else there. */
	if (r == 0)
		r = write_certificate(&birth, LAYOUT_ROOT_CERTIFICATE,
		    birth.root, err);
	if (r == 0 && newca->sync)
		r = sync_folders(&birth, err);
	EVP_PKEY_free(birth.root_key);
	EVP_PKEY_free(birth.issuer_key);
	EVP_PKEY_free(birth.api_ca_key);
	EVP_PKEY_free(birth.api_key);
	arena_free(&birth.arena);
	loop_free(loop);
	return r;
}

static int
add_name(struct newca *newca, struct span name, struct arena *arena,
    struct err *err)
{
	struct ident_list *names = &newca->names;
	struct ident *ident = &names->items[names->count];
	struct ip_addr addr;
	int r;

	if (names->count == IDENT_LIST_MAX)
		return err_set(err, ERR_CONFIG, NULL, "there are more than %d "
		    "names; give fewer", IDENT_LIST_MAX);
	r = ident_parse(ip_addr_parse(name, &addr) == 0 ? SPAN_LIT("ip") :
	    SPAN_LIT("dns"), name, arena, ident, err);
	if (r == 0 && ident_is_wildcard(ident))
		r = err_set(err, ERR_CONFIG, NULL, "\"%.*s\" is a wildcard; "
		    "give the names by which clients reach the CA",
		    SPAN_FMT(name));
	for (size_t i = 0; r == 0 && i < names->count; i++) {
		if (ident_compare(&names->items[i], ident) == 0)
			return 0;
	}
	names->count += r == 0;
	return r;
}

int
newca_add_names(struct newca *newca, const char *names, struct arena *arena,
    struct err *err)
{
	int r;

	do {
		size_t len = strcspn(names, ",");

		r = add_name(newca, span_of(names, len), arena, err);
		names += len;
	} while (r == 0 && *names++ == ',');
	return r;
}
