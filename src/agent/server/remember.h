/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_REMEMBER_H
#define SIGNET_AGENT_SERVER_REMEMBER_H

/*
 * remember: what files of the administrator's were before a site's certificate
 * was put into them, in DIR/changes for as long as the site is installed.
 */

#include "agent/server/change.h"

/* Before data is put into the file. A file that does not have what we put
 * there last is somebody else's again: then that is remembered. */
int remember_put(const struct change *change, const char *site,
    const char *path, struct span data, struct err *err);

/* Calls visit for each file that still has what we put there for the site;
 * was is what it had before, NULL: there was none. 0 goes on. */
int remember_each(const struct change *change, const char *site,
    int (*visit)(void *ctx, const char *path, const struct span *was,
    struct err *err), void *ctx, struct err *err);

void remember_forget(const struct change *change, const char *site);

#endif
