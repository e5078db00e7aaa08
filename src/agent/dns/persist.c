/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/persist.h"

#include "base/text.h"

static bool
is_word(struct span a, const char *word)
{
	return span_equal_nocase(span_trim(a), span_str(word));
}

int
persist_parse(struct span value, struct persist_record *ret)
{
	unsigned urls = 0, policies = 0, ends = 0;
	uint64_t until;

	*ret = (struct persist_record){ .issuer = span_trim(
	    span_cut(&value, ';')) };
	if (ret->issuer.len == 0)
		return -(int)ERR_MALFORMED;
	while (value.len > 0) {
		struct span parameter = span_cut(&value, ';');
		struct span tag = span_cut(&parameter, '=');

		if (is_word(tag, "accounturi")) {
			ret->account_url = span_trim(parameter);
			urls++;
		} else if (is_word(tag, "policy")) {
			ret->wildcard = is_word(parameter, "wildcard");
			policies++;
		} else if (is_word(tag, "persistUntil")) {
			if (text_uint(span_trim(parameter), INT64_MAX,
			    &until) < 0)
				return -(int)ERR_MALFORMED;
			ret->until_s = until > JUDGE_DNS_UNTIL_MAX_S ?
			    JUDGE_DNS_UNTIL_MAX_S : (int64_t)until;
			ends++;
		}
	}
	return urls == 1 && policies <= 1 && ends <= 1 ? 0 :
	    -(int)ERR_MALFORMED;
}

bool
persist_matches(const struct persist_record *record,
    const struct judge_dns_request *request, int64_t now_s)
{
	bool ours = false;

	for (size_t i = 0; i < request->num_issuers; i++)
		ours = ours || span_equal_nocase(record->issuer,
		    request->issuers[i]);
	return ours && span_equal(record->account_url, request->account_url) &&
	    (record->wildcard || !request->wildcard) &&
	    (record->until_s == 0 || record->until_s > now_s);
}
