/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config.h"

#include <stdlib.h>

/* What was read goes to other processes and back unchanged, and reading it
 * leaves nothing behind that changes how the next text is read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
encode(struct span text, struct bld *out)
{
	struct config config, copy;
	struct config_errors errors = { 0 };
	struct bld again;

	bld_init(&again, 4 * CONFIG_FILE_MAX);
	if (config_parse(text, "/etc/signetd.conf", &config, &errors, NULL) ==
	    0) {
		config_encode(out, &config);
		if (config_decode(bld_view(out), &copy, NULL) != 0)
			abort();
		config_encode(&again, &copy);
		if (!span_equal(bld_view(out), bld_view(&again)))
			abort();
		config_free(&copy);
		config_free(&config);
	} else if (errors.count == 0) {
		abort();
	}
	bld_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bld first, second;

	bld_init(&first, 4 * CONFIG_FILE_MAX);
	bld_init(&second, 4 * CONFIG_FILE_MAX);
	encode(span_of(data, size), &first);
	encode(span_of(data, size), &second);
	if (!span_equal(bld_view(&first), bld_view(&second)))
		abort();
	bld_free(&first);
	bld_free(&second);
	return 0;
}
