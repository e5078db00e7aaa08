/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_NEWCA_H
#define SIGNET_MASTER_NEWCA_H

/*
 * newca: makes all that a CA is born with in an empty folder: root,
 * intermediate, API CA and leaf, their keys, the perspective's key, and the
 * folders of store, journal and run. Who owns what: master/tree.h.
 */

#include "base/err.h"
#include "pkix/ident.h"

struct newca {
	const char *directory;    /* exists and is empty */
	const char *organization; /* begins the names of the certificates */
	struct ident_list names;  /* of the API; not empty */
	int64_t uid_base;
	bool sync;                /* survive a power loss */
};

#define NEWCA_ORGANIZATION_MAX 32 /* bytes; leaves room in PKI_NAME_MAX */

int newca_make(const struct newca *newca, struct err *err);

/* Appends the names of a list with commas to newca->names; texts of addresses
 * become those. Values are allocated in arena. */
int newca_add_names(struct newca *newca, const char *names,
    struct arena *arena, struct err *err);

#endif
