/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/lint.h"

#include <arpa/inet.h>

#include "pkix/der.h"
#include "pkix/oid.h"

#define EXTENSIONS_MAX 16
#define SERIAL_MIN 9      /* octets: more than 64 bits, BR 7.1.2.7 */
#define SERIAL_MAX 20     /* octets, RFC 5280 4.1.2.2 */
#define HOURS_48 (48 * 3600)

enum extension_kind {
	EXT_KEY_USAGE, EXT_EXT_KEY_USAGE, EXT_BASIC_CONSTRAINTS,
	EXT_AUTHORITY_KEY_ID, EXT_SUBJECT_ALT_NAME, EXT_POLICIES,
	EXT_AUTHORITY_INFO, EXT_COUNT
};

struct extension {
	unsigned count;
	bool critical;
	struct span value;
};

struct lint_tbs {
	uint64_t version;
	struct span serial; /* contents of the INTEGER */
	struct span algorithm, issuer, subject, spki;
	int64_t not_before_s, not_after_s;
	struct extension extensions[EXT_COUNT];
	unsigned unknown_extensions;
};

static enum extension_kind
kind_of(struct span oid)
{
	if (span_equal(oid, OID_KEY_USAGE))
		return EXT_KEY_USAGE;
	if (span_equal(oid, OID_EXT_KEY_USAGE))
		return EXT_EXT_KEY_USAGE;
	if (span_equal(oid, OID_BASIC_CONSTRAINTS))
		return EXT_BASIC_CONSTRAINTS;
	if (span_equal(oid, OID_AUTHORITY_KEY_ID))
		return EXT_AUTHORITY_KEY_ID;
	if (span_equal(oid, OID_SUBJECT_ALT_NAME))
		return EXT_SUBJECT_ALT_NAME;
	if (span_equal(oid, OID_CERTIFICATE_POLICIES))
		return EXT_POLICIES;
	if (span_equal(oid, OID_AUTHORITY_INFO_ACCESS))
		return EXT_AUTHORITY_INFO;
	return EXT_COUNT;
}

static void
parse_extension(struct cur *list, struct lint_tbs *ret)
{
	struct cur in = der_enter(list, DER_SEQUENCE);
	enum extension_kind kind = kind_of(der_take(&in, DER_OID));
	struct extension found = { 0 };

	if (der_next_is(&in, DER_BOOLEAN)) {
		found.critical = der_take_bool(&in);
		if (!found.critical) /* X.690 11.5: a default is not written */
			in.failed = true;
	}
	found.value = der_take(&in, DER_OCTET_STRING);
	if (cur_end(&in) < 0)
		list->failed = true;
	if (kind == EXT_COUNT) {
		ret->unknown_extensions++;
		return;
	}
	found.count = ret->extensions[kind].count + 1;
	ret->extensions[kind] = found;
}

static bool
parse_tbs(struct span der, struct lint_tbs *ret)
{
	struct cur cur = CUR_OF(der);
	struct cur tbs = der_enter(&cur, DER_SEQUENCE);
	struct cur part = der_enter(&tbs, DER_CONTEXT(0)), list;

	memset(ret, 0, sizeof(*ret));
	ret->version = der_take_uint(&part, 2);
	if (cur_end(&part) < 0)
		return false;
	ret->serial = der_take(&tbs, DER_INTEGER);
	ret->algorithm = der_take_whole(&tbs, DER_SEQUENCE);
	ret->issuer = der_take_whole(&tbs, DER_SEQUENCE);
	part = der_enter(&tbs, DER_SEQUENCE);
	ret->not_before_s = der_take_time(&part);
	ret->not_after_s = der_take_time(&part);
	if (cur_end(&part) < 0)
		return false;
	ret->subject = der_take_whole(&tbs, DER_SEQUENCE);
	ret->spki = der_take_whole(&tbs, DER_SEQUENCE);
	part = der_enter(&tbs, DER_CONTEXT(3));
	list = der_enter(&part, DER_SEQUENCE);
	for (int i = 0; i < EXTENSIONS_MAX && list.rest.len > 0 &&
	    !list.failed; i++)
		parse_extension(&list, ret);
	return cur_end(&list) == 0 && cur_end(&part) == 0 &&
	    cur_end(&tbs) == 0 && cur_end(&cur) == 0;
}

/* There, once, with this criticality. */
static const struct extension *
sole(const struct lint_tbs *tbs, enum extension_kind kind, bool critical)
{
	const struct extension *found = &tbs->extensions[kind];

	return found->count == 1 && found->critical == critical ? found : NULL;
}

