/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_DNS_CAA_H
#define SIGNET_DNS_CAA_H

/*
 * caa: does a CAA record set (RFC 8659) let this CA issue? Pure: the set was
 * found by somebody else (validator/caa_climb.h climbs the tree).
 *
 * The parameters accounturi and validationmethods of RFC 8657 are honoured;
 * parameters that we do not know say nothing to us (RFC 8659 4.2: their
 * meaning is the CA's).
 */

#include "base/err.h"
#include "base/span.h"

#define CAA_PARAMETERS_MAX 16 /* of one issue value; more: no grant */

/* One property: flags, tag and value of a record. Spans borrow from rdata. */
struct caa_property {
	bool critical;
	struct span tag;
	struct span value;
};

struct caa_parameter {
	struct span tag;
	struct span value;
};

/* An issue or issuewild value; an empty issuer grants nothing. */
struct caa_issue {
	struct span issuer;
	size_t num_parameters;
	struct caa_parameter parameters[CAA_PARAMETERS_MAX];
};

struct caa_request {
	struct span identity;    /* the CA's issuer domain name; empty: it
	                            has none, and no grant is for it */
	bool wildcard;
	struct span account_uri; /* empty: none is recognised */
	struct span method;      /* "http-01" */
};

/* RFC 8659 4.1. -ERR_MALFORMED. */
int caa_property_parse(struct span rdata, struct caa_property *ret,
    struct err *err);

/* RFC 8659 4.2's grammar of issue-value. -ERR_MALFORMED. */
int caa_issue_parse(struct span value, struct caa_issue *ret,
    struct err *err);

/* Judges the relevant record set (count may be 0). name stands in sentences:
 * where the set was found. 0 when it permits; -ERR_CAA when it forbids, with
 * the rule and the remedy. */
int caa_check(const struct span *rdata, size_t count, struct span name,
    const struct caa_request *request, struct err *err);

#endif
