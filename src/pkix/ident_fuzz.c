/* SPDX-License-Identifier: Apache-2.0 */
/* What parses has a canonical form, which parses to itself. */
#include <stdlib.h>

#include "pkix/ident_idna.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct span types[] = {
		{ (const uint8_t *)"dns", 3 }, { (const uint8_t *)"ip", 2 }
	};
	struct arena arena = { 0 };
	struct ident first, again;

	for (size_t i = 0; i < 2; i++) {
		if (ident_parse(types[i], span_of(data, size), &arena, &first,
		    NULL) < 0)
			continue;
		ident_idna_check(&first, NULL);
		if (ident_check(&first, NULL) < 0 || ident_parse(types[i],
		    first.value, &arena, &again, NULL) < 0 ||
		    ident_compare(&first, &again) != 0)
			abort();
	}
	arena_free(&arena);
	return 0;
}
