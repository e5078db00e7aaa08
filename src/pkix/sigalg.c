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

int
sigalg_sign(const struct sigalg *alg, EVP_PKEY *key, struct span data,
    struct bld *out, struct err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);
	bool ok;

	ok = ctx != NULL && EVP_PKEY_get_base_id(key) == alg->key_type &&
	    EVP_DigestSignInit(ctx, NULL, digest_of(alg), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, signature, &len, data.data, data.len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (!ok)
		return err_set(err, ERR_INTERNAL, NULL,
		    "cannot sign with the CA's key");
	bld_bytes(out, signature, len);
	return 0;
}

bool
sigalg_verify(const struct sigalg *alg, EVP_PKEY *key, struct span data,
    struct span signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = ctx != NULL && EVP_PKEY_get_base_id(key) == alg->key_type &&
	    EVP_DigestVerifyInit(ctx, NULL, digest_of(alg), NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, signature.data, signature.len, data.data,
	    data.len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}
