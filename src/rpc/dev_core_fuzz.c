/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the frame's type; what decodes must encode to the
 * same bytes. */
#include <stdlib.h>

#include "rpc/dev_core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span payload = size == 0 ? SPAN_NONE :
	    span_of(data + 1, size - 1);
	struct dev_core_request request;
	struct dev_core_answer answer;
	struct bld out;
	bool decoded;

	if (size == 0)
		return 0;
	bld_init(&out, 1024 * 1024);
	decoded = dev_core_request_decode(data[0], payload, &request,
	    NULL) == 0;
	if (decoded) {
		dev_core_request_encode(&out, &request);
	} else if (dev_core_answer_decode(data[0], payload, &answer,
	    NULL) == 0) {
		decoded = true;
		dev_core_answer_encode(&out, &answer);
	}
	if (decoded && (bld_end(&out) < 0 ||
	    !span_equal(bld_view(&out), payload)))
		abort();
	bld_free(&out);
	return 0;
}
