/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/files/chain.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "agent/proc/key_file.h"
#include "base/text.h"
#include "pkix/key.h"
#include "pkix/pki.h"

#define STATUS_REQUEST 5 /* RFC 7633: of a TLS feature extension */

static int
refuse(struct err *err, const char *why)
{
	return err_set(err, ERR_MALFORMED, "RFC 8555 7.4.2",
	    "what the CA sent is not the certificate that was asked for: %s",
	    why);
}

/* The same few certificates are looked at from all sides, and each time
 * libcrypto takes as long as for a signature to find out how a key is read. */
static struct decoded {
	struct span der;
	X509 *x509;
} decoded[2];

static X509 *
decode_new(struct span der)
{
	const unsigned char *at = der.data;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);

	if (x509 != NULL && at != der.data + der.len) {
		X509_free(x509);
		x509 = NULL;
	}
	ERR_clear_error();
	return x509;
}

X509 *
chain_decode(struct span der)
{
	struct decoded *at = decoded;
	X509 *x509;

	for (; at < decoded + 2 && at->x509 != NULL; at++) {
		if (span_equal(at->der, der)) {
			X509_up_ref(at->x509);
			return at->x509;
		}
	}
	x509 = decode_new(der);
	if (x509 == NULL)
		return NULL;
	X509_free(decoded[1].x509);
	mem_span_free(decoded[1].der);
	decoded[1] = decoded[0];
	decoded[0] = (struct decoded){ mem_span_dup(der), x509 };
	X509_up_ref(x509);
	return x509;
}

int64_t
chain_seconds(const ASN1_TIME *time)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	if (time == NULL || epoch == NULL ||
	    ASN1_TIME_diff(&days, &seconds, epoch, time) != 1)
		days = seconds = 0;
	ASN1_TIME_free(epoch);
	return (int64_t)days * 86400 + seconds;
}

/* One name of a SAN in its canonical form; others than DNS names and
 * addresses are nothing that we ask for. */
static bool
add_name(const GENERAL_NAME *name, struct arena *arena,
    struct ident_list *ret)
{
	char text[INET6_ADDRSTRLEN];
	struct span type = SPAN_LIT("dns"), value;
	int kind, len;
	const ASN1_STRING *asn1 = GENERAL_NAME_get0_value(name, &kind);

	if ((kind != GEN_DNS && kind != GEN_IPADD) ||
	    ret->count == IDENT_LIST_MAX)
		return false;
	len = ASN1_STRING_length(asn1);
	value = span_of(ASN1_STRING_get0_data(asn1), (size_t)len);
	if (kind == GEN_IPADD) {
		type = SPAN_LIT("ip");
		if ((len != 4 && len != 16) || inet_ntop(len == 4 ? AF_INET :
		    AF_INET6, value.data, text, sizeof(text)) == NULL)
			return false;
		value = span_str(text);
	}
	if (ident_parse(type, value, arena, &ret->items[ret->count],
	    NULL) < 0)
		return false;
	ret->count++;
	return true;
}

static bool
read_names(X509 *x509, struct arena *arena, struct ident_list *ret)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name,
	    NULL, NULL);
	bool ok = names != NULL;

	ret->count = 0;
	for (int i = 0; ok && i < sk_GENERAL_NAME_num(names); i++)
		ok = add_name(sk_GENERAL_NAME_value(names, i), arena, ret);
	GENERAL_NAMES_free(names);
	if (ok)
		ident_list_sort(ret);
	return ok && ret->count > 0;
}

static struct span
read_common_name(const X509_NAME *name, struct arena *arena)
{
	char text[FILES_TEXT_MAX], printable[FILES_TEXT_MAX];
	int len = X509_NAME_get_text_by_NID(name, NID_commonName, text,
	    sizeof(text));

	if (len <= 0)
		len = X509_NAME_get_text_by_NID(name, NID_organizationName,
		    text, sizeof(text));
	if (len <= 0)
		return SPAN_NONE;
	text_printable(printable, sizeof(printable),
	    span_of(text, (size_t)len));
	return arena_dup(arena, span_str(printable));
}

