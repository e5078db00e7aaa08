/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/sigalg.h"

#include <openssl/err.h>

#define SIGNATURE_MAX 512 /* bytes: RSA 4096 */

#define DER_OF(s) { (const uint8_t *)(s), sizeof(s) - 1 }
#define ECDSA_WITH "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"
#define RSA_WITH(n) "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" n \
	"\x05\x00"

static const struct sigalg algorithms[] = {
	{ DER_OF(ECDSA_WITH "\x02"), EVP_PKEY_EC, "prime256v1", "SHA256" },
	{ DER_OF(ECDSA_WITH "\x03"), EVP_PKEY_EC, "secp384r1", "SHA384" },
	{ DER_OF(ECDSA_WITH "\x04"), EVP_PKEY_EC, "secp521r1", "SHA512" },
	{ DER_OF(RSA_WITH("\x0b")), EVP_PKEY_RSA, NULL, "SHA256" },
	{ DER_OF(RSA_WITH("\x0c")), EVP_PKEY_RSA, NULL, "SHA384" },
	{ DER_OF(RSA_WITH("\x0d")), EVP_PKEY_RSA, NULL, "SHA512" },
};
#define NUM_ALGORITHMS (sizeof(algorithms) / sizeof(algorithms[0]))

const struct sigalg *
sigalg_from_der(struct span algorithm)
{
	for (size_t i = 0; i < NUM_ALGORITHMS; i++)
		if (span_equal(algorithm, algorithms[i].der))
			return &algorithms[i];
	return NULL;
}

const struct sigalg *
sigalg_of_key(EVP_PKEY *key)
{
	int type = EVP_PKEY_get_base_id(key);
	char curve[32] = "";

	if (type == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, curve,
	    sizeof(curve), NULL) != 1)
		return NULL;
	for (size_t i = 0; i < NUM_ALGORITHMS; i++)
		if (algorithms[i].key_type == type &&
		    (algorithms[i].curve == NULL ||
		    strcmp(algorithms[i].curve, curve) == 0))
			return &algorithms[i];
	return NULL;
}

/* Fetched once: the implicit fetch costs as much as hashing. */
static const EVP_MD *
digest_of(const struct sigalg *alg)
{
	static EVP_MD *fetched[NUM_ALGORITHMS];
	size_t i = (size_t)(alg - algorithms);

	if (fetched[i] == NULL)
		fetched[i] = EVP_MD_fetch(NULL, alg->md, NULL);
	return fetched[i];
}

static bool
hash(const struct sigalg *alg, struct span data,
    uint8_t ret[EVP_MAX_MD_SIZE], unsigned *ret_len)
{
	const EVP_MD *md = digest_of(alg);

	return md != NULL && EVP_Digest(data.data, data.len, ret, ret_len, md,
	    NULL) == 1;
}

/* PKCS#1 v1.5 is OpenSSL's default for RSA, and signs the hash's name. */
static bool
set_digest(const struct sigalg *alg, EVP_PKEY_CTX *ctx)
{
	return alg->key_type != EVP_PKEY_RSA ||
	    EVP_PKEY_CTX_set_signature_md(ctx, digest_of(alg)) == 1;
}

EVP_PKEY_CTX *
sigalg_signer(const struct sigalg *alg, EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = NULL;

	if (alg != NULL && EVP_PKEY_get_base_id(key) == alg->key_type)
		ctx = EVP_PKEY_CTX_new(key, NULL);
	if (ctx != NULL && (EVP_PKEY_sign_init(ctx) != 1 ||
	    !set_digest(alg, ctx))) {
		EVP_PKEY_CTX_free(ctx);
		ctx = NULL;
	}
	ERR_clear_error();
	return ctx;
}

int
sigalg_sign(const struct sigalg *alg, EVP_PKEY_CTX *signer,
    struct span data, struct bld *out, struct err *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE], signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);
	unsigned digest_len;

	if (!hash(alg, data, digest, &digest_len) ||
	    EVP_PKEY_sign(signer, signature, &len, digest, digest_len) != 1) {
		ERR_clear_error();
		return err_set(err, ERR_INTERNAL, NULL,
		    "cannot sign with the CA's key");
	}
	bld_bytes(out, signature, len);
	return 0;
}

bool
sigalg_verify(const struct sigalg *alg, EVP_PKEY_CTX *verifier,
    struct span data, struct span signature)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_len;
	bool ok;

	/* Each time: what a lent key is changes between two of them. */
	ok = EVP_PKEY_get_base_id(EVP_PKEY_CTX_get0_pkey(verifier)) ==
	    alg->key_type && hash(alg, data, digest, &digest_len) &&
	    EVP_PKEY_verify_init(verifier) == 1 &&
	    set_digest(alg, verifier) && EVP_PKEY_verify(verifier,
	    signature.data, signature.len, digest, digest_len) == 1;
	ERR_clear_error();
	return ok;
}
