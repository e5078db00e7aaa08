/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/account/account_store.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/account/jwk_private.h"
#include "agent/proc/key_file.h"
#include "pkix/key.h"

#define NAME_SIZE 32 /* bytes of "N.next" */

static void
name_of(int64_t id, const char *suffix, char out[NAME_SIZE])
{
	snprintf(out, NAME_SIZE, "%" PRId64 ".%s", id, suffix);
}

static int
generate(enum jwk_alg alg, EVP_PKEY **ret, struct err *err)
{
	static const enum site_key_type types[] = {
		[JWK_ES256] = SITE_KEY_EC256,
		[JWK_ES384] = SITE_KEY_EC384,
		[JWK_RS256] = SITE_KEY_RSA2048,
	};

	if (alg != JWK_ES256 && alg != JWK_ES384 && alg != JWK_RS256)
		return err_set(err, ERR_CONFIG, NULL, "account keys are made "
		    "for ES256, ES384 or RS256, not for %s",
		    jwk_alg_name(alg));
	return key_file_generate(types[alg], ret, err);
}

/* Reads a key; *ret is zeroed if there is none. */
static int
load(int fd_dir, int64_t id, const char *suffix, struct jwk *ret,
    struct err *err)
{
	char name[NAME_SIZE];
	EVP_PKEY *key;
	int r;

	*ret = (struct jwk){ 0 };
	name_of(id, suffix, name);
	r = key_file_read(fd_dir, name, &key, err);
	if (r == -(int)ERR_NOT_FOUND)
		return 0;
	if (r == 0)
		r = jwk_from_key(key, ret, err);
	EVP_PKEY_free(key);
	return r;
}

static int
make(int fd_dir, int64_t id, const char *suffix, enum jwk_alg alg,
    struct jwk *ret, struct err *err)
{
	char name[NAME_SIZE];
	EVP_PKEY *key = NULL;
	int r = generate(alg, &key, err);

	name_of(id, suffix, name);
	if (r == 0)
		r = key_file_write(fd_dir, name, key, err);
	if (r == 0)
		r = jwk_from_key(key, ret, err);
	EVP_PKEY_free(key);
	return r;
}

static void
drop(struct jwk *jwk)
{
	if (jwk->pkey != NULL)
		jwk_done(jwk);
	*jwk = (struct jwk){ 0 };
}

int
account_store_open(int fd_dir, int64_t id, enum jwk_alg alg,
    struct account_pair *ret, bool *ret_created, struct err *err)
{
	int r;

	*ret = (struct account_pair){ 0 };
	*ret_created = false;
	r = load(fd_dir, id, "key", &ret->key, err);
	if (r == 0)
		r = load(fd_dir, id, "next", &ret->next, err);
	if (r == 0 && ret->key.pkey == NULL) {
		*ret_created = true;
		r = alg == 0 ? err_set(err, ERR_NOT_FOUND, NULL, "the key of "
		    "account %" PRId64 " is not in the state's folder "
		    "accounts; bring back %" PRId64 ".key from a backup, or "
		    "remove the account", id, id) :
		    make(fd_dir, id, "key", alg, &ret->key, err);
	}
	if (r < 0)
		account_store_done(ret);
	return r;
}

void
account_store_done(struct account_pair *pair)
{
	drop(&pair->key);
	drop(&pair->next);
}

int
account_store_roll(int fd_dir, int64_t id, enum jwk_alg alg,
    struct account_pair *pair, struct err *err)
{
	return pair->next.pkey != NULL ? 0 :
	    make(fd_dir, id, "next", alg, &pair->next, err);
}

int
account_store_commit(int fd_dir, int64_t id, struct account_pair *pair,
    struct err *err)
{
	char from[NAME_SIZE], to[NAME_SIZE];
	int r;

	if (pair->next.pkey == NULL)
		return err_set(err, ERR_NOT_FOUND, NULL,
		    "account %" PRId64 " has no new key", id);
	name_of(id, "next", from);
	name_of(id, "key", to);
	r = key_file_rename(fd_dir, from, to, err);
	if (r == 0) {
		drop(&pair->key);
		pair->key = pair->next;
		pair->next = (struct jwk){ 0 };
	}
	return r;
}

int
account_store_abandon(int fd_dir, int64_t id, struct account_pair *pair,
    struct err *err)
{
	char name[NAME_SIZE];

	name_of(id, "next", name);
	drop(&pair->next);
	return key_file_remove(fd_dir, name, err);
}

static int
parse(struct span text, EVP_PKEY **ret, struct err *err)
{
	size_t at = 0;

	while (at < text.len && strchr(" \t\r\n", text.data[at]) != NULL &&
	    text.data[at] != '\0')
		at++;
	if (at < text.len && text.data[at] == '{')
		return jwk_private_parse(text, ret, err);
	return key_from_pem(text, ret, err);
}

int
account_store_import(int fd_dir, int64_t id, struct span text,
    struct err *err)
{
	char name[NAME_SIZE];
	struct jwk there, jwk = { 0 };
	EVP_PKEY *key = NULL;
	int r = load(fd_dir, id, "key", &there, err);

	name_of(id, "key", name);
	if (r == 0)
		r = parse(text, &key, err);
	if (r == 0)
		r = key_check(key, KEY_USE_ACCOUNT, err);
	if (r == 0)
		r = jwk_from_key(key, &jwk, err);
	if (r == 0 && there.pkey != NULL)
		r = memcmp(there.thumbprint, jwk.thumbprint,
		    JWK_THUMBPRINT_SIZE) == 0 ? 0 : err_set(err, ERR_CONFLICT,
		    NULL, "account %" PRId64 " has another key already", id);
	else if (r == 0)
		r = key_file_write(fd_dir, name, key, err);
	EVP_PKEY_free(key);
	drop(&jwk);
	drop(&there);
	return r;
}

int
account_store_remove(int fd_dir, int64_t id, struct err *err)
{
	static const char *const suffixes[] = { "next", "key" };
	char name[NAME_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2; i++) {
		name_of(id, suffixes[i], name);
		r = key_file_remove(fd_dir, name, err);
	}
	return r;
}
