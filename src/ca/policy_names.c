/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/policy_names.h"

#define D_2026_03_15 1773532800

#define FOR_PRIVATE (1u << PROGRAM_PRIVATE)
#define FOR_WEBPKI (1u << PROGRAM_WEBPKI)
#define FOR_ALL (FOR_PRIVATE | FOR_WEBPKI)

struct forbidden {
	const char *suffix; /* the name itself, and all below it */
	unsigned programs;  /* FOR_*, or-ed */
	int64_t from_s;
	const char *rule;
	const char *why;
};

static const struct forbidden rows[] = {
	{ "onion", FOR_ALL, 0, "RFC 7686 2",
	    "Onion names are not in DNS" },
	{ "alt", FOR_ALL, 0, "RFC 9476 2",
	    "names under .alt are not in DNS" },
	{ "test", FOR_WEBPKI, 0, "RFC 6761 6.2",
	    "names under .test are for testing" },
	{ "localhost", FOR_WEBPKI, 0, "RFC 6761 6.3",
	    "localhost names are everybody's own machine" },
	{ "invalid", FOR_WEBPKI, 0, "RFC 6761 6.4",
	    "names under .invalid do not exist" },
	{ "example", FOR_WEBPKI, 0, "RFC 6761 6.5",
	    "names under .example are for documents" },
	{ "local", FOR_WEBPKI, 0, "RFC 6762 3",
	    "names under .local are of one link only" },
	{ "internal", FOR_WEBPKI, 0, "BR 4.2.2",
	    "names under .internal are of one network only" },
	{ "home.arpa", FOR_WEBPKI, 0, "RFC 8375 4",
	    "names under home.arpa are of one home only" },
	{ "in-addr.arpa", FOR_WEBPKI, D_2026_03_15, "BR 4.2.2",
	    "IP reverse zones get no certificates" },
	{ "ip6.arpa", FOR_WEBPKI, D_2026_03_15, "BR 4.2.2",
	    "IP reverse zones get no certificates" },
};

static bool
is_below(struct span name, struct span suffix)
{
	if (name.len < suffix.len || !span_equal(span_from(name,
	    name.len - suffix.len), suffix))
		return false;
	return name.len == suffix.len ||
	    name.data[name.len - suffix.len - 1] == '.';
}

static unsigned
count_labels(struct span name)
{
	unsigned n = 1;

	for (size_t i = 0; i < name.len; i++)
		n += name.data[i] == '.';
	return n;
}

int
policy_names_check(const struct policy_row *policy,
    const struct ident *base, bool wildcard, int64_t now, struct err *err)
{
	unsigned labels = count_labels(base->value);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((rows[i].programs & 1u << policy->program) != 0 &&
		    rows[i].from_s <= now / 1000 &&
		    is_below(base->value, span_str(rows[i].suffix)))
			return err_set(err, ERR_REJECTED_IDENTIFIER,
			    rows[i].rule, "\"%.*s\": %s",
			    SPAN_FMT(base->value), rows[i].why);
	if (labels < policy->labels_min)
		return err_set(err, ERR_REJECTED_IDENTIFIER, "BR 4.2.2",
		    "\"%.*s\" is an internal name: it has only one label",
		    SPAN_FMT(base->value));
	if (wildcard && labels < 2)
		return err_set(err, ERR_REJECTED_IDENTIFIER, "BR 3.2.2.6",
		    "\"*.%.*s\" would cover a whole top-level domain",
		    SPAN_FMT(base->value));
	return 0;
}
