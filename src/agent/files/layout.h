/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_FILES_LAYOUT_H
#define SIGNET_AGENT_FILES_LAYOUT_H

/*
 * layout: where a site's files are, in our own layout and in those of programs
 * that sites were taken over from. In each there is one folder, the target,
 * through which readers see key and certificate; it is always exchanged whole,
 * with what else is in it.
 *
 *   signet      DIR/live/NAME: files; what was live goes to DIR/archive
 *   certbot     FOLDER/live/NAME: links to FOLDER/archive/NAME/cert7.pem
 *   dehydrated  FOLDER/NAME: links to cert-1700000000.pem beside them
 *   lego        FOLDER: NAME.crt, NAME.key, NAME.issuer.crt
 *   acme.sh     FOLDER/NAME: NAME.cer, NAME.key, ca.cer, fullchain.cer
 */

#include <limits.h>

#include "agent/rpc/site.h"

#define LAYOUT_PATH_SIZE 4096      /* bytes of a path, with the NUL */
#define LAYOUT_NAME_SIZE 256       /* bytes of a name, with the NUL */
#define LAYOUT_ENTRIES_MAX 5

struct layout_entry {
	enum site_file file;
	char name[LAYOUT_NAME_SIZE];   /* in the target */
	char real[LAYOUT_NAME_SIZE];   /* where name is a link: the file's name,
	                                  with LAYOUT_NUMBER; else empty */
};

struct layout {
	char parent[LAYOUT_PATH_SIZE]; /* of the target */
	char name[LAYOUT_NAME_SIZE];   /* of the target */
	char history[LAYOUT_PATH_SIZE];/* certbot: folder of the real files; else
	                                  empty: they are in the target */
	char link[LAYOUT_NAME_SIZE * 2]; /* before a real file's name in a link */
	bool archive;                  /* signet: keep what was live */
	size_t count;
	struct layout_entry entries[LAYOUT_ENTRIES_MAX];
};

/* Stands in real for the number of a renewal. */
#define LAYOUT_NUMBER '#'

/* dir is the agent's state. */
void layout_of(const struct site *site, const char *dir, struct layout *ret);

/* The name in the target of a file of that kind, or NULL. */
const char *layout_name(const struct layout *layout, enum site_file file);

/* real with a number in it. */
void layout_real(const struct layout_entry *entry, int64_t number,
    char out[LAYOUT_NAME_SIZE]);

/* The number in name, if it is of that entry; else -1. */
int64_t layout_number_of(const struct layout_entry *entry, const char *name);

#endif
