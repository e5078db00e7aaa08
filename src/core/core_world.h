/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CORE_CORE_WORLD_H
#define SIGNET_CORE_CORE_WORLD_H

/*
 * core_world: a core with scripted peers in fake time, for core's tests. The
 * store outlives core, as a disk does; the signer remembers what it signed.
 *
 * What a peer does is in the data: the signer refuses JWS whose signature is
 * not "good...", and the validators fail names that start with "bad".
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/core.h"
#include "pkix/der.h"
#include "rpc/core_signer.h"
#include "rpc/core_validator.h"
#include "store/store_ops.h"
#include "store/store_sqlite.h"

#define WORLD_MAX 256 /* of anything */
#define WORLD_START INT64_C(1790000000000)
#define WORLD_HOLD_MS 3000
#define WORLD_PEER 1

struct env_timer {
	int64_t at;
	void (*cb)(void *arg);
	void *arg;
};

struct world_frame {
	unsigned peer;
	uint64_t id;
	uint16_t type;
	struct span payload; /* in the arena */
};

struct world_signed {
	uint8_t signature[16];
	uint8_t serial;
};

struct world {
	const struct store_ops *store_ops; /* the driver's */
	struct store_ops ops;              /* with a commit that may fail */
	struct env env;
	struct config config;
	struct core *core;
	struct arena arena;
	int64_t now;
	uint64_t random;
	struct env_timer *timers[WORLD_MAX];
	struct world_frame answers[WORLD_MAX];
	size_t num_answers;
	struct world_frame to_validator[WORLD_MAX];
	size_t num_to_validator;
	struct world_frame to_signer[WORLD_MAX];
	size_t num_to_signer;
	struct world_signed journal[WORLD_MAX];
	size_t num_journal;
	uint64_t last_id;
	unsigned fail_commits; /* so many more */
	unsigned events;       /* calls into core so far */
	unsigned crash_at;     /* 0: never */
	bool crash_committed;  /* after the commit, before anything leaves */
	bool mute;             /* core's frames are lost */
	bool validators_deaf, signer_deaf;
	unsigned crashes;
};

/* Environment. */

static inline int64_t
world_now(void *ctx)
{
	return ((struct world *)ctx)->now;
}

static inline void
world_random(void *ctx, void *out, size_t len)
{
	struct world *w = ctx;
	uint8_t *at = out;

	for (size_t i = 0; i < len; i++) {
		w->random = w->random * UINT64_C(6364136223846793005) + 1;
		at[i] = (uint8_t)(w->random >> 56);
	}
}

static inline struct env_timer *
world_timer_start(void *ctx, int64_t delay_ms, void (*cb)(void *arg),
    void *arg)
{
	struct world *w = ctx;

	for (size_t i = 0; i < WORLD_MAX; i++) {
		if (w->timers[i] != NULL)
			continue;
		w->timers[i] = mem_zalloc(sizeof(struct env_timer));
		*w->timers[i] = (struct env_timer){ w->now + delay_ms, cb,
			arg };
		return w->timers[i];
	}
	abort();
}

static inline void
world_timer_cancel(void *ctx, struct env_timer *timer)
{
	struct world *w = ctx;

	for (size_t i = 0; i < WORLD_MAX; i++) {
		if (w->timers[i] == timer)
			w->timers[i] = NULL;
	}
	free(timer);
}

static struct world *world_current;

static inline int
world_commit(struct store *store, struct err *err)
{
	struct world *w = world_current;

	if (w->fail_commits == 0)
		return w->store_ops->commit(store, err);
	w->fail_commits--;
	store_rollback(store);
	return err_set(err, ERR_IO, NULL, "the disk is full");
}

/* Core's frames. */

static inline void
world_keep(struct world *w, struct world_frame *list, size_t *count,
    unsigned peer, uint64_t id, uint16_t type, struct span payload)
{
	if (w->mute)
		return;
	assert_true(*count < WORLD_MAX);
	list[(*count)++] = (struct world_frame){ peer, id, type,
		arena_dup(&w->arena, payload) };
}

static inline void
world_answer(void *ctx, unsigned peer, uint64_t id, uint16_t type,
    struct span payload)
{
	struct world *w = ctx;

	world_keep(w, w->answers, &w->num_answers, peer, id, type, payload);
}

static inline void
world_ask_validator(void *ctx, unsigned validator, uint64_t id,
    uint16_t type, struct span payload)
{
	struct world *w = ctx;

	world_keep(w, w->to_validator, &w->num_to_validator, validator, id,
	    type, payload);
}

