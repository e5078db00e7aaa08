/* SPDX-License-Identifier: Apache-2.0 */

/* Three accounts that do anything at any time, while peers come, go and are
 * silent, commits fail, core is killed and its configuration changes. What must
 * hold: nobody hears of an internal error but when a commit failed, all that
 * is asked is answered once, in the end no order is left between two states,
 * and what the store remembers is what it has. A seed that fails goes the same way each time. */

#include "core/core_client.h"

#include "base/log.h"

#define SEEDS 60
#define STEPS 250
#define THINGS 64 /* orders that a storm goes on with */
#define ROWS_MAX (1024 * 1024) /* bytes of what the store has of them */

struct storm {
	struct world *w;
	uint64_t random;
	struct web_core_actor actors[3];
	struct web_core_actor owners[THINGS];
	struct order orders[THINGS];
	size_t num_orders;
	uint8_t next_key;
	uint64_t asked[WORLD_MAX]; /* ids without an answer */
	size_t num_asked;
	bool excused; /* a commit may have failed */
	char identity[16];
};

static unsigned
draw(struct storm *s, unsigned n)
{
	s->random = s->random * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)(s->random >> 40) % n;
}

static void
learn(struct storm *s, const struct web_core_answer *answer)
{
	if (answer->type != WEB_CORE_ORDER || s->num_orders == THINGS)
		return;
	for (size_t i = 0; i < s->num_orders; i++)
		if (s->orders[i].id == answer->order.id)
			return;
	for (size_t i = 0; i < 3; i++)
		if (s->actors[i].account_id == answer->order.account_id)
			s->owners[s->num_orders] = s->actors[i];
	s->orders[s->num_orders++] = answer->order;
}

/* All answers that came: to something asked, once, and no trouble of ours. */
static void
listen(struct storm *s)
{
	struct web_core_answer answer;
	struct err err = ERR_INIT;
	struct world *w = s->w;
	struct world_frame frame;
	size_t i;

	while (world_pop(w->answers, &w->num_answers, &frame)) {
		for (i = 0; i < s->num_asked && s->asked[i] != frame.id; i++)
			;
		assert_true(i < s->num_asked);
		s->asked[i] = s->asked[--s->num_asked];
		assert_int_equal(web_core_answer_decode(frame.type,
		    frame.payload, &w->arena, &answer, &err), 0);
		if (answer.type == WEB_CORE_PROBLEM && !s->excused &&
		    problem_status(answer.problem.kind) >= 500)
			fail_msg("trouble: %.*s",
			    SPAN_FMT(answer.problem.detail));
		learn(s, &answer);
	}
}

static void
send(struct storm *s, const struct web_core_request *request)
{
	if (s->num_asked == WORLD_MAX)
		return;
	s->asked[s->num_asked++] = s->w->last_id + 1;
	world_send(s->w, request);
	listen(s);
}

/* Whoever asked asks the next core again, or has gone. */
static void
forget(struct storm *s)
{
	s->num_asked = 0;
	s->w->num_answers = 0;
}

static void
send_account(struct storm *s)
{
	size_t who = draw(s, 3);
	struct web_core_request request = {
		.type = WEB_CORE_ACCOUNT_UPDATE, .actor = s->actors[who] };

	request.account_update.deactivate = draw(s, 4) == 0;
	send(s, &request);
	if (!request.account_update.deactivate)
		return;
	/* That takes all answers up to its own. */
	s->actors[who] = world_register_account(s->w, ++s->next_key);
	core_peer_gone(s->w->core, WORLD_PEER);
	forget(s);
}

static void
send_finalize(struct storm *s, size_t i)
{
	static const char *const kinds[] = { "good", "good", "bad", "csr" };
	static const char *const payloads[] = { "p0", "p1" };
	unsigned payload = draw(s, 2);
	struct web_core_request request;
	char signature[17];

	snprintf(signature, sizeof(signature), "%s%zu/%u",
	    kinds[draw(s, 4)], i, payload);
	request = world_finalize_request(&s->owners[i], s->orders[i].id,
	    signature, payloads[payload], draw(s, 2) == 0);
	send(s, &request);
}

static void
send_about(struct storm *s, size_t i)
{
	const struct order *order = &s->orders[i];
	struct web_core_actor who = draw(s, 8) == 0 ? s->actors[draw(s, 3)] :
	    s->owners[i];
	struct web_core_request request;

	switch (draw(s, 6)) {
	case 0:
		request = world_get_request(WEB_CORE_ORDER_GET, &who,
		    order->id);
		break;
	case 1:
		request = world_get_request(WEB_CORE_AUTHZ_GET, &who,
		    order->authz_ids[0]);
		break;
	case 2:
		request = world_get_request(WEB_CORE_AUTHZ_DEACTIVATE, &who,
		    order->authz_ids[0]);
		break;
	case 3:
		request = world_get_request(WEB_CORE_ACCOUNT_ORDERS, &who, 0);
		break;
	default:
		request = world_respond_request(&who, order->authz_ids[0]);
	}
	send(s, &request);
}

static void
send_any(struct storm *s)
{
	static const char *const names[] = { "a.example", "b.example",
		"bad.example" };
	struct web_core_request request;

	if (s->num_orders == 0 || draw(s, 4) == 0) {
		request = world_order_request(&s->actors[draw(s, 3)],
		    names[draw(s, 3)]);
		send(s, &request);
	} else if (draw(s, 12) == 0) {
		send_account(s);
	} else if (draw(s, 3) == 0) {
		send_finalize(s, draw(s, (unsigned)s->num_orders));
	} else {
		send_about(s, draw(s, (unsigned)s->num_orders));
	}
}

