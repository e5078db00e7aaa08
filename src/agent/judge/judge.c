/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/judge/follow.h"
#include "agent/judge/reach.h"
#include "agent/judge/run_hooks.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/account/account_main.h"
#include "agent/certkey/certkey_main.h"
#include "agent/files/files_main.h"
#include "agent/proc/agent_dirs.h"
#include "agent/server/server.h"
#include "agent/solvers/listening.h"
#include "agent/state/run_lock.h"
#include "client/client_text.h"
#include "pkix/crypto.h"

int
judge_new(const struct judge_options *options, struct judge **ret,
    struct err *err)
{
	struct judge *judge = mem_zalloc(sizeof(*judge));
	int r = 0;

	judge->options = *options;
	judge->loop = loop_new();
	loop_env(judge->loop, &judge->env);
	judge->world = (struct solver_world){ .loop = judge->loop,
	    .env = &judge->env, .procs = &judge->procs, .dir = options->dir,
	    .dry_run = options->dry_run,
	    .log_level = options->verbose ? LOG_INFO : LOG_WARNING,
	    .listening = judge->listening };
	if (options->create)
		r = agent_dirs_make(options->dir, err);
	if (r == 0)
		r = state_open(options->dir, options->create, &judge->state,
		    err);
	if (r == 0)
		r = judge_sync(judge, err);
	if (r == 0 && options->daemon)
		judge_watch_changes(judge);
	if (r == 0)
		*ret = judge;
	else
		judge_free(judge);
	return r;
}

static void
stop_procs(struct judge *judge)
{
	agent_procs_stop(judge->procs);
	judge->procs = NULL;
	for (size_t i = 0; i < 2; i++) {
		listening_free(judge->listening[i]);
		judge->listening[i] = NULL;
	}
}

void
judge_free(struct judge *judge)
{
	if (judge == NULL)
		return;
	stop_procs(judge);
	judge_unwatch_signals(judge);
	judge_unwatch_changes(judge);
	state_close(judge->state);
	loop_free(judge->loop);
	free(judge->queue);
	row_list_clear(&judge->shared_ok);
	row_list_clear(&judge->shared_failed);
	free(judge);
}

struct state *
judge_state(struct judge *judge)
{
	return judge->state;
}

struct loop *
judge_loop(struct judge *judge)
{
	return judge->loop;
}

int64_t
judge_now(struct judge *judge)
{
	return env_now(&judge->env);
}

uint64_t
judge_random(struct judge *judge)
{
	uint64_t ret;

	env_random(&judge->env, &ret, sizeof(ret));
	return ret;
}

/* A CA's words that net hands on, a hook's, names of files: what could steer a
 * terminal must not reach it. The line feed before the remedy is ours. */
static const char *
make_plain(struct arena *arena, const char *text)
{
	const char *remedy = strchr(text, '\n');
	size_t len = remedy == NULL ? strlen(text) : (size_t)(remedy - text);
	struct span what = client_text_clean(arena, span_of(text, len));

	return remedy == NULL ? arena_str(arena, what) :
	    arena_fmt(arena, "%.*s\n%.*s", SPAN_FMT(what),
	    SPAN_FMT(client_text_clean(arena, span_str(remedy + 1))));
}

void
judge_say(struct judge *judge, enum judge_say how, const char *site,
    const char *fmt, ...)
{
	char text[2 * TROUBLE_TEXT_SIZE + 256];
	struct arena arena = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	judge->options.say(judge->options.ctx, how, site,
	    make_plain(&arena, text));
	arena_free(&arena);
}

void
judge_end(struct judge *judge, const struct err *err)
{
	if (judge->err.kind == ERR_NONE)
		judge->err = *err;
	loop_stop(judge->loop);
}

