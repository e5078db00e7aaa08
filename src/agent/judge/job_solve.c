/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Challenges of one order: each name gets the first of the site's solvers that
 * answers a type which the CA offers. What was set up is taken down, also when
 * its job is gone meanwhile.
 */
#include "agent/judge/judge_private.h"
#include "agent/judge/offers.h"

struct task {
	struct solver_task base;   /* first */
	struct solving *solving;
	uint16_t authz;
	size_t via;                /* in the site's list */
	const char *why;           /* it could not be set up; or NULL */
};

struct solving {
	struct judge *judge;
	struct job *job;           /* NULL: it is gone */
	uint64_t order_id;
	uint32_t ca;               /* its number */
	struct arena arena;
	size_t num_vias;
	char **vias;               /* copies */
	size_t count, left;        /* tasks; those that are not gone yet */
	bool cleaning;
	struct hook_env environment;
	struct task tasks[];
};

unsigned
job_solve_methods(const struct job *job, struct err *err)
{
	const struct solver *solver;
	const char *argument;
	unsigned methods = 0;

	for (size_t i = 0; i < job->site.via.count; i++) {
		if (solver_find(job->site.via.items[i], &solver, &argument,
		    err) < 0)
			return 0;
		methods |= solver->methods;
	}
	if (methods == 0)
		err_set(err, ERR_CONFIG, NULL, "nothing says how control is "
		    "proven; write --via webroot=DIR, or via in signet.conf");
	return methods;
}

static void
send_solved(struct solving *s, const struct task *task,
    enum judge_net_type type, const char *text)
{
	struct judge_net_ask ask = { .type = type, .ca = s->ca,
	    .solved = { .authz = task->authz, .method = task->base.method,
	    .text = span_str(text) } };

	ask_net_more(s->judge, s->order_id, &ask);
}

static void
on_ready(struct solver_task *base, const struct err *err)
{
	struct task *task = (struct task *)base;
	struct solving *s = task->solving;

	if (s->job == NULL || s->cleaning)
		return;
	if (err->kind == ERR_NONE && base->method == CLIENT_DNS_PERSIST_01)
		job_record_seen(s->job, &base->ident, base->wildcard,
		    base->persist_until_s);
	if (err->kind == ERR_NONE) {
		send_solved(s, task, JUDGE_NET_SOLVED, "");
		return;
	}
	/* Where there is no other way, it is why all fails, and said then. */
	judge_say(s->judge, s->num_vias > 1 ? JUDGE_WARN : JUDGE_STEP,
	    job_name(s->job), "%.*s: %s", SPAN_FMT(base->ident.value),
	    err->text);
	task->why = arena_str(&s->arena, span_str(err->text));
	send_solved(s, task, JUDGE_NET_DECLINED, err->text);
}

static void
on_gone(struct solver_task *base, const struct err *err)
{
	struct task *task = (struct task *)base;
	struct solving *s = task->solving;
	struct judge *judge = s->judge;

	/* What hindered at the beginning was said then. */
	if (err->kind != ERR_NONE && (task->why == NULL ||
	    strcmp(task->why, err->text) != 0))
		judge_say(judge, JUDGE_WARN, NULL, "%.*s: %s",
		    SPAN_FMT(base->ident.value), err->text);
	if (--s->left > 0)
		return;
	judge->num_solvings--;
	arena_free(&s->arena);
	free(s);
	judge_check_end(judge);
	judge_deploy(judge);
}

/* The first solver of the site with a type that is offered. */
static bool
choose(const struct solving *s, const struct client_offer *offer,
    size_t *ret_via, const struct client_challenge **ret)
{
	const struct solver *solver;
	const char *argument;

	for (size_t i = 0; i < s->num_vias; i++) {
		if (solver_find(s->vias[i], &solver, &argument, NULL) < 0)
			continue;
		for (size_t j = 0; j < offer->num_challenges; j++) {
			*ret = &offer->challenges[j];
			*ret_via = i;
			if (solver->methods &
			    CLIENT_METHOD_BIT((*ret)->method))
				return true;
		}
	}
	return false;
}

static void
add_task(struct solving *s, const struct client_offer *offer, size_t via,
    const struct client_challenge *challenge)
{
	struct task *task = &s->tasks[s->count++];

	*task = (struct task){ .solving = s, .authz = offer->authz,
	    .via = via };
	task->base = (struct solver_task){
	    .ident = { offer->ident.type,
	    arena_dup(&s->arena, offer->ident.value) },
	    .wildcard = offer->wildcard, .method = challenge->method,
	    .token = arena_dup(&s->arena, challenge->token),
	    .key_authorization = arena_dup(&s->arena,
	    challenge->key_authorization),
	    .account_url = arena_dup(&s->arena, s->job->ca->account.kid),
	    .num_issuers = challenge->num_issuers,
	    .environment = &s->environment,
	    .hook_timeout_s = site_conf_hook_timeout(&s->job->site),
	    .ready = on_ready, .gone = on_gone, .ctx = s };
	for (size_t i = 0; i < challenge->num_issuers; i++)
		task->base.issuers[i] = arena_dup(&s->arena,
		    challenge->issuers[i]);
}

