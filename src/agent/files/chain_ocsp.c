/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the issuer's OCSP responder is asked about the leaf, and what it says
 * (RFC 6960, in the profile of RFC 5019).
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>

#include "agent/files/chain.h"

struct about { /* NULL is valid */
	X509 *leaf, *issuer;
	OCSP_CERTID *id;
};

static int
about_open(struct about *about, const struct chain *chain, struct err *err)
{
	*about = (struct about){ 0 };
	if (chain->count >= 2) {
		about->leaf = chain_decode(chain->certificates[0]);
		about->issuer = chain_decode(chain->certificates[1]);
	}
	/* SHA-1: RFC 5019 2.1.1. */
	if (about->leaf != NULL && about->issuer != NULL)
		about->id = OCSP_cert_to_id(NULL, about->leaf, about->issuer);
	return about->id != NULL ? 0 : err_set(err, ERR_MALFORMED, NULL,
	    "OCSP needs the issuer's certificate, which the chain does not "
	    "have");
}

static void
about_close(struct about *about)
{
	OCSP_CERTID_free(about->id);
	X509_free(about->leaf);
	X509_free(about->issuer);
	ERR_clear_error();
}

int
chain_make_ocsp(const struct chain *chain, struct bld *out, struct err *err)
{
	OCSP_REQUEST *request = OCSP_REQUEST_new();
	unsigned char *der = NULL;
	struct about about;
	int len = 0, r = about_open(&about, chain, err);

	/* Without a nonce: RFC 5019 2.1.1. */
	if (r == 0 && request != NULL &&
	    OCSP_request_add0_id(request, about.id) != NULL) {
		about.id = NULL; /* the request's now */
		len = i2d_OCSP_REQUEST(request, &der);
	}
	if (len > 0)
		bld_bytes(out, der, (size_t)len);
	if (r == 0 && (len <= 0 || bld_end(out) < 0))
		r = err_set(err, ERR_INTERNAL, NULL, "an OCSP request cannot "
		    "be made");
	OPENSSL_free(der);
	OCSP_REQUEST_free(request);
	about_close(&about);
	return r;
}

/* RFC 6960 4.2.2.1: what was said too long ago, or will be said, is not. */
static int
read_status(OCSP_BASICRESP *basic, OCSP_CERTID *id, int64_t now_s,
    struct files_ocsp *ret, struct err *err)
{
	ASN1_GENERALIZEDTIME *this = NULL, *next = NULL, *revoked = NULL;
	int status = -1, reason = -1;

	if (OCSP_resp_find_status(basic, id, &status, &reason, &revoked,
	    &this, &next) != 1)
		return err_set(err, ERR_MALFORMED, "RFC 6960 3.2",
		    "the OCSP response is about another certificate");
	ret->this_s = chain_seconds(this);
	ret->next_s = chain_seconds(next);
	/* Without an end, who sits on the way could show it for ever. */
	if (ret->this_s > now_s + CHAIN_EARLY_MAX_S ||
	    (next == NULL && ret->this_s < now_s - CHAIN_OCSP_OLD_S) ||
	    (next != NULL && (ret->next_s <= now_s ||
	    ret->next_s <= ret->this_s)))
		return err_set(err, ERR_MALFORMED, "RFC 6960 3.2",
		    "the OCSP response is not of now; look at this host's "
		    "clock");
	ret->revoked_s = chain_seconds(revoked);
	ret->reason = reason < 0 || reason > INT8_MAX ? -1 : (int8_t)reason;
	ret->status = status == V_OCSP_CERTSTATUS_GOOD ? FILES_OCSP_GOOD :
	    status == V_OCSP_CERTSTATUS_REVOKED ? FILES_OCSP_REVOKED :
	    FILES_OCSP_UNKNOWN;
	return 0;
}

/* By the issuer, or by whom the issuer has certified for it. */
static bool
is_signed(OCSP_BASICRESP *basic, X509 *issuer)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *certificates = sk_X509_new_null();
	bool ok = store != NULL && certificates != NULL &&
	    X509_STORE_add_cert(store, issuer) == 1 &&
	    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
	    sk_X509_push(certificates, issuer) > 0 &&
	    OCSP_basic_verify(basic, certificates, store, 0) == 1;

	sk_X509_free(certificates);
	X509_STORE_free(store);
	return ok;
}

static int
read_basic(const struct about *about, OCSP_RESPONSE *response, int64_t now_s,
    struct files_ocsp *ret, struct err *err)
{
	OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
	struct files_ocsp said = { 0 };
	int r;

	if (basic == NULL)
		r = err_set(err, ERR_MALFORMED, "RFC 6960 4.2.1",
		    "the OCSP response has no basic response");
	else
		r = read_status(basic, about->id, now_s, &said, err);
	if (r == 0 && !is_signed(basic, about->issuer))
		r = err_set(err, ERR_MALFORMED, "RFC 6960 3.2",
		    "the OCSP response is signed neither by the certificate's "
		    "issuer nor by whom it has certified for that");
	if (r == 0)
		*ret = said;
	OCSP_BASICRESP_free(basic);
	return r;
}

int
chain_read_ocsp(const struct chain *chain, struct span response,
    int64_t now_ms, struct files_ocsp *ret, struct err *err)
{
	const unsigned char *at = response.data;
	OCSP_RESPONSE *outer = d2i_OCSP_RESPONSE(NULL, &at,
	    (long)response.len);
	struct about about;
	int r = about_open(&about, chain, err);

	*ret = (struct files_ocsp){ 0 };
	if (r == 0 && (outer == NULL || at != response.data + response.len))
		r = err_set(err, ERR_MALFORMED, "RFC 6960 4.2.1",
		    "the OCSP responder's answer is no OCSP response");
	else if (r == 0 && OCSP_response_status(outer) !=
	    OCSP_RESPONSE_STATUS_SUCCESSFUL)
		r = err_set(err, ERR_INCORRECT_RESPONSE, "RFC 6960 4.2.1",
		    "the OCSP responder says \"%s\"",
		    OCSP_response_status_str(OCSP_response_status(outer)));
	if (r == 0)
		r = read_basic(&about, outer, now_ms / 1000, ret, err);
	OCSP_RESPONSE_free(outer);
	about_close(&about);
	return r;
}
