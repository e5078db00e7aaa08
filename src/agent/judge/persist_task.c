/* SPDX-License-Identifier: Apache-2.0 */
/* One question to the dns process, as a run of its own. */
#include "agent/judge/judge_private.h"
#include "agent/solvers/dns_ask.h"

struct persist_task {
	const struct judge_dns_request *request;
	int64_t until_s;
	struct err err;
	bool answered;
};

static void
on_answer(void *ctx, const struct judge_dns_answer *answer)
{
	struct judge *judge = ctx;
	struct persist_task *task = judge->persist_task;

	task->answered = true;
	task->until_s = answer->persist_until_s;
	task->err = answer->err;
	loop_stop(judge->loop);
}

static void
start(struct judge *judge)
{
	dns_ask(&judge->world, judge->persist_task->request, on_answer,
	    judge);
}

int
judge_run_persist(struct judge *judge,
    const struct judge_dns_request *request, int64_t *ret_until_s,
    struct err *err)
{
	struct persist_task task = { .request = request };
	int r;

	judge->persist_task = &task;
	r = judge_run_task(judge, start, err);
	judge->persist_task = NULL;
	if (r == 0 && !task.answered)
		return err_set(err, ERR_BUSY, NULL, "the search was ended");
	*ret_until_s = task.until_s;
	if (r == 0 && task.err.kind != ERR_NONE) {
		*err = task.err;
		r = -(int)task.err.kind;
	}
	return r;
}
