/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/signer.h"

#include "base/link.h"
#include "base/log.h"
#include "jose/jws.h"
#include "signer/journal.h"
#include "signer/key_cache.h"

#define NAMES_LOGGED 8

struct signer {
	struct issue_context context;
	const struct signer_ops *ops;
	void *ctx;
	struct issue_answer chain;
	struct key_cache keys;
	struct journal journal;
	bool dirty;          /* records of this turn are not durable yet */
	bool broken;         /* the journal failed: nothing leaves any more */
	struct arena arena;  /* of one question */
	struct bld answer;   /* one payload */
	struct bld queue;    /* u64 id, u16 type, payload behind u32 length */
};

int
signer_new(const struct signer_options *options, const struct signer_ops *ops,
    void *ctx, struct signer **ret, struct err *err)
{
	struct signer *signer = mem_zalloc(sizeof(*signer));
	int r;

	signer->ops = ops;
	signer->ctx = ctx;
	signer->context.env = options->env;
	signer->context.config = options->config;
	signer->context.num_perspectives = options->num_perspectives;
	signer->chain.type = CORE_SIGNER_CHAIN_IS;
	bld_init(&signer->answer, LINK_PAYLOAD_MAX);
	bld_init(&signer->queue, SIZE_MAX / 2);
	if (options->num_perspectives > ISSUE_PERSPECTIVES_MAX ||
	    options->num_chain == 0 ||
	    options->num_chain > CORE_SIGNER_CHAIN_MAX) {
		free(signer);
		return err_set(err, ERR_CONFIG, NULL, "the signer takes 1 to "
		    "%d certificates and at most %d perspectives",
		    CORE_SIGNER_CHAIN_MAX, ISSUE_PERSPECTIVES_MAX);
	}
	for (size_t i = 0; i < options->num_perspectives; i++)
		signer->context.perspectives[i] = options->perspectives[i];
	for (size_t i = 0; i < options->num_chain; i++)
		signer->chain.chain.der[signer->chain.chain.count++] =
		    mem_span_dup(options->chain[i]);
	r = issue_make_issuer(&signer->context.issuer,
	    signer->chain.chain.der[0], options->key, err);
	if (r == 0)
		r = journal_open(&signer->journal, options->env, err);
	if (r < 0)
		signer_free(signer);
	else
		*ret = signer;
	return r;
}

void
signer_free(struct signer *signer)
{
	if (signer == NULL)
		return;
	for (size_t i = 0; i < signer->chain.chain.count; i++)
		mem_span_free(signer->chain.chain.der[i]);
	mem_wipe(signer->context.perspectives,
	    sizeof(signer->context.perspectives));
	issue_make_issuer_done(&signer->context.issuer);
	key_cache_done(&signer->keys);
	journal_close(&signer->journal);
	arena_free(&signer->arena);
	bld_free(&signer->answer);
	bld_free(&signer->queue);
	free(signer);
}

void
signer_set_config(struct signer *signer, const struct config *config)
{
	signer->context.config = config;
}

void
signer_set_blocked(struct signer *signer, const struct blocked_keys *blocked)
{
	signer->context.blocked = blocked;
}

uint64_t
signer_cut(const struct signer *signer)
{
	return signer->journal.cut;
}

static void
log_issued(const struct issue *issue, struct span certificate)
{
	const struct ident_list *names = &issue->csr.names;
	struct bld text;

	if (!log_enabled(LOG_INFO))
		return;
	bld_init(&text, 8192);
	for (size_t i = 0; i < names->count && i < NAMES_LOGGED; i++) {
		if (i > 0)
			bld_u8(&text, ',');
		bld_span(&text, names->items[i].value);
	}
	log_event(LOG_INFO, "signed", "names=%.*s count=%zu bytes=%zu",
	    SPAN_FMT(bld_view(&text)), names->count, certificate.len);
	bld_free(&text);
}

static void
refuse(const struct signer *signer, struct issue_answer *ret,
    const struct err *why, struct arena *arena)
{
	struct problem problem = problem_of(why);

	if (log_often(LOG_INFO, env_now(signer->context.env)))
		log_err(LOG_INFO, "refused", why);
	problem.detail = arena_dup(arena, problem.detail);
	ret->type = CORE_SIGNER_REFUSED;
	ret->problem = problem;
}

static void
answer_with(struct issue_answer *ret, struct span certificate)
{
	ret->type = CORE_SIGNER_ISSUED;
	ret->issued.der = certificate;
	ret->issued.issuer = 0;
}

/* The same request gives the same certificate. Its signature was verified
 * when it came first; with another signature (ECDSA has many for one message)
 * it is verified again, by whatever key the account now has. */
static int
find_recorded(struct signer *signer, const struct issue_request *request,
    const uint8_t *digest, struct arena *arena, struct issue_answer *ret,
    struct err *err)
{
	struct journal_record record;
	const struct jwk *key;
	int r = journal_find(&signer->journal, digest, arena, &record, err);

