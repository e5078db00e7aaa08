/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CORE_CORE_PRIVATE_H
#define SIGNET_CORE_CORE_PRIVATE_H

/*
 * core_private: what the files of core share.
 *
 *   core.c       life, requests of web and dev, time
 *   core_turn.c  the transaction of a turn, and what leaves after its commit
 *   core_hold.c  answers that wait for an object to change
 *   core_ask.c   questions to the validators and the signer
 *
 * A hold or an ask that a turn made or ended is marked so until the commit:
 * then it is so; if the turn is rolled back, it is as before.
 */

#include "base/list.h"
#include "base/table.h"
#include "ca/ca.h"
#include "core/core.h"
#include "core/queue.h"

struct core_hold {
	struct table_node by_object; /* wait.object_id */
	struct list_node by_age;
	struct ca_wait wait;
	unsigned peer;
	uint64_t id;
	int64_t deadline;
	bool is_new;   /* made in this turn */
	bool answered; /* its answer leaves with this turn */
};

enum core_ask_kind { CORE_ASK_VALIDATOR, CORE_ASK_SIGNER };

enum core_ask_state {
	CORE_ASK_READY,   /* in core->ready[kind]: to be sent when possible */
	CORE_ASK_DELAYED, /* in core->delayed: not before `at` */
	CORE_ASK_SENT,    /* in core->sent[kind]: to be answered */
	CORE_ASK_DONE     /* in no list: ended in this turn */
};

struct core_ask {
	struct table_node by_id;
	struct list_node in_list;
	struct queue_item in_queue; /* while it is ready */
	struct list_node in_turn; /* core->turn_asks, if in_turn_list */
	enum core_ask_kind kind;
	enum core_ask_state state;
	int64_t object_id;    /* authorization or order */
	int64_t account_id;   /* for whom a validator is asked; 0 if not known */
	uint64_t target;      /* about whom (target.h); 0 if not known */
	enum store_slot slot; /* of the finalize that was sent */
	unsigned validator;   /* to which it was sent */
	unsigned tries;       /* that came to nothing */
	int64_t at;           /* sent at; or not before */
	bool is_new;          /* made in this turn */
	bool was_sent;        /* moved to SENT in this turn */
	bool in_turn_list;
};

/* What leaves after the commit; its payload is at `offset` in core->out. */
struct core_frame {
	enum {
		CORE_FRAME_ANSWER, /* to web */
		CORE_FRAME_DEV, CORE_FRAME_VALIDATOR, CORE_FRAME_SIGNER
	} to;
	unsigned peer;
	uint64_t id;
	uint16_t type;
	size_t offset;
	size_t len;
	struct core_hold *hold; /* that it ends, or NULL */
};

struct core_validator {
	bool up;
	size_t sent; /* questions without answer */
};

struct core {
	const struct env *env;
	const struct config *config;
	const struct core_ops *ops;
	void *ctx;
	struct ca ca;
	struct arena arena;            /* of one event */
	struct web_core_request request;
	struct ca_result result;
	struct ca_result held;         /* of a hold that is answered */

	/* Turn. */
	bool in_turn;                  /* a transaction is open */
	bool doomed;                   /* it will be rolled back */
	bool dirty;                    /* it has written */
	unsigned events;               /* that it has written for */
	unsigned last_events;          /* those of the last commit */
	int64_t committed_at;
	unsigned failed_turns;         /* since a turn's writing succeeded */
	int64_t failed_at;             /* the first of them */
	int64_t reminded_at;           /* their last log line */
	int64_t gather_ms;
	struct bld out;
	struct core_frame *frames;
	size_t num_frames, cap_frames;
	struct list turn_asks;

	/* Holds. */
	struct table holds;
	struct list holds_by_age;
	bool stopping;

	/* Asks. */
	struct table asks;
	struct queue ready[2];
	struct list sent[2];
	struct list delayed;
	uint64_t last_ask_id;
	struct core_validator validators[CORE_VALIDATORS_MAX];

	/* Time. */
	struct env_timer *timer;
	int64_t timer_at;              /* 0: not running */
	int64_t sweep_at;
};

/* core_turn.c */
/* False if the turn is lost: nothing may be read or written. */
bool core_turn_begin(struct core *core);
/* As core_turn_begin, for an event that may write. */
bool core_turn_begin_write(struct core *core);
/* The store failed or the logic is broken: nothing of this turn counts. */
void core_turn_doom(struct core *core, const struct err *err);
/* Something that leaves after the commit: write the payload to core->out
 * after begin, then end. */
void core_turn_frame_begin(struct core *core);
void core_turn_frame_end(struct core *core, const struct core_frame *frame);
void core_turn_answer(struct core *core, unsigned peer, uint64_t id,
    const struct web_core_answer *answer, struct core_hold *hold);
void core_turn_problem(struct core *core, unsigned peer, uint64_t id,
    const struct problem *problem, struct core_hold *hold);
/* Carries out what follows from an event. problem is for those whose finalize
 * was refused. */
void core_turn_effect(struct core *core, const struct ca_effect *effect,
    const struct problem *problem);

/* core_hold.c */
/* False if it cannot wait: answer now. */
bool core_hold_add(struct core *core, const struct ca_wait *wait,
    unsigned peer, uint64_t id);
void core_hold_changed(struct core *core, int64_t object_id);
void core_hold_refused(struct core *core, int64_t order_id,
    enum store_slot slot, const struct problem *problem);
void core_hold_due(struct core *core, int64_t now);
/* Those that are due wait once more: their answer could not be made. */
void core_hold_again(struct core *core, int64_t now);
void core_hold_peer_gone(struct core *core, unsigned peer);
void core_hold_free(struct core *core, struct core_hold *hold);
void core_hold_free_all(struct core *core);

/* core_ask.c */
/* Reads from the store what has no answer yet. */
int core_ask_resume(struct core *core, struct err *err);
void core_ask_effect(struct core *core, const struct ca_effect *effect);
/* Sends what can be sent. */
void core_ask_pump(struct core *core);
void core_ask_due(struct core *core, int64_t now);
/* The end of the turn. */
void core_ask_settle(struct core *core, bool committed);
/* The next time at which core_ask_due has something to do; INT64_MAX. */
int64_t core_ask_next(struct core *core);
void core_ask_free_all(struct core *core);

/* core.c */
/* Makes sure that core wakes at that time. */
void core_wake_at(struct core *core, int64_t at);

#endif
