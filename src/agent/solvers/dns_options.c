/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/dns_options.h"

#include "base/text.h"

static int
take_number(struct span text, uint64_t max, uint64_t *ret)
{
	return text_uint(text, max, ret) == 0 && *ret > 0 ? 0 :
	    -(int)ERR_CONFIG;
}

static int
take_option(struct span part, struct judge_dns_request *ret)
{
	uint64_t number;

	if (span_starts_with(part, SPAN_LIT("server="))) {
		ret->server = span_from(part, 7);
	} else if (span_starts_with(part, SPAN_LIT("resolver="))) {
		ret->resolver = span_from(part, 9);
	} else if (span_starts_with(part, SPAN_LIT("port=")) &&
	    take_number(span_from(part, 5), 65535, &number) == 0) {
		ret->port = (uint16_t)number;
	} else if (span_starts_with(part, SPAN_LIT("wait=")) && take_number(
	    span_from(part, 5), JUDGE_DNS_WAIT_MAX_S, &number) == 0) {
		ret->wait_s = (uint32_t)number;
	} else {
		return -(int)ERR_CONFIG;
	}
	return ret->server.len > JUDGE_DNS_ADDRESS_MAX ||
	    ret->resolver.len > JUDGE_DNS_ADDRESS_MAX ? -(int)ERR_CONFIG : 0;
}

int
dns_options_parse(const char *text, struct judge_dns_request *ret,
    struct err *err)
{
	for (;;) {
		size_t len = strcspn(text, ",");

		if (take_option(span_of(text, len), ret) < 0)
			return err_set(err, ERR_CONFIG, NULL, "\"%.*s\" is no "
			    "option; write server=ADDRESS, port=PORT, "
			    "resolver=ADDRESS or wait=SECONDS, with a comma "
			    "between", (int)len, text);
		if (text[len] == '\0')
			return 0;
		text += len + 1;
	}
}
