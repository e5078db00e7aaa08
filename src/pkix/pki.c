/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/pki.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "pkix/cert.h"
#include "pkix/der.h"
#include "pkix/key.h"
#include "pkix/oid.h"

#define DAY_S 86400
#define BACKDATE_S 3600 /* clients' clocks may be slow */

/* Fills what all of them have: serial, validity, key. */
static int
begin(const struct env *env, EVP_PKEY *key, int64_t days,
    struct arena *arena, struct cert *ret, struct err *err)
{
	int64_t now_s = env_now(env) / 1000;

	*ret = (struct cert){
		.not_before_s = now_s - BACKDATE_S,
		.not_after_s = now_s - BACKDATE_S + days * DAY_S - 1,
		.path_len = CERT_NO_PATH_LEN,
	};
	cert_make_serial(env, ret->serial);
	return key_to_spki(key, arena, &ret->spki, err);
}

static int
check_name(const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (len == 0 || len > PKI_NAME_MAX)
		return err_set(err, ERR_CONFIG, "RFC 5280 A.1",
		    "a CA's name must have 1 to %d bytes", PKI_NAME_MAX);
	return 0;
}

/* Signs with key; *ret is the DER in arena. */
static int
finish(const struct cert *cert, EVP_PKEY *key, struct arena *arena,
    struct span *ret, struct err *err)
{
	const struct sigalg *alg = sigalg_of_key(key);
	EVP_PKEY_CTX *signer = sigalg_signer(alg, key);
	struct bld tbs, out;
	int r;

	if (signer == NULL)
		return err_set(err, ERR_CONFIG, "BR 7.1.3.2",
		    "the CA's key has a type that cannot sign certificates");
	bld_init(&tbs, CERT_DER_MAX);
	bld_init(&out, CERT_DER_MAX);
	cert_put_tbs(&tbs, cert, alg);
	r = bld_end(&tbs) < 0 ?
	    err_set(err, ERR_INTERNAL, NULL, "a certificate is too long") :
	    cert_sign(&out, bld_view(&tbs), alg, signer, err);
	if (r == 0)
		*ret = arena_dup(arena, bld_view(&out));
	bld_free(&tbs);
	bld_free(&out);
	EVP_PKEY_CTX_free(signer);
	return r;
}

/* Below an issuer: its name and key identifier; not longer than it lives. */
static int
put_below(struct cert *cert, const struct pki_issuer *issuer,
    struct err *err)
{
	struct pki_certificate ca;
	int r = pki_read(issuer->certificate, &ca, err);

	if (r < 0)
		return r;
	r = pki_check_key(issuer->certificate, issuer->key, err);
	if (r < 0)
		return r;
	if (ca.not_after_s <= cert->not_before_s + BACKDATE_S)
		return err_set(err, ERR_CONFIG, "RFC 5280 6.1.3",
		    "the issuing certificate has expired");
	if (cert->not_after_s > ca.not_after_s)
		cert->not_after_s = ca.not_after_s;
	if (cert->not_before_s < ca.not_before_s)
		cert->not_before_s = ca.not_before_s;
	if (ca.subject_key_id.len == 0)
		return err_set(err, ERR_CONFIG, "BR 7.1.2.11.1",
		    "the issuing certificate has no subjectKeyIdentifier");
	cert->issuer = ca.subject;
	cert->authority_key_id = ca.subject_key_id;
	return 0;
}

int
pki_make_root(const struct env *env, EVP_PKEY *key, const char *name,
    int64_t days, struct arena *arena, struct span *ret, struct err *err)
{
	uint8_t key_id[CERT_KEY_ID_SIZE];
	struct cert cert;
	struct bld issuer;
	int r = check_name(name, err);

	if (r == 0)
		r = begin(env, key, days == 0 ? PKI_ROOT_DAYS : days, arena,
		    &cert, err);
	if (r == 0)
		r = cert_key_id(cert.spki, key_id, err);
	if (r < 0)
		return r;
	bld_init(&issuer, CERT_DER_MAX);
	cert_put_name(&issuer, span_str(name));
	cert.issuer = bld_view(&issuer);
	cert.common_name = span_str(name);
	cert.ca = true;
	cert.key_usage = CERT_KEY_CERT_SIGN | CERT_CRL_SIGN;
	cert.subject_key_id = span_of(key_id, sizeof(key_id));
	cert.authority_key_id = cert.subject_key_id; /* BR 7.1.2.1.3 */
	r = finish(&cert, key, arena, ret, err);
	bld_free(&issuer);
	return r;
}

