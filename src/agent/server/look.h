/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_LOOK_H
#define SIGNET_AGENT_SERVER_LOOK_H

/*
 * look: looks from outside at the server on this machine: is a challenge's
 * answer served, which certificate is served? It blocks, at most LOOK_WAIT_S
 * for each step: for the helper process of one operation.
 */

#include "agent/conf/service.h"
#include "base/err.h"
#include "base/span.h"

#define LOOK_WAIT_S 3         /* for one answer */
#define LOOK_SETTLE_MS 20000  /* until old workers are gone */
#define LOOK_TIMES 3          /* good answers in a row that count */
#define LOOK_HASH_SIZE 32

struct look_at {
	char host[64];   /* "*", "127.0.0.1", "[::]"; where it listens */
	uint64_t since;  /* when it was told to reload (agent/server/holders.h):
	                    what workers that are newer serve stays so; 0: not
	                    known */
	int settle_ms;   /* instead of LOOK_SETTLE_MS; 0: that */
	unsigned port;
	enum service_protocol protocol; /* that TLS begins in */
	bool proxy;      /* it wants the PROXY protocol's line first */
	bool here;       /* this process is in a sandbox already (apart.h); else
	                    each look is made by one that is */
};

#define LOOK_SERIAL_SIZE 64   /* bytes of a serial number in hex, with the NUL */

/* A leaf that is to be seen, or was. */
struct look_leaf {
	uint8_t hash[LOOK_HASH_SIZE];
	bool rsa;
	int64_t not_after_s;
	char serial[LOOK_SERIAL_SIZE]; /* in hex */
};

/* Of a PEM file: its first certificate. */
int look_leaf_read(const char *file, struct look_leaf *ret, struct err *err);

/* One GET for path of the host called name: 200 and exactly body. */
int look_http(const struct look_at *at, const char *name, const char *path,
    struct span body, struct err *err);

/* One handshake with that server name: the SHA-256 of what is served to a
 * client that takes rsa or else ECDSA keys only. */
int look_tls(const struct look_at *at, const char *name, bool rsa,
    uint8_t ret_hash[LOOK_HASH_SIZE], struct err *err);

/* The same, for one who is in a sandbox already, with more of the leaf. */
int look_tls_leaf(const struct look_at *at, const char *name, bool rsa,
    struct look_leaf *ret, struct err *err);

/* The same, asked until there were LOOK_TIMES good answers in a row, or a bad
 * one from a server that has settled. */
int look_http_wait(const struct look_at *at, const char *name,
    const char *path, struct span body, struct err *err);
int look_tls_wait(const struct look_at *at, const char *name,
    const struct look_leaf *leaf, struct err *err);

#endif
