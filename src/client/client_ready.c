/* SPDX-License-Identifier: Apache-2.0 */
/* What operations need before they begin, fetched once for all that wait: the
 * directory, and the account, which is found or made. */
#include "base/json.h"
#include "client/client_private.h"
#include "client/client_names.h"
#include "client/client_text.h"

#define DIRECTORY_AGE_MAX_MS 3600000 /* then it is fetched again */

/* The account that is being found or made. */
struct client_register {
	struct client *client;
	bool only_existing;     /* RFC 8555 7.3.1 */
	bool asked_only;        /* it was the caller who wanted no more */
	struct client_call *call;
	struct arena arena;
};

static struct client_op *
first_waiting(const struct client *client, enum client_op_state state)
{
	struct client_op *op;

	LIST_EACH(op, &client->all_ops, of_client) {
		if (op->state == state && op->timer == NULL)
			return op;
	}
	return NULL;
}

/* Runs all operations that are in state, or ends them with problem: all, or
 * only those that asked whether the account exists. An operation that ends may
 * end others: begin anew after each. */
static void
wake(struct client *client, enum client_op_state state,
    const struct client_problem *problem, bool only_existing)
{
	struct client_op *op;

	while ((op = first_waiting(client, state)) != NULL) {
		if (problem != NULL && (!only_existing || op->only_existing))
			client_op_fail(op, problem);
		else
			client_op_advance(op);
		/* Who waits on after being woken began something new. */
		if (client->directory_call != NULL &&
		    state == CLIENT_OP_DIRECTORY)
			return;
		if (client->registering != NULL && state == CLIENT_OP_ACCOUNT)
			return;
	}
}

static void
on_directory(void *arg, const struct client_reply *reply)
{
	struct client *client = arg;
	struct client_answer_from from = { .http_too = client->http_too };
	struct client_problem problem;
	struct err err = ERR_INIT;
	struct arena arena = { 0 };

	if (reply->problem != NULL) {
		client_problem_copy(&arena, reply->problem, &problem);
		wake(client, CLIENT_OP_DIRECTORY, &problem, false);
		arena_free(&arena);
		return;
	}
	from.body = reply->response->body;
	from.arena = &client->directory_arena;
	arena_reset(&client->directory_arena);
	if (client_answer_directory(&from, &client->directory, &err) == 0) {
		client->directory_at = env_now(client->env);
		if (client_text_date(reply->response->date,
		    &client->ca_at) < 0)
			client->ca_at = 0;
		wake(client, CLIENT_OP_DIRECTORY, NULL, false);
		return;
	}
	client->directory_at = 0;
	client_problem_of(&arena, CLIENT_NONSENSE, &err, &problem);
	wake(client, CLIENT_OP_DIRECTORY, &problem, false);
	arena_free(&arena);
}

bool
client_ready_owns(const struct client *client, struct span url)
{
	if (client_url_same_origin(url, client->options.directory_url))
		return true;
	if (client->directory_at == 0 ||
	    !span_starts_with(url, SPAN_LIT("https://")))
		return false;
	for (size_t i = 0; i < CLIENT_URL_COUNT; i++) {
		if (client->directory.urls[i].len > 0 &&
		    client_url_same_origin(url, client->directory.urls[i]))
			return true;
	}
	return false;
}

bool
client_ready_directory(struct client_op *op)
{
	struct client *client = op->client;
	int64_t age = env_now(client->env) - client->directory_at;

	if (client->directory_at != 0 && age >= 0 &&
	    age <= DIRECTORY_AGE_MAX_MS)
		return true;
	if (client->directory_call == NULL)
		client_call_start(client, &(struct client_call_plan){
			.type = CLIENT_CALL_GET,
			.op = op->id,
			.url = client->options.directory_url,
		}, &client->directory_call, on_directory, client);
	return false;
}

static void
end_register(struct client_register *reg)
{
	reg->client->registering = NULL;
	client_call_cancel(&reg->call);
}

static void
free_register(struct client_register *reg)
{
	arena_free(&reg->arena);
	free(reg);
}

void
client_ready_cancel(struct client *client)
{
	struct client_register *reg = client->registering;

	client_call_cancel(&client->directory_call);
	if (reg == NULL)
		return;
	end_register(reg);
	free_register(reg);
}

void
client_ready_forget(struct client *client)
{
	bld_reset(&client->kid);
	client->options.kid = SPAN_NONE;
}

static void
fail_register(struct client_register *reg,
    const struct client_problem *problem)
{
	struct client *client = reg->client;

	end_register(reg);
	wake(client, CLIENT_OP_ACCOUNT, problem, reg->asked_only);
	free_register(reg);
}

static void
fail_register_err(struct client_register *reg, enum client_cause cause,
    const struct err *err)
{
	struct client_problem problem;

	client_problem_of(&reg->arena, cause, err, &problem);
	fail_register(reg, &problem);
}

/* An account that does not exist and that we may not make: says what is
 * missing. */
