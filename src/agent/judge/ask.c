/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/judge/judge_private.h"

uint64_t
ask_send(struct judge *judge, enum agent_role to, uint16_t type,
    const struct bld *payload, ask_answer *answer, void *ctx)
{
	uint64_t id = ++judge->last_id;
	struct ask *ask;

	if (answer != NULL) {
		ask = mem_alloc(sizeof(*ask));
		*ask = (struct ask){ .of = to, .id = id, .answer = answer,
		    .ctx = ctx };
		list_add(&judge->asks, &ask->of_judge);
	}
	agent_procs_send(judge->procs, to, type, id, bld_view(payload));
	return id;
}

uint64_t
ask_net(struct judge *judge, const struct judge_net_ask *ask,
    ask_answer *answer, void *ctx)
{
	struct bld out;
	uint64_t id;

	bld_init(&out, LINK_PAYLOAD_MAX);
	judge_net_ask_encode(&out, ask);
	id = ask_send(judge, AGENT_NET, (uint16_t)ask->type, &out, answer,
	    ctx);
	bld_free(&out);
	return id;
}

void
ask_net_more(struct judge *judge, uint64_t id,
    const struct judge_net_ask *ask)
{
	struct bld out;

	bld_init(&out, LINK_PAYLOAD_MAX);
	judge_net_ask_encode(&out, ask);
	agent_procs_send(judge->procs, AGENT_NET, (uint16_t)ask->type, id,
	    bld_view(&out));
	bld_free(&out);
}

static struct ask *
find(const struct judge *judge, uint64_t id)
{
	struct ask *ask;

	LIST_EACH(ask, &judge->asks, of_judge) {
		if (ask->id == id)
			return ask;
	}
	return NULL;
}

static void
forget(struct judge *judge, struct ask *ask)
{
	list_del(&judge->asks, &ask->of_judge);
	free(ask);
}

void
ask_forget_of(struct judge *judge, const void *ctx)
{
	struct ask *ask;

	LIST_EACH(ask, &judge->asks, of_judge) {
		if (ask->ctx == ctx)
			forget(judge, ask);
	}
}

void
ask_forget_all(struct judge *judge)
{
	struct ask *ask;

	LIST_EACH(ask, &judge->asks, of_judge)
		forget(judge, ask);
}

static int
on_net_account(struct judge *judge, struct span payload, struct err *err)
{
	struct judge_net_tell tell;
	struct arena arena = { 0 };
	int r = judge_net_tell_decode(NET_JUDGE_ACCOUNT, payload, &arena,
	    &tell, err);

	if (r == 0)
		judge_ca_account(judge, tell.account.ca,
		    &tell.account.account);
	arena_free(&arena);
	return r;
}

/* An answer whose question was forgotten is none to us. */
static int
on_frame(struct judge *judge, enum agent_role from, uint16_t type,
    uint64_t id, struct span payload, struct err *err)
{
	struct ask *ask = find(judge, id);

	if (ask != NULL && ask->of != from)
		return err_set(err, ERR_FRAME, NULL, "it answers what was "
		    "asked of another");
	if (ask != NULL && ++ask->frames > ASK_FRAMES_MAX)
		return err_set(err, ERR_FRAME, NULL, "there is no end to what "
		    "it says of one question");
	if (ask == NULL || !ask->answer(ask->ctx, type, payload))
		return 0;
	/* Whoever was answered may have gone, and it with them. */
	ask = find(judge, id);
	if (ask != NULL)
		forget(judge, ask);
	return 0;
}

static int
on_net(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	return id == 0 && type == NET_JUDGE_ACCOUNT ?
	    on_net_account(ctx, payload, err) :
	    on_frame(ctx, AGENT_NET, type, id, payload, err);
}

static int
on_account(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	return on_frame(ctx, AGENT_ACCOUNT, type, id, payload, err);
}

static int
on_certkey(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	return on_frame(ctx, AGENT_CERTKEY, type, id, payload, err);
}

static int
on_files(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	return on_frame(ctx, AGENT_FILES, type, id, payload, err);
}

bool
ask_link(struct judge *judge)
{
	return agent_procs_link(judge->procs, AGENT_NET, on_net, judge) &&
	    agent_procs_link(judge->procs, AGENT_ACCOUNT, on_account,
	    judge) &&
	    agent_procs_link(judge->procs, AGENT_CERTKEY, on_certkey,
	    judge) &&
	    agent_procs_link(judge->procs, AGENT_FILES, on_files, judge);
}
