/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether CAs can be asked at all, as a run of its own: their directories are
 * fetched, as their roots and proxies are said, and nothing is signed.
 */
#include <fcntl.h>

#include "agent/judge/judge_private.h"
#include "agent/net/net.h"
#include "base/file.h"

#define LOOK_MS 20000 /* for one CA */

struct look_task {
	struct judge_look *looks;
	size_t count;          /* NET_CAS_MAX at most */
	size_t left;           /* answers that are awaited */
	struct look_one {
		struct judge *judge;
		struct judge_look *look;
	} ones[NET_CAS_MAX];
};

static bool
on_answer(void *ctx, uint16_t type, struct span payload)
{
	struct look_one *one = ctx;
	struct judge *judge = one->judge;
	struct judge_net_tell tell;
	struct arena arena = { 0 };
	struct trouble trouble;
	struct err err = ERR_INIT;
	bool last = true;

	if (judge_net_tell_decode(type, payload, &arena, &tell, &err) < 0)
		judge_end(judge, &err);
	else if (tell.type != NET_JUDGE_RESULT)
		last = false;
	else if (tell.result.type == CLIENT_RESULT_PROBLEM) {
		trouble_judge(&tell.result.problem, &trouble);
		err_set(&one->look->err, ERR_IO, NULL, "%s", trouble.text);
	}
	if (last && --judge->look_task->left == 0)
		loop_stop(judge->loop);
	arena_free(&arena);
	return last;
}

static void
ask_one(struct look_one *one, const struct authority *authority,
    struct span trust)
{
	struct judge *judge = one->judge;
	struct judge_net_ask ask = { .type = JUDGE_NET_CA };

	ask.ca = ask.new_ca.ca = ++judge->num_cas;
	ask.new_ca.account = 1; /* it signs nothing */
	ask.new_ca.options.directory_url = span_str(authority->directory);
	ask.new_ca.options.step_max_ms = LOOK_MS;
	ask.new_ca.trust = trust;
	ask_net(judge, &ask, NULL, NULL);
	ask = (struct judge_net_ask){ .type = JUDGE_NET_OPEN, .ca = ask.ca };
	judge->look_task->left++;
	ask_net(judge, &ask, on_answer, one);
}

static int
begin(struct look_one *one, struct err *err)
{
	struct authority authority;
	struct bld trust;
	int r = judge_find_authority(one->judge, one->look->ca, &authority,
	    err);

	if (r < 0)
		return r;
	bld_init(&trust, JUDGE_NET_TRUST_MAX);
	if (authority.ca_file != NULL)
		r = file_read(AT_FDCWD, authority.ca_file, 0, &trust, err);
	if (r == 0)
		ask_one(one, &authority, bld_view(&trust));
	bld_free(&trust);
	authority_done(&authority);
	return r;
}

static void
start(struct judge *judge)
{
	struct look_task *task = judge->look_task;

	for (size_t i = 0; i < task->count; i++) {
		struct look_one *one = &task->ones[i];

		*one = (struct look_one){ judge, &task->looks[i] };
		(void)begin(one, &one->look->err);
	}
	if (task->left == 0)
		loop_stop(judge->loop);
}

static int
run_batch(struct judge *judge, struct judge_look *looks, size_t count,
    struct err *err)
{
	struct look_task task = { .looks = looks, .count = count };
	int r;

	judge->look_task = &task;
	r = judge_run_task(judge, start, err);
	judge->look_task = NULL;
	return r;
}

int
judge_run_look(struct judge *judge, struct judge_look *looks, size_t count,
    struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i += NET_CAS_MAX)
		r = run_batch(judge, looks + i, count - i < NET_CAS_MAX ?
		    count - i : NET_CAS_MAX, err);
	return r;
}