static int
make_ca(const struct env *env, const struct pki_issuer *root, EVP_PKEY *key,
    const char *name, const struct ident_list *permitted, int64_t days,
    struct arena *arena, struct span *ret, struct err *err)
{
	uint8_t key_id[CERT_KEY_ID_SIZE];
	struct cert cert;
	int r = check_name(name, err);

	if (r == 0)
		r = begin(env, key, days, arena, &cert, err);
	if (r == 0)
		r = put_below(&cert, root, err);
	if (r == 0)
		r = cert_key_id(cert.spki, key_id, err);
	if (r < 0)
		return r;
	cert.common_name = span_str(name);
	cert.ca = true;
	cert.path_len = 0;
	cert.key_usage = CERT_DIGITAL_SIGNATURE | CERT_KEY_CERT_SIGN |
	    CERT_CRL_SIGN;
	cert.server_auth = true;
	cert.subject_key_id = span_of(key_id, sizeof(key_id));
	cert.permitted = permitted;
	return finish(&cert, root->key, arena, ret, err);
}

int
pki_make_intermediate(const struct env *env, const struct pki_issuer *root,
    EVP_PKEY *key, const char *name, int64_t days, struct arena *arena,
    struct span *ret, struct err *err)
{
	return make_ca(env, root, key, name, NULL,
	    days == 0 ? PKI_INTERMEDIATE_DAYS : days, arena, ret, err);
}

int
pki_make_api_ca(const struct env *env, const struct pki_issuer *root,
    EVP_PKEY *key, const char *name, const struct ident_list *names,
    int64_t days, struct arena *arena, struct span *ret, struct err *err)
{
	if (names->count == 0)
		return err_set(err, ERR_CONFIG, "RFC 5280 4.2.1.10",
		    "the API's CA needs at least one name to be bound to");
	return make_ca(env, root, key, name, names,
	    days == 0 ? PKI_API_CA_DAYS : days, arena, ret, err);
}

int
pki_make_api_leaf(const struct env *env, const struct pki_issuer *api_ca,
    EVP_PKEY *key, const struct ident_list *names, int64_t days,
    struct arena *arena, struct span *ret, struct err *err)
{
	struct cert cert;
	int r = begin(env, key, days == 0 ? PKI_API_LEAF_DAYS : days, arena,
	    &cert, err);

	if (r == 0)
		r = put_below(&cert, api_ca, err);
	if (r < 0)
		return r;
	cert.key_usage = CERT_DIGITAL_SIGNATURE;
	cert.server_auth = true;
	cert.names = names;
	return finish(&cert, api_ca->key, arena, ret, err);
}

static struct span
read_common_name(struct span subject)
{
	struct cur cur = CUR_OF(subject);
	struct cur rdns = der_enter(&cur, DER_SEQUENCE);

	while (!rdns.failed && rdns.rest.len > 0) {
		struct cur set = der_enter(&rdns, DER_SET);
		struct cur pair = der_enter(&set, DER_SEQUENCE);
		struct span oid = der_take(&pair, DER_OID);
		uint8_t tag;
		struct span text = der_take_any(&pair, &tag);

		if (!pair.failed && span_equal(oid, OID_COMMON_NAME))
			return text;
	}
	return SPAN_NONE;
}

