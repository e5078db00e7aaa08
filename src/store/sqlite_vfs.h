/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_STORE_SQLITE_VFS_H
#define SIGNET_STORE_SQLITE_VFS_H

/*
 * sqlite_vfs: SQLite's own file layer but for two things:
 * - paths stay relative. SQLite makes every path absolute, and fails where the
 *   process may not look at the folders above its working one. Its files can
 *   as well be opened by relative paths, as long as the working folder stays.
 * - what is appended to the write-ahead log is written when the log is synced,
 *   read or measured, in one call: SQLite has two for each page. A commit that
 *   returned was synced (synchronous=FULL, which must stay), so a crash or a
 *   power loss costs nothing that was not lost before.
 */

#define SQLITE_VFS "signet"
/* Bytes of log that wait; SQLite's own layer takes 131071 in one write. */
#define SQLITE_VFS_PENDING_MAX 98304

/* Makes it known to SQLite by its name; more than once is no harm. */
void sqlite_vfs_register(void);

#endif