static inline void
world_ask_signer(void *ctx, uint64_t id, uint16_t type, struct span payload)
{
	struct world *w = ctx;

	world_keep(w, w->to_signer, &w->num_to_signer, 0, id, type, payload);
}

static const struct core_ops world_core_ops = {
	.answer = world_answer,
	.ask_validator = world_ask_validator,
	.ask_signer = world_ask_signer,
};

/* Life. */

static inline void
world_boot(struct world *w)
{
	struct err err = ERR_INIT;

	assert_int_equal(core_new(&w->env, &w->config, &world_core_ops, w,
	    &w->core, &err), 0);
	core_validator_up(w->core, 0);
	core_validator_up(w->core, 1);
	core_signer_up(w->core);
	core_turn_end(w->core);
}

/* kill -9 of core: what was not committed and what had not left is gone. */
static inline void
world_crash(struct world *w)
{
	core_free(w->core);
	w->num_to_validator = w->num_to_signer = 0;
	w->crashes++;
	world_boot(w);
}

/* After each call into core. */
static inline void
world_turn(struct world *w)
{
	if (++w->events != w->crash_at) {
		core_turn_end(w->core);
		return;
	}
	if (w->crash_committed) {
		w->mute = true;
		core_turn_end(w->core);
		w->mute = false;
	}
	world_crash(w);
}

static inline struct world *
world_new(void)
{
	struct world *w = mem_zalloc(sizeof(*w));
	struct err err = ERR_INIT;

	world_current = w;
	w->now = WORLD_START;
	w->config = (struct config){
		.hold_ms = WORLD_HOLD_MS, .order_lifetime_s = 7 * 86400,
		.authz_lifetime_s = 30 * 86400, .program = PROGRAM_PRIVATE,
		.certificate_lifetime_s = 90 * 86400, .dev_authz_reuse = -1,
	};
	w->env = (struct env){
		.ctx = w, .now = world_now, .random = world_random,
		.timer_start = world_timer_start,
		.timer_cancel = world_timer_cancel,
	};
	assert_int_equal(store_sqlite_open(STORE_SQLITE_MEMORY,
	    &w->env.store, &err), 0);
	w->store_ops = w->env.store->ops;
	w->ops = *w->store_ops;
	w->ops.commit = world_commit;
	w->env.store->ops = &w->ops;
	world_boot(w);
	return w;
}

static inline void
world_free(struct world *w)
{
	core_free(w->core);
	store_free(w->env.store);
	for (size_t i = 0; i < WORLD_MAX; i++)
		free(w->timers[i]);
	arena_free(&w->arena);
	free(w);
}

/* Peers. */

static inline void
world_validate(struct world *w, const struct world_frame *frame)
{
	struct validate_answer answer = { .type = CORE_VALIDATOR_ATTESTED };
	struct validate_request request;
	struct err err = ERR_INIT;
	struct bld out;

	assert_int_equal(validate_request_decode(frame->type, frame->payload,
	    &request, &err), 0);
	if (span_starts_with(request.ident.value, SPAN_LIT("bad"))) {
		answer.type = CORE_VALIDATOR_FAILED;
		answer.problem = (struct problem){ .kind = ERR_CONNECTION,
			.detail = SPAN_LIT("refused") };
	} else {
		answer.attestation = (struct attestation){
			.perspective = SPAN_LIT("local"),
			.ident = request.ident, .wildcard = request.wildcard,
			.method = request.method, .caa = CAA_PERMITS,
			.at = w->now,
		};
		memcpy(answer.attestation.thumbprint, request.thumbprint,
		    JWK_THUMBPRINT_SIZE);
	}
	bld_init(&out, 65536);
	validate_answer_encode(&out, &answer);
	assert_int_equal(core_validator_answer(w->core, frame->peer,
	    frame->id, (uint16_t)answer.type, bld_view(&out), &err), 0);
	bld_free(&out);
	world_turn(w);
}

/* A certificate as far as core looks at it. */
static inline struct span
world_certificate(struct world *w, uint8_t serial)
{
	struct bld out;
	struct span der;
	size_t certificate, tbs, validity;

	bld_init(&out, 65536);
	certificate = der_begin(&out, DER_SEQUENCE);
	tbs = der_begin(&out, DER_SEQUENCE);
	der_put(&out, DER_CONTEXT(0), SPAN_LIT("\x02\x01\x02"));
	der_put_positive(&out, span_of(&serial, 1));
	der_put(&out, DER_SEQUENCE, SPAN_NONE);
	der_put(&out, DER_SEQUENCE, SPAN_NONE);
	validity = der_begin(&out, DER_SEQUENCE);
	der_put_time(&out, w->now / 1000);
	der_put_time(&out, w->now / 1000 + 86400);
	der_end(&out, validity);
	der_end(&out, tbs);
	der_end(&out, certificate);
	der = arena_dup(&w->arena, bld_view(&out));
	bld_free(&out);
	return der;
}

