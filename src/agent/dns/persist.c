/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/persist.h"

#include <strings.h>

#include "base/text.h"

static struct span
trim(struct span s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = span_from(s, 1);
	while (s.len > 0 && (s.data[s.len - 1] == ' ' ||
	    s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* What stands before the first c; *rest is what follows it. */
static struct span
split(struct span *rest, char c)
{
	const uint8_t *at = rest->len == 0 ? NULL :
	    memchr(rest->data, c, rest->len);
	struct span ret = *rest;

	if (at == NULL) {
		*rest = SPAN_NONE;
		return trim(ret);
	}
	ret.len = (size_t)(at - rest->data);
	*rest = span_from(*rest, ret.len + 1);
	return trim(ret);
}

static bool
is_word(struct span a, const char *word)
{
	return a.len == strlen(word) &&
	    strncasecmp((const char *)a.data, word, a.len) == 0;
}

int
persist_parse(struct span value, struct persist_record *ret)
{
	unsigned urls = 0, policies = 0, ends = 0;
	uint64_t until;

	*ret = (struct persist_record){ .issuer = split(&value, ';') };
	if (ret->issuer.len == 0)
		return -(int)ERR_MALFORMED;
	while (value.len > 0) {
		struct span parameter = split(&value, ';');
		struct span tag = split(&parameter, '=');

		if (is_word(tag, "accounturi")) {
			ret->account_url = trim(parameter);
			urls++;
		} else if (is_word(tag, "policy")) {
			ret->wildcard = is_word(trim(parameter), "wildcard");
			policies++;
		} else if (is_word(tag, "persistUntil")) {
			if (text_uint(trim(parameter), INT64_MAX, &until) < 0)
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
		ours = ours || (record->issuer.len == request->issuers[i].len &&
		    strncasecmp((const char *)record->issuer.data,
		    (const char *)request->issuers[i].data,
		    record->issuer.len) == 0);
	return ours && span_equal(record->account_url, request->account_url) &&
	    (record->wildcard || !request->wildcard) &&
	    (record->until_s == 0 || record->until_s > now_s);
}
