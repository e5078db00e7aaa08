/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_STORE_STORE_SQLITE_H
#define SIGNET_STORE_STORE_SQLITE_H

/*
 * store_sqlite: the store in one SQLite file. Write-ahead log with
 * synchronous=FULL: a commit that returned survives power loss. The process
 * needs to open, lock, sync and unlink files in the database's folder only.
 */

#include "store/store.h"

/* The simulator's and the tests' store: it is lost when closed. */
#define STORE_SQLITE_MEMORY ":memory:"

/* For processes that open the store inside their sandbox: reads SQLite's
 * random seed while the file system is still there. */
void store_sqlite_prepare(void);

/* Opens or creates the database and brings its schema up to date. A database
 * of a newer release is refused with -ERR_CONFIG. If path is relative, the
 * working folder must stay until the store is closed. */
int store_sqlite_open(const char *path, struct store **ret, struct err *err);

#endif
