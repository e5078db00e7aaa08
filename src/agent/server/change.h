/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_CHANGE_H
#define SIGNET_AGENT_SERVER_CHANGE_H

/*
 * change: changes to files of a server's configuration that are made whole or
 * not at all. What a file was is written to DIR/changes before it is touched,
 * and goes when the change is kept: so what a run that was killed left behind
 * is found and taken back by the next one. One operation on a server at a
 * time: the rest wait for its lock.
 */

#include "base/bld.h"
#include "base/err.h"

#define CHANGE_FILE_MAX (4 * 1024 * 1024) /* bytes of a file */
#define CHANGE_FILES_MAX 16               /* touched in one change */
#define CHANGE_WAIT_S 300                 /* for the lock */

#define CHANGE_PATH_SIZE 4096             /* bytes of a path, with the NUL */

struct change {
	char folder[1024];  /* DIR/changes */
	char key[64];       /* "nginx", or "nginx-1A2B" with an argument */
	int fd_lock;
	unsigned count;     /* files that are touched */
};

/* Makes the folder, takes the lock, and finds what an earlier change left:
 * count > 0, and change_undo is due before anything else. The argument tells
 * one server of a kind from another, and is written down for repairs. */
int change_begin(struct change *change, const char *dir, const char *server,
    const char *argument, struct err *err);

/* DIR/changes/KEY.suffix: where an operation keeps what it is about. */
void change_path(const struct change *change, const char *suffix,
    char out[CHANGE_PATH_SIZE]);

/* Puts data in the place of the file, by one rename; a new file gets mode. */
int change_write(struct change *change, const char *path, struct span data,
    unsigned mode, struct err *err);
int change_remove(struct change *change, const char *path, struct err *err);

/* All is as before the first of them; tries all. */
int change_undo(struct change *change, struct err *err);
/* All stays. */
void change_keep(struct change *change);
/* Ends the lock; what is neither undone nor kept is for the next run. */
void change_end(struct change *change);

/* Gives each server in which anything was changed, with a change that was not
 * begun. */
void change_each(const char *dir, void (*visit)(void *ctx,
    const struct change *change, const char *server, const char *argument),
    void *ctx);
/* Is something left behind there? */
bool change_is_left(const struct change *change);

/* Puts a file of our own in place, whole, without a note. */
int change_put(const char *path, struct span data, unsigned mode,
    struct err *err);

/* A file's bytes, appended. -ERR_NOT_FOUND. */
int change_read(const char *path, struct bld *out, struct err *err);

#endif
