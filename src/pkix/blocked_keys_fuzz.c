/* SPDX-License-Identifier: Apache-2.0 */
/* A list that parses has the hashes that its lines begin with and no others,
 * and has one more when a line is added. */
#include <openssl/sha.h>
#include <stdlib.h>

#include "base/bld.h"
#include "pkix/blocked_keys.h"

/* A key, so to say, and its SHA-256. */
#define SPKI SPAN_LIT("a")
#define HASH \
	"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks for HASH at the begin of a line, as a reader would. */
static bool
is_listed(struct span text)
{
	const char *hash = HASH;
	bool begun = false, other = false;
	size_t at = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c == '\n') {
			at = 0;
			begun = other = false;
		} else if (begun || (c != ' ' && c != '\t' && c != '\r')) {
			begun = true;
			if (c >= 'A' && c <= 'F')
				c = (uint8_t)(c + ('a' - 'A'));
			other = other || c != (uint8_t)hash[at];
			if (!other && hash[++at] == '\0')
				return true;
		}
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	struct blocked_keys *keys;
	struct bld more;

	if (blocked_keys_parse(in, &keys, NULL) < 0)
		return 0;
	if (blocked_keys_has(keys, SPKI) != is_listed(in))
		abort();
	blocked_keys_free(keys);
	bld_init(&more, size + 2 * SHA256_DIGEST_LENGTH + 1);
	bld_span(&more, in);
	bld_str(&more, "\n" HASH);
	if (bld_end(&more) < 0 ||
	    blocked_keys_parse(bld_view(&more), &keys, NULL) < 0 ||
	    !blocked_keys_has(keys, SPKI))
		abort();
	blocked_keys_free(keys);
	bld_free(&more);
	return 0;
}
