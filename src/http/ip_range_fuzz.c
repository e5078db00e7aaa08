/* SPDX-License-Identifier: Apache-2.0 */
/* An address or range that is taken is the same when it is written and read
 * again; a range has its own address, and what may be dialled does not hang on
 * how it is written. */
#include "http/ip_range.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
address(struct span text)
{
	struct ip_addr addr, again;
	char out[IP_ADDR_TEXT_SIZE];

	if (ip_addr_parse(text, &addr) < 0)
		return;
	ip_addr_text(out, &addr);
	must(ip_addr_parse(span_str(out), &again) == 0);
	must(memcmp(&addr, &again, sizeof(addr)) == 0);
	must(ip_range_check(&addr, NULL, 0, NULL) ==
	    ip_range_check(&again, NULL, 0, NULL));
}

static void
range(struct span text)
{
	struct ip_range range, again;
	char out[IP_RANGE_TEXT_MAX + 1], addr[IP_ADDR_TEXT_SIZE];

	if (ip_range_parse(text, &range, NULL) < 0)
		return;
	must(range.prefix <= 8 * range.addr.size);
	must(ip_range_listed(&range.addr, &range, 1));
	must(ip_range_check(&range.addr, &range, 1, NULL) == 0);
	must((size_t)snprintf(out, sizeof(out), "%s/%u",
	    ip_addr_text(addr, &range.addr), range.prefix) < sizeof(out));
	must(ip_range_parse(span_str(out), &again, NULL) == 0);
	must(range.prefix == again.prefix &&
	    memcmp(&range.addr, &again.addr, sizeof(range.addr)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	address(span_of(data, size));
	range(span_of(data, size));
	return 0;
}
