/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/account/account_main.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/account/account_sign.h"
#include "agent/proc/key_file.h"
#include "base/file.h"

static const struct sandbox_path paths[] = {
	{ .path = ".", .write = true },
	{ .path = NULL },
};

const struct sandbox account_main_sandbox = {
	.calls = SANDBOX_FILES,
	.paths = paths,
};

struct account_main {
	struct agent_proc *proc;
	size_t count;
	struct account_signer *accounts[ACCOUNT_MAIN_ACCOUNTS_MAX];
	struct bld out;   /* of the answer that is being made */
};

static struct account_signer *
find(const struct account_main *main, int64_t id)
{
	for (size_t i = 0; i < main->count; i++) {
		if (main->accounts[i]->id == id)
			return main->accounts[i];
	}
	return NULL;
}

static void
forget(struct account_signer *account)
{
	account_store_done(&account->pair);
	mem_wipe(account, sizeof(*account));
	free(account);
}

static void
put_opened(const struct account_signer *account, bool created,
    struct judge_account_answer *ret)
{
	const struct jwk *key = account_sign_key(account);

	ret->type = JUDGE_ACCOUNT_OPENED;
	ret->opened.alg = key->alg;
	ret->opened.created = created;
	ret->opened.next = account->pair.next.pkey != NULL;
	memcpy(ret->opened.thumbprint, key->thumbprint, JWK_THUMBPRINT_SIZE);
	if (ret->opened.next)
		memcpy(ret->opened.next_thumbprint,
		    account->pair.next.thumbprint, JWK_THUMBPRINT_SIZE);
}

static int
open_account(struct account_main *main,
    const struct judge_account_request *request,
    struct judge_account_answer *ret, struct err *err)
{
	struct account_signer *account = find(main, request->id);
	bool created = false, is_new = account == NULL;
	int r = 0;

	if (is_new && main->count == ACCOUNT_MAIN_ACCOUNTS_MAX)
		return err_set(err, ERR_BUSY, NULL,
		    "more than %d accounts in one run",
		    ACCOUNT_MAIN_ACCOUNTS_MAX);
	if (is_new) {
		account = mem_zalloc(sizeof(*account));
		account->id = request->id;
		r = account_store_open(main->proc->fd_dir, request->id,
		    request->alg, &account->pair, &created, err);
	}
	if (r == 0)
		r = account_sign_bind(account, request->origins,
		    request->num_origins, err);
	if (r == 0)
		snprintf(account->kid, sizeof(account->kid), "%.*s",
		    SPAN_FMT(request->kid));
	if (r == 0 && is_new)
		main->accounts[main->count++] = account;
	if (r == 0)
		put_opened(account, created, ret);
	else if (is_new)
		forget(account);
	return r;
}

static void
bind_external(struct account_signer *account,
    const struct judge_account_request *request)
{
	memcpy(account->hmac, request->hmac.data, request->hmac.len);
	account->hmac_len = request->hmac.len;
	account->hmac_bits = request->hmac_bits;
	snprintf(account->hmac_kid, sizeof(account->hmac_kid), "%.*s",
	    SPAN_FMT(request->kid));
}

static int
import_key(const struct account_main *main,
    const struct judge_account_request *request, struct err *err)
{
	struct bld text;
	int r;

	if (request->import >= main->proc->num_fds)
		return err_set(err, ERR_NOT_FOUND, NULL,
		    "no such file was given to the account process");
	bld_init_secret(&text, KEY_FILE_PEM_MAX);
	r = file_slurp(main->proc->fds[request->import], "the account's key",
	    &text, err);
	if (r == 0)
		r = account_store_import(main->proc->fd_dir, request->id,
		    bld_view(&text), err);
	bld_free(&text);
	return r;
}

static int
remove_account(struct account_main *main, int64_t id, struct err *err)
{
	for (size_t i = 0; i < main->count; i++) {
		if (main->accounts[i]->id == id) {
			forget(main->accounts[i]);
			main->accounts[i] = main->accounts[--main->count];
		}
	}
	return account_store_remove(main->proc->fd_dir, id, err);
}

/* Questions about an account that is open. */
static int
ask_open(const struct account_main *main, struct account_signer *account,
    const struct judge_account_request *request,
    struct judge_account_answer *ret, struct err *err)
{
	int fd = main->proc->fd_dir, r = 0;