static void
change_peers(struct storm *s)
{
	struct world *w = s->w;

	switch (draw(s, 4)) {
	case 0:
		w->validators_deaf = !w->validators_deaf;
		break;
	case 1:
		w->signer_deaf = !w->signer_deaf;
		break;
	case 2:
		w->num_to_signer = 0;
		core_signer_down(w->core);
		core_signer_up(w->core);
		world_turn(w);
		break;
	default:
		w->num_to_validator = 0;
		core_validator_down(w->core, 0);
		core_validator_down(w->core, 1);
		core_validator_up(w->core, 0);
		core_validator_up(w->core, 1);
		world_turn(w);
	}
	listen(s);
}

static void
change_config(struct storm *s)
{
	struct config *config = &s->w->config;

	config->hold_ms = draw(s, 4) * 1000;
	config->authz_lifetime_s = 3600 * (1 + draw(s, 200));
	config->caa_identity = draw(s, 2) == 0 ? NULL : s->identity;
	core_set_config(s->w->core, config);
}

static void
mishap(struct storm *s)
{
	switch (draw(s, 5)) {
	case 0:
		forget(s);
		world_crash(s->w);
		break;
	case 1:
		s->w->fail_commits = 1;
		s->excused = true;
		break;
	case 2:
		core_peer_gone(s->w->core, WORLD_PEER);
		forget(s);
		break;
	case 3:
		change_config(s);
		break;
	default:
		change_peers(s);
	}
}

static void
step(struct storm *s)
{
	unsigned kind = draw(s, 20);

	if (s->w->fail_commits == 0 && draw(s, 4) == 0)
		s->excused = false;
	if (kind < 9)
		send_any(s);
	else if (kind < 16)
		world_peer_step(s->w);
	else if (kind < 18)
		world_time_step(s->w, s->w->now + draw(s, 5000));
	else if (kind == 18 && draw(s, 4) == 0)
		world_time_step(s->w, s->w->now +
		    draw(s, 96) * INT64_C(3600000));
	else
		mishap(s);
	listen(s);
}

/* All orders and their authorizations, as the store gives them. */
static struct span
read_rows(struct storm *s)
{
	struct world *w = s->w;
	struct store_order order;
	struct store_authz authz;
	struct bld out;
	struct err err;
	struct span ret;

	bld_init(&out, ROWS_MAX);
	for (size_t i = 0; i < s->num_orders; i++) {
		if (store_order_get(w->env.store, s->orders[i].id, &w->arena,
		    &order, &err) < 0)
			continue;
		order_encode(&out, &order.order);
		bld_u32(&out, order.authz_left);
		bld_span16(&out, order.finalized);
		for (size_t j = 0; j < order.order.idents.count; j++) {
			assert_int_equal(store_authz_get(w->env.store,
			    order.order.authz_ids[j], &w->arena, &authz,
			    &err), 0);
			authz_encode(&out, &authz.authz);
			bld_i64(&out, authz.order_id);
			bld_span16(&out, authz.attestations);
		}
	}
	assert_int_equal(bld_end(&out), 0);
	ret = arena_dup(&w->arena, bld_view(&out));
	bld_free(&out);
	return ret;
}

/* What the store remembers of rows (store/row_cache.h) is what the database
 * has of them. */
static void
check_remembered(struct storm *s)
{
	struct store *store = s->w->env.store;
	struct span remembered = read_rows(s);
	struct err err;

	assert_int_equal(store_begin(store, &err), 0);
	store_rollback(store); /* which forgets them */
	assert_true(span_equal(read_rows(s), remembered));
}

static void
calm_down(struct storm *s)
{
	struct world *w = s->w;
	struct store_order row;
	struct err err;

	w->fail_commits = 0;
	w->validators_deaf = w->signer_deaf = false;
	s->excused = true; /* of what went before */
	for (int i = 0; i < 40; i++) {
		world_run(w, 10000);
		listen(s);
	}
	assert_int_equal(s->num_asked, 0);
	for (size_t i = 0; i < s->num_orders; i++) {
		int r = store_order_get(w->env.store, s->orders[i].id,
		    &w->arena, &row, &err);

		if (r == -ERR_NOT_FOUND)
			continue; /* expired long ago */
		assert_int_equal(r, 0);
		assert_int_not_equal(row.order.status, ORDER_PROCESSING);
		assert_true((row.order.status == ORDER_VALID) ==
		    (row.order.certificate_id != 0));
	}
	assert_int_equal(core_busy(w->core), 0);
	check_remembered(s);
}

static void
test_storm(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		struct storm s = { .random = seed, .identity = "ca.example" };

		s.w = world_new();
		for (size_t i = 0; i < 3; i++)
			s.actors[i] = world_register_account(s.w,
			    ++s.next_key);
		s.w->num_answers = 0;
		print_message("seed %u\n", seed);
		for (int i = 0; i < STEPS; i++)
			step(&s);
		calm_down(&s);
		world_free(s.w);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storm),
	};

	log_set_level(LOG_ERROR + 1);
	return cmocka_run_group_tests_name("core_storm", tests, NULL, NULL);
}
