/* SPDX-License-Identifier: Apache-2.0 */
/* What a process may send its master: every message that is taken is encoded
 * to the same bytes again. */
#include "proc/control.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control control;
	struct bld out;

	if (control_decode(span_of(data, size), &control) != 0)
		return 0;
	bld_init(&out, size);
	control_encode(&out, &control);
	if (bld_end(&out) != 0 ||
	    !span_equal(bld_view(&out), span_of(data, size)))
		abort();
	bld_free(&out);
	return 0;
}
