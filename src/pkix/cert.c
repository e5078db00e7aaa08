/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/cert.h"

#include <arpa/inet.h>

#include "pkix/der.h"
#include "pkix/oid.h"

#define GENERAL_NAME_DNS DER_CONTEXT_PRIMITIVE(2) /* RFC 5280 4.2.1.6 */
#define GENERAL_NAME_IP DER_CONTEXT_PRIMITIVE(7)

void
cert_make_serial(const struct env *env, uint8_t ret[CERT_SERIAL_SIZE])
{
	env_random(env, ret, CERT_SERIAL_SIZE);
	ret[0] = (uint8_t)((ret[0] & 0x3f) | 0x40);
}

int
cert_key_id(struct span spki, uint8_t ret[CERT_KEY_ID_SIZE], struct err *err)
{
	struct cur cur = CUR_OF(spki);
	struct cur in = der_enter(&cur, DER_SEQUENCE);
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct span bits;

	der_take(&in, DER_SEQUENCE);
	bits = der_take_bits(&in);
	if (cur_end(&in) < 0 || EVP_Digest(bits.data, bits.len, hash, NULL,
	    EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_INTERNAL, "RFC 7093 2",
		    "cannot make a key identifier");
	memcpy(ret, hash, CERT_KEY_ID_SIZE);
	return 0;
}

void
cert_put_name(struct bld *out, struct span common_name)
{
	size_t name = der_begin(out, DER_SEQUENCE), set, pair;

	if (common_name.len > 0) {
		set = der_begin(out, DER_SET);
		pair = der_begin(out, DER_SEQUENCE);
		der_put(out, DER_OID, OID_COMMON_NAME);
		der_put(out, DER_UTF8_STRING, common_name);
		der_end(out, pair);
		der_end(out, set);
	}
	der_end(out, name);
}

static size_t
address_octets(const struct ident *ident, uint8_t ret[16])
{
	char text[INET6_ADDRSTRLEN];
	bool v6;

	if (ident->value.len >= sizeof(text))
		return 0;
	memcpy(text, ident->value.data, ident->value.len);
	text[ident->value.len] = '\0';
	v6 = strchr(text, ':') != NULL;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, text, ret) != 1)
		return 0;
	return v6 ? 16 : 4;
}

static void
put_general_name(struct bld *out, const struct ident *ident, bool masked)
{
	uint8_t octets[32];
	size_t len;

	switch (ident->type) {
	case IDENT_DNS:
		der_put(out, GENERAL_NAME_DNS, ident->value);
		return;
	case IDENT_IP:
		break;
	}
	len = address_octets(ident, octets);
	if (len == 0) {
		out->failed = true;
		return;
	}
	if (masked) { /* RFC 5280 4.2.1.10: an address and its mask */
		memset(octets + len, 0xff, len);
		len *= 2;
	}
	der_put(out, GENERAL_NAME_IP, span_of(octets, len));
}

static void
put_subject_key_id(struct bld *out, const struct cert *cert)
{
	der_put(out, DER_OCTET_STRING, cert->subject_key_id);
}

static void
put_authority_key_id(struct bld *out, const struct cert *cert)
{
	size_t at = der_begin(out, DER_SEQUENCE);

	der_put(out, DER_CONTEXT_PRIMITIVE(0), cert->authority_key_id);
	der_end(out, at);
}

static void
put_basic_constraints(struct bld *out, const struct cert *cert)
{
	size_t at = der_begin(out, DER_SEQUENCE);
	uint8_t path_len = (uint8_t)cert->path_len;

	if (cert->ca) {
		der_put_bool(out, true);
		if (cert->path_len != CERT_NO_PATH_LEN)
			der_put(out, DER_INTEGER, span_of(&path_len, 1));
	}
	der_end(out, at);
}