static bool
value_is(const struct extension *extension, struct span value)
{
	return extension != NULL && span_equal(extension->value, value);
}

static bool
version_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	(void)want;
	return tbs->version == 2;
}

static bool
serial_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	uint8_t first = tbs->serial.len > 0 ? tbs->serial.data[0] : 0;

	(void)want;
	/* No leading zeros or ones that fill up less than was drawn. */
	return tbs->serial.len >= SERIAL_MIN &&
	    tbs->serial.len <= SERIAL_MAX && first > 0 && first < 0x80;
}

static bool
serial_varies(const struct lint_tbs *tbs, const struct lint_want *want)
{
	unsigned different = 0;

	(void)want;
	for (size_t i = 1; i < tbs->serial.len; i++)
		different += tbs->serial.data[i] != tbs->serial.data[i - 1];
	return different >= SERIAL_MIN / 2;
}

static bool
algorithm_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	return span_equal(tbs->algorithm, want->alg->der);
}

static bool
issuer_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	return span_equal(tbs->issuer, want->issuer);
}

static bool
start_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	return tbs->not_before_s >= want->now_s - HOURS_48 &&
	    tbs->not_before_s <= want->now_s + HOURS_48;
}

static bool
lifetime_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	return tbs->not_after_s > want->now_s &&
	    tbs->not_after_s > tbs->not_before_s &&
	    tbs->not_after_s - tbs->not_before_s + 1 <= want->lifetime_max_s;
}

static bool
is_name_wanted(const struct lint_want *want, struct span name)
{
	for (size_t i = 0; i < want->names->count; i++)
		if (span_equal(want->names->items[i].value, name))
			return true;
	return false;
}

static bool
is_subject_empty(const struct lint_tbs *tbs)
{
	return tbs->subject.len == 2;
}

static bool
subject_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	struct cur cur = CUR_OF(tbs->subject);
	struct cur rdns = der_enter(&cur, DER_SEQUENCE);
	struct cur set, pair;
	struct span oid, text;

	if (is_subject_empty(tbs))
		return true;
	set = der_enter(&rdns, DER_SET);
	pair = der_enter(&set, DER_SEQUENCE);
	oid = der_take(&pair, DER_OID);
	text = der_take(&pair, DER_UTF8_STRING);
	return cur_end(&pair) == 0 && cur_end(&set) == 0 &&
	    cur_end(&rdns) == 0 && span_equal(oid, OID_COMMON_NAME) &&
	    text.len <= 64 && is_name_wanted(want, text);
}

static bool
key_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	return span_equal(tbs->spki, want->spki);
}

static bool
extensions_known(const struct lint_tbs *tbs, const struct lint_want *want)
{
	(void)want;
	return tbs->unknown_extensions == 0;
}

static bool
key_usage_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	const struct extension *found = sole(tbs, EXT_KEY_USAGE, true);
	struct cur cur = CUR_OF(tbs->spki);
	struct cur in = der_enter(&cur, DER_SEQUENCE);
	struct cur algorithm = der_enter(&in, DER_SEQUENCE);
	bool rsa = span_equal(der_take(&algorithm, DER_OID),
	    SPAN_LIT("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"));

	(void)want;
	return value_is(found, SPAN_LIT("\x03\x02\x07\x80")) ||
	    (rsa && value_is(found, SPAN_LIT("\x03\x02\x05\xa0")));
}

static bool
ext_key_usage_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	(void)want;
	return value_is(sole(tbs, EXT_EXT_KEY_USAGE, false),
	    SPAN_LIT("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"));
}

static bool
basic_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	(void)want;
	return value_is(sole(tbs, EXT_BASIC_CONSTRAINTS, true),
	    SPAN_LIT("\x30\x00"));
}

static bool
authority_key_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	const struct extension *found = sole(tbs, EXT_AUTHORITY_KEY_ID, false);
	struct cur cur = CUR_OF(found == NULL ? SPAN_NONE : found->value);
	struct cur in = der_enter(&cur, DER_SEQUENCE);
	struct span id = der_take(&in, DER_CONTEXT_PRIMITIVE(0));

	return cur_end(&in) == 0 && cur_end(&cur) == 0 && id.len > 0 &&
	    span_equal(id, want->authority_key_id);
}

