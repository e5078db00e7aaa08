/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_SIGNER_FIXTURE_H
#define SIGNET_SIGNER_SIGNER_FIXTURE_H

/*
 * signer_fixture: for tests: an env whose clock stands still and whose journal
 * is memory, a CA, and a scene: one honest order, of which each test spoils
 * something before it becomes a question to the signer.
 */

#include "base/json_flat.h"
#include "base/text.h"
#include "jose/jws.h"
#include "pkix/key.h"
#include "pkix/pki.h"
#include "signer/journal.h"
#include "signer/signer.h"

#define FIXTURE_NOW INT64_C(1795255200000) /* 2026-11-21T10:00:00Z */
#define FIXTURE_ATTESTATIONS_MAX 12
#define FIXTURE_HOUR_MS INT64_C(3600000)
#define FIXTURE_DAY_MS (24 * FIXTURE_HOUR_MS)

struct fixture {
	struct env env;
	int64_t now;
	uint64_t random;
	struct bld journal;
	size_t synced;            /* bytes of it that a crash keeps */
	int64_t writes_left;      /* -1: all succeed */
	struct config config;
	char base_url[64];
	char caa_identity[16];
	struct arena arena;
	EVP_PKEY *root_key, *ca_key, *account_key, *other_key, *subject_key;
	struct span root, intermediate;
	struct issue_perspective perspectives[8];
	size_t num_perspectives;
	struct signer *signer;
	unsigned answers;
};

struct scene {
	struct fixture *f;
	EVP_PKEY *account;        /* whose SPKI core hands over */
	EVP_PKEY *signs;          /* who signs the JWS */
	EVP_PKEY *subject;
	const char *url, *kid, *alg; /* NULL: right */
	int64_t order_at;         /* when the order was made */
	const char *payload;      /* NULL: the CSR */
	const char *names[8];     /* of the CSR */
	const char *common_name;
	int64_t not_before, not_after;
	const char *profile;
	struct attestation attestations[FIXTURE_ATTESTATIONS_MAX];
	const uint8_t *keys[FIXTURE_ATTESTATIONS_MAX]; /* they are sealed by */
	size_t num_attestations;
	unsigned nonce;
};

static inline int64_t
fixture_now(void *ctx)
{
	return ((struct fixture *)ctx)->now;
}

static inline void
fixture_random(void *ctx, void *out, size_t len)
{
	struct fixture *f = ctx;
	uint8_t *at = out;

	for (size_t i = 0; i < len; i++) {
		f->random = f->random * 6364136223846793005u + 1442695;
		at[i] = (uint8_t)(f->random >> 56);
	}
}

static inline int
fixture_append(void *ctx, struct span record, struct err *err)
{
	struct fixture *f = ctx;

	if (f->writes_left == 0)
		return err_set(err, ERR_IO, NULL, "crash");
	f->writes_left -= f->writes_left > 0;
	bld_span(&f->journal, record);
	return 0;
}

static inline int
fixture_sync(void *ctx, struct err *err)
{
	struct fixture *f = ctx;

	if (f->writes_left == 0)
		return err_set(err, ERR_IO, NULL, "crash");
	f->writes_left -= f->writes_left > 0;
	f->synced = f->journal.len;
	return 0;
}

static inline int
fixture_read(void *ctx, uint64_t offset, void *out, size_t len,
    size_t *ret_len, struct err *err)
{
	struct fixture *f = ctx;
	size_t have = offset < f->journal.len ?
	    f->journal.len - (size_t)offset : 0;

	(void)err;
	*ret_len = len < have ? len : have;
	if (*ret_len > 0)
		memcpy(out, f->journal.data + offset, *ret_len);
	return 0;
}

static inline int
fixture_cut(void *ctx, uint64_t size, struct err *err)
{
	struct fixture *f = ctx;

	(void)err;
	f->journal.len = (size_t)size;
	f->synced = f->journal.len;
	return 0;
}

static inline void
fixture_answer(void *ctx, uint64_t id, uint16_t type, struct span payload)
{
	struct fixture *f = ctx;

	(void)id;
	(void)type;
	(void)payload;
	f->answers++;
}

