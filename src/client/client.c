/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

#include <stdarg.h>
#include <stdio.h>

#include "client/client_names.h"
#include "client/client_private.h"

int64_t
client_step_max_ms(const struct client *client)
{
	return client->options.step_max_ms != 0 ?
	    (int64_t)client->options.step_max_ms : CLIENT_STEP_MAX_MS;
}

int
client_new(const struct env *env, const struct client_options *options,
    const struct client_ops *ops, void *ctx, struct client **ret,
    struct err *err)
{
	struct client *client;
	struct arena *arena;
	int r;

	*ret = NULL;
	r = client_url_check(options->directory_url, true, err);
	if (r < 0)
		return err_prefix(err, "the CA's directory URL cannot be used");
	client = mem_zalloc(sizeof(*client));
	arena = &client->options_arena;
	*client = (struct client){
		.env = env,
		.ops = ops,
		.ctx = ctx,
		.options = *options,
		.http_too = span_starts_with(options->directory_url,
		    SPAN_LIT("http://")),
	};
	client->options.directory_url = arena_dup(arena,
	    options->directory_url);
	bld_init(&client->kid, CLIENT_URL_MAX);
	bld_span(&client->kid, options->kid);
	client->options.kid = bld_view(&client->kid);
	client->options.registration.eab_kid = arena_dup(arena,
	    options->registration.eab_kid);
	for (size_t i = 0; i < options->registration.num_contacts; i++)
		client->options.registration.contacts[i] = arena_dup(arena,
		    options->registration.contacts[i]);
	*ret = client;
	return 0;
}

static void
wait_cancel(struct client_op *op)
{
	const struct env *env = op->client->env;

	if (op->timer != NULL)
		env->timer_cancel(env->ctx, op->timer);
	op->timer = NULL;
}

static void
op_free(struct client_op *op)
{
	list_del(&op->client->all_ops, &op->of_client);
	wait_cancel(op);
	client_call_cancel(&op->call);
	if (op->class->release != NULL)
		op->class->release(op);
	arena_free(&op->arena);
	free(op);
}

void
client_free(struct client *client)
{
	struct client_op *op;

	if (client == NULL)
		return;
	client->closing = true;
	client_call_cancel_all(client);
	client_ready_cancel(client);
	LIST_EACH(op, &client->all_ops, of_client)
		op_free(op);
	arena_free(&client->directory_arena);
	arena_free(&client->options_arena);
	bld_free(&client->kid);
	free(client);
}

static void
on_timer(void *arg)
{
	struct client_op *op = arg;

	op->timer = NULL;
	op->on_timer(op);
}

void
client_op_wait(struct client_op *op, int64_t delay_ms,
    void (*callback)(struct client_op *op))
{
	const struct env *env = op->client->env;

	/* A cancelled operation only waits for its end. */
	if (op->cancelled && op->timer != NULL)
		return;
	wait_cancel(op);
	op->on_timer = callback;
	op->timer = env->timer_start(env->ctx, delay_ms, on_timer, op);
}

static void
begin(struct client_op *op)
{
	op->state = CLIENT_OP_DIRECTORY;
	client_op_advance(op);
}

void *
client_op_new(struct client *client, uint64_t id,
    const struct client_op_class *class, size_t size)
{
	struct client_op *op = mem_zalloc(size);

	op->client = client;
	op->id = id;
	op->class = class;
	list_add(&client->all_ops, &op->of_client);
	client_op_wait(op, 0, begin);
	return op;
}

void
client_op_advance(struct client_op *op)
{
	if (op->state == CLIENT_OP_DIRECTORY) {
		if (!client_ready_directory(op))
			return;
		op->state = op->class->need == CLIENT_NEED_ACCOUNT ?
		    CLIENT_OP_ACCOUNT : CLIENT_OP_RUNS;
	}
	if (op->state == CLIENT_OP_ACCOUNT) {
		if (!client_ready_account(op))
			return;
		op->state = CLIENT_OP_RUNS;
	}
	op->class->begin(op);
}

void
client_op_restart(struct client_op *op)
{
	op->account_vanished = true;
	client_ready_forget(op->client);
	client_op_wait(op, 0, begin);
}

void
client_op_done(struct client_op *op, const struct client_result *result)
{
	struct client *client = op->client;
	uint64_t id = op->id;
	struct arena arena = op->arena; /* what the result may be in */

	op->arena = (struct arena){ 0 };
	op_free(op);
	client->ops->done(client->ctx, id, result);
	arena_free(&arena);
}

void
client_op_fail(struct client_op *op, const struct client_problem *problem)
{
	struct client_result result = { .type = CLIENT_RESULT_PROBLEM };

	/* Wherever it is now may go with the operation. */
	client_problem_copy(&op->arena, problem, &result.problem);
	client_op_done(op, &result);
}

void
client_op_fail_err(struct client_op *op, enum client_cause cause,
    const struct err *err)
{
	struct client_problem problem;

	client_problem_of(&op->arena, cause, err, &problem);
	client_op_fail(op, &problem);
}

void
client_op_fail_text(struct client_op *op, enum client_cause cause,
    const char *fmt, ...)
{
	struct err err = { .kind = ERR_INTERNAL };
	va_list args;

	va_start(args, fmt);
	vsnprintf(err.text, sizeof(err.text), fmt, args);
	va_end(args);
	client_op_fail_err(op, cause, &err);
}

void
client_op_progress(struct client_op *op,
    const struct client_progress *progress)
{
	struct client *client = op->client;

	if (client->ops->progress != NULL)
		client->ops->progress(client->ctx, op->id, progress);
}

static void
end_cancelled(struct client_op *op)
{
	client_op_fail_text(op, CLIENT_CANCELLED, "it was cancelled");
}

/* In a turn of its own: whoever cancels may be a callback of the operation's
 * own. */
void
client_cancel(struct client *client, uint64_t id)
{
	struct client_op *op;

	LIST_EACH(op, &client->all_ops, of_client) {
		if (op->id == id && !op->cancelled) {
			client_op_wait(op, 0, end_cancelled);
			op->cancelled = true;
		}
	}
}
