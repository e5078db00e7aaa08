/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks around a run: those before a CA is asked, each once however many
 * certificates want it, and those at the end, also where all failed. Whose end
 * is owed stands in the state: a run that was killed may have left a service
 * stopped, and the next one starts it again.
 */
#include "agent/judge/run_hooks.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/deploy/hook_event.h"
#include "base/text.h"

#define OWED "owed_hooks" /* key of state_meta: ids of sites */
#define OWED_MAX 65536    /* bytes of it */

/* A job that waits until its hooks have run. */
struct turn {
	struct list_node of_hooks;
	struct job *job;
	void (*then)(struct job *job, const struct err *why);
	size_t count, at;
	struct hook_event_call calls[HOOK_EVENT_CALLS_MAX];
};

struct owed {
	struct list_node of_hooks;
	int64_t site_id;
};

struct run_hooks {
	struct judge *judge;
	struct list turns;           /* the first one's calls run */
	struct command *command;
	struct row_list ran, failed; /* commands */
	struct list owed;            /* sites, in the order of their turns */
	struct bld renewed, lost;    /* names */
	char error[TROUBLE_TEXT_SIZE];
	/* at the end */
	struct arena arena;
	struct list_node *next;      /* of owed */
	struct site_conf site;       /* whose calls these are */
	size_t count, at;
	struct hook_event_call calls[HOOK_EVENT_CALLS_MAX];
	struct hook_env environment;
	bool done;
	size_t wrong;
};

static void next_call(struct run_hooks *hooks);
static void next_post(struct run_hooks *hooks);

static struct run_hooks *
get(struct judge *judge)
{
	struct run_hooks *hooks = judge->hooks;

	if (hooks != NULL)
		return hooks;
	hooks = judge->hooks = mem_zalloc(sizeof(*hooks));
	hooks->judge = judge;
	bld_init(&hooks->renewed, HOOK_EVENT_NAMES_MAX);
	bld_init(&hooks->lost, HOOK_EVENT_NAMES_MAX);
	return hooks;
}

static void
release(struct run_hooks *hooks)
{
	struct owed *owed;

	command_cancel(hooks->command);
	LIST_EACH(owed, &hooks->owed, of_hooks)
		free(owed);
	site_conf_done(&hooks->site);
	row_list_clear(&hooks->ran);
	row_list_clear(&hooks->failed);
	bld_free(&hooks->renewed);
	bld_free(&hooks->lost);
	arena_free(&hooks->arena);
	hooks->judge->hooks = NULL;
	free(hooks);
}

/* ---- what is owed ------------------------------------------------------- */

/* True if it is new. */
static bool
owe(struct run_hooks *hooks, int64_t site_id)
{
	struct owed *owed;

	LIST_EACH(owed, &hooks->owed, of_hooks) {
		if (owed->site_id == site_id)
			return false;
	}
	owed = mem_zalloc(sizeof(*owed));
	owed->site_id = site_id;
	list_add(&hooks->owed, &owed->of_hooks);
	return true;
}

static void
store(struct judge *judge, const struct list *owed)
{
	const struct owed *at;
	struct err err = ERR_INIT;
	struct bld text;

	if (judge->options.dry_run)
		return;
	bld_init(&text, OWED_MAX);
	LIST_EACH(at, owed, of_hooks)
		bld_fmt(&text, "%" PRId64 " ", at->site_id);
	if (state_meta_set(judge->state, OWED, bld_view(&text), &err) < 0)
		judge_end(judge, &err);
	bld_free(&text);
}

bool
run_hooks_owed(struct judge *judge)
{
	struct arena arena = { 0 };
	struct span text = SPAN_NONE;
	bool owed = state_meta_get(judge->state, OWED, &arena, &text,
	    NULL) == 0 && text.len > 0;

	arena_free(&arena);
	return owed;
}

void
run_hooks_recover(struct judge *judge)
{
	struct arena arena = { 0 };
	struct span text;
	char *list, *word;
	uint64_t id;

	if (state_meta_get(judge->state, OWED, &arena, &text, NULL) == 0 &&
	    text.len > 0) {
		list = arena_str(&arena, text);
		while ((word = strsep(&list, " ")) != NULL) {
			if (text_uint(span_str(word), INT64_MAX, &id) == 0)
				owe(get(judge), (int64_t)id);
		}
	}
	arena_free(&arena);
}

