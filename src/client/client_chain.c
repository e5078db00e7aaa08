/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_chain.h"

#include <openssl/sha.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "pkix/pki.h"

static X509 *
x509_of(struct span der)
{
	const unsigned char *at = der.data;
	X509 *cert = d2i_X509(NULL, &at, (long)der.len);

	if (cert != NULL && at == der.data + der.len)
		return cert;
	X509_free(cert);
	return NULL;
}

int
client_chain_parse(struct span body, struct arena *arena, struct span *ret,
    struct err *err)
{
	struct span ders[CLIENT_CERTIFICATES_MAX];
	struct bld pem;
	size_t count = 0;
	int r;

	*ret = SPAN_NONE;
	if (body.len > CLIENT_CHAIN_MAX)
		return err_set(err, ERR_MALFORMED, NULL,
		    "the certificate chain has more than %d bytes",
		    CLIENT_CHAIN_MAX);
	r = pki_from_pem(body, arena, ders, CLIENT_CERTIFICATES_MAX, &count,
	    err);
	bld_init(&pem, CLIENT_CHAIN_MAX);
	for (size_t i = 0; r == 0 && i < count; i++) {
		X509 *cert = x509_of(ders[i]);

		if (cert == NULL)
			r = err_set(err, ERR_MALFORMED, "RFC 8555 9.1",
			    "number %zu of it is no certificate", i + 1);
		text_pem(&pem, "CERTIFICATE", ders[i]);
		X509_free(cert);
	}
	if (r == 0 && bld_end(&pem) == 0)
		*ret = arena_dup(arena, bld_view(&pem));
	else
		r = err_prefix(err, "the CA sent no certificate chain");
	bld_free(&pem);
	return r;
}

static bool
fingerprint_is(struct span der, struct span wanted)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct bld plain, bytes;
	bool same;

	bld_init(&plain, CLIENT_TEXT_MAX);
	for (size_t i = 0; i < wanted.len; i++) {
		if (wanted.data[i] != ':')
			bld_u8(&plain, wanted.data[i]);
	}
	bld_init(&bytes, CLIENT_TEXT_MAX);
	SHA256(der.data, der.len, digest);
	same = text_unhex(&bytes, bld_view(&plain)) == 0 &&
	    span_equal(bld_view(&bytes), span_of(digest, sizeof(digest)));
	bld_free(&plain);
	bld_free(&bytes);
	return same;
}

static bool
issuer_is(struct span der, struct span wanted)
{
	X509 *cert = x509_of(der);
	const ASN1_STRING *value;
	unsigned char *text = NULL;
	X509_NAME *name;
	int at, len = -1;

	if (cert == NULL)
		return false;
	name = X509_get_issuer_name(cert);
	at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	if (at >= 0) {
		value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
		len = ASN1_STRING_to_UTF8(&text, value);
	}
	X509_free(cert);
	at = len >= 0 && span_equal(span_of(text, (size_t)len), wanted);
	OPENSSL_free(text);
	return at != 0;
}

bool
client_chain_matches(struct span chain, struct span wanted)
{
	struct span ders[CLIENT_CERTIFICATES_MAX];
	struct arena arena = { 0 };
	size_t count = 0;
	bool found = false;

	if (pki_from_pem(chain, &arena, ders, CLIENT_CERTIFICATES_MAX, &count,
	    NULL) == 0) {
		found = issuer_is(ders[count - 1], wanted);
		for (size_t i = 0; !found && i < count; i++)
			found = fingerprint_is(ders[i], wanted);
	}
	arena_free(&arena);
	return found;
}
