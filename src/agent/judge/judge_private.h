/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_JUDGE_JUDGE_PRIVATE_H
#define SIGNET_AGENT_JUDGE_JUDGE_PRIVATE_H

/*
 * judge_private: what the files of this folder share. ask.c speaks with the
 * processes, judge_ca.c makes CAs known to them, job*.c take one certificate
 * through all of it.
 */

#include "agent/deploy/deploy.h"
#include "agent/judge/judge.h"
#include "agent/judge/trouble.h"
#include "agent/proc/agent_procs.h"
#include "agent/rpc/judge_account.h"
#include "agent/rpc/judge_certkey.h"
#include "agent/rpc/judge_files.h"
#include "agent/rpc/judge_net.h"
#include "agent/solvers/solver.h"
#include "base/list.h"
#include "client/client.h"

/* ---- ask: questions to processes -------------------------------------- */

/* Gets each frame that answers, of the process that was asked: whoever breaks
 * into another one does not answer for it. True when it was the last one. */
typedef bool ask_answer(void *ctx, uint16_t type, struct span payload);

/* A CA that holds each of a hundred names for long makes some ten thousand. */
#define ASK_FRAMES_MAX 100000 /* about one question */

struct ask {
	struct list_node of_judge;
	enum agent_role of;
	uint64_t id;
	unsigned frames;            /* that came */
	ask_answer *answer;
	void *ctx;
};

/* Sends a question; answer may be NULL for one that has none. Gives its id. */
uint64_t ask_send(struct judge *judge, enum agent_role to, uint16_t type,
    const struct bld *payload, ask_answer *answer, void *ctx);
/* The same to net, which most is asked of; and one more about a question that
 * is open. */
uint64_t ask_net(struct judge *judge, const struct judge_net_ask *ask,
    ask_answer *answer, void *ctx);
void ask_net_more(struct judge *judge, uint64_t id,
    const struct judge_net_ask *ask);
/* Nobody waits any longer for those with this ctx, which goes. */
void ask_forget_of(struct judge *judge, const void *ctx);
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
/* A question to account about its key. */
void judge_ca_ask(struct judge_ca *ca,
    const struct judge_account_request *request, ask_answer *answer,
    void *ctx);
void judge_ca_registration(const struct judge_ca *ca, struct arena *arena,
    struct client_registration *ret);
/* Whether a URL is of the host, scheme and port that its directory is at. */
bool judge_ca_is_at(const struct judge_ca *ca, struct span url);
/* NET_JUDGE_ACCOUNT */
void judge_ca_account(struct judge *judge, uint32_t number,
    const struct client_account *account);

#define JUDGE_CA_CHANGES_MAX 8  /* of what is known of an account, in a run */

struct judge_ca {
	struct judge_ca *next;
	struct judge *judge;
	char *name;                 /* as a site has it */
	struct authority authority;
	struct state_account account; /* kid is in its arena */
	struct arena arena;
	uint32_t number;            /* of net */
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE]; /* of the account's key */
	unsigned account_changes;
	bool ready;
	struct err err;             /* it cannot be used */
	struct judge_ca_waiter {
		struct judge_ca_waiter *next;
		void (*ready)(void *ctx, struct judge_ca *ca,
		    const struct err *err);
		void *ctx;
	} *waiters;
};

/* ---- jobs -------------------------------------------------------------- */

struct solving;     /* job_solve.c */
struct job_telling; /* job_tell.c */
struct run_hooks;   /* run_hooks.c */

/* Deployments come when nobody issues: one reload for many certificates. */
#define JOB_ROUNDS_MAX (4 * CLIENT_ROUNDS_MAX) /* what net says of one question
                                                  that has us do something */
enum job_phase { JOB_WORKING = 1, JOB_PARKED, JOB_READY, JOB_DEPLOYING };