/* ---- before ------------------------------------------------------------- */

static void
end_turn(struct run_hooks *hooks, const struct err *why)
{
	struct turn *turn = LIST_FIRST(&hooks->turns, struct turn, of_hooks);
	struct job *job = turn->job;
	void (*then)(struct job *job, const struct err *why) = turn->then;

	list_del(&hooks->turns, &turn->of_hooks);
	free(turn);
	if (hooks->turns.count > 0)
		next_call(hooks);
	then(job, why);
}

static void
on_pre_done(void *ctx, const struct err *err, struct span output)
{
	struct run_hooks *hooks = ctx;
	struct turn *turn = LIST_FIRST(&hooks->turns, struct turn, of_hooks);
	const struct hook_event_call *call = &turn->calls[turn->at];

	(void)output;
	hooks->command = NULL;
	row_list_add(err->kind == ERR_NONE ? &hooks->ran : &hooks->failed,
	    call->name);
	if (err->kind != ERR_NONE)
		judge_say(hooks->judge, JUDGE_WARN, job_name(turn->job),
		    "the hook %s: %s", call->name, err->text);
	next_call(hooks);
}

/* One that could not be started, or that root must not run. */
static void
skip_pre(struct run_hooks *hooks, struct job *job,
    const struct hook_event_call *call, struct err *err)
{
	row_list_add(&hooks->failed, call->name);
	judge_say(hooks->judge, JUDGE_WARN, job_name(job), "the hook %s: %s",
	    call->name, err->text);
	*err = (struct err)ERR_INIT;
}

/* Until one has to be waited for. */
static void
next_call(struct run_hooks *hooks)
{
	struct turn *turn = LIST_FIRST(&hooks->turns, struct turn, of_hooks);
	struct err err = ERR_INIT;

	for (; turn->at < turn->count; turn->at++) {
		const struct hook_event_call *call = &turn->calls[turn->at];

		if (row_list_has(&hooks->ran, call->name))
			continue;
		if (row_list_has(&hooks->failed, call->name)) {
			if (!call->needed)
				continue;
			err_set(&err, ERR_IO, NULL, "the hook %s failed",
			    call->name);
			break;
		}
		hooks->command = hook_event_start(hooks->judge->loop,
		    &turn->job->site, &turn->job->environment, call,
		    on_pre_done, hooks, &err);
		if (hooks->command == NULL && call->needed)
			break;
		if (hooks->command == NULL) {
			skip_pre(hooks, turn->job, call, &err);
			continue;
		}
		return;
	}
	end_turn(hooks, &err);
}

void
run_hooks_before(struct job *job,
    void (*then)(struct job *job, const struct err *why))
{
	const struct hook_event_facts facts = { .path = job->cert.path };
	struct turn *turn = mem_zalloc(sizeof(*turn));
	struct run_hooks *hooks;
	struct err none = ERR_INIT;

	*turn = (struct turn){ .job = job, .then = then };
	turn->count = hook_event_list(&job->site, HOOK_EVENT_PRE, &facts,
	    &job->arena, turn->calls);
	if (turn->count == 0 && job->site.post_hook.count == 0 &&
	    job->site.hook_dir.count == 0) {
		free(turn);
		then(job, &none);
		return;
	}
	hooks = get(job->judge);
	if (owe(hooks, job->row.id))
		store(hooks->judge, &hooks->owed);
	list_add(&hooks->turns, &turn->of_hooks);
	if (hooks->turns.count == 1)
		next_call(hooks);
}

void
run_hooks_stop(struct judge *judge)
{
	struct run_hooks *hooks = judge->hooks;
	struct turn *turn;

	if (hooks == NULL)
		return;
	command_cancel(hooks->command);
	hooks->command = NULL;
	LIST_EACH(turn, &hooks->turns, of_hooks) {
		list_del(&hooks->turns, &turn->of_hooks);
		free(turn);
	}
}

