/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/csr.h"

#include <arpa/inet.h>

#include "pkix/cert.h"
#include "pkix/der.h"
#include "pkix/key.h"
#include "pkix/oid.h"
#include "pkix/sigalg.h"

#define GENERAL_NAME_DNS DER_CONTEXT_PRIMITIVE(2) /* RFC 5280 4.2.1.6 */
#define GENERAL_NAME_IP DER_CONTEXT_PRIMITIVE(7)
#define ATTRIBUTES_MAX 16
#define EXTENSIONS_MAX 32
#define RDNS_MAX 32
/* RFC 2986 4.1 wants 0, but ruby acme-client, among others, writes the 2 of a
 * certificate's v3. No version but the first ever was. */
#define VERSION_MAX 2
#define TLS_STATUS_REQUEST 5     /* RFC 7633 4.2.2, RFC 6066 8 */
#define TLS_STATUS_REQUEST_V2 17

struct parse {
	struct csr *csr;
	struct arena *arena;
	bool has_extensions;
	bool has_names;
};

static int
bad_form(const char *what, struct err *err)
{
	return err_set(err, ERR_BAD_CSR, "RFC 2986 4",
	    "the CSR is not a DER certification request: %s", what);
}

/* Names of other kinds of error belong to the CSR here: RFC 8555 7.4. */
static int
as_bad_csr(struct err *err)
{
	if (err != NULL)
		err->kind = ERR_BAD_CSR;
	return -(int)ERR_BAD_CSR;
}

static int
add_name(struct parse *parse, const struct ident *name, struct err *err)
{
	struct ident_list *names = &parse->csr->names;

	for (size_t i = 0; i < names->count; i++)
		if (ident_compare(&names->items[i], name) == 0)
			return 0;
	if (names->count == IDENT_LIST_MAX)
		return err_set(err, ERR_BAD_CSR, "RFC 8555 7.4",
		    "the CSR has more than %d names", IDENT_LIST_MAX);
	names->items[names->count++] = *name;
	return 0;
}

static int
add_address(struct parse *parse, struct span octets, struct err *err)
{
	char text[INET6_ADDRSTRLEN];
	struct ident name;

	if ((octets.len != 4 && octets.len != 16) ||
	    inet_ntop(octets.len == 4 ? AF_INET : AF_INET6, octets.data, text,
	    sizeof(text)) == NULL)
		return bad_form("an iPAddress has neither 4 nor 16 octets",
		    err);
	if (ident_parse(SPAN_LIT("ip"), span_str(text), parse->arena, &name,
	    err) < 0)
		return as_bad_csr(err);
	return add_name(parse, &name, err);
}

static int
parse_names(struct parse *parse, struct span value, struct err *err)
{
	struct cur cur = CUR_OF(value);
	struct cur names = der_enter(&cur, DER_SEQUENCE);
	struct ident name;
	int r = 0;

	if (parse->has_names)
		return bad_form("it has two subjectAltName extensions", err);
	parse->has_names = true;
	while (r == 0 && !names.failed && names.rest.len > 0) {
		uint8_t tag;
		struct span text = der_take_any(&names, &tag);

		if (names.failed)
			break;
		if (tag == GENERAL_NAME_IP)
			r = add_address(parse, text, err);
		else if (tag != GENERAL_NAME_DNS)
			r = err_set(err, ERR_BAD_CSR, "BR 7.1.2.7.12",
			    "the CSR's subjectAltName has a name that is "
			    "neither dNSName nor iPAddress");
		else if (ident_parse(SPAN_LIT("dns"), text, parse->arena,
		    &name, err) < 0)
			r = as_bad_csr(err);
		else
			r = add_name(parse, &name, err);
	}
	if (r == 0 && (cur_end(&names) < 0 || cur_end(&cur) < 0))
		r = bad_form("its subjectAltName is malformed", err);
	return r;
}

static int
parse_basic_constraints(struct span value, struct err *err)
{
	struct cur cur = CUR_OF(value);
	struct cur in = der_enter(&cur, DER_SEQUENCE);

	if (der_next_is(&in, DER_BOOLEAN) && der_take_bool(&in))
		return err_set(err, ERR_BAD_CSR, "BR 7.1.2.7.8",
		    "the CSR asks for a CA certificate (CA:TRUE)");
	if (in.failed)
		return bad_form("its basicConstraints is malformed", err);
	return 0;
}

