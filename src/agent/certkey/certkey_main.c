/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/certkey/certkey_main.h"

#include "agent/certkey/certkey.h"
#include "agent/rpc/certkey_files.h"
#include "base/list.h"
#include "pkix/key.h"

static const struct sandbox_path paths[] = {
	{ .path = ".", .write = true },
	{ .path = NULL },
};

const struct sandbox certkey_main_sandbox = {
	.calls = SANDBOX_FILES,
	.paths = paths,
};

/* A question of judge that waits until files has lent a key. */
struct waiting {
	struct list_node of_main;
	uint64_t id;       /* of judge's frame and of the one to files */
	uint16_t type;
	uint8_t *payload;
	size_t len;
};

struct certkey_main {
	struct agent_proc *proc;
	struct list waiting;
	struct bld out;    /* of the answer that is being made */
};

static void
answer(struct certkey_main *main, uint64_t id, int r,
    struct judge_certkey_answer *answer)
{
	if (r < 0)
		answer->type = JUDGE_CERTKEY_REFUSED;
	bld_reset(&main->out);
	judge_certkey_answer_encode(&main->out, answer);
	agent_proc_send(main->proc, AGENT_JUDGE, (uint16_t)answer->type, id,
	    bld_view(&main->out));
}

/* With the key at hand: the CSR or the JWS. */
static void
answer_with(struct certkey_main *main, uint64_t id,
    const struct judge_certkey_request *request, EVP_PKEY *key, bool reused)
{
	struct judge_certkey_answer told = { .type = JUDGE_CERTKEY_JWS };
	struct bld made;
	int r;

	bld_init(&made, LINK_PAYLOAD_MAX / 2);
	if (request->type == JUDGE_CERTKEY_REVOKE) {
		r = certkey_revoke(request, key, &made, &told.err);
		told.jws = bld_view(&made);
	} else {
		told.type = JUDGE_CERTKEY_CSR;
		told.reused = reused;
		r = certkey_request(request, key, &made, &told.err);
		told.csr = bld_view(&made);
		if (r == 0)
			r = key_file_hash(key, told.spki_hash, &told.err);
	}
	answer(main, id, r, &told);
	bld_free(&made);
}

/* With a key of our own. */
static void
answer_pending(struct certkey_main *main, uint64_t id,
    const struct judge_certkey_request *request)
{
	struct judge_certkey_answer told = { .type = JUDGE_CERTKEY_REFUSED };
	EVP_PKEY *key = NULL;

	if (certkey_pending(main->proc->fd_dir, request, &key, &told.err) < 0)
		answer(main, id, -1, &told);
	else
		answer_with(main, id, request, key, false);
	EVP_PKEY_free(key);
}

static void
ask_files(struct certkey_main *main, uint64_t id, uint16_t type,
    struct span payload, const struct judge_certkey_request *request)
{
	struct certkey_files_request question = { .type = CERTKEY_FILES_LIVE,
		.site = request->site, .key_type = request->key_type,
		.any = request->type == JUDGE_CERTKEY_REQUEST };
	struct judge_certkey_answer busy = { .type = JUDGE_CERTKEY_REFUSED };
	struct waiting *waiting;

	if (main->waiting.count == CERTKEY_MAIN_WAITING_MAX) {
		answer(main, id, err_set(&busy.err, ERR_BUSY, NULL,
		    "too many questions at once"), &busy);
		return;
	}
	waiting = mem_zalloc(sizeof(*waiting));
	waiting->id = id;
	waiting->type = type;
	waiting->payload = mem_alloc(payload.len);
	memcpy(waiting->payload, payload.data, payload.len);
	waiting->len = payload.len;
	list_add(&main->waiting, &waiting->of_main);
	memcpy(question.spki_hash, request->spki_hash, CERTKEY_HASH_SIZE);
	bld_reset(&main->out);
	certkey_files_request_encode(&main->out, &question);
	agent_proc_send(main->proc, AGENT_FILES, (uint16_t)question.type, id,
	    bld_view(&main->out));
}

static void
take_revoke(struct certkey_main *main, uint64_t id, struct span payload,
    const struct judge_certkey_request *request)
{
	EVP_PKEY *key = NULL;

	if (certkey_find(main->proc->fd_dir, request->site, request->key_type,
	    request->spki_hash, &key, NULL) == 0)
		answer_with(main, id, request, key, false);
	else
		ask_files(main, id, JUDGE_CERTKEY_REVOKE, payload, request);
	EVP_PKEY_free(key);
}

static int
on_judge(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct certkey_main *main = ctx;
	struct judge_certkey_request request;
	int r = judge_certkey_request_decode(type, payload, &request, err);

	if (r < 0)
		return r;
	if (request.type == JUDGE_CERTKEY_REVOKE)
		take_revoke(main, id, payload, &request);
	else if (request.policy == CERTKEY_REUSE)
		ask_files(main, id, type, payload, &request);
	else
		answer_pending(main, id, &request);
	return 0;
}

