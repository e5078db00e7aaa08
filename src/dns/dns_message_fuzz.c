/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an answer to each type of question: what is found lies inside
 * of them and under the limits. */
#include <stdlib.h>

#include "dns/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {
		DNS_A, DNS_TXT, DNS_AAAA, DNS_CAA
	};
	struct span packet = span_of(data, size);
	char name[DNS_NAME_SIZE];
	struct dns_answer answer;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct dns_query query = { SPAN_LIT("www.example.com"),
		    types[i], 0 };

		dns_message_parse(packet, &query, name, &answer);
		if (answer.count > DNS_RRSET_MAX ||
		    strlen(name) > DNS_NAME_MAX)
			abort();
		for (size_t j = 0; j < answer.count; j++)
			if (answer.rdata[j].data < data ||
			    answer.rdata[j].data + answer.rdata[j].len >
			    data + size)
				abort();
	}
	return 0;
}
