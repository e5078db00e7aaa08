/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/journal.h"

#include <inttypes.h>
#include <openssl/evp.h>

#define MAGIC SPAN_LIT(JOURNAL_MAGIC)
#define HEAD_SIZE 8 /* bytes: length and its check */
#define RECORD_MAX (HEAD_SIZE + JOURNAL_BODY_MAX + JOURNAL_CHAIN_SIZE)

/* Fetched once, with its context: the implicit fetch costs as much as the
 * hash. */
static bool
hash_parts(const struct span *parts, size_t count, uint8_t ret[32])
{
	static EVP_MD *md;
	static EVP_MD_CTX *ctx;
	bool ok;

	if (md == NULL)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (ctx == NULL)
		ctx = EVP_MD_CTX_new();
	ok = EVP_DigestInit_ex2(ctx, md, NULL) == 1;
	for (size_t i = 0; i < count; i++)
		ok = ok && EVP_DigestUpdate(ctx, parts[i].data,
		    parts[i].len) == 1;
	return ok && EVP_DigestFinal_ex(ctx, ret, NULL) == 1;
}

static int
hash_failed(struct err *err)
{
	return err_set(err, ERR_INTERNAL, NULL, "SHA-256 failed");
}

int
journal_digest(struct span protected_b64, struct span payload_b64,
    uint8_t ret[JOURNAL_DIGEST_SIZE], struct err *err)
{
	/* Neither part can hold the dot: base64url has none. */
	const struct span parts[] = {
		protected_b64, SPAN_LIT("."), payload_b64
	};

	return hash_parts(parts, 3, ret) ? 0 : hash_failed(err);
}

/* One body, as journal_append writes it. */
static void
encode_record(struct bld *out, const struct journal_record *record)
{
	bld_u8(out, (uint8_t)record->type);
	bld_u64(out, (uint64_t)record->at);
	bld_u64(out, (uint64_t)record->order_at);
	bld_bytes(out, record->digest, sizeof(record->digest));
	bld_span32(out, record->certificate);
	issue_request_encode(out, &record->request);
}

static int
decode_record(struct span body, struct arena *arena,
    struct journal_record *ret, struct err *err)
{
	struct cur cur = CUR_OF(body);

	*ret = (struct journal_record){
		.type = (enum journal_type)cur_u8(&cur)
	};
	ret->at = (int64_t)cur_u64(&cur);
	ret->order_at = (int64_t)cur_u64(&cur);
	cur_copy(&cur, ret->digest, sizeof(ret->digest));
	ret->certificate = cur_span32(&cur);
	if (cur.failed || ret->type != JOURNAL_ISSUED || ret->at < 0 ||
	    ret->order_at < 0)
		return err_set(err, ERR_FRAME, NULL,
		    "a journal record is not of its form");
	return issue_request_decode(cur.rest, arena, &ret->request, err);
}

static int
read_at(const struct env *env, uint64_t offset, void *out, size_t len,
    size_t *ret_len, struct err *err)
{
	*ret_len = 0;
	return env->journal_read(env->ctx, offset, out, len, ret_len, err);
}

static int
damaged(uint64_t offset, const char *what, struct err *err)
{
	return err_set(err, ERR_IO, NULL, "the signer's journal is damaged "
	    "at byte %" PRIu64 ": %s; restore it from a copy, or move it away "
	    "to start a new one and keep the old one for the auditor", offset,
	    what);
}

/* Whether all bytes from offset on are zero: what file systems leave where a
 * write was under way when power went. */
static int
is_zero_tail(const struct env *env, uint64_t offset, bool *ret,
    struct err *err)
{
	uint8_t chunk[4096];
	size_t len;
	int r;

	*ret = false;
	for (;; offset += len) {
		r = read_at(env, offset, chunk, sizeof(chunk), &len, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < len; i++)
			if (chunk[i] != 0)
				return 0;
		if (len < sizeof(chunk))
			break;
	}
	*ret = true;
	return 0;
}

/* One record at totals->size. */
struct step {
	const struct env *env;
	struct journal_totals *totals;
	struct bld buffer;
	struct arena arena;
	bool end;        /* nothing follows */
	bool torn;       /* what follows is incomplete */
	struct span body;
};

