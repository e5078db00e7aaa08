/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CORE_CORE_H
#define SIGNET_CORE_CORE_H

/*
 * core: carries the CA's logic (src/ca) between the processes: decodes and
 * encodes, keeps one transaction for each turn, holds answers, and sees to it
 * that each question to a validator or the signer gets its answer in the end.
 * It knows peers by number only; core_main.c has their links, the simulator
 * has none.
 *
 * Nothing leaves before the commit: answers and questions of a turn are given
 * to struct core_ops inside core_turn_end. If the commit fails, every request
 * of the turn is answered with a problem, answers of validators and the
 * signer are asked for again, and what waited goes on waiting.
 */

#include "base/env.h"
#include "base/err.h"
#include "conf/config.h"
#include "rpc/web_core.h"

#define CORE_HOLDS_MAX 16384        /* answers held at once; more are not */
#define CORE_VALIDATORS_MAX 32      /* validator processes */
#define CORE_VALIDATOR_ASKS_MAX 256 /* in flight to one validator */
#define CORE_SIGNER_ASKS_MAX 256    /* in flight to the signer */
#define CORE_ASK_TIMEOUT_MS 60000   /* then a question is asked again: of
                                       validators, any; the signer gives the
                                       same answer to the same evidence */
#define CORE_VALIDATE_TRIES_MAX 4   /* then the challenge has failed */
#define CORE_GATHER_MIN 4           /* events that make a turn busy */
#define CORE_REMIND_MS 600000       /* between log lines about a store that
                                       goes on failing */
#define CORE_SWEEP_MS 60000         /* between deletions of expired rows */
#define CORE_SWEEP_ROWS 500         /* at most, of each kind */

struct core_ops {
	/* To who asked (core_web_request, core_dev_request), with its id. */
	void (*answer)(void *ctx, unsigned peer, uint64_t id, uint16_t type,
	    struct span payload);
	/* rpc/core_validator.h */
	void (*ask_validator)(void *ctx, unsigned validator, uint64_t id,
	    uint16_t type, struct span payload);
	/* rpc/core_signer.h */
	void (*ask_signer)(void *ctx, uint64_t id, uint16_t type,
	    struct span payload);
};

struct core;

/* env (with store, clock, random, timers), config, ops stay the caller's;
 * reads what is unfinished in the store: it is asked when peers come up. */
int core_new(const struct env *env, const struct config *config,
    const struct core_ops *ops, void *ctx, struct core **ret,
    struct err *err);
void core_free(struct core *core); /* as kill -9: answers nobody */

/*
 * A commit costs the same whether it is for one request or for fifty. While
 * core is busy (the last commit was for CORE_GATHER_MIN events or more) the
 * next one comes gather_ms after it at the earliest, and a turn goes on until
 * then. 0, the default: each turn commits.
 */
void core_set_gather(struct core *core, int64_t gather_ms);

/* After a reload. */
void core_set_config(struct core *core, const struct config *config);

/* A frame of a peer. An error means that the peer talks nonsense: close its
 * link. peer numbers are the caller's and never used twice. */
int core_web_request(struct core *core, unsigned peer, uint64_t id,
    uint16_t type, struct span payload, struct err *err);
int core_dev_request(struct core *core, unsigned peer, uint64_t id,
    uint16_t type, struct span payload, struct err *err);
void core_peer_gone(struct core *core, unsigned peer);

/* validator < CORE_VALIDATORS_MAX. Down: its questions go to others. */
void core_validator_up(struct core *core, unsigned validator);
void core_validator_down(struct core *core, unsigned validator);
int core_validator_answer(struct core *core, unsigned validator, uint64_t id,
    uint16_t type, struct span payload, struct err *err);

void core_signer_up(struct core *core);
void core_signer_down(struct core *core);
int core_signer_answer(struct core *core, uint64_t id, uint16_t type,
    struct span payload, struct err *err);

/* Commits and lets out what the turn's calls had to say. Must be called after
 * each batch of the calls above, and after env's timers. */
void core_turn_end(struct core *core);

/* No answer is held any longer: for an orderly end. */
void core_stop(struct core *core);

/* Questions without answer. */
size_t core_busy(const struct core *core);

#endif