/* RFC 5280 4.2.1.2, from what follows the key in a TBSCertificate. */
static struct span
read_subject_key_id(struct cur *tbs)
{
	struct cur tagged = der_enter(tbs, DER_CONTEXT(3));
	struct cur list = der_enter(&tagged, DER_SEQUENCE);

	while (!list.failed && list.rest.len > 0) {
		struct cur ext = der_enter(&list, DER_SEQUENCE);
		struct span oid = der_take(&ext, DER_OID);
		struct cur value;

		if (der_next_is(&ext, DER_BOOLEAN))
			der_take_bool(&ext);
		value = der_enter(&ext, DER_OCTET_STRING);
		if (!ext.failed && span_equal(oid, OID_SUBJECT_KEY_ID))
			return der_take(&value, DER_OCTET_STRING);
	}
	return SPAN_NONE;
}

int
pki_read(struct span certificate, struct pki_certificate *ret,
    struct err *err)
{
	struct cur cur = CUR_OF(certificate);
	struct cur whole = der_enter(&cur, DER_SEQUENCE);
	struct cur tbs = der_enter(&whole, DER_SEQUENCE), validity;

	der_take_whole(&whole, DER_SEQUENCE);
	der_take_bits(&whole);
	der_take(&tbs, DER_CONTEXT(0));
	der_take(&tbs, DER_INTEGER);
	der_take(&tbs, DER_SEQUENCE);
	der_take(&tbs, DER_SEQUENCE);
	validity = der_enter(&tbs, DER_SEQUENCE);
	ret->not_before_s = der_take_time(&validity);
	ret->not_after_s = der_take_time(&validity);
	ret->subject = der_take_whole(&tbs, DER_SEQUENCE);
	ret->common_name = read_common_name(ret->subject);
	ret->spki = der_take_whole(&tbs, DER_SEQUENCE);
	ret->subject_key_id = read_subject_key_id(&tbs);
	if (tbs.failed || cur_end(&validity) < 0 || cur_end(&whole) < 0 ||
	    cur_end(&cur) < 0)
		return err_set(err, ERR_CONFIG, "RFC 5280 4.1",
		    "it is not a DER X.509 v3 certificate");
	return 0;
}

int
pki_check_key(struct span certificate, EVP_PKEY *key, struct err *err)
{
	struct pki_certificate read;
	struct arena arena = { 0 };
	struct span spki;
	int r = pki_read(certificate, &read, err);

	if (r == 0)
		r = key_to_spki(key, &arena, &spki, err);
	if (r == 0 && !span_equal(spki, read.spki))
		r = err_set(err, ERR_CONFIG, NULL,
		    "the certificate is for another key");
	arena_free(&arena);
	return r;
}

int
pki_from_pem(struct span pem, struct arena *arena, struct span *ret,
    size_t max, size_t *ret_count, struct err *err)
{
	BIO *bio = pem.len > INT32_MAX ? NULL :
	    BIO_new_mem_buf(pem.data, (int)pem.len);
	char *name, *header;
	unsigned char *der;
	long len;
	int r = 0;

	*ret_count = 0;
	while (bio != NULL && r == 0 &&
	    PEM_read_bio(bio, &name, &header, &der, &len) == 1) {
		if (strcmp(name, PEM_STRING_X509) != 0 || len <= 0)
			r = err_set(err, ERR_CONFIG, "RFC 7468 5",
			    "it holds something else than PEM certificates");
		else if (*ret_count == max)
			r = err_set(err, ERR_CONFIG, NULL,
			    "it holds more than %zu certificates", max);
		else
			ret[(*ret_count)++] = arena_dup(arena,
			    span_of(der, (size_t)len));
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	BIO_free(bio);
	/* The text's end is the one good reason for there being no more. */
	if (r == 0 && *ret_count > 0 && ERR_GET_REASON(ERR_peek_last_error())
	    != PEM_R_NO_START_LINE)
		r = err_set(err, ERR_CONFIG, "RFC 7468 5",
		    "a certificate in it is cut short or damaged");
	ERR_clear_error();
	if (r == 0 && *ret_count == 0)
		r = err_set(err, ERR_CONFIG, "RFC 7468 5",
		    "it holds no PEM certificate (\"-----BEGIN "
		    "CERTIFICATE-----\")");
	return r;
}