void
run_hooks_note(const struct job *job)
{
	struct run_hooks *hooks = job->judge->hooks;
	struct bld *names;

	if (hooks == NULL || !job->attempted || (!job->issued && !job->failed))
		return;
	names = job->issued ? &hooks->renewed : &hooks->lost;
	for (size_t i = 0; i < job->site.names.count; i++) {
		const char *name = job->site.names.items[i];

		if (names->len + strlen(name) + 1 < HOOK_EVENT_NAMES_MAX)
			bld_fmt(names, "%s%s", names->len == 0 ? "" : " ",
			    name);
	}
	if (!job->issued && hooks->error[0] == '\0')
		text_printable(hooks->error, sizeof(hooks->error),
		    span_str(job->trouble.text));
}

/* ---- after -------------------------------------------------------------- */

static void
list_calls(struct run_hooks *hooks)
{
	const struct hook_event_facts facts = {
		.renewed = arena_str(&hooks->arena, bld_view(&hooks->renewed)),
		.failed = arena_str(&hooks->arena, bld_view(&hooks->lost)),
		.error = hooks->error[0] == '\0' ? NULL : hooks->error,
	};

	hooks->count = hook_event_list(&hooks->site, HOOK_EVENT_POST, &facts,
	    &hooks->arena, hooks->calls);
}

/* The calls of the next site; false if there is none any more. */
static bool
next_site(struct run_hooks *hooks)
{
	const struct owed *owed;
	struct state_site row;

	if (hooks->next == NULL)
		return false;
	owed = LIST_OBJECT(hooks->next, struct owed, of_hooks);
	hooks->next = hooks->next->next;
	hooks->count = hooks->at = 0;
	site_conf_done(&hooks->site);
	if (state_site_get_id(hooks->judge->state, owed->site_id,
	    &hooks->arena, &row, NULL) < 0 ||
	    judge_read_site(&row, &hooks->site, NULL) < 0)
		return true;
	(void)hook_env_load(&hooks->site.environment, &hooks->arena,
	    &hooks->environment, NULL);
	list_calls(hooks);
	return true;
}

/* How the one at hand ended, or why it could not begin. */
static void
note_post(struct run_hooks *hooks, const struct err *err)
{
	const struct hook_event_call *call = &hooks->calls[hooks->at];

	row_list_add(&hooks->ran, call->name);
	if (err->kind == ERR_NONE)
		return;
	hooks->wrong++;
	judge_say(hooks->judge, JUDGE_FAIL, NULL, "the hook %s: %s\n"
	    "it is not run again before the next renewal; do by hand "
	    "what it does", call->name, err->text);
}

static void
on_post_done(void *ctx, const struct err *err, struct span output)
{
	struct run_hooks *hooks = ctx;

	(void)output;
	hooks->command = NULL;
	note_post(hooks, err);
	next_post(hooks);
}

static void
next_post(struct run_hooks *hooks)
{
	while (hooks->command == NULL) {
		const struct hook_event_call *call;
		struct err err = ERR_INIT;

		while (hooks->at < hooks->count && row_list_has(&hooks->ran,
		    hooks->calls[hooks->at].name))
			hooks->at++;
		if (hooks->at == hooks->count) {
			if (next_site(hooks))
				continue;
			hooks->done = true;
			loop_stop(hooks->judge->loop);
			return;
		}
		call = &hooks->calls[hooks->at];
		hooks->command = hook_event_start(hooks->judge->loop,
		    &hooks->site, &hooks->environment, call, on_post_done,
		    hooks, &err);
		if (hooks->command == NULL)
			note_post(hooks, &err);
	}
}

static void
on_after(void *arg)
{
	next_post(arg);
}

size_t
run_hooks_after(struct judge *judge)
{
	struct run_hooks *hooks = judge->hooks;
	size_t wrong;

	if (hooks == NULL)
		return 0;
	row_list_clear(&hooks->ran); /* one command may do for both ends */
	hooks->next = hooks->owed.first;
	judge->env.timer_start(judge->env.ctx, 0, on_after, hooks);
	while (!hooks->done) /* whatever signal comes meanwhile */
		loop_run(judge->loop);
	store(judge, &(struct list){ 0 });
	wrong = hooks->wrong;
	release(hooks);
	return wrong;
}
