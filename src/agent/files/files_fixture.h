/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_FILES_FILES_FIXTURE_H
#define SIGNET_AGENT_FILES_FILES_FIXTURE_H

/* files_fixture: a throw-away CA and its certificates, for tests. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/sha.h>

#include "agent/files/chain.h"
#include "base/loop.h"
#include "base/text.h"
#include "pkix/key.h"
#include "pkix/pki.h"

struct files_fixture {
	struct loop *loop;
	struct env env;
	struct arena arena;
	EVP_PKEY *root_key, *ca_key;
	struct span root, ca;
};

/* One certificate with its key. */
struct files_set {
	EVP_PKEY *key;
	uint8_t spki_hash[FILES_HASH_SIZE];
	struct span der;
	struct span pem;      /* leaf and CA */
	struct span key_pem;
	struct chain chain;
};

static inline void
files_fixture_init(struct files_fixture *fixture)
{
	struct pki_issuer root;

	*fixture = (struct files_fixture){ .loop = loop_new() };
	loop_env(fixture->loop, &fixture->env);
	assert_int_equal(key_generate(&fixture->root_key, NULL), 0);
	assert_int_equal(key_generate(&fixture->ca_key, NULL), 0);
	assert_int_equal(pki_make_root(&fixture->env, fixture->root_key,
	    "Test Root", 0, &fixture->arena, &fixture->root, NULL), 0);
	root = (struct pki_issuer){ fixture->root, fixture->root_key };
	assert_int_equal(pki_make_intermediate(&fixture->env, &root,
	    fixture->ca_key, "Test CA", 0, &fixture->arena, &fixture->ca,
	    NULL), 0);
}

static inline void
files_fixture_done(struct files_fixture *fixture)
{
	EVP_PKEY_free(fixture->root_key);
	EVP_PKEY_free(fixture->ca_key);
	loop_free(fixture->loop);
	arena_free(&fixture->arena);
}

/* key may be NULL: a new one. */
static inline void
files_fixture_set(struct files_fixture *fixture, const char *name,
    EVP_PKEY *key, struct files_set *ret)
{
	struct ident_list names = { .count = 1,
		.items = { { IDENT_DNS, span_str(name) } } };
	struct pki_issuer ca = { fixture->ca, fixture->ca_key };
	struct bld out;
	struct span spki;

	*ret = (struct files_set){ .key = key };
	if (key == NULL)
		assert_int_equal(key_generate(&ret->key, NULL), 0);
	assert_int_equal(pki_make_api_leaf(&fixture->env, &ca, ret->key,
	    &names, 0, &fixture->arena, &ret->der, NULL), 0);
	bld_init(&out, FILES_CHAIN_MAX);
	text_pem(&out, "CERTIFICATE", ret->der);
	text_pem(&out, "CERTIFICATE", fixture->ca);
	ret->pem = arena_dup(&fixture->arena, bld_view(&out));
	bld_reset(&out);
	assert_int_equal(key_to_pem(ret->key, &out, NULL), 0);
	ret->key_pem = arena_dup(&fixture->arena, bld_view(&out));
	bld_free(&out);
	assert_int_equal(key_to_spki(ret->key, &fixture->arena, &spki, NULL),
	    0);
	SHA256(spki.data, spki.len, ret->spki_hash);
	assert_int_equal(chain_parse(ret->pem, &fixture->arena, &ret->chain,
	    NULL), 0);
}

#endif