static struct span
all_names(struct solving *s)
{
	const struct ident_list *names = &s->job->names;
	struct bld text;
	struct span ret;

	bld_init(&text, IDENT_LIST_MAX * (IDENT_DNS_MAX + 3));
	for (size_t i = 0; i < names->count; i++)
		bld_fmt(&text, "%s%.*s", i == 0 ? "" : ",",
		    SPAN_FMT(names->items[i].value));
	ret = arena_dup(&s->arena, bld_view(&text));
	bld_free(&text);
	return ret;
}

/* Calls setup or takedown once for each solver that has tasks. */
static void
call_solvers(struct solving *s, bool takedown)
{
	struct solver_task **tasks =
	    mem_alloc((s->count + 1) * sizeof(struct solver_task *));
	const struct solver *solver;
	const char *argument;
	size_t n;

	for (size_t via = 0; via < s->num_vias; via++) {
		n = 0;
		for (size_t i = 0; i < s->count; i++) {
			if (s->tasks[i].via == via)
				tasks[n++] = &s->tasks[i].base;
		}
		for (size_t i = 0; i < n; i++)
			tasks[i]->remaining = n - 1 - i;
		if (n == 0 || solver_find(s->vias[via], &solver, &argument,
		    NULL) < 0)
			continue;
		(takedown ? solver->takedown : solver->setup)(
		    &s->judge->world, argument, tasks, n);
	}
	free(tasks);
}

static struct solving *
make(struct job *job, size_t count)
{
	struct solving *s =
	    mem_zalloc(sizeof(*s) + count * sizeof(s->tasks[0]));

	s->judge = job->judge;
	s->job = job;
	s->order_id = job->order_id;
	s->ca = job->ca->number;
	s->num_vias = job->site.via.count;
	s->vias = arena_alloc(&s->arena, (s->num_vias + 1) * sizeof(char *));
	for (size_t i = 0; i < s->num_vias; i++)
		s->vias[i] = arena_str(&s->arena,
		    span_str(job->site.via.items[i]));
	return s;
}

void
job_solve_failed(struct job *job, const struct client_progress *progress)
{
	struct solving *s = job->solving;

	for (size_t i = 0; s != NULL && i < s->count; i++) {
		struct solver_task *task = &s->tasks[i].base;

		if (task->failed || task->method != progress->method ||
		    !span_equal(task->ident.value, progress->ident.value))
			continue;
		task->failed = true;
		task->failure = arena_dup(&s->arena, progress->text);
	}
}

/* One round at a time: what it set up goes before the next. */
static int
check(const struct job *job, const struct judge_net_offers *offers,
    struct err *err)
{
	if (job->solving != NULL)
		return err_set(err, ERR_FRAME, NULL,
		    "net offers challenges twice");
	return offers_check(offers, &job->names, job->ca->thumbprint, err);
}

void
job_solve(struct job *job, const struct judge_net_offers *offers)
{
	const struct client_challenge *challenge;
	struct err err = ERR_INIT;
	struct task none = { 0 };
	struct solving *s;
	struct span names;
	size_t via;

	if (check(job, offers, &err) < 0) {
		judge_end(job->judge, &err);
		return;
	}
	s = none.solving = make(job, offers->count);
	hook_env_copy(&job->environment, &s->arena, &s->environment);
	names = all_names(s);
	for (size_t i = 0; i < offers->count; i++) {
		none.authz = offers->offers[i].authz;
		if (choose(s, &offers->offers[i], &via, &challenge))
			add_task(s, &offers->offers[i], via, challenge);
		else
			send_solved(s, &none, JUDGE_NET_DECLINED, "the CA "
			    "offers no challenge that --via can answer");
	}
	if (s->count == 0) {
		arena_free(&s->arena);
		free(s);
		return;
	}
	for (size_t i = 0; i < s->count; i++)
		s->tasks[i].base.all_names = names;
	s->left = s->count;
	job->judge->num_solvings++;
	job->solving = s;
	call_solvers(s, false);
}

void
job_solve_clean(struct job *job)
{
	struct solving *s = job->solving;

	if (s == NULL)
		return;
	job->solving = NULL;
	s->job = NULL;
	s->cleaning = true;
	/* The last of them frees it, perhaps before the last call is back. */
	s->left++;
	call_solvers(s, true);
	on_gone(&(struct task){ .solving = s }.base,
	    &(struct err){ .kind = ERR_NONE });
}
