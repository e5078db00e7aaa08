/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says whether the rest is a body or a protected header, which
 * is then put into a body. An accepted JWS keeps what jws.h promises, and its
 * parts put together again are the same JWS. */
#include <assert.h>

#include "base/json.h"
#include "base/text.h"
#include "jose/jws.h"

#define OUT_MAX (1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the JSON parser says of the header, whichever way it was read. */
static void
check_header(const struct jws_header *header, struct span text)
{
	struct span alg, kid;
	json_t *json;

	assert(json_parse_object(text, "it", &json, NULL) == 0);
	assert(json_need_string(json, "alg", &alg, NULL) == 0);
	assert(span_equal_str(alg, jwk_alg_name(header->alg)));
	assert((header->jwk != NULL) == (header->kid.len == 0));
	assert(json_get_string(json, "kid", &kid, NULL) == 0);
	assert(span_equal(kid, header->kid));
	assert((json_object_get(json, "jwk") != NULL) ==
	    (header->jwk != NULL));
	assert(json_object_get(json, "crit") == NULL);
	assert(json_object_get(json, "b64") == NULL);
	assert(header->nonce.len <= JWS_NONCE_MAX);
	assert(header->url.len <= JWS_URL_MAX);
	json_decref(json);
}

static void
check(const struct jws *jws)
{
	struct arena arena = { .used = 0 };
	struct bld header, body;
	struct jws again;

	bld_init(&header, OUT_MAX);
	assert(text_unbase64url(&header, jws->protected_b64) == 0);
	check_header(&jws->header, bld_view(&header));
	bld_init(&body, OUT_MAX);
	bld_str(&body, "{\"protected\":\"");
	text_base64url(&body, bld_view(&header));
	bld_str(&body, "\",\"payload\":\"");
	text_base64url(&body, jws->payload);
	bld_str(&body, "\",\"signature\":\"");
	text_base64url(&body, jws->signature);
	bld_str(&body, "\"}");
	assert(jws_parse(bld_view(&body), &arena, &again, NULL) == 0);
	assert(span_equal(again.protected_b64, jws->protected_b64));
	assert(span_equal(again.payload_b64, jws->payload_b64));
	assert(span_equal(again.header.nonce, jws->header.nonce));
	assert(span_equal(again.header.url, jws->header.url));
	jws_done(&again);
	bld_free(&header);
	bld_free(&body);
	arena_free(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { .used = 0 };
	struct err err = ERR_INIT;
	struct bld body;
	struct jws jws;

	if (size == 0)
		return 0;
	bld_init(&body, OUT_MAX);
	if (data[0] % 2 == 0) {
		bld_bytes(&body, data + 1, size - 1);
	} else {
		bld_str(&body, "{\"protected\":\"");
		text_base64url(&body, span_of(data + 1, size - 1));
		bld_str(&body, "\",\"payload\":\"e30\",\"signature\":\"AAAA\"}");
	}
	if (jws_parse(bld_view(&body), &arena, &jws, &err) == 0)
		check(&jws);
	else
		assert(err.kind != ERR_NONE && err.rule != NULL);
	jws_done(&jws);
	bld_free(&body);
	arena_free(&arena);
	return 0;
}
