/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_SERVER_H
#define SIGNET_AGENT_SERVER_SERVER_H

/*
 * server: the web servers that Signet works through. Each is asked itself what
 * it serves, and changed by a file of our own beside the administrator's, which
 * are never written to. A change is tested by the server, taken up by a reload,
 * looked at from outside, and taken back as a whole when anything fails.
 *
 * All functions block. They run in a helper process, forked by judge for one
 * operation (command_call, agent/proc/command.h), which alone reads what a
 * server says.
 */

#include "agent/conf/row.h"
#include "agent/server/running.h"
#include "base/bld.h"
#include "base/err.h"

struct server_world {
	const char *dir;      /* of the agent's state */
	const char *argument; /* of "nginx=FILE": "FILE"; or "" */
};

/* One challenge: http-01, RFC 8555 8.3. */
struct server_task {
	const char *name, *token, *key_authorization;
};

#define SERVER_TASKS_MAX 1000 /* at a time */

struct server_cert {
	const char *site;             /* its name, fit for a file's */
	const char *folder;           /* cert.pem and so on */
	const struct row_list *names;
};

/* look's line of a site; err: it could not be installed; NULL: it could. */
void server_put_look(struct bld *out, const struct server_cert *cert,
    bool stale, const struct err *err);

/* The folders of all certificates of the site (a site with two types of key
 * has two): the first is the site's own. false at the end. */
#define SERVER_FOLDER_SIZE 4096
bool server_folder(const struct server_cert *cert, size_t index,
    char out[SERVER_FOLDER_SIZE]);

#define SERVER_VIA_SIZE (RUNNING_SIZE + 16)

struct tasks; /* agent/server/tasks.h */

struct server {
	const char *name;
	/* Changes nothing, and needs no dir. Appends one line for each
	 * certificate that the server needs: its names with a space between;
	 * and lines "# ..." that say in words what was left out. */
	int (*sites)(const struct server_world *world, struct bld *out,
	    struct err *err);
	/* Where that of the process is another than the usual one: the
	 * argument for it; else "". */
	void (*find)(int pid, char out[RUNNING_SIZE]);
	/* Changes nothing, and needs no dir: could it answer challenges for
	 * all of the names? Says in words why not. */
	int (*fits)(const struct server_world *world,
	    const struct row_list *names, struct err *err);
	/* The functions below share an object of that size, which begins with
	 * a struct change: begin makes it, with the lock, and takes back what
	 * an earlier run left; end is called even if begin has failed. */
	size_t size;
	int (*begin)(void *self, const struct server_world *world,
	    struct err *err);
	void (*end)(void *self);
	/* Makes the server answer those of tasks, among which items are new,
	 * and no longer those that are not among them any more. */
	int (*show)(void *self, struct tasks *tasks,
	    const struct server_task *items, size_t count, struct err *err);
	int (*hide)(void *self, struct tasks *tasks,
	    const struct server_task *items, size_t count, struct err *err);
	/* Looks at one from outside; NULL: show does. */
	int (*see)(void *self, const struct server_task *item,
	    struct err *err);
	/* As server_install, and its reverse. */
	int (*install)(void *self, const struct server_cert *cert,
	    struct err *err);
	int (*remove)(void *self, const struct server_cert *cert,
	    struct err *err);
	/* Asks it what has become of what was installed, and changes nothing.
	 * Appends lines: "stale SITE" where install would write other files
	 * than there are now; "fault SITE WHY" where it could not; and "names
	 * NAME..." as sites has them. Notes what it has looked at
	 * (agent/server/seen.h). NULL: it cannot be asked that. */
	int (*look)(const struct server_world *world,
	    const struct server_cert *certs, size_t count, struct bld *out,
	    struct err *err);
};

extern const struct server server_nginx, server_apache, server_haproxy;

const struct server *server_find(const char *name); /* or NULL */
/* Of "nginx=FILE", with *ret_argument as struct server_world wants it; NULL if
 * there is no such server. */
const struct server *server_parse(const char *text,
    const char **ret_argument);

/* Lets the server answer the challenges, seen from outside; without any, takes
 * back what an earlier run left behind. */
int server_present(const struct server *server,
    const struct server_world *world, const struct server_task *items,
    size_t count, struct err *err);
int server_withdraw(const struct server *server,
    const struct server_world *world, const struct server_task *items,
    size_t count, struct err *err);
/* Lets it serve the certificate, seen from outside. */
int server_install(const struct server *server,
    const struct server_world *world, const struct server_cert *cert,
    struct err *err);

/* Could the server whose process that is answer challenges for the names? Then
 * via is "nginx" or "nginx=FILE". It is asked by a process of its own. */
int server_fits(const struct server *server, int pid,
    const struct row_list *names, char via[SERVER_VIA_SIZE],
    struct err *err);

/* Takes back what was installed for a site into "nginx=FILE", by a process of
 * its own; what was there before is served again. */
int server_remove(const char *dir, const char *install,
    const struct server_cert *cert, struct err *err);

/* What runs that were killed left behind is taken back, by a process of its
 * own; nothing is started if there is nothing. Only while no other run works
 * in dir. -ERR_IO with the first trouble. */
bool server_is_left(const char *dir);
int server_repair(const char *dir, struct err *err);

/* Gives each server in which something was installed, or may have been, and
 * whose configuration's files are not as they were when it was looked at last.
 * Cheap: some files are looked at, and no program is run. */
void server_each_changed(const char *dir, int64_t now, void (*visit)(void *ctx,
    const struct server *server, const char *argument), void *ctx);

/* look, by a process of its own. */
int server_look(const struct server *server, const struct server_world *world,
    const struct server_cert *certs, size_t count, struct bld *out,
    struct err *err);

/* What was looked at is done with until it changes; or, where that did not
 * succeed, for an hour. */
void server_looked(const struct server *server,
    const struct server_world *world, bool ok, int64_t now);

#endif
