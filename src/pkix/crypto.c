/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/sanitized.h"
#include "pkix/key.h"

void
crypto_init(void)
{
	/* LeakSanitizer wants all of it back. */
	if (!SANITIZED)
		OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}

/* A signature, and what verifies it. */
static void
sign_and_verify(EVP_PKEY *key, EVP_PKEY *public)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[128], text[1] = { 0 };
	size_t len = sizeof(signature);

	if (ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL,
	    key) == 1 && EVP_DigestSign(ctx, signature, &len, text,
	    sizeof(text)) == 1 && EVP_MD_CTX_reset(ctx) == 1 &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, public) == 1)
		(void)EVP_DigestVerify(ctx, signature, len, text,
		    sizeof(text));
	EVP_MD_CTX_free(ctx);
}

/* What fails here fails again where it is needed, and is told there. */
void
crypto_prepare(void)
{
	EVP_PKEY *key = NULL, *public = NULL;
	unsigned char *der = NULL;
	const unsigned char *at;
	int len;

	crypto_init();
	/* Read as a certificate's is. */
	len = key_generate(&key, NULL) < 0 ? 0 : i2d_PUBKEY(key, &der);
	at = der;
	if (len > 0 && (public = d2i_PUBKEY(NULL, &at, len)) != NULL)
		sign_and_verify(key, public);
	OPENSSL_free(der);
	EVP_PKEY_free(public);
	EVP_PKEY_free(key);
	ERR_clear_error();
}
