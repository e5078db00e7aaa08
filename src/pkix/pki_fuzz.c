/* SPDX-License-Identifier: Apache-2.0 */
/* What pki_read takes from a certificate is what OpenSSL takes from it, where
 * that reads it, too. */
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "pkix/pki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_time(int64_t seconds, const ASN1_TIME *time)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1 || timegm(&tm) != seconds)
		abort();
}

/* der is OpenSSL's, which is freed. */
static void
check_same(struct span got, unsigned char *der, int len)
{
	if (len <= 0 || !span_equal(got, span_of(der, (size_t)len)))
		abort();
	OPENSSL_free(der);
}

static void
check(const struct pki_certificate *read, X509 *judge)
{
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(judge);
	unsigned char *der = NULL;
	int len;

	check_time(read->not_before_s, X509_get0_notBefore(judge));
	check_time(read->not_after_s, X509_get0_notAfter(judge));
	len = i2d_X509_NAME(X509_get_subject_name(judge), &der);
	check_same(read->subject, der, len);
	der = NULL;
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(judge), &der);
	check_same(read->spki, der, len);
	if (id != NULL && !span_equal(read->subject_key_id,
	    span_of(id->data, (size_t)id->length)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned char *at = data;
	struct pki_certificate read;
	X509 *judge;

	if (pki_read(span_of(data, size), &read, NULL) < 0)
		return 0;
	judge = d2i_X509(NULL, &at, (long)size);
	if (judge != NULL)
		check(&read, judge);
	X509_free(judge);
	return 0;
}