/* X.690 11.2.2: no trailing zero bits in a named bit list. */
static void
put_key_usage(struct bld *out, const struct cert *cert)
{
	uint8_t octets[2] = { 0, (uint8_t)cert->key_usage };

	while ((octets[1] >> octets[0] & 1) == 0 && octets[0] < 7)
		octets[0]++;
	der_put(out, DER_BIT_STRING, span_of(octets, sizeof(octets)));
}

static void
put_ext_key_usage(struct bld *out, const struct cert *cert)
{
	size_t at = der_begin(out, DER_SEQUENCE);

	(void)cert;
	der_put(out, DER_OID, OID_SERVER_AUTH);
	der_end(out, at);
}

void
cert_put_names(struct bld *out, const struct ident_list *names)
{
	size_t at = der_begin(out, DER_SEQUENCE);

	for (size_t i = 0; i < names->count; i++)
		put_general_name(out, &names->items[i], false);
	der_end(out, at);
}

static void
put_subject_alt_name(struct bld *out, const struct cert *cert)
{
	cert_put_names(out, cert->names);
}

static void
put_policies(struct bld *out, const struct cert *cert)
{
	size_t at = der_begin(out, DER_SEQUENCE);
	size_t policy = der_begin(out, DER_SEQUENCE);

	(void)cert;
	der_put(out, DER_OID, OID_DOMAIN_VALIDATED);
	der_end(out, policy);
	der_end(out, at);
}

/* RFC 8737 3: Authorization, an OCTET STRING. */
static void
put_acme_identifier(struct bld *out, const struct cert *cert)
{
	der_put(out, DER_OCTET_STRING, cert->acme_identifier);
}

static bool
has_type(const struct ident_list *list, enum ident_type type)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].type == type)
			return true;
	return false;
}

static void
put_subtree(struct bld *out, uint8_t tag, struct span base)
{
	size_t at = der_begin(out, DER_SEQUENCE);

	der_put(out, tag, base);
	der_end(out, at);
}

/* RFC 5280 4.2.1.10: a type that is not mentioned is not constrained, so
 * types of which nothing is permitted are excluded as a whole. */
static void
put_excluded(struct bld *out, const struct ident_list *permitted)
{
	static const uint8_t zeros[32];
	size_t at;

	if (has_type(permitted, IDENT_DNS) && has_type(permitted, IDENT_IP))
		return;
	at = der_begin(out, DER_CONTEXT(1));
	if (!has_type(permitted, IDENT_DNS))
		put_subtree(out, GENERAL_NAME_DNS, SPAN_NONE);
	if (!has_type(permitted, IDENT_IP)) {
		put_subtree(out, GENERAL_NAME_IP, span_of(zeros, 8));
		put_subtree(out, GENERAL_NAME_IP, span_of(zeros, 32));
	}
	der_end(out, at);
}

static void
put_name_constraints(struct bld *out, const struct cert *cert)
{
	const struct ident_list *permitted = cert->permitted;
	size_t at = der_begin(out, DER_SEQUENCE);
	size_t list = der_begin(out, DER_CONTEXT(0));

	for (size_t i = 0; i < permitted->count; i++) {
		size_t subtree = der_begin(out, DER_SEQUENCE);

		put_general_name(out, &permitted->items[i], true);
		der_end(out, subtree);
	}
	der_end(out, list);
	put_excluded(out, permitted);
	der_end(out, at);
}

static bool
never_critical(const struct cert *cert)
{
	(void)cert;
	return false;
}

static bool
always_critical(const struct cert *cert)
{
	(void)cert;
	return true;
}

/* RFC 5280 4.2.1.6, BR 7.1.2.7.12. */
static bool
critical_without_subject(const struct cert *cert)
{
	return cert->common_name.len == 0;
}

