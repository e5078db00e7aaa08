/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_HAPROXY_PRIVATE_H
#define SIGNET_AGENT_SERVER_HAPROXY_PRIVATE_H

/* haproxy_private: what the files about HAProxy share. */

#include "agent/server/change.h"
#include "agent/server/haproxy_answer.h"
#include "agent/server/haproxy_socket.h"
#include "agent/server/addresses.h"
#include "agent/server/server.h"
#include "base/mem.h"

#define HAPROXY_OCSP ".ocsp"   /* behind the name of a certificate's file */
#define HAPROXY_CERTS_MAX 4096 /* that are looked at */
#define HAPROXY_PEM_MAX (512 * 1024) /* bytes of a certificate's file */

struct haproxy {
	struct change change;      /* first */
	const struct server_world *world;
	const char *socket;
	int pid;                   /* 0: it does not say */
	struct arena arena;
	size_t num_at;
	struct look_at at[ADDRESSES_MAX];
};

/* Calls visit for each, with names and type of key, or with its file alone;
 * it returns false to end. */
int haproxy_certs(struct haproxy *haproxy, bool whole, bool (*visit)(void *ctx,
    const struct haproxy_cert *cert), void *ctx, struct err *err);

/* ---- haproxy_file.c: what files are, whatever HAProxy says ---- */

bool haproxy_file_is_pem(struct span text);
/* Whether there is a certificate for one of the names in a file. */
int haproxy_file_check(const char *file, const struct row_list *names,
    struct err *err);
/* Of its names those that the certificate in its file has, too. */
size_t haproxy_file_names(const struct haproxy_cert *cert,
    const char *ret[HAPROXY_ANSWER_NAMES_MAX]);
/* Whether the text of a list names a file with a certificate. */
int haproxy_file_check_list(const char *list, struct span text,
    struct err *err);

/* Puts a PEM file's bytes into HAProxy's memory. */
int haproxy_set(const struct haproxy *haproxy, const char *file,
    struct span pem, struct err *err);

/* What an earlier run that was killed has changed is taken back. */
int haproxy_repair(struct haproxy *haproxy, struct err *err);

/* What was added goes from the list and from memory. */
int haproxy_forget(const struct haproxy *haproxy, const char *list,
    const char *file, struct err *err);

/* Calls visit for each list of certificates that is a file or folder; it
 * returns false to end. */
int haproxy_lists(struct haproxy *haproxy, bool (*visit)(void *ctx,
    const char *list, bool folder), void *ctx, struct err *err);

/* Wants each name to be served with the leaf by some address, or by none. */
int haproxy_see(const struct haproxy *haproxy,
    const struct server_cert *cert, const struct look_leaf *leaf,
    bool served, struct err *err);

/* Would haproxy_install change a file? */
int haproxy_is_stale(struct haproxy *haproxy, const struct server_cert *cert,
    bool *ret, struct err *err);
/* As server.h has it, of one that has begun. */
int haproxy_look(struct haproxy *haproxy, const struct server_cert *certs,
    size_t count, struct bld *out, struct err *err);

/* Of a struct haproxy, as struct server has them. */
int haproxy_install(void *self, const struct server_cert *cert,
    struct err *err);
int haproxy_remove(void *self, const struct server_cert *cert,
    struct err *err);

#endif
