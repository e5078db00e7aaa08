/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_RPC_DEV_CORE_H
#define SIGNET_RPC_DEV_CORE_H

/*
 * dev_core: what the management interface of `signetd dev` asks core.
 */

#include "base/bld.h"
#include "base/cur.h"
#include "base/err.h"

#define DEV_CORE_SERIAL_MAX 20 /* bytes, RFC 5280 4.1.2.2 */

enum dev_core_type {
	/* serial, big-endian without leading zeroes -> CERTIFICATE, NONE or
	 * BUSY */
	DEV_CORE_CERTIFICATE_BY_SERIAL = 1,
	DEV_CORE_CERTIFICATE = 100,
	DEV_CORE_NONE, /* empty: no such certificate */
	DEV_CORE_BUSY, /* empty: core cannot look just now */
};

enum dev_core_status { DEV_CORE_VALID = 1, DEV_CORE_REVOKED };

struct dev_core_request {
	struct span serial;
};

struct dev_core_answer {
	enum dev_core_type type; /* CERTIFICATE, NONE or BUSY */
	enum dev_core_status status;
	int64_t revoked_at;      /* 0 unless revoked */
	uint32_t reason;         /* RFC 5280 5.3.1, if revoked */
	struct span der;
};

void dev_core_request_encode(struct bld *out,
    const struct dev_core_request *request);
/* Decoded spans borrow from payload. -ERR_FRAME. */
int dev_core_request_decode(uint16_t type, struct span payload,
    struct dev_core_request *ret, struct err *err);
void dev_core_answer_encode(struct bld *out,
    const struct dev_core_answer *answer);
int dev_core_answer_decode(uint16_t type, struct span payload,
    struct dev_core_answer *ret, struct err *err);

#endif