static int
parse_tls_features(struct parse *parse, struct span value, struct err *err)
{
	struct cur cur = CUR_OF(value);
	struct cur in = der_enter(&cur, DER_SEQUENCE);

	while (!in.failed && in.rest.len > 0) {
		uint64_t feature = der_take_uint(&in, UINT16_MAX);

		if (feature == TLS_STATUS_REQUEST ||
		    feature == TLS_STATUS_REQUEST_V2)
			parse->csr->must_staple = true;
	}
	if (in.failed || cur_end(&cur) < 0)
		return bad_form("its TLS feature extension is malformed",
		    err);
	return 0;
}

/* Extensions that are not looked at (keyUsage, extKeyUsage and whatever a
 * client's software adds) do not get into the certificate, which has those
 * of its profile: RFC 8555 7.4 leaves that to the CA. */
static int
parse_extension(struct parse *parse, struct cur *list, struct err *err)
{
	struct cur ext = der_enter(list, DER_SEQUENCE);
	struct span oid = der_take(&ext, DER_OID), value;

	if (der_next_is(&ext, DER_BOOLEAN))
		der_take_bool(&ext);
	value = der_take(&ext, DER_OCTET_STRING);
	if (cur_end(&ext) < 0)
		return bad_form("an extension is malformed", err);
	if (span_equal(oid, OID_SUBJECT_ALT_NAME))
		return parse_names(parse, value, err);
	if (span_equal(oid, OID_BASIC_CONSTRAINTS))
		return parse_basic_constraints(value, err);
	if (span_equal(oid, OID_TLS_FEATURE))
		return parse_tls_features(parse, value, err);
	return 0;
}

static int
parse_extensions(struct parse *parse, struct span value, struct err *err)
{
	struct cur cur = CUR_OF(value);
	struct cur list = der_enter(&cur, DER_SEQUENCE);
	int r = 0;

	if (parse->has_extensions)
		return bad_form("it has two extensionRequest attributes",
		    err);
	parse->has_extensions = true;
	for (int i = 0; r == 0 && !list.failed && list.rest.len > 0; i++)
		r = i == EXTENSIONS_MAX ?
		    bad_form("it asks for too many extensions", err) :
		    parse_extension(parse, &list, err);
	if (r == 0 && (cur_end(&list) < 0 || cur_end(&cur) < 0))
		r = bad_form("its extensionRequest is malformed", err);
	return r;
}

/* RFC 2985 5.4. Attributes other than extensionRequest (challengePassword,
 * unstructuredName) say nothing that a certificate could hold. */
static int
parse_attributes(struct parse *parse, struct cur *info, struct err *err)
{
	struct cur list;
	int r = 0;

	if (info->rest.len == 0) /* left out by some old software */
		return 0;
	list = der_enter(info, DER_CONTEXT(0));
	for (int i = 0; r == 0 && !list.failed && list.rest.len > 0; i++) {
		struct cur attribute = der_enter(&list, DER_SEQUENCE);
		struct span oid = der_take(&attribute, DER_OID);
		struct span values = der_take(&attribute, DER_SET);

		if (cur_end(&attribute) < 0 || i == ATTRIBUTES_MAX)
			r = bad_form("an attribute is malformed", err);
		else if (span_equal(oid, OID_EXTENSION_REQUEST))
			r = parse_extensions(parse, values, err);
	}
	if (r == 0 && cur_end(&list) < 0)
		r = bad_form("its attributes are malformed", err);
	return r;
}