static const struct signer_ops fixture_ops = { .answer = fixture_answer };

static inline int
fixture_start(struct fixture *f, struct err *err)
{
	struct signer_options options = {
		.env = &f->env,
		.config = &f->config,
		.chain = { f->intermediate, f->root },
		.num_chain = 2,
		.key = f->ca_key,
		.perspectives = f->perspectives,
		.num_perspectives = f->num_perspectives,
	};

	return signer_new(&options, &fixture_ops, f, &f->signer, err);
}

static inline void
fixture_add_perspective(struct fixture *f, const char *name, bool remote,
    enum policy_rir rir)
{
	struct issue_perspective *p = &f->perspectives[f->num_perspectives++];

	memcpy(p->who.name, name, strlen(name) + 1);
	p->who.remote = remote;
	p->who.rir = rir;
	fixture_random(f, p->key, sizeof(p->key));
}

static inline void
fixture_init(struct fixture *f)
{
	struct pki_issuer root;

	memset(f, 0, sizeof(*f));
	f->now = FIXTURE_NOW;
	f->writes_left = -1;
	f->env = (struct env){
		.ctx = f, .now = fixture_now, .random = fixture_random,
		.journal_append = fixture_append,
		.journal_sync = fixture_sync, .journal_read = fixture_read,
		.journal_cut = fixture_cut,
	};
	bld_init(&f->journal, 64 * 1024 * 1024);
	memcpy(f->base_url, "https://ca.test", 16);
	memcpy(f->caa_identity, "ca.test", 8);
	f->config = (struct config){
		.base_url = f->base_url,
		.caa_identity = f->caa_identity,
		.program = PROGRAM_PRIVATE,
		.certificate_lifetime_s = 90 * 86400,
		.authz_lifetime_s = 7 * 86400,
		.order_lifetime_s = 7 * 86400,
	};
	key_generate(&f->root_key, NULL);
	key_generate(&f->ca_key, NULL);
	key_generate(&f->account_key, NULL);
	key_generate(&f->other_key, NULL);
	key_generate(&f->subject_key, NULL);
	root.key = f->root_key;
	pki_make_root(&f->env, f->root_key, "Test root", 0, &f->arena,
	    &f->root, NULL);
	root.certificate = f->root;
	pki_make_intermediate(&f->env, &root, f->ca_key, "Test CA", 0,
	    &f->arena, &f->intermediate, NULL);
	fixture_add_perspective(f, "local", false, POLICY_RIR_NONE);
	fixture_add_perspective(f, "oslo", true, POLICY_RIR_RIPE);
	fixture_add_perspective(f, "lima", true, POLICY_RIR_LACNIC);
	fixture_add_perspective(f, "osaka", true, POLICY_RIR_APNIC);
	fixture_add_perspective(f, "rome", true, POLICY_RIR_RIPE);
	fixture_add_perspective(f, "kyiv", true, POLICY_RIR_RIPE);
	fixture_add_perspective(f, "bern", true, POLICY_RIR_RIPE);
}

static inline void
fixture_done(struct fixture *f)
{
	signer_free(f->signer);
	EVP_PKEY_free(f->root_key);
	EVP_PKEY_free(f->ca_key);
	EVP_PKEY_free(f->account_key);
	EVP_PKEY_free(f->other_key);
	EVP_PKEY_free(f->subject_key);
	arena_free(&f->arena);
	bld_free(&f->journal);
}

static inline void
fixture_thumbprint(EVP_PKEY *key, uint8_t ret[JWK_THUMBPRINT_SIZE])
{
	struct jwk jwk;

	jwk_from_key(key, &jwk, NULL);
	memcpy(ret, jwk.thumbprint, JWK_THUMBPRINT_SIZE);
	jwk_done(&jwk);
}