static bool
same_name(uint8_t tag, struct span value, const struct ident *ident)
{
	char text[INET6_ADDRSTRLEN];

	if (tag == DER_CONTEXT_PRIMITIVE(2))
		return ident->type == IDENT_DNS &&
		    span_equal(value, ident->value);
	return tag == DER_CONTEXT_PRIMITIVE(7) && ident->type == IDENT_IP &&
	    (value.len == 4 || value.len == 16) &&
	    inet_ntop(value.len == 4 ? AF_INET : AF_INET6, value.data, text,
	    sizeof(text)) != NULL && span_equal_str(ident->value, text);
}

static bool
names_hold(const struct lint_tbs *tbs, const struct lint_want *want)
{
	const struct extension *found = sole(tbs, EXT_SUBJECT_ALT_NAME,
	    is_subject_empty(tbs));
	struct cur cur = CUR_OF(found == NULL ? SPAN_NONE : found->value);
	struct cur in = der_enter(&cur, DER_SEQUENCE);
	uint8_t tag;

	for (size_t i = 0; i < want->names->count; i++) {
		struct span value = der_take_any(&in, &tag);

		if (in.failed || !same_name(tag, value, &want->names->items[i])
		    || ident_check(&want->names->items[i], NULL) < 0)
			return false;
	}
	return want->names->count > 0 && cur_end(&in) == 0 &&
	    cur_end(&cur) == 0;
}

/* Validation of the domain is all that this CA does, so it may say no more;
 * and under a private root the policy's owner has no say. */
static bool
policy_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	if (!want->webpki)
		return tbs->extensions[EXT_POLICIES].count == 0;
	return value_is(sole(tbs, EXT_POLICIES, false),
	    SPAN_LIT("\x30\x0a\x30\x08\x06\x06\x67\x81\x0c\x01\x02\x01"));
}

static bool
info_access_holds(const struct lint_tbs *tbs, const struct lint_want *want)
{
	(void)want;
	return sole(tbs, EXT_AUTHORITY_INFO, false) != NULL;
}

static const struct lint_rule rules[] = {
	{ "BR 7.1.2.7", "version is v3", false, version_holds },
	{ "RFC 5280 4.1.2.2", "the serial number is positive and has 9 to 20 "
	    "octets", false, serial_holds },
	{ "BR 7.1.2.7", "the serial number looks random", false,
	    serial_varies },
	{ "BR 7.1.3.2", "the signature algorithm is the issuer key's", false,
	    algorithm_holds },
	{ "BR 7.1.4.1", "the issuer's name is the issuer's, byte for byte",
	    false, issuer_holds },
	{ "BR 7.1.2.7", "notBefore is within 48 hours of now", false,
	    start_holds },
	{ "BR 6.3.2", "the lifetime is within policy and not over", false,
	    lifetime_holds },
	{ "BR 7.1.4.3", "the subject is empty or one commonName, as "
	    "UTF8String, that stands in subjectAltName", false,
	    subject_holds },
	{ "BR 7.1.3.1", "the key is the request's, byte for byte", false,
	    key_holds },
	{ "BR 7.1.2.7.6", "there is no other extension", false,
	    extensions_known },
	{ "BR 7.1.2.7.11", "keyUsage is critical and fits the key", false,
	    key_usage_holds },
	{ "BR 7.1.2.7.10", "extKeyUsage is serverAuth alone", false,
	    ext_key_usage_holds },
	{ "BR 7.1.2.7.8", "basicConstraints is critical and empty", false,
	    basic_holds },
	{ "BR 7.1.2.11.1", "authorityKeyIdentifier is the issuer's keyid "
	    "alone", false, authority_key_holds },
	{ "BR 7.1.2.7.12", "subjectAltName has exactly the validated names "
	    "and is critical if the subject is empty", false, names_hold },
	{ "BR 7.1.2.7.9", "certificatePolicies is domain-validated in the "
	    "Web PKI and absent elsewhere", false, policy_holds },
	{ "BR 7.1.2.7.6", "authorityInformationAccess is there", true,
	    info_access_holds },
};

const struct lint_rule *
lint_rules(size_t *ret_count)
{
	*ret_count = sizeof(rules) / sizeof(rules[0]);
	return rules;
}

int
lint_check(struct span tbs, const struct lint_want *want, struct err *err)
{
	struct lint_tbs read;

	if (!parse_tbs(tbs, &read))
		return err_set(err, ERR_INTERNAL, "RFC 5280 4.1",
		    "lint: the bytes to be signed are no TBSCertificate");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if ((want->webpki || !rules[i].webpki_only) &&
		    !rules[i].holds(&read, want))
			return err_set(err, ERR_INTERNAL, rules[i].rule,
			    "lint: it does not hold that %s",
			    rules[i].sentence);
	return 0;
}