struct job {
	struct job *next;
	struct judge *judge;
	enum job_phase phase;
	unsigned flags;
	struct arena arena;
	struct state_site row;
	struct site_conf site;
	struct state_cert cert;
	struct ident_list names;    /* sorted */
	bool failed;
	bool issued;
	struct hook_env environment; /* of hooks */
	bool attempted;             /* hooks know that a CA is asked */
	bool csr_given;             /* by the administrator, or a hook */
	/* one issuance */
	size_t ca_index;            /* in site.ca */
	struct judge_ca *ca;
	struct span csr;
	void (*allowed)(struct job *job); /* after job_allow */
	uint8_t spki_hash[CERTKEY_HASH_SIZE];
	uint64_t order_id;          /* of the question that is open */
	unsigned rounds;            /* orders and offers in it */
	struct solving *solving;
	struct job_telling *telling;
	int64_t earliest;           /* when a CA may be tried again */
	struct trouble trouble;     /* of the first CA that refused */
	struct trouble refusal;     /* of the one at hand, */
	const struct client_problem *problem; /* while hooks are told of it */
	/* deployment */
	size_t num_steps, step, call; /* call: of those that a step has */
	struct deploy_step *steps;
	struct state_deployment outcome;
	struct command *command;
	/* OCSP */
	bool ocsp_done;             /* looked after in this run */
	bool must_staple;           /* what is live says status_request */
	bool has_responder;         /* for OCSP */
	struct span ocsp_chain;     /* that waits for its response, PEM */
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
	struct list asks;
	struct judge_ca *cas;
	uint32_t num_cas;
	struct solver_world world;
	struct listening *listening[2]; /* world's */
	struct judge_due *queue;
	size_t num_queue, next_queue;
	struct job *jobs;
	size_t num_jobs;
	struct run_hooks *hooks;    /* NULL: none has run */
	size_t num_solvings;        /* that are not taken down yet */
	struct judge_tally tally;
	struct err err;             /* of the run as a whole */
	void (*task)(struct judge *judge); /* instead of certificates */
	struct account_task *account_task;
	struct import_task *import_task;
	struct look_task *look_task;
	struct persist_task *persist_task;
	enum judge_wake wake;       /* a signal came */
	bool waiting;
	struct env_timer *timer;
	int signal_fd;
	struct event *signal_event;
	struct event *changes_event; /* inotify(7) */
	bool changed;               /* by another command, since the last wait */
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
void judge_watch_signals(struct judge *judge);
void judge_unwatch_signals(struct judge *judge);
/* Lets judge_wait end when another command has changed something. */
void judge_watch_changes(struct judge *judge);
void judge_unwatch_changes(struct judge *judge);
/* With the lock, what was changed before is another's doing; what is there
 * after releasing it is our own. */
void judge_see_changes(struct judge *judge);
void judge_forget_changes(struct judge *judge);
/* Notes the time, and what to do when it goes back (clock.c). */
int judge_clock_check(struct judge *judge, struct err *err);
void judge_clock_note(struct judge *judge);
struct run_lock;
void judge_release_lock(struct judge *judge, struct run_lock *lock);
/* A run of start alone, in the place of certificates that are due. */
int judge_run_task(struct judge *judge, void (*start)(struct judge *judge),
    struct err *err);
/* Ends the run if nothing is left. */
void judge_check_end(struct judge *judge);

void job_start(struct judge *judge, const struct judge_due *due);
void job_free(struct job *job);
/* Nothing is known of an OCSP response. */
void job_ocsp_clear(struct job *job);
/* Stores what was learnt; false if that failed, and the run ends. */
bool job_save(struct job *job);
/* A copy that lives as long as the job. */
struct span job_keep(struct job *job, struct span text);
/* "example.com" or "example.com (rsa2048)": for people. */
const char *job_name(struct job *job);

/* Takes over what files say is live; false if the run ends. */
bool job_adopt(struct job *job, const struct files_live *live,
    struct span directory);
/* A frame of files that is not of its form ends the run. */
bool job_files_decode(struct job *job, uint16_t type, struct span payload,
    struct judge_files_answer *ret);
void job_ask_files(struct job *job, struct judge_files_request *request,
    ask_answer *answer);

/* Has account sign that job->csr, a CSR to be certified or a certificate to be
 * revoked, be sent to job->ca in this run, and none that net may come with;
 * then goes on. */
void job_allow(struct job *job, void (*then)(struct job *job));

/* One more thing that net has us do or remember for the question that is open.
 * False, and the run ends, if there is no end to it. */
bool job_count(struct job *job);

/* Gets a certificate from the first CA that gives one; then job_park. */
void job_issue(struct job *job);
void job_next_ca(struct job *job);
/* The same, but with a new key: a CA refused the one that is pending. */
void job_other_key(struct job *job);
/* What hinders without any CA being asked. */
void job_fail_here(struct job *job, const struct err *err,
    const char *remedy);
/* The CA refused, or could not be asked, or gave what cannot be used: problem
 * is NULL where it was not the CA that said so. The next one is asked. */
void job_fail_at_ca(struct job *job, const struct client_problem *problem,
    const struct trouble *trouble);
/* It is no use asking: told when all have refused. */
void job_remember(struct job *job, const struct trouble *trouble);
/* All CAs have refused, or wait. */
void job_give_up(struct job *job);
/* Asks the CA when to renew; then job_issue or job_park. */
void job_renewal(struct job *job);
/* The site's name for the CA that issued what is live, or NULL. */
const char *job_issuing_ca(struct job *job);
void job_revoke(struct job *job);
void job_remove(struct job *job);
void job_take_over(struct job *job);
/* It was looked at, and is not due: hooks are told. */
void job_unchanged(struct job *job);
/* Descriptors for the account process; 0 at all other times. */
size_t import_task_fds(const struct judge *judge, const int **ret);
/* What is left is the OCSP response, and deployment. */
void job_park(struct job *job);

/* A record of dns-persist-01 was seen, which ends then (0: never); warns of
 * those that end soon, and is false if the run ends. */
void job_record_seen(struct job *job, const struct ident *ident,
    bool wildcard, int64_t until_s);
bool job_record_warn(struct job *job);

/* OCSP (job_ocsp.c): what is live is such; a new chain gets its response
 * before it is published, if it is to have one; what that said; a response is
 * fetched if one is due: then job_park is called again. */
void job_ocsp_live(struct job *job, const struct files_live *live);
void job_ocsp_before(struct job *job, struct span chain);
void job_ocsp_published(struct job *job, const struct files_ocsp *says);
bool job_ocsp(struct job *job);
void job_publish(struct job *job, struct span chain, struct span ocsp);
/* Makes its deployment's steps, if they are not there yet. */
void job_steps(struct job *job);
/* The next that is ready, or all that are parked. */
void judge_deploy(struct judge *judge);

/* Challenges: solvers are set up for what is offered, and taken down. */
unsigned job_solve_methods(const struct job *job, struct err *err);
void job_solve(struct job *job, const struct judge_net_offers *offers);
void job_solve_clean(struct job *job);
/* The CA has refused what was set up: hooks are told at their takedown. */
void job_solve_failed(struct job *job,
    const struct client_progress *progress);

#endif
