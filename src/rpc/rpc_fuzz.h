/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_RPC_RPC_FUZZ_H
#define SIGNET_RPC_RPC_FUZZ_H

/*
 * rpc_fuzz: what the fuzzers of messages share. The first byte of an input is
 * the frame's type, the rest its payload. The property: what decodes encodes
 * to the same bytes.
 */

#include <stdlib.h>

#include "base/bld.h"

#define RPC_FUZZ_MAX (4 * 1024 * 1024) /* bytes of a longest input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Splits an input and readies out; false if it is not looked at. */
static inline bool
rpc_fuzz_begin(const uint8_t *data, size_t size, struct span *payload,
    struct bld *out)
{
	if (size == 0 || size > RPC_FUZZ_MAX)
		return false;
	*payload = span_of(data + 1, size - 1);
	bld_init(out, RPC_FUZZ_MAX);
	return true;
}

/* out has what was decoded, encoded again; where nothing could be decoded,
 * nothing, and payload is SPAN_NONE. */
static inline void
rpc_fuzz_end(struct bld *out, struct span payload)
{
	if (bld_end(out) < 0 || !span_equal(bld_view(out), payload))
		abort();
	bld_free(out);
}

#endif