	if (request->type == JUDGE_ACCOUNT_EAB) {
		bind_external(account, request);
		return 0;
	}
	if (request->type == JUDGE_ACCOUNT_SEND) {
		account_sign_send(account, request->hash, request->names);
		return 0;
	}
	if (request->type == JUDGE_ACCOUNT_CHANGE) {
		account->may_change = true;
		return 0;
	}
	if (request->type == JUDGE_ACCOUNT_ROLL)
		r = account_store_roll(fd, account->id, request->alg,
		    &account->pair, err);
	else if (request->type == JUDGE_ACCOUNT_COMMIT)
		r = account_store_commit(fd, account->id, &account->pair, err);
	else if (request->type == JUDGE_ACCOUNT_ABANDON)
		r = account_store_abandon(fd, account->id, &account->pair,
		    err);
	else if (account->pair.next.pkey == NULL)
		return err_set(err, ERR_NOT_FOUND, NULL,
		    "account %" PRId64 " has no new key", account->id);
	account->use_next = request->type == JUDGE_ACCOUNT_USE_NEXT;
	if (r == 0)
		put_opened(account, false, ret);
	return r;
}

static int
ask(struct account_main *main, const struct judge_account_request *request,
    struct judge_account_answer *ret, struct err *err)
{
	struct account_signer *account = find(main, request->id);

	if (request->type == JUDGE_ACCOUNT_OPEN)
		return open_account(main, request, ret, err);
	if (request->type == JUDGE_ACCOUNT_REMOVE)
		return remove_account(main, request->id, err);
	if (request->type == JUDGE_ACCOUNT_IMPORT)
		return import_key(main, request, err);
	if (account == NULL)
		return err_set(err, ERR_NOT_FOUND, NULL,
		    "account %" PRId64 " is not open", request->id);
	return ask_open(main, account, request, ret, err);
}

static int
on_judge(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct account_main *main = ctx;
	struct judge_account_request request;
	struct judge_account_answer answer = { .type = JUDGE_ACCOUNT_DONE };
	int r = judge_account_request_decode(type, payload, &request, err);

	if (r < 0)
		return r;
	if (ask(main, &request, &answer, &answer.err) < 0)
		answer.type = JUDGE_ACCOUNT_REFUSED;
	bld_reset(&main->out);
	judge_account_answer_encode(&main->out, &answer);
	agent_proc_send(main->proc, AGENT_JUDGE, (uint16_t)answer.type, id,
	    bld_view(&main->out));
	return 0;
}

static int
on_net(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct account_main *main = ctx;
	struct net_account_answer answer = { .type = NET_ACCOUNT_SIGNED };
	struct net_account_sign sign;
	struct account_signer *account;
	struct err why = ERR_INIT;
	struct bld jws;
	int r = net_account_sign_decode(type, payload, &sign, err);

	if (r < 0)
		return r;
	bld_init(&jws, JWS_BODY_MAX);
	account = find(main, sign.account);
	r = account == NULL ? err_set(&why, ERR_NOT_FOUND, NULL,
	    "account %" PRId64 " is not open", sign.account) :
	    account_sign(account, &sign.sign, &jws, &why);
	answer.text = bld_view(&jws);
	if (r < 0) {
		answer.type = NET_ACCOUNT_REFUSED;
		answer.text = span_str(why.text);
	}
	bld_reset(&main->out);
	net_account_answer_encode(&main->out, &answer);
	agent_proc_send(main->proc, AGENT_NET, (uint16_t)answer.type, id,
	    bld_view(&main->out));
	bld_free(&jws);
	return 0;
}

int
account_main(struct agent_proc *proc)
{
	struct account_main main = { .proc = proc };
	struct err err = ERR_INIT;
	int status = 1;

	bld_init(&main.out, LINK_PAYLOAD_MAX);
	if (agent_proc_sandbox(proc, &account_main_sandbox, &err) < 0) {
		log_err(LOG_ERROR, "start-failed", &err);
		return status;
	}
	agent_proc_link(proc, AGENT_JUDGE, on_judge, &main);
	agent_proc_link(proc, AGENT_NET, on_net, &main);
	status = agent_proc_run(proc);
	while (main.count > 0)
		forget(main.accounts[--main.count]);
	bld_free(&main.out);
	return status;
}