static void
fail_missing(struct client_register *reg, const struct client_problem *theirs)
{
	const struct client_directory *info = &reg->client->directory.info;
	const struct client_registration *have =
	    &reg->client->options.registration;
	struct client_problem problem = { .cause = CLIENT_SETUP };

	if (reg->asked_only) {
		client_problem_copy(&reg->arena, theirs, &problem);
	} else if (info->eab_required && have->eab_kid.len == 0) {
		problem.type = SPAN_LIT("externalAccountRequired");
		client_problem_say(&reg->arena, &problem, "this CA makes "
		    "accounts only for customers it knows: get a key id and "
		    "an HMAC key (external account binding) from it%s%.*s",
		    info->website.len > 0 ? ", see " : "",
		    SPAN_FMT(info->website));
	} else {
		problem.type = SPAN_LIT("userActionRequired");
		problem.terms_url = info->terms_url;
		client_problem_say(&reg->arena, &problem, "the CA's terms of "
		    "service have not been agreed to: %.*s",
		    SPAN_FMT(info->terms_url));
	}
	fail_register(reg, &problem);
}

static void
tell_account(struct client *client, const struct client_answer_account *answer,
    bool created)
{
	struct client_account account = {
		.kid = client->options.kid,
		.created = created,
		.num_contacts = answer->num_contacts,
	};

	memcpy(account.contacts, answer->contacts, sizeof(account.contacts));
	if (client->ops->account != NULL)
		client->ops->account(client->ctx, &account);
}

/* RFC 8555 7.3: 201 for a new one, 200 for one that was there; the URL stands
 * in Location. */
static void
on_account(void *arg, const struct client_reply *reply)
{
	struct client_register *reg = arg;
	struct client *client = reg->client;
	struct client_answer_from from = { .arena = &reg->arena };
	struct client_answer_account answer = { 0 };
	struct err err = ERR_INIT;
	struct span kid;

	if (reply->problem != NULL) {
		if (reg->only_existing &&
		    client_problem_is(reply->problem, "accountDoesNotExist"))
			fail_missing(reg, reply->problem);
		else
			fail_register(reg, reply->problem);
		return;
	}
	from.body = reply->response->body;
	from.http_too = client->http_too;
	/* What else the object says is not needed: only its URL is. */
	(void)client_answer_account(&from, &answer, NULL);
	kid = client_text_resolve(&reg->arena, reply->url,
	    reply->response->location);
	if (client_url_check(kid, client->http_too, &err) < 0) {
		err_prefix(&err, "the CA made an account without saying where "
		    "(Location)");
		fail_register_err(reg, CLIENT_NONSENSE, &err);
		return;
	}
	bld_reset(&client->kid);
	bld_span(&client->kid, kid);
	client->options.kid = bld_view(&client->kid);
	tell_account(client, &answer, reply->response->status == 201);
	end_register(reg);
	wake(client, CLIENT_OP_ACCOUNT, NULL, false);
	free_register(reg);
}

void
client_ready_put_registration(struct bld *out,
    const struct client_registration *registration)
{
	bld_str(out, registration->terms_agreed ?
	    "\"termsOfServiceAgreed\":true," : "");
	bld_str(out, "\"contact\":[");
	for (size_t i = 0; i < registration->num_contacts; i++) {
		if (i > 0)
			bld_u8(out, ',');
		json_put_string(out, registration->contacts[i]);
	}
	bld_u8(out, ']');
}

static void
post_account(struct client_register *reg, struct span eab)
{
	struct client *client = reg->client;
	struct bld payload;

	bld_init(&payload, CLIENT_PAYLOAD_MAX);
	if (reg->only_existing) {
		bld_str(&payload, "{\"onlyReturnExisting\":true");
	} else {
		bld_u8(&payload, '{');
		client_ready_put_registration(&payload,
		    &client->options.registration);
	}
	if (eab.len > 0) {
		bld_str(&payload, ",\"externalAccountBinding\":");
		bld_span(&payload, eab);
	}
	bld_u8(&payload, '}');
	client_call_start(client, &(struct client_call_plan){
		.type = CLIENT_CALL_JWK,
		.url = client->directory.urls[CLIENT_URL_NEW_ACCOUNT],
		.payload = bld_view(&payload),
	}, &reg->call, on_account, reg);
	bld_free(&payload);
}

static void
on_eab(void *arg, const struct client_reply *reply)
{
	struct client_register *reg = arg;

	if (reply->problem != NULL)
		fail_register(reg, reply->problem);
	else
		post_account(reg, reply->jws);
}

/* What a new account needs and we do not have leaves the question whether the
 * account exists. */
static bool
may_make(const struct client *client)
{
	const struct client_directory *info = &client->directory.info;
	const struct client_registration *have = &client->options.registration;

	return (info->terms_url.len == 0 || have->terms_agreed) &&
	    (!info->eab_required || have->eab_kid.len > 0);
}

static void
start_register(struct client *client, bool asked_only)
{
	struct client_register *reg = mem_zalloc(sizeof(*reg));
	struct span eab_kid = client->options.registration.eab_kid;

	reg->client = client;
	reg->asked_only = asked_only;
	reg->only_existing = asked_only || !may_make(client);
	client->registering = reg;
	if (reg->only_existing || eab_kid.len == 0) {
		post_account(reg, SPAN_NONE);
		return;
	}
	client_call_start(client, &(struct client_call_plan){
		.type = CLIENT_CALL_INNER,
		.sign_type = CLIENT_SIGN_EAB,
		.url = client->directory.urls[CLIENT_URL_NEW_ACCOUNT],
		.kid = eab_kid,
	}, &reg->call, on_eab, reg);
}

bool
client_ready_account(struct client_op *op)
{
	struct client *client = op->client;

	if (client->options.kid.len > 0)
		return true;
	if (client->registering != NULL)
		return false;
	client_op_progress(op, &(struct client_progress){
		.step = CLIENT_STEP_ACCOUNT });
	start_register(client, op->only_existing);
	return false;
}
