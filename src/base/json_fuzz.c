/* SPDX-License-Identifier: Apache-2.0 */
/* What is parsed is written and parsed again to the same; json_flat_scan sees
 * nothing but what the parser sees. */
#include <assert.h>

#include "base/json.h"
#include "base/json_flat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_flat(const struct json_flat *flat, const json_t *json)
{
	assert(json_object_size(json) == flat->count);
	for (size_t i = 0; i < flat->count; i++) {
		struct span name = flat->members[i].name;
		struct span value = flat->members[i].value, got;
		char text[64];

		if (name.len >= sizeof(text))
			continue;
		memcpy(text, name.data, name.len);
		text[name.len] = '\0';
		assert(json_need_string(json, text, &got, NULL) == 0);
		assert(span_equal(got, value));
		assert(span_equal(json_flat_get(flat, text), value));
	}
}

/* The writer of strings makes JSON of any bytes. */
static void
check_put_string(struct span in)
{
	json_t *json;
	struct bld text;

	bld_init(&text, 1 << 24);
	bld_str(&text, "{\"a\":");
	json_put_string(&text, in);
	bld_u8(&text, '}');
	if (memchr(in.data, 0, in.len) == NULL) {
		assert(json_parse_object(bld_view(&text), "it", &json, NULL) ==
		    0);
		json_decref(json);
	}
	bld_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	json_t *json, *again;
	struct json_flat flat;
	struct err err = ERR_INIT;
	bool is_flat = json_flat_scan(in, &flat);
	char *text;

	if (size > 0)
		check_put_string(in);
	if (json_parse_object(in, "the text", &json, &err) != 0) {
		assert(!is_flat);
		assert(err.kind == ERR_MALFORMED && err.rule != NULL);
		return 0;
	}
	if (is_flat)
		check_flat(&flat, json);
	text = json_dumps(json, JSON_COMPACT);
	assert(json_parse_object(span_str(text), "it", &again, &err) == 0);
	assert(json_equal(json, again));
	free(text);
	json_decref(json);
	json_decref(again);
	return 0;
}
