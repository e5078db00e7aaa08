/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_FILES_PUBLISH_H
#define SIGNET_AGENT_FILES_PUBLISH_H

/*
 * publish: puts a key and its certificate where readers find them, so that no
 * reader ever sees one without the other, wherever the machine stops:
 *
 *   1. the new target is made beside the old one (".NAME.signet"), with what
 *      else the old one holds, and written to the disk
 *   2. the two are exchanged
 *   3. what was live is archived (signet) or removed
 *   4. extra copies are replaced, one by one: between two of them a reader may
 *      see old beside new, so who needs a pair takes one file (combined)
 *
 * Doing it again finishes what was begun, from any point. Who publishes writes
 * down before that he will (intent.h).
 */

#include "agent/files/chain.h"
#include "agent/files/layout.h"

#define PUBLISH_ARCHIVED_MAX 5 /* kept of a site, the live one not counted */
#define PUBLISH_KEY_MAX 16384  /* bytes of PEM */

struct publish {
	const char *dir;           /* of the agent's state */
	const struct site *site;
	const struct chain *chain;
	struct span key;           /* PEM; empty: it is not ours to publish */
	struct span ocsp;          /* a checked response for it, or empty */
	int64_t at_s;              /* when it was begun: numbers dehydrated's */
};

/* Where two renames take an exchange's place: undoes or finishes them if the
 * machine stopped in between. Comes before all that reads what is live. */
int publish_settle(const struct site *site, const char *dir,
    struct err *err);

/* Steps 1 to 3. -ERR_IO, -ERR_CONFIG. *ret_pruned, which is ERR_INIT before,
 * says if what is too old for the archive could not be removed: all else is
 * done then. */
int publish_target(const struct publish *publish, struct err *ret_pruned,
    struct err *err);

/* Step 4. All are tried; the error is the first one's. */
int publish_copies(const struct publish *publish, struct err *err);

/* What is live now: the leaf. *ret->leaf.exists is false when nothing is. */
int publish_live(const struct site *site, const char *dir,
    struct arena *arena, struct chain *ret, struct err *err);

/* Its key, appended as PEM, if hash is NULL or the key's; else one from the
 * archive with that hash. -ERR_NOT_FOUND. */
int publish_live_key(const struct site *site, const char *dir,
    const uint8_t *hash, struct bld *out, struct err *err);

/* What is live goes to the archive; only of our own layout. */
int publish_remove(const struct site *site, const char *dir,
    struct err *ret_pruned, struct err *err);

/* A newer OCSP response beside the certificate: ocsp.der, the same for HAProxy
 * as combined.pem.ocsp, and ocsp.conf for nginx; empty: they go. */
int publish_ocsp(const struct site *site, const char *dir,
    struct span response, struct err *err);

#endif
