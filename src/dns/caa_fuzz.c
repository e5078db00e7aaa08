/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As one record's RDATA: whatever it is, it must not permit more than no
 * record does, and a grant must be one for our name. As an issue value: the
 * parts must lie in order inside of the value.
 */
#include <stdlib.h>

#include "dns/caa.h"

static void
check_inside(struct span part, struct span value)
{
	if (part.len > 0 && (part.data < value.data ||
	    part.data + part.len > value.data + value.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = span_of(data, size);
	struct caa_request ours = { SPAN_LIT("ca.example"), false,
	    SPAN_LIT("https://ca.example/acme/account/1"),
	    SPAN_LIT("http-01") }, nobody = ours;
	struct caa_property property;
	struct caa_issue issue;

	nobody.identity = SPAN_NONE;
	for (int wild = 0; wild < 2; wild++) {
		ours.wildcard = nobody.wildcard = wild == 1;
		if (caa_check(&input, 1, SPAN_LIT("x"), &ours, NULL) != 0 &&
		    caa_check(&input, 1, SPAN_LIT("x"), &nobody, NULL) == 0)
			abort();
	}
	if (caa_property_parse(input, &property, NULL) == 0) {
		check_inside(property.tag, input);
		check_inside(property.value, input);
	}
	if (caa_issue_parse(input, &issue, NULL) == 0) {
		check_inside(issue.issuer, input);
		for (size_t i = 0; i < issue.num_parameters; i++)
			check_inside(issue.parameters[i].value, input);
	}
	return 0;
}
