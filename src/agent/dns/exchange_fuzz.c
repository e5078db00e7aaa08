/* SPDX-License-Identifier: Apache-2.0 */
/* Name servers' addresses, of resolv.conf and signet.conf: one that is taken
 * is the same when it is written and read again. */
#include "agent/dns/exchange.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exchange_address address, again;
	char text[EXCHANGE_ADDRESS_SIZE];
	struct err err = ERR_INIT;

	if (exchange_address_parse(span_of(data, size), 53, &address,
	    &err) < 0) {
		if (err.kind != ERR_CONFIG)
			abort();
		return 0;
	}
	/* Nothing but what an address is written with. */
	for (size_t i = 0; i < size; i++)
		if (data[i] == '\0' ||
		    strchr("0123456789abcdefABCDEF.:[]", data[i]) == NULL)
			abort();
	exchange_address_text(&address, text);
	if (exchange_address_parse(span_str(text), 53, &again, &err) < 0 ||
	    again.len != address.len ||
	    memcmp(&again.sockaddr, &address.sockaddr, address.len) != 0)
		abort();
	return 0;
}
