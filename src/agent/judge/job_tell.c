/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks that are told of one certificate (agent/deploy/hook_event.h), one
 * after the other.
 */
#include "agent/judge/job_tell.h"

struct job_telling {
	struct job *job;
	void (*then)(struct job *job, const struct err *why,
	    struct span output);
	struct arena arena;
	size_t count, at;
	struct hook_event_call calls[HOOK_EVENT_CALLS_MAX];
	struct err err;
	struct span output;
};

static void next(struct job_telling *telling);

static void
on_done(void *ctx, const struct err *err, struct span output)
{
	struct job_telling *telling = ctx;
	struct job *job = telling->job;
	const struct hook_event_call *call = &telling->calls[telling->at];

	job->command = NULL;
	if (output.len > 0)
		telling->output = arena_dup(&telling->arena, output);
	if (err->kind != ERR_NONE && !call->needed) {
		judge_say(job->judge, JUDGE_WARN, job_name(job),
		    "the hook %s: %s", call->name, err->text);
	} else if (err->kind != ERR_NONE) {
		telling->err = *err;
		err_prefix(&telling->err, "the hook %s", call->name);
	}
	telling->at++;
	next(telling);
}

static void
next(struct job_telling *telling)
{
	struct job *job = telling->job;
	const struct hook_event_call *call = &telling->calls[telling->at];

	if (telling->err.kind == ERR_NONE && telling->at < telling->count)
		job->command = hook_event_start(job->judge->loop, &job->site,
		    &job->environment, call, on_done, telling, &telling->err);
	if (job->command != NULL)
		return;
	job->telling = NULL;
	telling->then(job, &telling->err, telling->output);
	arena_free(&telling->arena);
	free(telling);
}

void
job_tell(struct job *job, enum hook_event event,
    const struct hook_event_facts *facts,
    void (*then)(struct job *job, const struct err *why, struct span output))
{
	struct job_telling *telling = mem_zalloc(sizeof(*telling));

	telling->job = job;
	telling->then = then;
	telling->count = hook_event_list(&job->site, event, facts,
	    &telling->arena, telling->calls);
	job->telling = telling;
	next(telling);
}

void
job_tell_forget(struct job *job)
{
	if (job->telling == NULL)
		return;
	arena_free(&job->telling->arena);
	free(job->telling);
	job->telling = NULL;
}