static int
read_head(struct step *step, size_t *ret_length, struct err *err)
{
	uint8_t head[HEAD_SIZE];
	struct cur cur = CUR_OF(span_of(head, sizeof(head)));
	uint32_t length, check;
	bool zero;
	size_t len;
	int r = read_at(step->env, step->totals->size, head,
	    sizeof(head), &len, err);

	if (r < 0)
		return r;
	step->end = len == 0;
	step->torn = len > 0 && len < sizeof(head);
	if (len < sizeof(head))
		return 0;
	length = cur_u32(&cur);
	check = cur_u32(&cur);
	if (length == 0 && check == 0) {
		r = is_zero_tail(step->env, step->totals->size, &zero, err);
		step->torn = zero;
		if (r < 0 || zero)
			return r;
	}
	if ((length ^ check) != JOURNAL_LENGTH_CHECK || length == 0 ||
	    length > JOURNAL_BODY_MAX)
		return damaged(step->totals->size, "no record begins here",
		    err);
	*ret_length = length;
	return 0;
}

static int
read_record(struct step *step, struct err *err)
{
	struct journal_totals *totals = step->totals;
	uint8_t chain[JOURNAL_CHAIN_SIZE];
	struct span parts[2];
	size_t length = 0, want, len;
	uint8_t *at;
	int r = read_head(step, &length, err);

	if (r < 0 || step->end || step->torn)
		return r;
	want = HEAD_SIZE + length + JOURNAL_CHAIN_SIZE;
	bld_reset(&step->buffer);
	at = bld_grow(&step->buffer, want);
	if (at == NULL)
		return damaged(totals->size, "a record is too long", err);
	r = read_at(step->env, totals->size, at, want, &len, err);
	if (r < 0)
		return r;
	step->torn = len < want;
	if (step->torn)
		return 0;
	parts[0] = span_of(totals->chain, JOURNAL_CHAIN_SIZE);
	parts[1] = span_of(at, HEAD_SIZE + length);
	if (!hash_parts(parts, 2, chain))
		return hash_failed(err);
	if (memcmp(chain, at + HEAD_SIZE + length, sizeof(chain)) != 0)
		return damaged(totals->size,
		    "the record does not continue the chain", err);
	memcpy(totals->chain, chain, sizeof(chain));
	step->body = span_of(at + HEAD_SIZE, length);
	return 0;
}

static int
start_chain(uint8_t chain[JOURNAL_CHAIN_SIZE], struct err *err)
{
	const struct span magic = MAGIC;

	return hash_parts(&magic, 1, chain) ? 0 : hash_failed(err);
}

/* The first line. An empty or cut one is a journal that never began. */
static int
read_magic(const struct env *env, struct journal_totals *totals,
    struct err *err)
{
	const struct span magic = MAGIC;
	uint8_t found[sizeof(JOURNAL_MAGIC) - 1];
	size_t len;
	bool zero = false;
	int r = read_at(env, 0, found, sizeof(found), &len, err);

	if (r == 0)
		r = start_chain(totals->chain, err);
	if (r == 0 && len == sizeof(found) && found[0] == 0)
		r = is_zero_tail(env, 0, &zero, err);
	if (r < 0)
		return r;
	if (!zero && memcmp(found, magic.data, len) != 0)
		return err_set(err, ERR_IO, NULL, "the signer's journal does "
		    "not begin with \"signet journal 1\": it is another file, "
		    "or of another version");
	totals->size = zero || len < magic.len ? 0 : magic.len;
	totals->torn = zero || len < magic.len ? len : 0;
	return 0;
}

static int
count_torn(struct step *step, struct err *err)
{
	uint8_t chunk[4096];
	uint64_t at = step->totals->size;
	size_t len;
	int r;

	do {
		r = read_at(step->env, at, chunk, sizeof(chunk), &len,
		    err);
		at += len;
	} while (r == 0 && len == sizeof(chunk));
	step->totals->torn = at - step->totals->size;
	return r;
}

int
journal_verify(const struct env *env,
    int (*each)(void *ctx, uint64_t offset,
	const struct journal_record *record, struct err *err), void *ctx,
    struct journal_totals *ret, struct err *err)
{
	struct step step = { .env = env, .totals = ret };
	struct journal_record record;
	int r;

	*ret = (struct journal_totals){ 0 };
	bld_init(&step.buffer, RECORD_MAX);
	r = read_magic(env, ret, err);
	while (r == 0 && ret->size > 0) {
		r = read_record(&step, err);
		if (r < 0 || step.end || step.torn)
			break;
		r = decode_record(step.body, &step.arena, &record,
		    err);
		if (r < 0)
			r = damaged(ret->size, "it is not of its form", err);
		else if (each != NULL)
			r = each(ctx, ret->size, &record, err);
		ret->size += HEAD_SIZE + step.body.len + JOURNAL_CHAIN_SIZE;
		ret->records++;
		arena_reset(&step.arena);
	}
	if (r == 0 && step.torn)
		r = count_torn(&step, err);
	bld_free(&step.buffer);
	arena_free(&step.arena);
	return r;
}