static void
on_died(void *ctx, enum agent_role role, const char *text)
{
	struct judge *judge = ctx;
	struct err err = ERR_INIT;

	(void)role;
	err_set(&err, ERR_INTERNAL, NULL, "%s; what is live stays as it is, "
	    "and the next run goes on", text);
	judge_end(judge, &err);
}

void
judge_add(struct judge *judge, int64_t cert_id, unsigned flags)
{
	for (size_t i = 0; i < judge->num_queue; i++) {
		if (judge->queue[i].cert_id == cert_id) {
			judge->queue[i].flags |= flags;
			return;
		}
	}
	judge->queue = mem_realloc(judge->queue,
	    (judge->num_queue + 1) * sizeof(judge->queue[0]));
	judge->queue[judge->num_queue++] =
	    (struct judge_due){ .cert_id = cert_id, .flags = flags };
}

int
judge_add_due(struct judge *judge, struct err *err)
{
	int64_t ids[JUDGE_BATCH_MAX];
	size_t count;
	int r = judge_clock_check(judge, err);

	if (r == 0)
		r = state_cert_due(judge->state, judge_now(judge), ids,
		    JUDGE_BATCH_MAX, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		judge_add(judge, ids[i], 0);
	if (r == 0)
		r = reach_unfinished(judge, err);
	return r == 0 ? follow_servers(judge, err) : r;
}

int
judge_add_site(struct judge *judge, int64_t site_id, unsigned flags,
    struct err *err)
{
	int64_t ids[STATE_CERTS_PER_SITE];
	size_t count;
	int r = state_cert_list(judge->state, site_id, ids, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		judge_add(judge, ids[i], flags);
	return r;
}

static void
start_jobs(struct judge *judge)
{
	while (judge->num_jobs < JUDGE_JOBS_MAX &&
	    judge->next_queue < judge->num_queue &&
	    judge->err.kind == ERR_NONE)
		job_start(judge, &judge->queue[judge->next_queue++]);
	judge_check_end(judge);
}

void
judge_check_end(struct judge *judge)
{
	if (judge->num_jobs == 0 && judge->num_solvings == 0 &&
	    judge->next_queue == judge->num_queue)
		loop_stop(judge->loop);
}

void
judge_job_over(struct job *job)
{
	struct judge *judge = job->judge;
	struct job **at = &judge->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	judge->num_jobs--;
	run_hooks_note(job);
	if (job->failed)
		judge->tally.failed++;
	else if (job->issued)
		judge->tally.done++;
	job_free(job);
	start_jobs(judge);
	judge_deploy(judge);
}

static int
start_procs(struct judge *judge, struct err *err)
{
	struct reach reach;
	struct agent_plan plan = {
		.roles = 1u << AGENT_NET | 1u << AGENT_ACCOUNT |
		    1u << AGENT_CERTKEY | 1u << AGENT_FILES,
		.dir = judge->options.dir,
		.mains = {
			[AGENT_ACCOUNT] = account_main,
			[AGENT_CERTKEY] = certkey_main,
			[AGENT_FILES] = files_main,
		},
		.afresh = judge->options.daemon,
		.net_program = judge->options.net_program,
		.log_level = judge->options.verbose ? LOG_INFO : LOG_WARNING,
		.died = on_died, .ctx = judge,
	};
	int r;

	/* Once, instead of in each. */
	crypto_prepare();
	reach_make(judge, &reach);
	plan.files_paths = reach.paths;
	plan.num_import_fds = import_task_fds(judge, &plan.import_fds);
	r = agent_procs_start(&judge->procs, judge->loop, &plan, err);
	reach_done(&reach);
	if (r == 0 && !ask_link(judge))
		r = err_set(err, ERR_INTERNAL, NULL, "a process has no link");
	return r;
}

/* In the next turn, so that each job has been put into the list before it can
 * be over. */
static void
on_start(void *arg)
{
	struct judge *judge = arg;

	if (judge->task != NULL)
		judge->task(judge);
	else
		start_jobs(judge);
}

static void
run_jobs(struct judge *judge)
{
	struct job *job;

	judge->num_solvings = 0;
	judge->env.timer_start(judge->env.ctx, 0, on_start, judge);
	loop_run(judge->loop);
	run_hooks_stop(judge);
	while ((job = judge->jobs) != NULL) {
		judge->jobs = job->next;
		job_free(job);
	}
	judge->num_jobs = 0;
	ask_forget_all(judge);
	judge_ca_free_all(judge);
	stop_procs(judge);
}

static int
take_lock(struct judge *judge, struct run_lock *lock, struct err *err)
{
	char who[RUN_LOCK_WHO_SIZE];
	int r = run_lock_take(lock, judge->options.dir,
	    judge->options.command, false, who, err);

	if (r != -(int)ERR_BUSY)
		return r;
	judge_say(judge, JUDGE_STEP, NULL, "%s is at work; waiting for it",
	    who);
	*err = (struct err)ERR_INIT;
	return run_lock_take(lock, judge->options.dir, judge->options.command,
	    true, who, err);
}

/* What a run that was killed left in a web server's configuration. Where
 * another run works just now, it is not left. */
static void
repair_servers(struct judge *judge, struct run_lock *lock)
{
	char who[RUN_LOCK_WHO_SIZE];
	struct err err = ERR_INIT;

	if (!server_is_left(judge->options.dir) || (lock->fd < 0 &&
	    run_lock_take(lock, judge->options.dir, judge->options.command,
	    false, who, &err) < 0))
		return;
	if (server_repair(judge->options.dir, &err) < 0)
		judge_say(judge, JUDGE_WARN, "", "%s", err.text);
}

/* With nothing due, but something to end. Where another run works just now, it
 * is that one's. */
static bool
take_owed(struct judge *judge, struct run_lock *lock)
{
	char who[RUN_LOCK_WHO_SIZE];

	if (!run_hooks_owed(judge) || run_lock_take(lock, judge->options.dir,
	    judge->options.command, false, who, NULL) < 0)
		return false;
	run_hooks_recover(judge);
	return true;
}

void
judge_release_lock(struct judge *judge, struct run_lock *lock)
{
	if (lock->fd < 0)
		return;
	run_lock_release(lock);
	judge_forget_changes(judge);
}

int
judge_run(struct judge *judge, struct judge_tally *ret, struct err *err)
{
	struct run_lock lock = { -1 };
	bool work = judge->num_queue > 0 || judge->task != NULL;
	bool owed = !work && take_owed(judge, &lock);
	int r = 0;

	judge->tally = (struct judge_tally){ 0 };
	judge->err = (struct err)ERR_INIT;
	if (work)
		r = take_lock(judge, &lock, err);
	if (r == 0)
		repair_servers(judge, &lock);
	if (lock.fd >= 0)
		judge_see_changes(judge);
	if (work || owed)
		judge_watch_signals(judge);
	if (r == 0 && work)
		run_hooks_recover(judge);
	if (r == 0 && work)
		r = start_procs(judge, err);
	if (r == 0 && work) {
		judge_clock_note(judge);
		run_jobs(judge);
		judge_clock_note(judge);
	} else {
		stop_procs(judge);
	}
	judge->tally.failed += run_hooks_after(judge);
	judge_release_lock(judge, &lock);
	judge->num_queue = judge->next_queue = 0;
	row_list_clear(&judge->shared_ok);
	row_list_clear(&judge->shared_failed);
	if (r == 0 && judge->err.kind != ERR_NONE) {
		*err = judge->err;
		r = -(int)judge->err.kind;
	}
	*ret = judge->tally;
	return r;
}

int
judge_run_task(struct judge *judge, void (*start)(struct judge *judge),
    struct err *err)
{
	struct judge_tally tally;
	int r;

	judge->task = start;
	r = judge_run(judge, &tally, err);
	judge->task = NULL;
	return r;
}
