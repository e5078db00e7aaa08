/* SPDX-License-Identifier: Apache-2.0 */
/* What a process takes as a configuration from master it would hand on in the
 * same bytes; what it does not take leaves nothing behind. */
#include "conf/config.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	struct bld out;

	if (config_decode(span_of(data, size), &config, NULL) < 0)
		return 0;
	bld_init(&out, size);
	config_encode(&out, &config);
	if (bld_end(&out) < 0 ||
	    !span_equal(bld_view(&out), span_of(data, size)))
		abort();
	bld_free(&out);
	config_free(&config);
	return 0;
}