/* files wants the key of a new certificate. */
static void
give_key(struct certkey_main *main, uint64_t id,
    const struct certkey_files_request *request)
{
	struct certkey_files_answer told = { .type = CERTKEY_FILES_KEY };
	EVP_PKEY *key = NULL;
	struct bld pem;
	int r;

	bld_init_secret(&pem, CERTKEY_FILES_PEM_MAX);
	r = certkey_find(main->proc->fd_dir, request->site, request->key_type,
	    request->spki_hash, &key, &told.err);
	if (r == 0)
		r = key_to_pem(key, &pem, &told.err);
	told.pem = bld_view(&pem);
	if (r < 0)
		told.type = CERTKEY_FILES_REFUSED;
	bld_reset(&main->out);
	certkey_files_answer_encode(&main->out, &told);
	agent_proc_send(main->proc, AGENT_FILES, (uint16_t)told.type, id,
	    bld_view(&main->out));
	bld_reset(&main->out);
	bld_free(&pem);
	EVP_PKEY_free(key);
}

static void
drop_key(struct certkey_main *main, uint64_t id,
    const struct certkey_files_request *request)
{
	struct certkey_files_answer told = { .type = CERTKEY_FILES_DONE };

	if (certkey_published(main->proc->fd_dir, request->site,
	    request->key_type, request->spki_hash, &told.err) < 0)
		told.type = CERTKEY_FILES_REFUSED;
	bld_reset(&main->out);
	certkey_files_answer_encode(&main->out, &told);
	agent_proc_send(main->proc, AGENT_FILES, (uint16_t)told.type, id,
	    bld_view(&main->out));
}

static struct waiting *
take_waiting(struct certkey_main *main, uint64_t id)
{
	struct waiting *found;

	LIST_EACH(found, &main->waiting, of_main) {
		if (found->id == id) {
			list_del(&main->waiting, &found->of_main);
			return found;
		}
	}
	return NULL;
}

/* What files lends, or that it has none. */
static void
take_key(struct certkey_main *main, uint64_t id,
    const struct judge_certkey_request *request,
    const struct certkey_files_answer *lent)
{
	struct judge_certkey_answer refused = { .err = lent->err };
	EVP_PKEY *key = NULL;
	int r = -(int)lent->err.kind;

	if (lent->type == CERTKEY_FILES_KEY)
		r = key_from_pem(lent->pem, &key, &refused.err);
	if (r == 0 && request->type == JUDGE_CERTKEY_REQUEST &&
	    key_file_type(key) != request->key_type)
		r = -(int)ERR_NOT_FOUND; /* of a kind that is no longer wanted */
	if (r == 0)
		answer_with(main, id, request, key, true);
	else if (r == -(int)ERR_NOT_FOUND &&
	    request->type == JUDGE_CERTKEY_REQUEST)
		answer_pending(main, id, request);
	else
		answer(main, id, r, &refused);
	EVP_PKEY_free(key);
}

static int
on_files(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct certkey_main *main = ctx;
	struct certkey_files_request question;
	struct certkey_files_answer lent;
	struct judge_certkey_request request;
	struct waiting *waiting;
	int r;

	if (type == CERTKEY_FILES_PENDING || type == CERTKEY_FILES_PUBLISHED) {
		r = certkey_files_request_decode(type, payload, &question,
		    err);
		if (r == 0 && type == CERTKEY_FILES_PENDING)
			give_key(main, id, &question);
		else if (r == 0)
			drop_key(main, id, &question);
		return r;
	}
	r = certkey_files_answer_decode(type, payload, &lent, err);
	if (r < 0)
		return r;
	waiting = take_waiting(main, id);
	if (waiting == NULL)
		return err_set(err, ERR_FRAME, NULL,
		    "files answers what nobody asked");
	r = judge_certkey_request_decode(waiting->type,
	    span_of(waiting->payload, waiting->len), &request, err);
	if (r == 0)
		take_key(main, id, &request, &lent);
	free(waiting->payload);
	free(waiting);
	return r;
}

int
certkey_main(struct agent_proc *proc)
{
	struct certkey_main main = { .proc = proc };
	struct waiting *waiting;
	struct err err = ERR_INIT;
	int status;

	bld_init_secret(&main.out, LINK_PAYLOAD_MAX);
	if (agent_proc_sandbox(proc, &certkey_main_sandbox, &err) < 0) {
		log_err(LOG_ERROR, "start-failed", &err);
		return 1;
	}
	agent_proc_link(proc, AGENT_JUDGE, on_judge, &main);
	agent_proc_link(proc, AGENT_FILES, on_files, &main);
	status = agent_proc_run(proc);
	LIST_EACH(waiting, &main.waiting, of_main) {
		free(waiting->payload);
		free(waiting);
	}
	bld_free(&main.out);
	return status;
}
