/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/dns_ask.h"

#include "base/list.h"
#include "base/mem.h"

struct asked {
	struct list_node of_all;
	uint64_t id;
	void (*done)(void *ctx, const struct judge_dns_answer *answer);
	void *ctx;
};

/* There is one judge in a process, and one dns process of its run. */
static struct list all;
static uint64_t last_id;

static void
forget(struct asked *asked)
{
	list_del(&all, &asked->of_all);
	free(asked);
}

static void
forget_all(void)
{
	struct asked *asked;

	LIST_EACH(asked, &all, of_all)
		forget(asked);
}

static int
on_frame(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct judge_dns_answer answer;
	struct asked *asked, found;
	int r = judge_dns_answer_decode(type, payload, &answer, err);

	(void)ctx;
	if (r < 0)
		return r;
	LIST_EACH(asked, &all, of_all) {
		if (asked->id == id) {
			found = *asked;
			forget(asked);
			found.done(found.ctx, &answer);
			return 0;
		}
	}
	return err_set(err, ERR_FRAME, NULL, "dns answers what nobody asked");
}

static int
start(const struct solver_world *world, struct err *err)
{
	struct agent_plan plan = { .roles = 1 << AGENT_DNS, .dir = world->dir,
		.log_level = LOG_WARNING };
	int r;

	if (agent_procs_has(*world->procs, AGENT_DNS))
		return 0;
	forget_all();
	r = agent_procs_start(world->procs, world->loop, &plan, err);
	if (r == 0)
		agent_procs_link(*world->procs, AGENT_DNS, on_frame, NULL);
	return r;
}

void
dns_ask(const struct solver_world *world,
    const struct judge_dns_request *request,
    void (*done)(void *ctx, const struct judge_dns_answer *answer),
    void *ctx)
{
	struct judge_dns_answer refused = { .type = JUDGE_DNS_REFUSED };
	struct asked *asked;
	struct bld out;

	if (start(world, &refused.err) < 0) {
		done(ctx, &refused);
		return;
	}
	asked = mem_zalloc(sizeof(*asked));
	*asked = (struct asked){ .id = ++last_id, .done = done, .ctx = ctx };
	list_add(&all, &asked->of_all);
	bld_init(&out, LINK_PAYLOAD_MAX);
	judge_dns_request_encode(&out, request);
	agent_procs_send(*world->procs, AGENT_DNS, (uint16_t)request->type,
	    asked->id, bld_view(&out));
	bld_free(&out);
}