static struct span
read_ocsp_url(X509 *x509, struct arena *arena)
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(x509);
	struct span url = SPAN_NONE;

	if (sk_OPENSSL_STRING_num(urls) > 0)
		url = span_str(sk_OPENSSL_STRING_value(urls, 0));
	url = url.len <= FILES_URL_MAX ? arena_dup(arena, url) : SPAN_NONE;
	X509_email_free(urls);
	return url;
}

static bool
read_must_staple(X509 *x509)
{
	TLS_FEATURE *features = X509_get_ext_d2i(x509, NID_tlsfeature, NULL,
	    NULL);
	bool found = false;

	for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
		found |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) ==
		    STATUS_REQUEST;
	TLS_FEATURE_free(features);
	return found;
}

static void
read_numbers(X509 *x509, struct arena *arena, struct files_live *ret)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
	const ASN1_OCTET_STRING *id = X509_get0_authority_key_id(x509);
	unsigned char *der = NULL;
	int len = i2d_ASN1_INTEGER(serial, &der);

	/* A tag and a length of one byte come before the octets. */
	if (len > 2 && len - 2 <= FILES_SERIAL_MAX)
		ret->serial = arena_dup(arena, span_of(der + 2,
		    (size_t)len - 2));
	OPENSSL_free(der);
	if (id != NULL && ASN1_STRING_length(id) <= FILES_KEY_ID_MAX)
		ret->authority_key_id = arena_dup(arena, span_of(
		    ASN1_STRING_get0_data(id),
		    (size_t)ASN1_STRING_length(id)));
}

static int
read_leaf(struct span der, struct arena *arena, struct files_live *ret,
    struct err *err)
{
	X509 *x509 = chain_decode(der);
	EVP_PKEY *key = x509 == NULL ? NULL : X509_get0_pubkey(x509);
	struct span spki = SPAN_NONE;
	int r = 0;

	*ret = (struct files_live){ .exists = true };
	if (key == NULL || key_to_spki(key, arena, &spki, NULL) < 0)
		r = refuse(err, "its key is of no kind that is known");
	else if (!read_names(x509, arena, &ret->names))
		r = refuse(err, "its names cannot be read");
	if (r == 0) {
		ret->key_type = key_file_type(key);
		SHA256(spki.data, spki.len, ret->spki_hash);
		SHA256(der.data, der.len, ret->leaf_hash);
		ret->not_before_s = chain_seconds(X509_get0_notBefore(x509));
		ret->not_after_s = chain_seconds(X509_get0_notAfter(x509));
		ret->issuer = read_common_name(X509_get_issuer_name(x509),
		    arena);
		ret->ocsp_url = read_ocsp_url(x509, arena);
		ret->must_staple = read_must_staple(x509);
		read_numbers(x509, arena, ret);
	}
	X509_free(x509);
	ERR_clear_error();
	return r;
}

int
chain_parse(struct span pem, struct arena *arena, struct chain *ret,
    struct err *err)
{
	struct err why = ERR_INIT;

	*ret = (struct chain){ 0 };
	if (pem.len > FILES_CHAIN_MAX)
		return refuse(err, "it is too long");
	if (pki_from_pem(pem, arena, ret->certificates,
	    FILES_CHAIN_CERTIFICATES_MAX, &ret->count, &why) < 0)
		return refuse(err, why.text);
	return read_leaf(ret->certificates[0], arena, &ret->leaf, err);
}

/* Whether below is signed by above, which may sign. */
static int
check_link(X509 *below, X509 *above, struct err *err)
{
	EVP_PKEY *key = X509_get0_pubkey(above);

	if (X509_NAME_cmp(X509_get_issuer_name(below),
	    X509_get_subject_name(above)) != 0)
		return refuse(err, "its certificates are not in order, each "
		    "followed by its issuer's");
	if (X509_check_ca(above) != 1)
		return refuse(err, "a certificate in its chain is not a "
		    "CA's");
	if (key == NULL || X509_verify(below, key) != 1) {
		ERR_clear_error();
		return refuse(err, "a signature in its chain is wrong");
	}
	return 0;
}