static bool wants_basic(const struct cert *c) { (void)c; return true; }
static bool wants_usage(const struct cert *c) { return c->key_usage != 0; }
static bool wants_eku(const struct cert *c) { return c->server_auth; }
static bool wants_names(const struct cert *c) { return c->names != NULL; }
static bool wants_policy(const struct cert *c) { return c->domain_validated; }
static bool
wants_constraints(const struct cert *c)
{
	return c->permitted != NULL;
}
static bool
wants_subject_id(const struct cert *c)
{
	return c->subject_key_id.len > 0;
}
static bool
wants_authority_id(const struct cert *c)
{
	return c->authority_key_id.len > 0;
}
static bool
wants_acme(const struct cert *c)
{
	return c->acme_identifier.len > 0;
}

struct extension {
	struct span oid;
	bool (*wanted)(const struct cert *cert);
	bool (*critical)(const struct cert *cert);
	void (*put)(struct bld *out, const struct cert *cert);
};

static void
put_extensions(struct bld *out, const struct cert *cert)
{
	const struct extension rows[] = {
		{ OID_KEY_USAGE, wants_usage, always_critical,
		    put_key_usage },
		{ OID_EXT_KEY_USAGE, wants_eku, never_critical,
		    put_ext_key_usage },
		{ OID_BASIC_CONSTRAINTS, wants_basic, always_critical,
		    put_basic_constraints },
		{ OID_SUBJECT_KEY_ID, wants_subject_id, never_critical,
		    put_subject_key_id },
		{ OID_AUTHORITY_KEY_ID, wants_authority_id, never_critical,
		    put_authority_key_id },
		{ OID_SUBJECT_ALT_NAME, wants_names, critical_without_subject,
		    put_subject_alt_name },
		{ OID_CERTIFICATE_POLICIES, wants_policy, never_critical,
		    put_policies },
		{ OID_NAME_CONSTRAINTS, wants_constraints, always_critical,
		    put_name_constraints },
		{ OID_ACME_IDENTIFIER, wants_acme, always_critical,
		    put_acme_identifier },
	};
	size_t tagged = der_begin(out, DER_CONTEXT(3));
	size_t list = der_begin(out, DER_SEQUENCE);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t ext, value;

		if (!rows[i].wanted(cert))
			continue;
		ext = der_begin(out, DER_SEQUENCE);
		der_put(out, DER_OID, rows[i].oid);
		if (rows[i].critical(cert))
			der_put_bool(out, true);
		value = der_begin(out, DER_OCTET_STRING);
		rows[i].put(out, cert);
		der_end(out, value);
		der_end(out, ext);
	}
	der_end(out, list);
	der_end(out, tagged);
}

void
cert_put_tbs(struct bld *out, const struct cert *cert,
    const struct sigalg *alg)
{
	static const uint8_t v3 = 2;
	size_t tbs = der_begin(out, DER_SEQUENCE);
	size_t part = der_begin(out, DER_CONTEXT(0));

	der_put(out, DER_INTEGER, span_of(&v3, 1));
	der_end(out, part);
	der_put_positive(out, span_of(cert->serial, sizeof(cert->serial)));
	bld_span(out, alg->der);
	bld_span(out, cert->issuer);
	part = der_begin(out, DER_SEQUENCE);
	der_put_time(out, cert->not_before_s);
	der_put_time(out, cert->not_after_s);
	der_end(out, part);
	cert_put_name(out, cert->common_name);
	bld_span(out, cert->spki);
	put_extensions(out, cert);
	der_end(out, tbs);
}

int
cert_sign(struct bld *out, struct span tbs, const struct sigalg *alg,
    EVP_PKEY_CTX *signer, struct err *err)
{
	size_t whole = der_begin(out, DER_SEQUENCE), bits;
	int r;

	bld_span(out, tbs);
	bld_span(out, alg->der);
	bits = der_begin(out, DER_BIT_STRING);
	bld_u8(out, 0);
	r = sigalg_sign(alg, signer, tbs, out, err);
	der_end(out, bits);
	der_end(out, whole);
	if (r == 0 && bld_end(out) < 0)
		r = err_set(err, ERR_INTERNAL, NULL,
		    "a certificate would have more than %d bytes",
		    CERT_DER_MAX);
	return r;
}
