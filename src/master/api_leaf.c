/* SPDX-License-Identifier: Apache-2.0 */
#include "master/api_leaf.h"

#include "base/file.h"
#include "base/loop.h"
#include "base/text.h"
#include "conf/layout.h"
#include "http/ip_range.h"
#include "master/disk.h"
#include "master/tree.h"
#include "pkix/key.h"

#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#define MS_PER_S 1000

struct renewal {
	const struct config *config;
	struct arena arena;
	struct pki_issuer api_ca;
	EVP_PKEY *key;
	struct span leaf; /* DER of the one that is there */
	struct ident_list names;
};

static void
path_of(char path[PATH_MAX], const char *directory, const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", directory, name);
}

int
api_leaf_write(const char *directory, const struct pki_issuer *api_ca,
    EVP_PKEY *key, const struct ident_list *names, const struct env *env,
    bool sync, struct err *err)
{
	const struct disk_owner owner = {
		.mode = tree_find(LAYOUT_API_CERTIFICATE)->mode,
		.uid = (uid_t)-1, .sync = sync,
	};
	struct arena arena = { 0 };
	char path[PATH_MAX];
	struct span leaf;
	struct bld pem;
	int r;

	bld_init(&pem, DISK_FILE_MAX);
	r = pki_make_api_leaf(env, api_ca, key, names, 0, &arena, &leaf, err);
	if (r == 0) {
		text_pem(&pem, "CERTIFICATE", leaf);
		text_pem(&pem, "CERTIFICATE", api_ca->certificate);
		path_of(path, directory, LAYOUT_API_CERTIFICATE);
		r = disk_replace(path, bld_view(&pem), &owner, err);
	}
	bld_free(&pem);
	arena_free(&arena);
	return r;
}

static int
read_key(const char *path, EVP_PKEY **ret, struct err *err)
{
	struct bld pem;
	int r;

	bld_init_secret(&pem, DISK_FILE_MAX);
	r = file_read(AT_FDCWD, path, 0, &pem, err);
	if (r == 0 && key_from_pem(bld_view(&pem), ret, err) != 0)
		r = err_prefix(err, "%s", path);
	bld_free(&pem);
	return r;
}

/* The first certificate of a file. */
static int
read_certificate(struct renewal *renewal, const char *path, struct span *ret,
    struct err *err)
{
	struct span certs[4];
	struct bld pem;
	size_t count;
	int r;

	bld_init(&pem, DISK_FILE_MAX);
	r = file_read(AT_FDCWD, path, 0, &pem, err);
	if (r == 0 && pki_from_pem(bld_view(&pem), &renewal->arena, certs,
	    sizeof(certs) / sizeof(certs[0]), &count, err) != 0)
		r = err_prefix(err, "%s", path);
	if (r == 0)
		*ret = certs[0];
	bld_free(&pem);
	return r;
}

static int
add_name(struct renewal *renewal, const GENERAL_NAME *name)
{
	struct ident *ident = &renewal->names.items[renewal->names.count];
	char text[IP_ADDR_TEXT_SIZE];
	const ASN1_STRING *value;
	struct ip_addr addr = { 0 };
	int r = -1;

	if (renewal->names.count == IDENT_LIST_MAX)
		return -1;
	if (name->type == GEN_DNS) {
		value = name->d.dNSName;
		r = ident_parse(SPAN_LIT("dns"), span_of(
		    ASN1_STRING_get0_data(value),
		    (size_t)ASN1_STRING_length(value)), &renewal->arena, ident,
		    NULL);
	} else if (name->type == GEN_IPADD) {
		value = name->d.iPAddress;
		addr.size = (uint8_t)ASN1_STRING_length(value);
		if (addr.size != 4 && addr.size != 16)
			return -1;
		memcpy(addr.bytes, ASN1_STRING_get0_data(value), addr.size);
		r = ident_parse(SPAN_LIT("ip"), span_str(ip_addr_text(text,
		    &addr)), &renewal->arena, ident, NULL);
	}
	renewal->names.count += r == 0;
	return r;
}

/* The new leaf is for the names of the old one: the API CA's constraints
 * allow no others. */
static int
take_names(struct renewal *renewal, struct err *err)
{
	const uint8_t *at = renewal->leaf.data;
	GENERAL_NAMES *names = NULL;
	X509 *cert;
	int r = 0;

	cert = d2i_X509(NULL, &at, (long)renewal->leaf.len);
	if (cert != NULL)
		names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL,
		    NULL);
	for (int i = 0; r == 0 && i < sk_GENERAL_NAME_num(names); i++)
		r = add_name(renewal, sk_GENERAL_NAME_value(names, i));
	if (r != 0 || renewal->names.count == 0)
		r = err_set(err, ERR_CONFIG, NULL, "cannot take the names of "
		    "the old certificate; set tls_certificate and tls_key to "
		    "files of your own");
	GENERAL_NAMES_free(names);
	X509_free(cert);
	ERR_clear_error();
	return r;
}

static int
renew(struct renewal *renewal, const struct env *env, struct err *err)
{
	const char *directory = renewal->config->directory;
	char path[PATH_MAX];
	int r;

	r = take_names(renewal, err);
	path_of(path, directory, LAYOUT_API_CA_CERTIFICATE);
	if (r == 0)
		r = read_certificate(renewal, path,
		    &renewal->api_ca.certificate, err);
	path_of(path, directory, LAYOUT_API_CA_KEY);
	if (r == 0)
		r = read_key(path, &renewal->api_ca.key, err);
	if (r == 0)
		r = read_key(renewal->config->tls_key, &renewal->key, err);
	if (r == 0)
		r = api_leaf_write(directory, &renewal->api_ca, renewal->key,
		    &renewal->names, env, true, err);
	return r;
}

static bool
is_due(const struct pki_certificate *leaf, int64_t now_s)
{
	int64_t life = leaf->not_after_s - leaf->not_before_s;

	return leaf->not_after_s - now_s < life / 3;
}

static bool
is_ours(const struct config *config)
{
	char path[PATH_MAX];

	path_of(path, config->directory, LAYOUT_API_CERTIFICATE);
	if (strcmp(config->tls_certificate, path) != 0)
		return false;
	path_of(path, config->directory, LAYOUT_API_CA_KEY);
	return access(path, F_OK) == 0;
}

int
api_leaf_refresh(const struct config *config, bool *ret_renewed,
    struct err *err)
{
	struct renewal renewal = { .config = config };
	struct pki_certificate leaf = { 0 };
	struct loop *loop;
	struct env env;
	int r;

	*ret_renewed = false;
	if (!is_ours(config))
		return 0;
	loop = loop_new();
	loop_env(loop, &env);
	r = read_certificate(&renewal, config->tls_certificate, &renewal.leaf,
	    err);
	if (r == 0)
		r = pki_read(renewal.leaf, &leaf, err);
	if (r == 0 && is_due(&leaf, env_now(&env) / MS_PER_S)) {
		r = renew(&renewal, &env, err);
		*ret_renewed = r == 0;
		if (r != 0)
			r = err_prefix(err, "cannot renew %s",
			    config->tls_certificate);
	}
	EVP_PKEY_free(renewal.api_ca.key);
	EVP_PKEY_free(renewal.key);
	arena_free(&renewal.arena);
	loop_free(loop);
	return r;
}
