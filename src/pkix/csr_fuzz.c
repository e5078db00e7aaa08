/* SPDX-License-Identifier: Apache-2.0 */
/* What parses, OpenSSL parses to the same key, and its signature holds there,
 * too. */
#include <openssl/x509.h>
#include <stdlib.h>

#include "pkix/csr.h"
#include "pkix/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	const uint8_t *at = data;
	X509_REQ *judge;
	EVP_PKEY *key;
	struct csr csr;

	(void)csr_find_spki(span_of(data, size));
	if (csr_parse(span_of(data, size), &arena, &csr, NULL) == 0) {
		judge = d2i_X509_REQ(NULL, &at, (long)size);
		if (judge == NULL || at != data + size ||
		    key_from_spki(csr.spki, &key, NULL) < 0 ||
		    EVP_PKEY_eq(X509_REQ_get0_pubkey(judge), key) != 1 ||
		    EVP_PKEY_get_base_id(key) != csr.key_type ||
		    X509_REQ_verify(judge, key) != 1 ||
		    !span_equal(csr_find_spki(span_of(data, size)),
		    csr.spki) ||
		    csr.names.count == 0)
			abort();
		for (size_t i = 0; i < csr.names.count; i++)
			if (ident_check(&csr.names.items[i], NULL) < 0)
				abort();
		X509_REQ_free(judge);
		EVP_PKEY_free(key);
	}
	arena_free(&arena);
	return 0;
}