static int
check_links(const struct chain *chain, struct err *err)
{
	X509 *below = chain_decode(chain->certificates[0]), *above;
	int r = below == NULL ? refuse(err, "it cannot be read") : 0;

	if (r == 0 && X509_check_ca(below) != 0)
		r = refuse(err, "it is a CA's own certificate");
	for (size_t i = 1; r == 0 && i < chain->count; i++) {
		above = chain_decode(chain->certificates[i]);
		r = above == NULL ? refuse(err, "its chain cannot be read") :
		    check_link(below, above, err);
		X509_free(below);
		below = above;
	}
	X509_free(below);
	return r;
}

static int
check_time(const struct files_live *leaf, int64_t now_ms, struct err *err)
{
	int64_t now_s = now_ms / 1000;
	char when[TEXT_TIME_SIZE], now[TEXT_TIME_SIZE];

	text_time(now, now_ms);
	if (leaf->not_after_s < now_s) {
		text_time(when, leaf->not_after_s * 1000);
		return err_set(err, ERR_MALFORMED, "RFC 5280 4.1.2.5",
		    "the certificate that the CA sent ended on %s, and here it "
		    "is %s: look at this host's clock", when, now);
	}
	if (leaf->not_before_s > now_s + CHAIN_EARLY_MAX_S) {
		text_time(when, leaf->not_before_s * 1000);
		return err_set(err, ERR_MALFORMED, "RFC 5280 4.1.2.5",
		    "the certificate that the CA sent begins on %s, and here "
		    "it is %s: look at this host's clock", when, now);
	}
	return 0;
}

int
chain_check(const struct chain *chain,
    const uint8_t spki_hash[FILES_HASH_SIZE], const struct ident_list *names,
    int64_t now_ms, struct err *err)
{
	struct ident_list asked;

	if (memcmp(chain->leaf.spki_hash, spki_hash, FILES_HASH_SIZE) != 0)
		return refuse(err, "it is for another key");
	if (names != NULL) {
		asked = *names;
		ident_list_sort(&asked);
		if (!ident_list_equal(&asked, &chain->leaf.names))
			return refuse(err, "it is for other names");
	}
	if (check_time(&chain->leaf, now_ms, err) < 0)
		return -(int)ERR_MALFORMED;
	return check_links(chain, err);
}

/* What hinders a TLS server, or NULL. */
static const char *
hindrance(X509 *leaf)
{
	uint32_t flags = X509_get_extension_flags(leaf);

	if ((flags & EXFLAG_INVALID) != 0)
		return "its extensions cannot be read";
	if ((flags & EXFLAG_CRITICAL) != 0)
		return "it has a critical extension that programs do not know";
	if (X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0) != 1)
		return "its key usage or extended key usage is not that of a "
		    "TLS server";
	return NULL;
}

int
chain_check_use(const struct chain *chain, bool must_staple, bool profile,
    struct err *ret_noted, struct err *err)
{
	const struct files_live *live = &chain->leaf;
	int64_t lasts_s = live->not_after_s - live->not_before_s;
	X509 *leaf = chain_decode(chain->certificates[0]);
	const char *why = leaf == NULL ? "it cannot be read" : hindrance(leaf);

	X509_free(leaf);
	ERR_clear_error();
	if (lasts_s <= 0)
		return refuse(err, "it ends before it begins");
	if (why != NULL && !profile)
		return refuse(err, why);
	if (why != NULL)
		err_set(ret_noted, ERR_MALFORMED, NULL, "the certificate is "
		    "of no use to a web server: %s", why);
	else if (must_staple && !live->must_staple)
		err_set(ret_noted, ERR_MALFORMED, "RFC 7633", "must_staple was "
		    "asked for, and the CA left it out of the certificate, "
		    "which is in use without it; ask another CA, or set "
		    "must_staple = false");
	else if (lasts_s > CHAIN_LIFETIME_MAX_S)
		err_set(ret_noted, ERR_MALFORMED, NULL, "the certificate is "
		    "valid for %d years: nobody else will renew it if its key "
		    "leaks", (int)(lasts_s / 31556952));
	return 0;
}

void
chain_put(struct bld *out, const struct chain *chain, size_t from)
{
	for (size_t i = from; i < chain->count; i++)
		text_pem(out, "CERTIFICATE", chain->certificates[i]);
}
