/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_vfs.h"

#include <sqlite3.h>

#include "base/mem.h"

/* The log's file. SQLite gives the memory for it and for the one that really
 * has the file, which lies behind it. */
struct log_file {
	sqlite3_file file; /* first */
	sqlite3_file *real;
	sqlite3_int64 at;  /* where pending belongs */
	size_t len;
	uint8_t *pending;
};

#define LOG_FILE_SIZE ((sizeof(struct log_file) + 15) & ~(size_t)15)

static sqlite3_vfs *
usual(void)
{
	static sqlite3_vfs *vfs;

	if (vfs == NULL)
		vfs = sqlite3_vfs_find(NULL);
	return vfs;
}

/* What cannot be written is forgotten: SQLite is told, and writes the same
 * place again with the next transaction. */
static int
flush(struct log_file *log)
{
	int rc = SQLITE_OK;

	if (log->len > 0)
		rc = log->real->pMethods->xWrite(log->real, log->pending,
		    (int)log->len, log->at);
	log->len = 0;
	return rc;
}

static int
log_close(sqlite3_file *file)
{
	struct log_file *log = (struct log_file *)file;
	int flushed = flush(log), rc = log->real->pMethods->xClose(log->real);

	free(log->pending);
	return flushed != SQLITE_OK ? flushed : rc;
}

static int
log_read(sqlite3_file *file, void *out, int len, sqlite3_int64 at)
{
	struct log_file *log = (struct log_file *)file;
	int rc = flush(log);

	return rc != SQLITE_OK ? rc :
	    log->real->pMethods->xRead(log->real, out, len, at);
}

static int
log_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
	struct log_file *log = (struct log_file *)file;
	int rc = SQLITE_OK;

	if (at != log->at + (sqlite3_int64)log->len ||
	    log->len + (size_t)len > SQLITE_VFS_PENDING_MAX)
		rc = flush(log);
	if (rc != SQLITE_OK)
		return rc;
	if (len > SQLITE_VFS_PENDING_MAX)
		return log->real->pMethods->xWrite(log->real, data, len, at);
	if (log->pending == NULL)
		log->pending = mem_alloc(SQLITE_VFS_PENDING_MAX);
	if (log->len == 0)
		log->at = at;
	memcpy(log->pending + log->len, data, (size_t)len);
	log->len += (size_t)len;
	return SQLITE_OK;
}

static int
log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct log_file *log = (struct log_file *)file;
	int rc = flush(log);

	return rc != SQLITE_OK ? rc :
	    log->real->pMethods->xTruncate(log->real, size);
}

static int
log_sync(sqlite3_file *file, int flags)
{
	struct log_file *log = (struct log_file *)file;
	int rc = flush(log);

	return rc != SQLITE_OK ? rc :
	    log->real->pMethods->xSync(log->real, flags);
}

static int
log_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	struct log_file *log = (struct log_file *)file;
	int rc = flush(log);

	return rc != SQLITE_OK ? rc :
	    log->real->pMethods->xFileSize(log->real, ret);
}

/* A log is locked through its database. */
static int
log_lock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return SQLITE_OK;
}

static int
log_is_locked(sqlite3_file *file, int *ret)
{
	(void)file;
	*ret = 0;
	return SQLITE_OK;
}

static int
log_control(sqlite3_file *file, int op, void *arg)
{
	sqlite3_file *real = ((struct log_file *)file)->real;

	return real->pMethods->xFileControl(real, op, arg);
}

static int
log_sector_size(sqlite3_file *file)
{
	sqlite3_file *real = ((struct log_file *)file)->real;

	return real->pMethods->xSectorSize(real);
}

static int
log_characteristics(sqlite3_file *file)
{
	sqlite3_file *real = ((struct log_file *)file)->real;

	return real->pMethods->xDeviceCharacteristics(real);
}

static const sqlite3_io_methods log_methods = {
	.iVersion = 1,
	.xClose = log_close,
	.xRead = log_read,
	.xWrite = log_write,
	.xTruncate = log_truncate,
	.xSync = log_sync,
	.xFileSize = log_size,
	.xLock = log_lock,
	.xUnlock = log_lock,
	.xCheckReservedLock = log_is_locked,
	.xFileControl = log_control,
	.xSectorSize = log_sector_size,
	.xDeviceCharacteristics = log_characteristics,
};

static int
open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
    int *ret_flags)
{
	struct log_file *log = (struct log_file *)file;
	int rc;

	(void)vfs;
	if ((flags & SQLITE_OPEN_WAL) == 0)
		return usual()->xOpen(usual(), path, file, flags, ret_flags);
	*log = (struct log_file){
		.real = (sqlite3_file *)(void *)((char *)file + LOG_FILE_SIZE),
	};
	rc = usual()->xOpen(usual(), path, log->real, flags, ret_flags);
	/* Methods mean "to be closed". */
	if (rc == SQLITE_OK)
		log->file.pMethods = &log_methods;
	else if (log->real->pMethods != NULL)
		log->real->pMethods->xClose(log->real);
	return rc;
}

static int
keep_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	(void)vfs;
	if (strlen(path) >= (size_t)size)
		return SQLITE_CANTOPEN;
	memcpy(out, path, strlen(path) + 1);
	return SQLITE_OK;
}

void
sqlite_vfs_register(void)
{
	static sqlite3_vfs vfs;

	if (sqlite3_vfs_find(SQLITE_VFS) != NULL)
		return;
	vfs = *usual();
	vfs.zName = SQLITE_VFS;
	vfs.szOsFile += (int)LOG_FILE_SIZE;
	vfs.xOpen = open_file;
	vfs.xFullPathname = keep_path;
	sqlite3_vfs_register(&vfs, 0);
}
