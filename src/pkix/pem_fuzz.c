/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys that are read from PEM are written as PEM from which
 * the same are read. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/text.h"
#include "pkix/key.h"
#include "pkix/pki.h"

#define CERTIFICATES_MAX 4
#define PEM_MAX (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_certificates(struct span in, struct arena *arena)
{
	struct span certs[CERTIFICATES_MAX], again[CERTIFICATES_MAX];
	size_t count, count_again;
	struct bld out;

	if (pki_from_pem(in, arena, certs, CERTIFICATES_MAX, &count, NULL) < 0)
		return;
	bld_init(&out, PEM_MAX);
	for (size_t i = 0; i < count; i++)
		text_pem(&out, "CERTIFICATE", certs[i]);
	if (count == 0 || pki_from_pem(bld_view(&out), arena, again,
	    CERTIFICATES_MAX, &count_again, NULL) < 0 || count_again != count)
		abort();
	for (size_t i = 0; i < count; i++) {
		if (!span_equal(certs[i], again[i]))
			abort();
	}
	bld_free(&out);
}

static void
check_key(struct span in)
{
	EVP_PKEY *key, *again = NULL;
	struct bld out;

	if (key_from_pem(in, &key, NULL) < 0)
		return;
	bld_init_secret(&out, PEM_MAX);
	if (key_check(key, KEY_USE_ACCOUNT, NULL) == 0 &&
	    (key_to_pem(key, &out, NULL) < 0 ||
	    key_from_pem(bld_view(&out), &again, NULL) < 0 ||
	    EVP_PKEY_eq(key, again) != 1))
		abort();
	EVP_PKEY_free(key);
	EVP_PKEY_free(again);
	bld_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };

	check_certificates(span_of(data, size), &arena);
	check_key(span_of(data, size));
	arena_free(&arena);
	return 0;
}
