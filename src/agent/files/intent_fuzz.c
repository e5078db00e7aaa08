/* SPDX-License-Identifier: Apache-2.0 */
/* What decodes must encode to the same bytes. */
#include <stdlib.h>

#include "agent/files/intent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct intent intent;
	struct bld out;

	if (intent_decode(span_of(data, size), &intent, NULL) < 0)
		return 0;
	bld_init(&out, size);
	intent_encode(&out, &intent);
	if (bld_end(&out) < 0 || !span_equal(bld_view(&out),
	    span_of(data, size)))
		abort();
	bld_free(&out);
	return 0;
}
