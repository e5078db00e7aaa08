/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/caa.h"


#include "base/cur.h"
#include "base/text.h"

#define FLAG_CRITICAL 0x80 /* RFC 8659 4.1: bit 0 is the most significant */
#define SHOWN_SIZE 128     /* bytes of a name in a sentence */

static bool
is_alnum(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

int
caa_property_parse(struct span rdata, struct caa_property *ret,
    struct err *err)
{
	struct cur cur = CUR_OF(rdata);
	uint8_t flags = cur_u8(&cur);

	ret->critical = (flags & FLAG_CRITICAL) != 0;
	ret->tag = cur_bytes(&cur, cur_u8(&cur));
	ret->value = cur.rest;
	if (cur.failed || ret->tag.len == 0)
		return err_set(err, ERR_MALFORMED, "RFC 8659 4.1",
		    "a CAA record has no tag or is cut short");
	for (size_t i = 0; i < ret->tag.len; i++)
		if (!is_alnum(ret->tag.data[i]))
			return err_set(err, ERR_MALFORMED, "RFC 8659 4.1",
			    "a CAA record's tag has other characters than "
			    "letters and digits");
	return 0;
}

static void
skip_wsp(struct span *rest)
{
	while (rest->len > 0 &&
	    (rest->data[0] == ' ' || rest->data[0] == '\t'))
		*rest = span_from(*rest, 1);
}

static bool
take_char(struct span *rest, uint8_t c)
{
	if (rest->len == 0 || rest->data[0] != c)
		return false;
	*rest = span_from(*rest, 1);
	return true;
}

/* (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT)): a label and a tag. */
static bool
take_label(struct span *rest, struct span *ret)
{
	size_t len = 0;

	while (len < rest->len &&
	    (is_alnum(rest->data[len]) || rest->data[len] == '-'))
		len++;
	*ret = span_of(rest->data, len);
	if (len == 0 || ret->data[0] == '-' || ret->data[len - 1] == '-')
		return false;
	*rest = span_from(*rest, len);
	return true;
}

/* label *("." label) */
static bool
take_issuer(struct span *rest, struct span *ret)
{
	const uint8_t *start = rest->data;
	struct span label;

	do {
		if (!take_label(rest, &label))
			return false;
	} while (take_char(rest, '.'));
	*ret = span_of(start, (size_t)(rest->data - start));
	return true;
}

/* tag *WSP "=" *WSP *(%x21-3A / %x3C-7E) */
static bool
take_parameter(struct span *rest, struct caa_parameter *ret)
{
	size_t len = 0;

	if (!take_label(rest, &ret->tag))
		return false;
	skip_wsp(rest);
	if (!take_char(rest, '='))
		return false;
	skip_wsp(rest);
	while (len < rest->len && rest->data[len] >= 0x21 &&
	    rest->data[len] <= 0x7e && rest->data[len] != ';')
		len++;
	ret->value = span_of(rest->data, len);
	*rest = span_from(*rest, len);
	skip_wsp(rest);
	return true;
}

static bool
take_issue(struct span *rest, struct caa_issue *ret)
{
	skip_wsp(rest);
	if (rest->len > 0 && rest->data[0] != ';' &&
	    !take_issuer(rest, &ret->issuer))
		return false;
	skip_wsp(rest);
	if (!take_char(rest, ';'))
		return rest->len == 0;
	skip_wsp(rest);
	if (rest->len == 0)
		return true;
	/* A ";" stands between parameters, not after the last one. */
	do {
		skip_wsp(rest);
		if (ret->num_parameters == CAA_PARAMETERS_MAX ||
		    !take_parameter(rest,
		    &ret->parameters[ret->num_parameters]))
			return false;
		ret->num_parameters++;
	} while (take_char(rest, ';'));
	return rest->len == 0;
}

int
caa_issue_parse(struct span value, struct caa_issue *ret, struct err *err)
{
	*ret = (struct caa_issue){ 0 };
	if (take_issue(&value, ret))
		return 0;
	*ret = (struct caa_issue){ 0 };
	return err_set(err, ERR_MALFORMED, "RFC 8659 4.2",
	    "a CAA issue value does not match its grammar");
}

/* RFC 8657 4: [*(label ",") label], label = 1*(ALPHA / DIGIT / "-"). Returns
 * whether list is of that form and names method. */
static bool
lists_method(struct span list, struct span method)
{
	bool found = false;
	size_t start = 0;

	for (size_t i = 0; i <= list.len; i++) {
		if (i < list.len && (is_alnum(list.data[i]) ||
		    list.data[i] == '-'))
			continue;
		if ((i < list.len && list.data[i] != ',') || i == start)
			return false;
		found = found || span_equal_nocase(method,
		    span_of(list.data + start, i - start));
		start = i + 1;
	}
	return found;
}

/* RFC 8657 3 and 4. Twice the same parameter can be satisfied by none: for
 * accounturi the RFC says so, and for validationmethods the narrower reading
 * is the safe one. */
static bool
parameters_permit(const struct caa_issue *issue,
    const struct caa_request *request)
{
	unsigned accounts = 0, methods = 0;

	for (size_t i = 0; i < issue->num_parameters; i++) {
		const struct caa_parameter *parameter = &issue->parameters[i];

		if (span_equal_nocase(parameter->tag, SPAN_LIT("accounturi"))) {
			if (++accounts > 1 || request->account_uri.len == 0 ||
			    !span_equal(parameter->value,
			    request->account_uri))
				return false;
		} else if (span_equal_nocase(parameter->tag,
		    SPAN_LIT("validationmethods"))) {
			if (++methods > 1 || !lists_method(parameter->value,
			    request->method))
				return false;
		}
	}
	return true;
}

enum grant { GRANT_NO, GRANT_OTHER_TERMS, GRANT_YES };

static enum grant
issue_grants(struct span value, const struct caa_request *request)
{
	struct caa_issue issue;

	/* What does not parse grants nothing: RFC 8659 4.2. */
	if (caa_issue_parse(value, &issue, NULL) < 0 ||
	    issue.issuer.len == 0 || request->identity.len == 0 ||
	    !span_equal_nocase(issue.issuer, request->identity))
		return GRANT_NO;
	return parameters_permit(&issue, request) ? GRANT_YES :
	    GRANT_OTHER_TERMS;
}

/* Properties whose processing we know. The contact tags of the Baseline
 * Requirements' appendix A restrict nothing. */
static bool
is_known_tag(struct span tag)
{
	static const char *const known[] = {
		"issue", "issuewild", "iodef", "contactemail", "contactphone"
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_equal_nocase(tag, span_str(known[i])))
			return true;
	return false;
}

static int
forbid(struct span name, const char *rule, const char *why, struct err *err)
{
	char shown[SHOWN_SIZE];

	text_printable(shown, sizeof(shown), name);
	return err_set(err, ERR_CAA, rule, "the CAA records of %s %s", shown,
	    why);
}

/* What the properties of one tag say together. */
struct tally {
	bool any_issue, any_issuewild;
	enum grant issue, issuewild;
};

static enum grant
better(enum grant a, enum grant b)
{
	return a > b ? a : b;
}

static int
tally_record(struct span rdata, struct span name,
    const struct caa_request *request, struct tally *tally, struct err *err)
{
	struct caa_property property;

	/* Not even a tag: it may be anything, even what forbids. */
	if (caa_property_parse(rdata, &property, NULL) < 0)
		return forbid(name, "RFC 8659 4.1", "have a record that is "
		    "not of its form; correct or remove it", err);
	if (span_equal_nocase(property.tag, SPAN_LIT("issue"))) {
		tally->any_issue = true;
		tally->issue = better(tally->issue,
		    issue_grants(property.value, request));
	} else if (span_equal_nocase(property.tag, SPAN_LIT("issuewild"))) {
		tally->any_issuewild = true;
		tally->issuewild = better(tally->issuewild,
		    issue_grants(property.value, request));
	} else if (property.critical && !is_known_tag(property.tag)) {
		return forbid(name, "RFC 8659 4.5", "have a critical property "
		    "that this CA does not know", err);
	}
	return 0;
}

int
caa_check(const struct span *rdata, size_t count, struct span name,
    const struct caa_request *request, struct err *err)
{
	struct tally tally = { 0 };
	bool wild;

	for (size_t i = 0; i < count; i++) {
		int r = tally_record(rdata[i], name, request, &tally, err);

		if (r < 0)
			return r;
	}
	/* RFC 8659 4.3: issuewild, where there is one, is for wildcards alone
	 * and then the only one that counts. */
	wild = request->wildcard && tally.any_issuewild;
	if (!wild && !tally.any_issue)
		return 0;
	switch (wild ? tally.issuewild : tally.issue) {
	case GRANT_YES:
		return 0;
	case GRANT_OTHER_TERMS:
		return forbid(name, "RFC 8657", "let this CA issue, but not "
		    "for this account or by this validation method", err);
	case GRANT_NO:
		break;
	}
	return forbid(name, wild ? "RFC 8659 4.3" : "RFC 8659 4.2",
	    "do not let this CA issue; add a record for it or remove them",
	    err);
}