static int
index_record(void *ctx, uint64_t offset, const struct journal_record *record,
    struct err *err)
{
	struct journal *journal = ctx;
	int64_t now_s = env_now(journal->env) / 1000;

	(void)err;
	if (record->order_at / 1000 + JOURNAL_INDEX_AGE_S >= now_s)
		journal_index_add(&journal->index, record->digest, offset,
		    record->order_at / 1000, now_s);
	return 0;
}

static int
begin(struct journal *journal, struct err *err)
{
	const struct env *env = journal->env;
	int r = env->journal_append(env->ctx, MAGIC, err);

	if (r == 0)
		r = env->journal_sync(env->ctx, err);
	journal->size = MAGIC.len;
	return r;
}

int
journal_open(struct journal *journal, const struct env *env, struct err *err)
{
	struct journal_totals totals;
	int r;

	*journal = (struct journal){ .env = env };
	bld_init(&journal->out, RECORD_MAX);
	r = journal_verify(env, index_record, journal, &totals, err);
	if (r == 0 && totals.torn > 0)
		r = env->journal_cut(env->ctx, totals.size, err);
	journal->cut = totals.torn;
	journal->size = totals.size;
	memcpy(journal->chain, totals.chain, sizeof(journal->chain));
	if (r == 0 && totals.size == 0)
		r = begin(journal, err);
	if (r < 0)
		journal_close(journal);
	return r;
}

void
journal_close(struct journal *journal)
{
	bld_free(&journal->out);
	journal_index_done(&journal->index);
}

static void
put_lengths(struct bld *out)
{
	uint32_t length = (uint32_t)(out->len - HEAD_SIZE);
	uint32_t words[2] = { length, length ^ JOURNAL_LENGTH_CHECK };

	for (size_t i = 0; i < HEAD_SIZE; i++)
		out->data[i] = (uint8_t)(words[i / 4] >> (24 - i % 4 * 8));
}

int
journal_append(struct journal *journal, const struct journal_record *record,
    struct err *err)
{
	const struct env *env = journal->env;
	struct bld *out = &journal->out;
	uint8_t chain[JOURNAL_CHAIN_SIZE];
	struct span parts[2];
	int r;

	bld_reset(out);
	bld_u64(out, 0); /* the lengths' place */
	encode_record(out, record);
	if (bld_end(out) < 0 || out->len > HEAD_SIZE + JOURNAL_BODY_MAX)
		return err_set(err, ERR_INTERNAL, NULL,
		    "a journal record would be too long");
	put_lengths(out);
	parts[0] = span_of(journal->chain, sizeof(journal->chain));
	parts[1] = bld_view(out);
	if (!hash_parts(parts, 2, chain))
		return hash_failed(err);
	bld_bytes(out, chain, sizeof(chain));
	r = env->journal_append(env->ctx, bld_view(out), err);
	if (r < 0)
		return r;
	journal_index_add(&journal->index, record->digest, journal->size,
	    record->order_at / 1000, env_now(env) / 1000);
	memcpy(journal->chain, chain, sizeof(chain));
	journal->size += out->len;
	return 0;
}

int
journal_sync(struct journal *journal, struct err *err)
{
	return journal->env->journal_sync(journal->env->ctx, err);
}

int
journal_find(const struct journal *journal,
    const uint8_t digest[JOURNAL_DIGEST_SIZE], struct arena *arena,
    struct journal_record *ret, struct err *err)
{
	const struct journal_index_entry *entry =
	    journal_index_find(&journal->index, digest);
	uint8_t head[HEAD_SIZE];
	struct cur cur = CUR_OF(span_of(head, sizeof(head)));
	size_t len, got;
	uint8_t *body;
	int r;

	if (entry == NULL)
		return -(int)ERR_NOT_FOUND;
	r = read_at(journal->env, entry->offset, head, sizeof(head),
	    &got, err);
	len = cur_u32(&cur);
	if (r == 0 && (got < sizeof(head) || len > JOURNAL_BODY_MAX))
		r = damaged(entry->offset, "a record is gone", err);
	if (r < 0)
		return r;
	body = arena_alloc(arena, len);
	r = read_at(journal->env, entry->offset + HEAD_SIZE, body, len,
	    &got, err);
	/* It was read before: whatever does not fit by now is damage. */
	if (r == 0 && (got < len || decode_record(span_of(body, len),
	    arena, ret, NULL) < 0 ||
	    memcmp(ret->digest, digest, sizeof(ret->digest)) != 0))
		r = damaged(entry->offset, "a record changed", err);
	return r;
}
