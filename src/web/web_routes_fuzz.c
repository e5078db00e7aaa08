/* SPDX-License-Identifier: Apache-2.0 */
/* A path that has a route is what its pattern, id and type say, and nothing
 * else: each resource has one URL. */
#include <stdlib.h>

#include "base/text.h"
#include "web/web_call.h"

static void
put_path(struct bld *out, const char *pattern, const struct web_call *call)
{
	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '#')
			text_decimal(out, call->object_id);
		else if (*pattern == '@')
			bld_str(out, challenge_type_name(call->challenge));
		else
			bld_u8(out, (uint8_t)*pattern);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct web_call call = { .web = NULL };
	const struct web_route *route;
	struct bld path;

	route = web_routes_find(span_of(data, size), &call);
	if (route == NULL)
		return 0;
	bld_init(&path, 1024);
	put_path(&path, route->pattern, &call);
	if (!span_equal(bld_view(&path), span_of(data, size)))
		abort();
	bld_free(&path);
	return 0;
}
