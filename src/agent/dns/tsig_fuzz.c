/* SPDX-License-Identifier: Apache-2.0 */
/* Up to the first NUL a key's file, after it an answer to be verified with
 * it: only a signature of ours may be taken. */
#include <stdlib.h>

#include "agent/dns/tsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
	size_t len = nul == NULL ? size : (size_t)(nul - data);
	struct tsig_mac mac = { .len = 32 };
	struct tsig_key key;
	struct packet packet;
	struct err err = ERR_INIT;

	if (tsig_key_parse(span_of(data, len), "x.key", &key, &err) < 0)
		return 0;
	if (key.secret_len > TSIG_SECRET_MAX || !packet_name_check(key.name))
		abort();
	if (nul != NULL && packet_parse(span_of(nul + 1, size - len - 1),
	    &packet) == 0)
		tsig_verify(&packet, &key, &mac, 1700000000, &err);
	return 0;
}
