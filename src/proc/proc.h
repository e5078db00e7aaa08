/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PROC_PROC_H
#define SIGNET_PROC_PROC_H

/*
 * proc: a role's side of its life under master. Master execs
 * `signetd <role>` with one descriptor, its control socket; all else (the
 * configuration, links to peers, opened resources) comes over it as messages
 * with descriptors, so a role opens no path of its own but where its sandbox
 * says so.
 *
 * Each role's ROLE_main.c shows the same steps in the same order (core alone
 * opens its store behind its sandbox, see core/core_main.c):
 *
 *   1. proc_begin      receive configuration, resources, links
 *   2. open            turn resources into keys, stores, listeners
 *   3. proc_sandbox    from here on every byte may come from outside
 *   4. proc_links      take the links to peers, now and when they change
 *                      (proc/peers.h)
 *   5. proc_ready      tell master
 *   6. proc_run        loop until told to stop
 *   7. release, and return the reason as exit status
 */

#include "base/env.h"
#include "base/loop.h"
#include "base/sandbox.h"
#include "conf/config.h"

enum role {
	ROLE_MASTER = 1,
	ROLE_WEB,
	ROLE_CORE,
	ROLE_VALIDATOR,
	ROLE_SIGNER,
	ROLE_DEV, /* Pebble's management interface; only under `signetd dev` */
	ROLE_COUNT
};

/* Descriptors that master opens for a role. The table in master/resources.c
 * says which role gets which. */
enum resource {
	RESOURCE_LISTEN = 1,      /* web, dev: listening sockets, one or more */
	RESOURCE_TLS_CERTIFICATE, /* web, dev: PEM file of the API's chain */
	RESOURCE_TLS_KEY,         /* web, dev: PEM file */
	RESOURCE_NONCE_MAP,       /* web: shared nonce bitmap (web/nonce.h) */
	RESOURCE_ISSUER_CERTIFICATE, /* signer, dev: PEM intermediate */
	RESOURCE_ISSUER_KEY,      /* signer; dev in dev mode: PEM */
	RESOURCE_ROOT_CERTIFICATE,/* signer, dev: PEM */
	RESOURCE_ROOT_KEY,        /* dev in dev mode only: PEM */
	RESOURCE_JOURNAL,         /* signer: append and read */
	RESOURCE_PERSPECTIVE_KEY, /* validator: its own; signer: all of them.
	                             32 bytes */
	RESOURCE_STORE,           /* core: the store's folder, its working one */
	RESOURCE_BLOCKED_KEYS,    /* web, signer: keys not to be accepted, if
	                             configured */
	RESOURCE_LOCK,            /* all: the lock of the CA's directory, free
	                             again when the last process is gone */
	RESOURCE_COUNT
};

#define PROC_RESOURCES_MAX 32 /* descriptors of one role */

struct proc {
	enum role role;
	unsigned index;      /* 0.. among processes of the same role */
	struct loop *loop;
	struct env env;      /* loop_env() filled */
	struct config config;
	struct proc_private *priv;
};

/* "web"; never NULL. role_from_name gives 0 if unknown. */
const char *role_name(enum role role);
enum role role_from_name(const char *name);

/* Receives the start message from the control descriptor (fd 3). Blocks for
 * at most PROC_START_TIMEOUT_MS. Errors are for main to log. */
#define PROC_START_TIMEOUT_MS 10000
int proc_begin(struct proc *proc, enum role role, struct err *err);

/* The n-th descriptor of that resource, or -1. It stays proc's until
 * proc_take, which gives it away. What nobody took is closed by proc_ready and
 * at the end of a reload: no key file stays open. */
int proc_resource(const struct proc *proc, enum resource resource,
    unsigned n);
int proc_take(struct proc *proc, enum resource resource, unsigned n);

/* Reads all of a resource file from its start into out (bounded by out's
 * maximum). For keys give one of bld_init_secret. */
int proc_read(const struct proc *proc, enum resource resource, unsigned n,
    struct bld *out, struct err *err);

/* As proc_read, of a file that has exactly size bytes. */
int proc_read_exactly(const struct proc *proc, enum resource resource,
    unsigned n, void *out, size_t size, struct err *err);

/* Clock, randomness and timers for an env whose ctx is the role's own, a struct
 * that begins with its struct proc: for roles that add members to env. */
void proc_env(struct env *env);

/* Enters sandbox with the role's uid (config.uid_base + role, if root) and
 * logs what the kernel lacks. */
int proc_sandbox(struct proc *proc, const struct sandbox *sandbox,
    struct err *err);

/* A process at the other end of a link. */
struct peer {
	enum role role;
	unsigned index;  /* among processes of the role */
	unsigned number; /* of this link, master's: never used twice */
};

/* Registers what is called for each link to a peer process: those that exist
 * at once, later ones when a peer was restarted (the old link has then
 * failed) or when master has made a failed link anew. fd is the callee's. */
void proc_links(struct proc *proc,
    void (*on_link)(void *ctx, const struct peer *peer, int fd), void *ctx);

/* Tells master that a link is no more: if both processes live, it makes
 * another. */
void proc_link_lost(struct proc *proc, const struct peer *peer);

/* Registers the reload handlers. prepare looks at the new configuration and
 * at the new resources (proc_resource already gives the new ones inside it)
 * and refuses with an error or keeps what it made; then either commit or
 * abandon is called. After commit proc->config is the new one. What is NULL has
 * nothing to do. */
struct proc_reload {
	int (*prepare)(void *ctx, const struct config *config,
	    struct err *err);
	void (*commit)(void *ctx);
	void (*abandon)(void *ctx);
};
void proc_on_reload(struct proc *proc, const struct proc_reload *reload,
    void *ctx);

/* Called once when master says stop (when master is gone, the loop stops at
 * once): finish what was begun, then call loop_stop. Without it the loop stops
 * at once. Master kills after PROC_STOP_TIMEOUT_MS. */
#define PROC_STOP_TIMEOUT_MS 10000
void proc_on_stop(struct proc *proc, void (*stop)(void *ctx), void *ctx);

void proc_ready(struct proc *proc);
void proc_run(struct proc *proc);
void proc_end(struct proc *proc);

#endif
