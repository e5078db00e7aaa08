/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_PROBE_H
#define SIGNET_AGENT_SERVER_PROBE_H

/*
 * probe: looks from outside at the server on this machine: is a challenge's
 * answer served, which certificate is served? It blocks, at most PROBE_WAIT_S
 * for each step: for the helper process of one operation.
 */

#include "agent/conf/service.h"
#include "base/err.h"
#include "base/span.h"

#define PROBE_WAIT_S 3         /* for one answer */
#define PROBE_SETTLE_MS 20000  /* until old workers are gone */
#define PROBE_TIMES 3          /* good answers in a row that count */
#define PROBE_HASH_SIZE 32

struct probe_at {
	char host[64];   /* "*", "127.0.0.1", "[::]"; where it listens */
	uint64_t since;  /* when it was told to reload (agent/server/holders.h):
	                    what workers that are newer serve stays so; 0: not
	                    known */
	int settle_ms;   /* instead of PROBE_SETTLE_MS; 0: that */
	unsigned port;
	enum service_protocol protocol; /* that TLS begins in */
	bool proxy;      /* it wants the PROXY protocol's line first */
	bool here;       /* this process is in a sandbox already (apart.h); else
	                    each look is made by one that is */
};

#define PROBE_SERIAL_SIZE 64   /* bytes of a serial number in hex, with the NUL */

/* A leaf that is to be seen, or was. */
struct probe_leaf {
	uint8_t hash[PROBE_HASH_SIZE];
	bool rsa;
	int64_t not_after_s;
	char serial[PROBE_SERIAL_SIZE]; /* in hex */
};

/* Of a PEM file: its first certificate. */
int probe_leaf_read(const char *file, struct probe_leaf *ret, struct err *err);

/* One GET for path of the host called name: 200 and exactly body. */
int probe_http(const struct probe_at *at, const char *name, const char *path,
    struct span body, struct err *err);

/* One handshake with that server name: the SHA-256 of what is served to a
 * client that takes rsa or else ECDSA keys only. */
int probe_tls(const struct probe_at *at, const char *name, bool rsa,
    uint8_t ret_hash[PROBE_HASH_SIZE], struct err *err);

/* The same, for one who is in a sandbox already, with more of the leaf. */
int probe_tls_leaf(const struct probe_at *at, const char *name, bool rsa,
    struct probe_leaf *ret, struct err *err);

/* The same, asked until there were PROBE_TIMES good answers in a row, or a bad
 * one from a server that has settled. */
int probe_http_wait(const struct probe_at *at, const char *name,
    const char *path, struct span body, struct err *err);
int probe_tls_wait(const struct probe_at *at, const char *name,
    const struct probe_leaf *leaf, struct err *err);

#endif
