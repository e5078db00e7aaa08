/* SPDX-License-Identifier: Apache-2.0 */
/* A record that is taken means the same when it is written anew, and is not
 * good for a wildcard or for ever if it does not say so. */
#include "agent/dns/persist.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/bld.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
write_record(struct bld *out, const struct persist_record *record)
{
	bld_span(out, record->issuer);
	bld_str(out, "; ACCOUNTURI=");
	bld_span(out, record->account_url);
	if (record->wildcard)
		bld_str(out, ";policy = Wildcard");
	if (record->until_s > 0)
		bld_fmt(out, "; persistuntil=%" PRId64, record->until_s);
}

static void
match(const struct persist_record *record)
{
	struct judge_dns_request request = {
		.num_issuers = 1, .issuers = { record->issuer },
		.account_url = record->account_url,
	};

	must(persist_matches(record, &request, 0));
	must(persist_matches(record, &request, INT64_MAX) ==
	    (record->until_s == 0));
	request.wildcard = true;
	must(persist_matches(record, &request, 0) == record->wildcard);
	request.num_issuers = 0;
	must(!persist_matches(record, &request, 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct persist_record record, again;
	struct bld out;

	if (persist_parse(span_of(data, size), &record) < 0)
		return 0;
	must(record.issuer.len > 0);
	must(record.until_s >= 0 && record.until_s <= JUDGE_DNS_UNTIL_MAX_S);
	bld_init(&out, size + 128);
	write_record(&out, &record);
	must(persist_parse(bld_view(&out), &again) == 0);
	must(span_equal(record.issuer, again.issuer));
	must(span_equal(record.account_url, again.account_url));
	must(record.wildcard == again.wildcard);
	must(record.until_s == again.until_s);
	match(&record);
	bld_free(&out);
	return 0;
}