/* RFC 8555 7.4: a commonName is one more identifier of the request. */
static int
add_common_name(struct parse *parse, struct span text, struct err *err)
{
	struct ident name;

	if (text.len == 0)
		return 0;
	if (parse->csr->common_name.len > 0)
		return err_set(err, ERR_BAD_CSR, "RFC 8555 7.4",
		    "the CSR's subject has several commonNames");
	if (ident_parse(SPAN_LIT("ip"), text, parse->arena, &name, NULL) == 0)
		return add_name(parse, &name, err);
	if (ident_parse(SPAN_LIT("dns"), text, parse->arena, &name, err) < 0) {
		err_prefix(err, "the CSR's commonName is no name to certify");
		return as_bad_csr(err);
	}
	parse->csr->common_name = name.value;
	return add_name(parse, &name, err);
}

static int
parse_subject(struct parse *parse, struct cur *info, struct err *err)
{
	struct cur rdns = der_enter(info, DER_SEQUENCE);
	int r = 0;

	for (int i = 0; r == 0 && !rdns.failed && rdns.rest.len > 0; i++) {
		struct cur set = der_enter(&rdns, DER_SET);
		struct cur pair = der_enter(&set, DER_SEQUENCE);
		struct span oid = der_take(&pair, DER_OID);
		uint8_t tag;
		struct span text = der_take_any(&pair, &tag);

		if (cur_end(&pair) < 0 || cur_end(&set) < 0 || i == RDNS_MAX)
			r = bad_form("its subject is malformed or has more "
			    "than one value in one place", err);
		else if (span_equal(oid, OID_COMMON_NAME))
			r = add_common_name(parse, text, err);
	}
	if (r == 0 && rdns.failed)
		r = bad_form("its subject is malformed", err);
	return r;
}

static int
parse_info(struct parse *parse, struct span info_der, struct err *err)
{
	struct cur outer = CUR_OF(info_der);
	struct cur info = der_enter(&outer, DER_SEQUENCE);
	struct csr *csr = parse->csr;
	int r;

	der_take_uint(&info, VERSION_MAX);
	if (info.failed)
		return bad_form("its version is none", err);
	r = parse_subject(parse, &info, err);
	if (r < 0)
		return r;
	csr->spki = arena_dup(parse->arena,
	    der_take_whole(&info, DER_SEQUENCE));
	if (info.failed)
		return bad_form("it has no public key", err);
	r = parse_attributes(parse, &info, err);
	if (r < 0)
		return r;
	if (cur_end(&info) < 0 || cur_end(&outer) < 0)
		return bad_form("bytes follow its attributes", err);
	if (csr->names.count == 0)
		return err_set(err, ERR_BAD_CSR, "RFC 8555 7.4",
		    "the CSR names nothing: put the order's identifiers into "
		    "its subjectAltName extension");
	ident_list_sort(&csr->names);
	return 0;
}

/* Cheap checks first, the signature last: RFC 8555 11.1 wants it verified,
 * not trusted. */
static int
check_key(struct csr *csr, struct span info, struct span algorithm,
    struct span signature, struct err *err)
{
	const struct sigalg *alg = sigalg_from_der(algorithm);
	EVP_PKEY_CTX *verifier;
	EVP_PKEY *key;
	int r;

	if (alg == NULL)
		return err_set(err, ERR_BAD_CSR, "BR 7.1.3.2",
		    "the CSR is signed with an algorithm that is not allowed; "
		    "use ECDSA or RSA PKCS#1 v1.5 with SHA-256");
	r = key_lend(csr->spki, &verifier, err);
	if (r < 0)
		return as_bad_csr(err);
	key = EVP_PKEY_CTX_get0_pkey(verifier);
	r = key_check(key, KEY_USE_CERTIFICATE, err);
	if (r == -(int)ERR_BAD_PUBLIC_KEY)
		return as_bad_csr(err);
	if (r == 0 && !sigalg_verify(alg, verifier, info, signature))
		return err_set(err, ERR_BAD_CSR, "RFC 2986 4.2",
		    "the CSR's signature is not by its own key");
	csr->key_type = EVP_PKEY_get_base_id(key);
	return r;
}

struct span
csr_find_spki(struct span der)
{
	struct cur cur = CUR_OF(der);
	struct cur request = der_enter(&cur, DER_SEQUENCE);
	struct cur info = der_enter(&request, DER_SEQUENCE);
	struct span spki;

	der_take_uint(&info, VERSION_MAX);
	der_take(&info, DER_SEQUENCE); /* the subject */
	spki = der_take_whole(&info, DER_SEQUENCE);
	return info.failed || request.failed ? SPAN_NONE : spki;
}