	if (r < 0)
		return r;
	answer_with(ret, record.certificate);
	if (span_equal(record.request.signature, request->signature))
		return 0;
	r = key_cache_get(&signer->keys, request->account_spki, &key, err);
	if (r == 0)
		r = jws_verify_parts(request->protected_b64,
		    request->payload_b64, request->signature, key, err);
	return r;
}

static int
make(struct signer *signer, const struct issue_request *request,
    struct arena *arena, struct journal_record *ret, struct err *err)
{
	struct issue issue = { .request = request };
	struct bld out;
	int r = key_cache_get(&signer->keys, request->account_spki,
	    &issue.key, err);

	if (r < 0)
		return r;
	bld_init(&out, CERT_DER_MAX);
	r = issue_read(&signer->context, &issue, arena, err);
	if (r == 0)
		r = issue_judge(&signer->context, &issue, err);
	if (r == 0)
		r = issue_make(&signer->context, &issue, &out, err);
	if (r == 0) {
		ret->order_at = issue.order_at;
		ret->certificate = arena_dup(arena, bld_view(&out));
		log_issued(&issue, ret->certificate);
	}
	bld_free(&out);
	return r;
}

static int
append(struct signer *signer, const struct journal_record *record,
    struct err *err)
{
	int r;

	signer->dirty = true;
	r = journal_append(&signer->journal, record, err);
	signer->broken = signer->broken || r < 0;
	return r;
}

int
signer_issue(struct signer *signer, const struct issue_request *request,
    struct arena *arena, struct issue_answer *ret, struct err *err)
{
	struct journal_record record = {
		.type = JOURNAL_ISSUED, .request = *request,
		.at = env_now(signer->context.env),
	};
	struct err why = ERR_INIT;
	int r = journal_digest(request->protected_b64, request->payload_b64,
	    record.digest, err);

	if (r < 0)
		return r;
	r = find_recorded(signer, request, record.digest, arena, ret,
	    &why);
	if (r == -(int)ERR_IO) {
		signer->broken = true;
		if (err != NULL)
			*err = why;
		return r;
	}
	if (r != -(int)ERR_NOT_FOUND) {
		if (r < 0)
			refuse(signer, ret, &why, arena);
		return 0;
	}
	r = make(signer, request, arena, &record, &why);
	if (r < 0) {
		refuse(signer, ret, &why, arena);
		return 0;
	}
	answer_with(ret, record.certificate);
	return append(signer, &record, err);
}

static void
enqueue(struct signer *signer, uint64_t id, const struct issue_answer *answer)
{
	bld_reset(&signer->answer);
	issue_answer_encode(&signer->answer, answer);
	bld_u64(&signer->queue, id);
	bld_u16(&signer->queue, (uint16_t)answer->type);
	bld_span32(&signer->queue, bld_view(&signer->answer));
}

int
signer_request(struct signer *signer, uint64_t id, uint16_t type,
    struct span payload, struct err *err)
{
	struct issue_request request;
	struct issue_answer answer;
	int r;

	switch ((enum core_signer_type)type) {
	case CORE_SIGNER_CHAIN:
		enqueue(signer, id, &signer->chain);
		return 0;
	case CORE_SIGNER_ISSUE:
		break;
	case CORE_SIGNER_ISSUED:
	case CORE_SIGNER_REFUSED:
	case CORE_SIGNER_CHAIN_IS:
	default:
		return err_set(err, ERR_FRAME, NULL,
		    "core asks the signer a question of type %u", type);
	}
	r = issue_request_decode(payload, &signer->arena, &request, err);
	if (r == 0 && !signer->broken) {
		struct err failure = ERR_INIT;

		/* What fails here makes signer_turn_end fail. */
		if (signer_issue(signer, &request, &signer->arena, &answer,
		    &failure) == 0)
			enqueue(signer, id, &answer);
		else
			log_err(LOG_ERROR, "journal-failed", &failure);
	}
	arena_reset(&signer->arena);
	return r;
}

void
signer_forget(struct signer *signer)
{
	bld_reset(&signer->queue);
}

int
signer_turn_end(struct signer *signer, struct err *err)
{
	struct cur cur;

	if (signer->dirty && !signer->broken &&
	    journal_sync(&signer->journal, err) < 0)
		signer->broken = true;
	else if (signer->broken)
		err_set(err, ERR_IO, NULL, "the journal failed");
	signer->dirty = false;
	if (signer->broken)
		return -(int)ERR_IO;
	cur = CUR_OF(bld_view(&signer->queue));
	while (cur.rest.len > 0) {
		uint64_t id = cur_u64(&cur);
		uint16_t type = cur_u16(&cur);

		signer->ops->answer(signer->ctx, id, type, cur_span32(&cur));
	}
	bld_reset(&signer->queue);
	return 0;
}
