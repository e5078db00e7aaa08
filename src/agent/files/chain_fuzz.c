/* SPDX-License-Identifier: Apache-2.0 */
/* A CA's answer: what parses can be checked and written, and parses again to
 * the same leaf. */
#include <stdlib.h>

#include "agent/files/chain.h"

#define NOW_MS INT64_C(1795000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct chain chain, again;
	struct arena arena = { 0 };
	struct files_ocsp ocsp;
	struct bld out;

	bld_init(&out, 2 * FILES_CHAIN_MAX);
	if (chain_parse(span_of(data, size), &arena, &chain, NULL) == 0) {
		chain_check(&chain, chain.leaf.spki_hash, &chain.leaf.names,
		    NOW_MS, NULL);
		chain_put(&out, &chain, 0);
		if (out.len > FILES_CHAIN_MAX)
			chain.count = 0; /* longer lines were in it */
		else if (chain_parse(bld_view(&out), &arena, &again, NULL) < 0 ||
		    memcmp(again.leaf.leaf_hash, chain.leaf.leaf_hash,
		    FILES_HASH_SIZE) != 0)
			abort();
		if (chain.count > 0)
			chain_read_ocsp(&chain, span_of(data, size), NOW_MS,
			    &ocsp, NULL);
	}
	bld_free(&out);
	arena_free(&arena);
	return 0;
}
