/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PROC_CONTROL_H
#define SIGNET_PROC_CONTROL_H

/*
 * control: what master and one of its processes say to each other, over the
 * process's control socket (SOCK_SEQPACKET, so a message arrives whole or not
 * at all), with descriptors. Master believes its processes nothing: all that
 * it takes from them is READY, ANSWER, COMMITTED, LINK_LOST and PONG.
 */

#include "base/err.h"
#include "base/span.h"
#include "proc/proc.h"

#define CONTROL_FD 3                 /* in the process */
#define CONTROL_SIZE_MAX (96 * 1024) /* bytes of a message; the socket takes
                                        two of them at least */
#define CONTROL_FDS_MAX PROC_RESOURCES_MAX

enum control_type {
	/* From master. */
	CONTROL_START = 1,  /* role, index, config; resources with fds */
	CONTROL_LINK,       /* role and index of the peer, number; one fd */
	CONTROL_PREPARE,    /* config; resources with fds: -> ANSWER */
	CONTROL_COMMIT,     /* -> COMMITTED */
	CONTROL_ABANDON,
	CONTROL_STOP,
	CONTROL_PING,       /* -> PONG, when the loop comes to it */
	/* To master. */
	CONTROL_READY = 100,
	CONTROL_ANSWER,     /* to PREPARE: text says why not; empty is yes */
	CONTROL_COMMITTED,
	CONTROL_LINK_LOST,  /* role and index of the peer, number */
	CONTROL_PONG,
};

struct control {
	enum control_type type;
	enum role role;
	unsigned index;
	unsigned link; /* its number, of LINK and LINK_LOST */
	struct span config;
	struct span text;
	size_t num_fds;
	enum resource resources[CONTROL_FDS_MAX]; /* of START and PREPARE */
	int fds[CONTROL_FDS_MAX];
};

/* The bytes of a message. Decoding leaves in num_fds how many descriptors
 * must come with it; -ERR_FRAME for anything else than a message. */
void control_encode(struct bld *out, const struct control *control);
int control_decode(struct span in, struct control *ret);

/* Does not wait: a process that does not read its messages is -ERR_BUSY. The
 * descriptors stay the caller's. */
int control_send(int fd, const struct control *control, struct err *err);

/* Gives 1 and a message, or 0 at the end. Spans are in buf; the descriptors
 * are the caller's. -ERR_BUSY: nothing is there. */
int control_receive(int fd, uint8_t buf[CONTROL_SIZE_MAX],
    struct control *ret, struct err *err);

void control_close_fds(const struct control *control);

#endif
