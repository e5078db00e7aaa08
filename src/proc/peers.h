/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PROC_PEERS_H
#define SIGNET_PROC_PEERS_H

/*
 * peers: the links of a process to its siblings. A sibling that was restarted
 * comes with a new link, which takes the old one's place: whoever uses this
 * sees each peer go down and come up, and sends by role and index. What is
 * sent to a peer that is down is dropped: the asker asks again when it is up.
 * Of a link that is lost, master is told: it makes another if both live.
 */

#include "base/link.h"
#include "proc/proc.h"

struct peers_ops {
	/* One frame, as in link_ops. */
	int (*frame)(void *ctx, const struct peer *peer, uint16_t type,
	    uint64_t id, struct span payload, struct err *err);
	/* There is a link, or it is gone. peer is the caller's until down
	 * returns. Either may be NULL. */
	void (*up)(void *ctx, const struct peer *peer);
	void (*down)(void *ctx, const struct peer *peer);
};

struct peers { /* zeroed is valid: none */
	struct proc *proc;
	const struct peers_ops *ops;
	void *ctx;
	struct peers_link *first;
};

/* proc, ops and ctx stay the caller's. */
void peers_init(struct peers *peers, struct proc *proc,
    const struct peers_ops *ops, void *ctx);

/* Closes all links, calling nobody. */
void peers_done(struct peers *peers);

/* A new link, for proc_links; ctx is the struct peers. */
void peers_on_link(void *ctx, const struct peer *peer, int fd);

bool peers_has(const struct peers *peers, enum role role);

void peers_send(struct peers *peers, enum role role, unsigned index,
    uint16_t type, uint64_t id, struct span payload);

/* To who asked: not to the process that has taken its place since. */
void peers_answer(struct peers *peers, unsigned number, uint16_t type,
    uint64_t id, struct span payload);

#endif
