/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to an issuance that failed: the next CA, or the next time.
 */
#include <stdio.h>

#include "agent/judge/judge_private.h"
#include "agent/judge/when.h"

/* All CAs have refused, or wait. */
void
job_give_up(struct job *job)
{
	struct state_cert *cert = &job->cert;
	int64_t now = judge_now(job->judge);

	if (job->earliest == STATE_NEVER)
		job->earliest = now + when_backoff(cert->failures + 1,
		    judge_random(job->judge));
	/* Nothing was asked: it waits for what failed before. */
	if (job->trouble.text[0] == '\0') {
		cert->retry_at = job->earliest;
		job_park(job);
		return;
	}
	job->failed = true;
	judge_say(job->judge, JUDGE_FAIL, job_name(job), "%s\n%s",
	    job->trouble.text, job->trouble.remedy);
	if (!job->judge->options.dry_run) {
		cert->failures++;
		cert->retry_at = job->earliest;
		cert->error = job_keep(job, span_str(job->trouble.text));
		cert->remedy = job_keep(job, span_str(job->trouble.remedy));
		cert->error_at = now;
	}
	job_park(job);
}

void
job_remember(struct job *job, const struct trouble *trouble)
{
	if (job->trouble.text[0] == '\0')
		job->trouble = *trouble;
	else
		judge_say(job->judge, JUDGE_WARN, job_name(job), "%s\n%s",
		    trouble->text, trouble->remedy);
}

/* What hinders without any CA being asked. */
void
job_fail_here(struct job *job, const struct err *err, const char *remedy)
{
	struct trouble trouble = { .next = TROUBLE_OURS };

	snprintf(trouble.text, sizeof(trouble.text), "%s", err->text);
	snprintf(trouble.remedy, sizeof(trouble.remedy), "%s", remedy);
	job_remember(job, &trouble);
	job_give_up(job);
}

/* Counts it for each name that it is about. Gives when all may be tried. */
static int
count_failure(struct job *job, const struct client_problem *problem,
    int64_t retry_at, int64_t *ret_until, struct err *err)
{
	struct state *state = job->judge->state;
	int64_t now = judge_now(job->judge);
	struct span directory = span_str(job->ca->authority.directory);
	struct state_failure failure;
	int r = 0;

	/* net may be in anybody's hand. */
	if (retry_at > now + CLIENT_RETRY_AT_MAX_MS)
		retry_at = now + CLIENT_RETRY_AT_MAX_MS;
	*ret_until = 0;
	for (size_t i = 0; r == 0 && i < job->names.count; i++) {
		const struct ident *ident = &job->names.items[i];

		if (problem != NULL && !trouble_concerns(problem, ident))
			continue;
		r = state_failure_get(state, ident->value, directory,
		    &failure, err);
		failure.count++;
		failure.until_at = now + when_backoff(failure.count,
		    judge_random(job->judge));
		if (failure.until_at < retry_at)
			failure.until_at = retry_at;
		if (failure.until_at > *ret_until)
			*ret_until = failure.until_at;
		if (r == 0)
			r = state_failure_set(state, ident->value, directory,
			    &failure, err);
	}
	return r;
}

/* The CA refused, or could not be asked: problem is NULL where it was not the
 * CA that said so. */
void
job_fail_at_ca(struct job *job, const struct client_problem *problem,
    const struct trouble *trouble)
{
	struct err err = ERR_INIT;
	int64_t until = 0;
	int r = 0;

	job_remember(job, trouble);
	if (!job->judge->options.dry_run) {
		r = state_begin(job->judge->state, &err);
		if (r == 0)
			r = state_end(job->judge->state, count_failure(job,
			    problem, trouble->retry_at, &until, &err), &err);
	}
	if (r < 0) {
		judge_end(job->judge, &err);
		return;
	}
	if (until > 0 && until < job->earliest)
		job->earliest = until;
	job->cert.order_url = job->cert.order_at_ca = SPAN_NONE;
	if (trouble->next == TROUBLE_OURS) {
		job_give_up(job);
		return;
	}
	job->ca_index++;
	if (trouble->next == TROUBLE_OTHER_KEY)
		job_other_key(job);
	else
		job_next_ca(job);
}