int
csr_parse(struct span der, struct arena *arena, struct csr *ret,
    struct err *err)
{
	struct parse parse = { .csr = ret, .arena = arena };
	struct cur cur = CUR_OF(der), request;
	struct span info, algorithm, signature;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (der.len > CSR_DER_MAX)
		return bad_form("it is too long", err);
	request = der_enter(&cur, DER_SEQUENCE);
	info = der_take_whole(&request, DER_SEQUENCE);
	algorithm = der_take_whole(&request, DER_SEQUENCE);
	signature = der_take_bits(&request);
	if (cur_end(&request) < 0 || cur_end(&cur) < 0)
		return bad_form("it is cut short, or bytes follow it", err);
	r = parse_info(&parse, info, err);
	return r < 0 ? r : check_key(ret, info, algorithm, signature, err);
}

/* RFC 7633: a list of one, status_request. */
static void
put_must_staple(struct bld *out)
{
	static const uint8_t features[] = { 0x30, 0x03, 0x02, 0x01, 0x05 };
	size_t ext = der_begin(out, DER_SEQUENCE);

	der_put(out, DER_OID, OID_TLS_FEATURE);
	der_put(out, DER_OCTET_STRING, span_of(features, sizeof(features)));
	der_end(out, ext);
}

static void
put_extension_request(struct bld *out, const struct ident_list *names,
    bool must_staple)
{
	size_t attributes = der_begin(out, DER_CONTEXT(0));
	size_t attribute = der_begin(out, DER_SEQUENCE), set, list, ext, value;

	der_put(out, DER_OID, OID_EXTENSION_REQUEST);
	set = der_begin(out, DER_SET);
	list = der_begin(out, DER_SEQUENCE);
	ext = der_begin(out, DER_SEQUENCE);
	der_put(out, DER_OID, OID_SUBJECT_ALT_NAME);
	value = der_begin(out, DER_OCTET_STRING);
	cert_put_names(out, names);
	der_end(out, value);
	der_end(out, ext);
	if (must_staple)
		put_must_staple(out);
	der_end(out, list);
	der_end(out, set);
	der_end(out, attribute);
	der_end(out, attributes);
}

static int
put_info(struct bld *out, EVP_PKEY *key, struct span common_name,
    const struct ident_list *names, bool must_staple, struct err *err)
{
	static const uint8_t v1 = 0;
	struct arena arena = { 0 };
	struct span spki;
	size_t info;
	int r = key_to_spki(key, &arena, &spki, err);

	if (r == 0) {
		info = der_begin(out, DER_SEQUENCE);
		der_put(out, DER_INTEGER, span_of(&v1, 1));
		cert_put_name(out, common_name);
		bld_span(out, spki);
		put_extension_request(out, names, must_staple);
		der_end(out, info);
	}
	arena_free(&arena);
	return r;
}

static int
make(struct bld *out, EVP_PKEY *key, struct span common_name,
    const struct ident_list *names, bool must_staple, struct err *err)
{
	const struct sigalg *alg = sigalg_of_key(key);
	EVP_PKEY_CTX *signer = sigalg_signer(alg, key);
	struct bld info;
	int r;

	if (signer == NULL)
		return err_set(err, ERR_BAD_PUBLIC_KEY, "BR 7.1.3.2",
		    "the key's type cannot sign a CSR");
	bld_init(&info, CSR_DER_MAX);
	r = put_info(&info, key, common_name, names, must_staple, err);
	if (r == 0)
		r = cert_sign(out, bld_view(&info), alg, signer, err);
	bld_free(&info);
	EVP_PKEY_CTX_free(signer);
	return r;
}

int
csr_make(struct bld *out, EVP_PKEY *key, struct span common_name,
    const struct ident_list *names, struct err *err)
{
	return make(out, key, common_name, names, false, err);
}

int
csr_make_stapled(struct bld *out, EVP_PKEY *key, struct span common_name,
    const struct ident_list *names, struct err *err)
{
	return make(out, key, common_name, names, true, err);
}
