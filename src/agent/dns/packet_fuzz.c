/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an answer: what is found lies inside of them and under the
 * limits. */
#include <stdlib.h>

#include "agent/dns/packet.h"
#include "agent/dns/persist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look(const struct packet *packet, const struct packet_record *record)
{
	uint8_t text[PACKET_TXT_MAX];
	struct persist_record persist;
	char name[DNS_NAME_SIZE];
	size_t len;

	if (record->at + record->rdata.len > packet->bytes.len ||
	    strlen(record->owner) > DNS_NAME_MAX)
		abort();
	if (packet_record_name(packet, record, name) == 0 &&
	    !packet_name_check(name))
		abort();
	if (packet_record_txt(record, text, &len) == 0 &&
	    (len > sizeof(text) || (persist_parse(span_of(text, len),
	    &persist) == 0 && persist.until_s < 0)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet_record record;
	struct packet_walk walk;
	struct packet packet;
	size_t count = 0;

	if (packet_parse(span_of(data, size), &packet) < 0)
		return 0;
	walk = (struct packet_walk){ .packet = &packet };
	while (packet_next(&walk, &record) > 0) {
		look(&packet, &record);
		count++;
	}
	if (count > PACKET_RECORDS_MAX)
		abort();
	return 0;
}
