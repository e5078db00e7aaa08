/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deployment of what is live, when no certificate of the run is being got:
 * then one reload serves for many. The outcome of each step is stored; a step
 * without a row has not been tried.
 */
#include "agent/judge/judge_private.h"
#include "agent/judge/when.h"

static void next_step(struct job *job);

/* ---- the end ------------------------------------------------------------ */

/* When the first of the steps that are left is to be tried. */
static int64_t
next_try(struct job *job)
{
	struct state_deployment row;
	struct err err = ERR_INIT;
	int64_t at = STATE_NEVER;

	for (size_t i = 0; i < job->num_steps; i++) {
		row = (struct state_deployment){ 0 };
		(void)state_deployment_get(job->judge->state, job->cert.id,
		    span_str(job->steps[i].name), &job->arena, &row, &err);
		if (row.done_at == 0 && row.next_at < at)
			at = row.next_at;
	}
	return at;
}

static void
end(struct job *job)
{
	if (!job->judge->options.dry_run) {
		job->cert.due_at = when_due(&job->cert,
		    when_live(&job->cert) ? next_try(job) : STATE_NEVER);
		if (!job_save(job))
			return;
	}
	judge_job_over(job);
}

/* ---- one step ----------------------------------------------------------- */

static bool
store(struct job *job, const struct err *why)
{
	struct state_deployment *row = &job->outcome;
	int64_t now = judge_now(job->judge);
	struct err err = ERR_INIT;

	row->tries++;
	row->error = SPAN_NONE;
	row->done_at = row->next_at = 0;
	if (why->kind == ERR_NONE) {
		row->done_at = now;
	} else {
		row->error = span_str(why->text);
		row->next_at = now + when_backoff_deploy(row->tries,
		    judge_random(job->judge));
		job->failed = true;
		judge_say(job->judge, JUDGE_FAIL, job_name(job), "%.*s: %s\n"
		    "the certificate is there, but not in use; it is tried "
		    "again by the next run", SPAN_FMT(row->step), why->text);
	}
	if (job->judge->options.dry_run)
		return true;
	if (state_deployment_set(job->judge->state, job->cert.id, row,
	    &err) == 0)
		return true;
	judge_end(job->judge, &err);
	return false;
}

static void
after_step(struct job *job, const struct err *why)
{
	struct judge *judge = job->judge;
	const struct deploy_step *step = &job->steps[job->step];

	if (step->kind->shared)
		row_list_add(why->kind == ERR_NONE ? &judge->shared_ok :
		    &judge->shared_failed, step->name);
	if (!store(job, why))
		return;
	job->step++;
	next_step(job);
}

static void run_step(struct job *job);

static void
on_done(void *ctx, const struct err *err, struct span output)
{
	struct job *job = ctx;

	(void)output;
	job->command = NULL;
	if (err->kind == ERR_NONE && job->steps[job->step].kind->several) {
		job->call++;
		run_step(job);
	} else {
		after_step(job, err);
	}
}

/* A rehearsal publishes nothing, so of a new site there is nothing to show. */
static bool
is_without_live(struct job *job)
{
	const struct deploy_step *step = &job->steps[job->step];

	if (!job->judge->options.dry_run || !step->kind->live ||
	    when_live(&job->cert))
		return false;
	judge_say(job->judge, JUDGE_DONE, job_name(job), "not rehearsed, as "
	    "it takes a certificate that is live: %s", step->name);
	return true;
}

/* Whether it is this step's turn now; fills outcome with its row. */
static bool
is_due(struct job *job)
{
	const struct deploy_step *step = &job->steps[job->step];
	struct err err = ERR_INIT;

	job->outcome = (struct state_deployment){ 0 };
	(void)state_deployment_get(job->judge->state, job->cert.id,
	    span_str(step->name), &job->arena, &job->outcome, &err);
	job->outcome.step = span_str(step->name);
	if (job->flags & JUDGE_DEPLOY || job->judge->options.dry_run)
		return true;
	return job->outcome.done_at == 0 &&
	    ((job->flags & JUDGE_NOW) ||
	    job->outcome.next_at <= judge_now(job->judge));
}

static void
run_step(struct job *job)
{
	const struct deploy_step *step = &job->steps[job->step];
	struct deploy_cert cert = { .site = &job->site,
	    .dir = job->judge->options.dir,
	    .path = job->cert.path, .key_name = site_key_type_name(
	    (enum site_key_type)job->cert.key_type),
	    .leaf_hash = job->cert.leaf_hash, .call = job->call,
	    .environment = &job->environment,
	    .dry_run = job->judge->options.dry_run };
	struct err err = ERR_INIT;

	if (job->call == 0)
		judge_say(job->judge, JUDGE_STEP, job_name(job), "%s",
		    step->name);
	job->command = step->kind->start(job->judge->loop, step->argument,
	    &cert, on_done, job, &err);
	if (job->command == NULL)
		after_step(job, &err);
}

static void
next_step(struct job *job)
{
	struct judge *judge = job->judge;

	for (; job->step < job->num_steps; job->step++) {
		const struct deploy_step *step = &job->steps[job->step];
		struct err same = ERR_INIT;

		if (is_without_live(job) || !is_due(job))
			continue;
		if (job->flags & JUDGE_ADOPT) {
			/* Whoever made it has seen to that. */
			if (!store(job, &same))
				return;
			continue;
		}
		if (!step->kind->shared ||
		    (!row_list_has(&judge->shared_ok, step->name) &&
		    !row_list_has(&judge->shared_failed, step->name))) {
			job->call = 0;
			run_step(job);
			return;
		}
		if (row_list_has(&judge->shared_failed, step->name))
			err_set(&same, ERR_IO, NULL, "it has just failed for "
			    "another certificate");
		if (!store(job, &same))
			return;
	}
	end(job);
}

void
job_steps(struct job *job)
{
	if (job->steps != NULL)
		return;
	job->steps = mem_alloc(DEPLOY_STEPS_MAX * sizeof(job->steps[0]));
	job->num_steps = deploy_list(&job->site, &job->arena, job->steps);
}

static void
deploy(struct job *job)
{
	job->phase = JOB_DEPLOYING;
	job_steps(job);
	job->step = 0;
	/* Nothing to show yet, or nothing was rehearsed. */
	if (job->judge->options.dry_run ? !job->issued :
	    !when_live(&job->cert))
		job->step = job->num_steps;
	next_step(job);
}

/* ---- who comes when ----------------------------------------------------- */

static struct job *
find(struct judge *judge, enum job_phase phase)
{
	struct job *job = judge->jobs;

	while (job != NULL && job->phase != phase)
		job = job->next;
	return job;
}

void
judge_deploy(struct judge *judge)
{
	struct job *job;

	/* Hooks that clean up come before those that deploy. */
	if (judge->err.kind != ERR_NONE || judge->num_solvings > 0 ||
	    find(judge, JOB_DEPLOYING) != NULL)
		return;
	job = find(judge, JOB_READY);
	if (job == NULL && find(judge, JOB_WORKING) == NULL) {
		/* A new round: what ran before did not see these. */
		row_list_clear(&judge->shared_ok);
		row_list_clear(&judge->shared_failed);
		for (job = judge->jobs; job != NULL; job = job->next)
			job->phase = JOB_READY;
		job = find(judge, JOB_READY);
	}
	if (job != NULL)
		deploy(job);
}

void
job_park(struct job *job)
{
	if (job_ocsp(job))
		return;
	job->phase = JOB_PARKED;
	judge_deploy(job->judge);
}