/* The journal's entry for a signature: the same for the same evidence. 0 if
 * there is none, and none can be made as nobody attests anything. */
static inline uint8_t
world_sign(struct world *w, struct span signature, bool attested)
{
	uint8_t key[16] = { 0 };
	struct world_signed *entry;

	memcpy(key, signature.data, signature.len < 16 ? signature.len : 16);
	for (size_t i = 0; i < w->num_journal; i++) {
		if (memcmp(w->journal[i].signature, key, sizeof(key)) == 0)
			return w->journal[i].serial;
	}
	if (!attested)
		return 0;
	assert_true(w->num_journal < UINT8_MAX);
	entry = &w->journal[w->num_journal++];
	memcpy(entry->signature, key, sizeof(key));
	entry->serial = (uint8_t)w->num_journal;
	return entry->serial;
}

static inline void
world_issue(struct world *w, const struct world_frame *frame,
    struct issue_answer *answer)
{
	struct issue_request request;
	struct err err = ERR_INIT;
	uint8_t serial;

	assert_int_equal(issue_request_decode(frame->payload, &w->arena,
	    &request, &err), 0);
	answer->type = CORE_SIGNER_REFUSED;
	answer->problem = (struct problem){ .kind = ERR_UNAUTHORIZED,
		.detail = SPAN_LIT("wrong signature") };
	if (span_starts_with(request.signature, SPAN_LIT("csr")))
		answer->problem.kind = ERR_BAD_CSR;
	if (span_starts_with(request.signature, SPAN_LIT("busy")))
		answer->problem.kind = ERR_BUSY;
	if (!span_starts_with(request.signature, SPAN_LIT("good")))
		return;
	serial = world_sign(w, request.signature,
	    request.num_attestations > 0);
	if (serial == 0)
		return;
	answer->type = CORE_SIGNER_ISSUED;
	answer->issued.der = world_certificate(w, serial);
	answer->issued.issuer = 0;
}

static inline void
world_sign_frame(struct world *w, const struct world_frame *frame)
{
	struct issue_answer answer = { .type = CORE_SIGNER_CHAIN_IS };
	struct err err = ERR_INIT;
	struct bld out;

	if (frame->type == CORE_SIGNER_CHAIN) {
		answer.chain.count = 2;
		answer.chain.der[0] = SPAN_LIT("intermediate");
		answer.chain.der[1] = SPAN_LIT("root");
	} else {
		world_issue(w, frame, &answer);
	}
	bld_init(&out, 65536);
	issue_answer_encode(&out, &answer);
	assert_int_equal(core_signer_answer(w->core, frame->id,
	    (uint16_t)answer.type, bld_view(&out), &err), 0);
	bld_free(&out);
	world_turn(w);
}

static inline bool
world_pop(struct world_frame *list, size_t *count, struct world_frame *ret)
{
	if (*count == 0)
		return false;
	*ret = list[0];
	memmove(list, list + 1, --*count * sizeof(*list));
	return true;
}

static inline bool
world_peer_step(struct world *w)
{
	struct world_frame frame;

	if (!w->validators_deaf && world_pop(w->to_validator,
	    &w->num_to_validator, &frame))
		world_validate(w, &frame);
	else if (!w->signer_deaf && world_pop(w->to_signer, &w->num_to_signer,
	    &frame))
		world_sign_frame(w, &frame);
	else
		return false;
	return true;
}

/* The next timer, if it is due before `until`; else time goes there. */
static inline bool
world_time_step(struct world *w, int64_t until)
{
	struct env_timer *next = NULL, timer;

	for (size_t i = 0; i < WORLD_MAX; i++) {
		if (w->timers[i] != NULL && w->timers[i]->at <= until &&
		    (next == NULL || w->timers[i]->at < next->at))
			next = w->timers[i];
	}
	if (next == NULL) {
		w->now = until;
		return false;
	}
	timer = *next;
	world_timer_cancel(w, next);
	w->now = timer.at > w->now ? timer.at : w->now;
	timer.cb(timer.arg);
	world_turn(w);
	return true;
}

/* Lets the peers work and time pass. */
static inline void
world_run(struct world *w, int64_t ms)
{
	int64_t until = w->now + ms;

	while (world_peer_step(w) || world_time_step(w, until))
		;
}

#endif
