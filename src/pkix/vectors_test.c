/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the DER files below $SIGNET_VECTORS/der, most of them hostile, with
 * all readers of DER; whatever ours takes, OpenSSL must take and understand
 * the same way. Skipped without the variable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pkix/csr.h"
#include "pkix/key.h"
#include "pkix/lint.h"
#include "pkix/pki.h"

#define FILE_MAX (1024 * 1024) /* bytes; longer files are cut */

static const char *vectors;
static unsigned files, requests, certificates, keys;

static int64_t
unix_time(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : -1;
}

static void
read_request(struct span der, struct arena *arena)
{
	const uint8_t *at = der.data;
	X509_REQ *judge;
	EVP_PKEY *key;
	struct csr csr;

	if (csr_parse(der, arena, &csr, NULL) < 0)
		return;
	requests++;
	judge = d2i_X509_REQ(NULL, &at, (long)der.len);
	assert_non_null(judge);
	assert_int_equal(key_from_spki(csr.spki, &key, NULL), 0);
	assert_int_equal(X509_REQ_verify(judge, key), 1);
	X509_REQ_free(judge);
	EVP_PKEY_free(key);
}

static void
read_certificate(struct span der)
{
	const uint8_t *at = der.data;
	struct pki_certificate read;
	X509 *judge;

	if (pki_read(der, &read, NULL) < 0)
		return;
	/* pki_read looks only at what it gives; OpenSSL may still find fault
	 * with other parts. */
	judge = d2i_X509(NULL, &at, (long)der.len);
	if (judge == NULL)
		return;
	certificates++;
	assert_int_equal(unix_time(X509_get0_notBefore(judge)),
	    read.not_before_s);
	assert_int_equal(unix_time(X509_get0_notAfter(judge)),
	    read.not_after_s);
	X509_free(judge);
}

static void
read_key(struct span der)
{
	const uint8_t *at = der.data;
	EVP_PKEY *key, *judge;

	if (key_from_spki(der, &key, NULL) < 0)
		return;
	keys++;
	judge = d2i_PUBKEY(NULL, &at, (long)der.len);
	assert_non_null(judge);
	assert_int_equal(EVP_PKEY_eq(judge, key), 1);
	key_check(key, KEY_USE_CERTIFICATE, NULL);
	EVP_PKEY_free(judge);
	EVP_PKEY_free(key);
}

static void
read_file(const char *path, uint8_t *data)
{
	static const struct ident_list none;
	struct lint_want want = { .names = &none };
	struct arena arena = { 0 };
	FILE *f = fopen(path, "rb");
	struct span der;

	assert_non_null(f);
	der = span_of(data, fread(data, 1, FILE_MAX, f));
	fclose(f);
	read_request(der, &arena);
	read_certificate(der);
	read_key(der);
	want.alg = sigalg_from_der(SPAN_LIT(
	    "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"));
	assert_int_not_equal(lint_check(der, &want, NULL), 0);
	arena_free(&arena);
	files++;
}

static void
test_folder(void **state)
{
	const char *folder = *state;
	char path[4096];
	uint8_t *data = mem_alloc(FILE_MAX);
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/der/%s", vectors, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/der/%s/%s", vectors, folder,
		    entry->d_name);
		read_file(path, data);
	}
	closedir(dir);
	free(data);
	assert_true(files > 0);
	print_message("%u files; taken: %u requests, %u certificates, "
	    "%u keys\n", files, requests, certificates, keys);
}

int
main(void)
{
	static char asn1[] = "asn1", crl[] = "crl", x509[] = "x509";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_folder, asn1),
		cmocka_unit_test_prestate(test_folder, crl),
		cmocka_unit_test_prestate(test_folder, x509),
	};

	vectors = getenv("SIGNET_VECTORS");
	if (vectors == NULL || vectors[0] == '\0') {
		puts("SIGNET_VECTORS is not set");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
