/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_HAPROXY_PRIVATE_H
#define SIGNET_AGENT_SERVER_HAPROXY_PRIVATE_H

/* haproxy_private: what the files about HAProxy share. */

#include "agent/server/change.h"
#include "agent/server/haproxy_socket.h"
#include "agent/server/addresses.h"
#include "agent/server/server.h"
#include "base/mem.h"

#define HAPROXY_CERTS_MAX 4096 /* that are looked at */

struct haproxy {
	const struct server_world *world;
	const char *socket;
	struct change change;
	struct arena arena;
	size_t num_at;
	struct probe_at at[ADDRESSES_MAX];
};

/* One certificate file that HAProxy has loaded. */
struct haproxy_cert {
	char *file;
	size_t num_names;
	char **names;
	bool rsa;
};

/* A line of an answer that is not empty and no comment, NUL-terminated in the
 * arena; NULL at the end. */
char *haproxy_line(struct haproxy *haproxy, struct span *rest);

/* Calls visit for each; it returns false to end. */
int haproxy_certs(struct haproxy *haproxy, bool (*visit)(void *ctx,
    const struct haproxy_cert *cert), void *ctx, struct err *err);

/* Puts a PEM file's bytes into HAProxy's memory. */
int haproxy_set(const struct haproxy *haproxy, const char *file,
    struct span pem, struct err *err);

/* What an earlier run that was killed has changed is taken back. */
int haproxy_repair(struct haproxy *haproxy, struct err *err);

int haproxy_install(struct haproxy *haproxy, const struct server_cert *cert,
    struct err *err);

#endif