/* A good attestation of a name by perspective p. */
static inline struct attestation *
scene_attest(struct scene *scene, const char *name, size_t p)
{
	struct attestation *att =
	    &scene->attestations[scene->num_attestations];
	bool wildcard = name[0] == '*';

	*att = (struct attestation){
		.perspective = span_str(scene->f->perspectives[p].who.name),
		.ident = { IDENT_DNS, span_str(name + (wildcard ? 2 : 0)) },
		.wildcard = wildcard,
		.method = CHALLENGE_HTTP_01,
		.caa = CAA_PERMITS,
		.at = scene->f->now - 5000,
	};
	fixture_thumbprint(scene->account, att->thumbprint);
	scene->keys[scene->num_attestations++] =
	    scene->f->perspectives[p].key;
	return att;
}

/* One honest order for one name. */
static inline struct scene
scene_of(struct fixture *f)
{
	static unsigned nonce;
	struct scene scene = {
		.f = f, .account = f->account_key, .signs = f->account_key,
		.subject = f->subject_key, .names = { "example.com" },
		.order_at = f->now - 60000, .nonce = ++nonce,
	};

	scene_attest(&scene, "example.com", 0);
	return scene;
}

static inline struct span
scene_payload(const struct scene *scene)
{
	struct fixture *f = scene->f;
	struct ident_list names = { 0 };
	struct bld csr, text;
	struct span out;

	if (scene->payload != NULL)
		return span_str(scene->payload);
	for (size_t i = 0; i < 8 && scene->names[i] != NULL; i++)
		names.items[names.count++] = (struct ident){ IDENT_DNS,
		    span_str(scene->names[i]) };
	bld_init(&csr, CSR_DER_MAX);
	bld_init(&text, 2 * CSR_DER_MAX);
	csr_make(&csr, scene->subject, span_str(scene->common_name), &names,
	    NULL);
	bld_str(&text, "{\"csr\":\"");
	text_base64url(&text, bld_view(&csr));
	bld_str(&text, "\"}");
	out = arena_dup(&f->arena, bld_view(&text));
	bld_free(&csr);
	bld_free(&text);
	return out;
}

static inline void
scene_split(struct span jws, struct arena *arena, struct issue_request *ret)
{
	struct span copy = arena_dup(arena, jws);
	struct json_flat flat;
	struct bld signature;

	json_flat_scan(copy, &flat);
	ret->protected_b64 = json_flat_get(&flat, "protected");
	ret->payload_b64 = json_flat_get(&flat, "payload");
	bld_init(&signature, 1024);
	text_unbase64url(&signature, json_flat_get(&flat, "signature"));
	ret->signature = arena_dup(arena, bld_view(&signature));
	bld_free(&signature);
}

/* The question, as core would put it. */
static inline struct issue_request
scene_request(struct scene *scene)
{
	struct fixture *f = scene->f;
	struct issue_request request = {
		.not_before = scene->not_before,
		.not_after = scene->not_after,
		.profile = span_str(scene->profile),
		.attestations = scene->attestations,
		.num_attestations = scene->num_attestations,
	};
	struct bld header, signature;
	struct jwk key;

	for (size_t i = 0; i < scene->num_attestations; i++)
		attestation_seal(&scene->attestations[i], scene->keys[i]);
	jwk_from_key(scene->signs, &key, NULL);
	bld_init(&header, 4096);
	bld_init(&signature, 65536 * 2);
	bld_fmt(&header, "{\"alg\":\"%s\",\"kid\":\"%s\",\"nonce\":\"n%u\","
	    "\"url\":\"", scene->alg == NULL ? jwk_alg_name(key.alg) :
	    scene->alg, scene->kid == NULL ?
	    "https://ca.test/acme/account/17" : scene->kid, scene->nonce);
	if (scene->url != NULL)
		bld_str(&header, scene->url);
	else
		bld_fmt(&header, "https://ca.test/acme/order/%lld/finalize",
		    (long long)(scene->order_at - ACME_ID_EPOCH_MS) <<
		    ACME_ID_RANDOM_BITS);
	bld_str(&header, "\"}");
	jws_sign(&signature, bld_view(&header), scene_payload(scene), &key,
	    NULL);
	scene_split(bld_view(&signature), &f->arena, &request);
	key_to_spki(scene->account, &f->arena, &request.account_spki, NULL);
	jwk_done(&key);
	bld_free(&header);
	bld_free(&signature);
	return request;
}

#endif
