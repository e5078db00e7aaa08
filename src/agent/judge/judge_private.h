/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_JUDGE_JUDGE_PRIVATE_H
#define SIGNET_AGENT_JUDGE_JUDGE_PRIVATE_H

/*
 * judge_private: what the files of this folder share. ask.c speaks with the
 * processes, judge_ca.c makes CAs known to them, job*.c take one certificate
 * through all of it.
 */

#include "agent/judge/judge.h"
#include "agent/judge/trouble.h"
#include "agent/proc/agent_procs.h"
#include "agent/rpc/judge_account.h"
#include "agent/rpc/judge_certkey.h"
#include "agent/rpc/judge_files.h"
#include "agent/rpc/judge_net.h"
#include "agent/solvers/solver.h"

/* ---- ask: questions to processes -------------------------------------- */

/* Gets each frame that answers; true when it was the last one. */
typedef bool ask_answer(void *ctx, uint16_t type, struct span payload);

struct ask {
	struct ask *next;
	uint64_t id;
	ask_answer *answer;
	void *ctx;
};

/* Sends a question; answer may be NULL for one that has none. Gives its id. */
uint64_t ask_send(struct judge *judge, enum agent_role to, uint16_t type,
    const struct bld *payload, ask_answer *answer, void *ctx);
/* Another frame about a question that is open. */
void ask_more(struct judge *judge, enum agent_role to, uint64_t id,
    uint16_t type, const struct bld *payload);
/* Nobody waits any longer. */
void ask_forget(struct judge *judge, uint64_t id);
void ask_forget_all(struct judge *judge);
/* Takes up the links. */
bool ask_link(struct judge *judge);

/* ---- CAs --------------------------------------------------------------- */

struct judge_ca;

/* Calls ready once: with the CA, of which net and account know, or with NULL
 * and why not. */
void judge_ca_need(struct judge *judge, const char *name,
    void (*ready)(void *ctx, struct judge_ca *ca, const struct err *err),
    void *ctx);
void judge_ca_free_all(struct judge *judge);
/* NET_JUDGE_ACCOUNT */
void judge_ca_account(struct judge *judge, uint32_t number,
    const struct client_account *account);

struct judge_ca {
	struct judge_ca *next;
	struct judge *judge;
	char *name;                 /* as a site has it */
	struct authority authority;
	struct state_account account; /* kid is in its arena */
	struct arena arena;
	uint32_t number;            /* of net */
	bool ready;
	bool renewal_refused;       /* it has no renewal information */
	struct err err;             /* it cannot be used */
	struct judge_ca_waiter {
		struct judge_ca_waiter *next;
		void (*ready)(void *ctx, struct judge_ca *ca,
		    const struct err *err);
		void *ctx;
	} *waiters;
};

/* ---- jobs -------------------------------------------------------------- */

struct job_solving;

struct job {
	struct job *next;
	struct judge *judge;
	unsigned flags;
	struct arena arena;
	struct state_site row;
	struct site_conf site;
	struct state_cert cert;
	struct ident_list names;    /* sorted */
	bool changed;               /* cert is to be stored */
	bool failed;
	bool issued;
	/* one issuance */
	size_t ca_index;            /* in site.ca */
	struct judge_ca *ca;
	struct span csr;
	uint8_t spki_hash[CERTKEY_HASH_SIZE];
	uint64_t order_id;          /* of the open question, 0: none */
	struct job_solving *solving;
	struct trouble trouble;     /* of the last CA that was asked */
	/* deployment */
	size_t num_steps, step;
	struct deploy_step *steps;
	struct command *command;
};

struct judge_due {
	int64_t cert_id;
	unsigned flags;
};

struct judge {
	struct judge_options options;
	struct loop *loop;
	struct env env;
	struct state *state;
	struct agent_procs *procs;
	uint64_t last_id;
	struct ask *asks;
	struct judge_ca *cas;
	uint32_t num_cas;
	struct solver_world world;
	struct listening *listening[2]; /* world's */
	struct judge_due *queue;
	size_t num_queue, next_queue;
	struct job *jobs;
	size_t num_jobs;
	struct judge_tally tally;
	struct err err;             /* of the run as a whole */
	/* Steps that several certificates share and that ran in this run. */
	struct row_list shared_ok;
	struct row_list shared_failed;
};

uint64_t judge_random(struct judge *judge);
void judge_say(struct judge *judge, enum judge_say how, const char *site,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A process is gone, or the state cannot be written: the run ends. */
void judge_end(struct judge *judge, const struct err *err);
/* A job is over: starts the next, or ends the run. */
void judge_job_over(struct job *job);

void job_start(struct judge *judge, const struct judge_due *due);
void job_free(struct job *job);
/* It is over for good or ill: stores, tells, frees. */
void job_end(struct job *job);
/* Stores what was learnt; ends the run if that fails. */
bool job_save(struct job *job);
/* In state_cert, a copy that lives as long as the job. */
struct span job_keep(struct job *job, struct span text);
/* Takes over what files say is live. */
void job_adopt(struct job *job, const struct files_live *live);
/* struct site of the rpc, for files and certkey. */
int job_site(struct job *job, struct site *ret, struct err *err);

/* Gets a certificate: job_issued or job_failed follow. */
void job_issue(struct job *job);
void job_issue_next(struct job *job);
void job_failed(struct job *job, const char *text, const char *remedy);
void job_renewal(struct job *job);
void job_publish(struct job *job, struct span chain);
void job_deploy(struct job *job);
/* After the question whether it is due: issue, or what is left to do. */
void job_decide(struct job *job);

/* Challenges. */
unsigned job_solve_methods(const struct job *job);
void job_solve(struct job *job, const struct judge_net_offers *offers);
void job_solve_clean(struct job *job);
void job_solve_free(struct job *job);

#endif
