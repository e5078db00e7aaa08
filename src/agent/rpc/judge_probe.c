/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/judge_probe.h"

#include "client/client_names.h"

const char *
judge_probe_topic_name(enum probe_topic topic)
{
	static const char *const names[PROBE_TOPIC_COUNT] = {
		[PROBE_DNS] = "dns", [PROBE_DNSSEC] = "dnssec",
		[PROBE_HTTP] = "http", [PROBE_CAA] = "caa",
		[PROBE_CLOCK] = "clock", [PROBE_PORT] = "port",
		[PROBE_VIA] = "via",
	};

	return topic >= PROBE_DNS && topic < PROBE_TOPIC_COUNT ?
	    names[topic] : "unknown";
}

const char *
judge_probe_level_name(enum probe_level level)
{
	static const char *const names[PROBE_LEVEL_COUNT] = {
		[PROBE_GOOD] = "good", [PROBE_NOTE] = "note",
		[PROBE_WARNING] = "warning", [PROBE_PROBLEM] = "problem",
	};

	return level >= PROBE_GOOD && level < PROBE_LEVEL_COUNT ?
	    names[level] : "unknown";
}

void
judge_probe_check_encode(struct bld *out,
    const struct judge_probe_check *check)
{
	ident_encode(out, &check->ident);
	bld_u8(out, check->wildcard);
	bld_u16(out, check->http_port);
	bld_span16(out, check->token);
	bld_span16(out, check->key_authorization);
	bld_span16(out, check->ca_url);
	bld_u16(out, (uint16_t)check->num_issuers);
	for (size_t i = 0; i < check->num_issuers; i++)
		bld_span16(out, check->issuers[i]);
}

int
judge_probe_check_decode(uint16_t type, struct span payload,
    struct judge_probe_check *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_probe_check){ 0 };
	ident_decode(&cur, &ret->ident);
	ret->wildcard = cur_bool(&cur);
	ret->http_port = cur_u16(&cur);
	ret->token = cur_text(&cur, CLIENT_TOKEN_MAX);
	ret->key_authorization = cur_text(&cur, CLIENT_KEY_AUTHORIZATION_MAX);
	ret->ca_url = cur_text(&cur, CLIENT_URL_MAX);
	ret->num_issuers = cur_count(&cur, CLIENT_ISSUERS_MAX);
	for (size_t i = 0; i < ret->num_issuers; i++)
		ret->issuers[i] = cur_text(&cur, IDENT_DNS_MAX);
	if (type != JUDGE_PROBE_CHECK || cur_end(&cur) < 0 ||
	    ident_check(&ret->ident, NULL) < 0 ||
	    (ret->token.len > 0 && !client_token_check(ret->token)))
		return err_set(err, ERR_FRAME, NULL, "judge's request to "
		    "probe (type %u) is not of its form", type);
	return 0;
}

void
judge_probe_finding_encode(struct bld *out,
    const struct probe_finding *finding)
{
	bld_u8(out, (uint8_t)finding->topic);
	bld_u8(out, (uint8_t)finding->level);
	bld_span16(out, finding->subject);
	bld_span16(out, finding->text);
	bld_span16(out, finding->remedy);
}

/* It goes to a terminal. */
static struct span
take_sentence(struct cur *cur)
{
	struct span text = cur_text(cur, PROBE_TEXT_MAX);

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < ' ' || text.data[i] > '~')
			cur->failed = true;
	}
	return text;
}

int
judge_probe_finding_decode(struct span payload, struct probe_finding *ret,
    struct err *err)
{
	struct cur cur = CUR_OF(payload);

	ret->topic = (enum probe_topic)cur_enum(&cur, PROBE_DNS,
	    PROBE_TOPIC_COUNT - 1);
	ret->level = (enum probe_level)cur_enum(&cur, PROBE_GOOD,
	    PROBE_LEVEL_COUNT - 1);
	ret->subject = take_sentence(&cur);
	ret->text = take_sentence(&cur);
	ret->remedy = take_sentence(&cur);
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL,
		    "probe's finding is not of its form");
	return 0;
}
