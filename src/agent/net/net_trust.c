/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_trust.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "pkix/pki.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"
#define DER_MAX 16384 /* bytes of a certificate that can be trusted */
#define READ_SIZE 65536

struct net_trust_root {
	struct span der;
	struct span subject;     /* in der */
	struct span common_name; /* the same */
};

static int
read_file(const char *path, struct bld *out)
{
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0)
		return -ERR_IO;
	bld_reset(out);
	while (n > 0 && bld_end(out) == 0) {
		uint8_t *at = bld_grow(out, READ_SIZE);

		if (at == NULL)
			break;
		n = read(fd, at, READ_SIZE);
		out->len -= READ_SIZE - (n > 0 ? (size_t)n : 0);
	}
	close(fd);
	return n == 0 ? 0 : -ERR_IO;
}

void
net_trust_read_system(struct bld *out)
{
	const char *const paths[] = {
		secure_getenv("SSL_CERT_FILE"),
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/ssl/cert.pem",
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (read_file(paths[i], out) == 0)
			return;
	}
	bld_reset(out);
}

/* The base64 text of the next certificate. */
static bool
next_certificate(struct span *rest, struct span *ret)
{
	const uint8_t *begin, *end;

	if (rest->len == 0)
		return false;
	begin = memmem(rest->data, rest->len, BEGIN, strlen(BEGIN));
	if (begin == NULL)
		return false;
	*rest = span_from(*rest, (size_t)(begin - rest->data) + strlen(BEGIN));
	end = memmem(rest->data, rest->len, END, strlen(END));
	if (end == NULL)
		return false;
	*ret = span_of(rest->data, (size_t)(end - rest->data));
	*rest = span_from(*rest, ret->len + strlen(END));
	return true;
}

/* The bytes of base64 text, in out; none if it is none. */
static struct span
unbase64(EVP_ENCODE_CTX *ctx, struct span text, uint8_t out[DER_MAX])
{
	int len = 0, rest = 0;

	if (text.len > DER_MAX)
		return SPAN_NONE;
	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(ctx, out, &len, text.data, (int)text.len) < 0 ||
	    EVP_DecodeFinal(ctx, out + len, &rest) < 0)
		return SPAN_NONE;
	return span_of(out, (size_t)len + (size_t)rest);
}

static void
decode(struct net_trust *trust)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	struct span rest = trust->pem, text;
	struct pki_certificate cert;
	uint8_t bytes[DER_MAX];

	trust->decoded = true;
	trust->roots = arena_alloc(&trust->arena,
	    NET_TRUST_MAX * sizeof(*trust->roots));
	while (ctx != NULL && trust->count < NET_TRUST_MAX &&
	    next_certificate(&rest, &text)) {
		struct span der = unbase64(ctx, text, bytes);

		if (der.len == 0)
			continue;
		der = arena_dup(&trust->arena, der);
		if (pki_read(der, &cert, NULL) == 0)
			trust->roots[trust->count++] = (struct net_trust_root){
				der, cert.subject, cert.common_name
			};
	}
	EVP_ENCODE_CTX_free(ctx);
}

/* An issuer may write its name in another string type and case than its
 * certificate's subject (RFC 5280 7.1). Most differ in their commonName, which
 * is compared before anything is parsed. */
static bool
same_name(const struct net_trust_root *root, const X509_NAME *name,
    struct span common_name)
{
	const unsigned char *at = root->subject.data;
	X509_NAME *parsed;
	bool same;

	if (root->common_name.len != common_name.len || (common_name.len > 0 &&
	    strncasecmp((const char *)root->common_name.data,
	    (const char *)common_name.data, common_name.len) != 0))
		return false;
	parsed = d2i_X509_NAME(NULL, &at, (long)root->subject.len);
	same = parsed != NULL && X509_NAME_cmp(parsed, name) == 0;
	X509_NAME_free(parsed);
	return same;
}

static struct span
common_name_of(const X509_NAME *name)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	const ASN1_STRING *text;

	if (at < 0)
		return SPAN_NONE;
	text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	return span_of(ASN1_STRING_get0_data(text),
	    (size_t)ASN1_STRING_length(text));
}

/* Puts the certificate into the store and, if it is the first, into ret. What
 * a lookup gives is the store's: the reference that comes with setting ret is
 * dropped again, and the store's keeps it. */
static int
give(X509_LOOKUP *lookup, struct span der, X509_OBJECT *ret)
{
	const unsigned char *at = der.data;
	X509 *cert = d2i_X509(NULL, &at, (long)der.len);
	int r = 0;

	if (cert != NULL &&
	    X509_STORE_add_cert(X509_LOOKUP_get_store(lookup), cert) == 1) {
		r = 1;
		if (X509_OBJECT_get_type(ret) != X509_LU_X509) {
			r = X509_OBJECT_set1_X509(ret, cert);
			if (r == 1)
				X509_free(cert);
		}
	}
	X509_free(cert);
	return r;
}

/* There may be several with one subject and different keys: all of them go
 * into the store, where the chain is looked for. */
static int
get_by_subject(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type,
    const X509_NAME *name, X509_OBJECT *ret)
{
	struct net_trust *trust = X509_LOOKUP_get_method_data(lookup);
	struct span common_name = common_name_of(name);
	int found = 0;

	if (type != X509_LU_X509)
		return 0;
	if (!trust->decoded)
		decode(trust);
	for (size_t i = 0; i < trust->count; i++) {
		if (same_name(&trust->roots[i], name, common_name))
			found |= give(lookup, trust->roots[i].der, ret);
	}
	return found;
}

void
net_trust_init(struct net_trust *trust, struct span pem)
{
	*trust = (struct net_trust){ .pem = pem };
}

void
net_trust_done(struct net_trust *trust)
{
	arena_free(&trust->arena);
}

/* What libcrypto noted on the way to a refusal would hide from curl, and so
 * from people, that the certificate was refused. */
static int
on_verified(int ok, X509_STORE_CTX *store)
{
	(void)store;
	if (!ok)
		ERR_clear_error();
	return ok;
}

int
net_trust_use(SSL_CTX *ssl, struct net_trust *trust)
{
	static X509_LOOKUP_METHOD *method; /* lives as long as the process */
	X509_LOOKUP *lookup;

	if (method == NULL) {
		method = X509_LOOKUP_meth_new("certificates in memory");
		if (method == NULL || X509_LOOKUP_meth_set_get_by_subject(
		    method, get_by_subject) != 1)
			return -ERR_INTERNAL;
	}
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, on_verified);
	lookup = X509_STORE_add_lookup(SSL_CTX_get_cert_store(ssl), method);
	if (lookup == NULL)
		return -ERR_INTERNAL;
	X509_LOOKUP_set_method_data(lookup, trust);
	return 0;
}
