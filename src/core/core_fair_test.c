/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for much does not keep others waiting for all of it. */
#include "core/core_client.h"

#include <stdio.h>

#include "core/queue.h"
#include "core/target.h"

static int
setup(void **state)
{
	*state = world_new();
	return 0;
}

static int
teardown(void **state)
{
	world_free(*state);
	return 0;
}

struct item {
	struct queue_item in_queue;
	uint64_t owner;
	char name;
};

static void
take(struct queue *queue, const char *names)
{
	for (; *names != '\0'; names++) {
		struct queue_item *first = queue_first(queue);

		assert_non_null(first);
		assert_int_equal(LIST_OBJECT(first, struct item,
		    in_queue)->name, *names);
		queue_del(queue, first);
	}
}

static void
test_queue(void **state)
{
	struct item items[] = {
		{ .owner = 1, .name = 'a' }, { .owner = 1, .name = 'b' },
		{ .owner = 1, .name = 'c' }, { .owner = 2, .name = 'x' },
		{ .owner = 3, .name = 'y' }, { .owner = 2, .name = 'z' },
	};
	struct queue queue = { 0 };

	(void)state;
	assert_null(queue_first(&queue));
	for (size_t i = 0; i < 6; i++)
		queue_add(&queue, items[i].owner, 0, &items[i].in_queue);
	take(&queue, "ax");
	/* One that leaves from behind takes nobody's turn. */
	queue_del(&queue, &items[2].in_queue);
	take(&queue, "ybz");
	assert_null(queue_first(&queue));
	queue_add(&queue, 7, 0, &items[0].in_queue);
	queue_done(&queue);
	assert_null(queue_first(&queue));
}

/* Many owners of one target have one item of each turn. */
static void
test_targets(void **state)
{
	struct item items[] = {
		{ .owner = 1, .name = 'a' }, { .owner = 2, .name = 'b' },
		{ .owner = 3, .name = 'c' }, { .owner = 4, .name = 'x' },
		{ .owner = 4, .name = 'y' }, { .owner = 5, .name = 'z' },
	};
	const uint64_t targets[] = { 9, 9, 9, 8, 9, 0 };
	struct queue queue = { 0 };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		queue_add(&queue, items[i].owner, targets[i],
		    &items[i].in_queue);
	take(&queue, "axz");
	queue_del(&queue, &items[2].in_queue);
	/* Who comes now is behind one of the target's, not behind all. */
	queue_add(&queue, items[2].owner, 7, &items[2].in_queue);
	take(&queue, "bcy");
	assert_null(queue_first(&queue));
	queue_done(&queue);
}

static void
test_target_of(void **state)
{
	/* The first two of each row are one target, the third is another. */
	static const struct {
		enum ident_type type;
		const char *names[3];
	} rows[] = {
		{ IDENT_DNS, { "evil.example", "a.b.evil.example",
			"good.example" } },
		{ IDENT_DNS, { "x.co.uk", "www.x.co.uk", "y.co.uk" } },
		{ IDENT_DNS, { "co.uk", "co.uk", "x.co.uk" } },
		{ IDENT_DNS, { "a.net.example", "b.net.example",
			"example" } },
		{ IDENT_IP, { "192.0.2.1", "192.0.2.200", "192.0.3.1" } },
		{ IDENT_IP, { "2001:db8:1::1", "2001:db8:1:2::1",
			"2001:db8:2::1" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t targets[3];

		for (size_t k = 0; k < 3; k++) {
			struct ident ident = { rows[i].type,
				span_str(rows[i].names[k]) };

			targets[k] = target_of(&ident);
		}
		assert_true(targets[0] == targets[1]);
		assert_true(targets[0] != targets[2]);
	}
}

/* An order of a hundred names, all of whose challenges are responded to. */
static void
respond_to_hundred(struct world *w, const struct web_core_actor *actor,
    const char *prefix, const char *parent)
{
	struct web_core_request request = world_order_request(actor, "");
	struct ident_list *idents = &request.order_new.idents;
	struct web_core_answer answer;
	char names[IDENT_LIST_MAX][32];
	struct order order;

	for (idents->count = 0; idents->count < IDENT_LIST_MAX;
	    idents->count++) {
		snprintf(names[idents->count], sizeof(names[0]),
		    "%s%03zu.%s", prefix, idents->count, parent);
		idents->items[idents->count] = (struct ident){ IDENT_DNS,
			span_str(names[idents->count]) };
	}
	world_call(w, &request, &answer);
	assert_int_equal(answer.type, WEB_CORE_ORDER);
	order = answer.order;
	for (size_t i = 0; i < IDENT_LIST_MAX; i++) {
		request = world_respond_request(actor, order.authz_ids[i]);
		w->num_answers = 0;
		world_call(w, &request, &answer);
	}
}

static bool
is_asked(const struct world *w, const char *name)
{
	struct validate_request request;

	for (size_t i = 0; i < w->num_to_validator; i++) {
		assert_int_equal(validate_request_decode(
		    w->to_validator[i].type, w->to_validator[i].payload,
		    &request, NULL), 0);
		if (span_equal_str(request.ident.value, name))
			return true;
	}
	return false;
}

/* Who comes when all places are taken waits for one answer, or two. */
static void
expect_modest_soon(struct world *w, const struct web_core_request *modest)
{
	struct web_core_answer answer;

	world_call(w, modest, &answer);
	assert_false(is_asked(w, "modest.example"));
	w->validators_deaf = false;
	world_peer_step(w);
	world_peer_step(w);
	assert_true(is_asked(w, "modest.example"));
	world_run(w, 1000);
	assert_int_equal(core_busy(w->core), 0);
}

static void
test_validations(void **state)
{
	struct world *w = *state;
	struct web_core_actor greedy = world_register_account(w, 2);
	struct world_client modest = world_client(w, "modest.example");

	core_validator_down(w->core, 1);
	world_turn(w);
	w->validators_deaf = true;
	respond_to_hundred(w, &greedy, "a", "example");
	respond_to_hundred(w, &greedy, "b", "example");
	respond_to_hundred(w, &greedy, "c", "example");
	assert_int_equal(w->num_to_validator, CORE_VALIDATOR_ASKS_MAX);
	expect_modest_soon(w, &modest.request);
}

/* Accounts cost nothing, so names of one domain take turns, too. */
static void
test_tarpit(void **state)
{
	struct world *w = *state;
	struct world_client modest = world_client(w, "modest.example");
	struct web_core_answer answer;
	char prefix[] = "a";

	core_validator_down(w->core, 1);
	world_turn(w);
	w->validators_deaf = true;
	for (; prefix[0] < 'a' + 3; prefix[0]++) {
		struct web_core_actor actor = world_register_account(w,
		    (uint8_t)prefix[0]);

		respond_to_hundred(w, &actor, prefix, "tarpit.example");
	}
	for (uint8_t n = 0; n < 40; n++) {
		struct web_core_actor actor = world_register_account(w,
		    (uint8_t)(200 + n));
		struct order order;
		struct web_core_request request;
		char name[32];

		snprintf(name, sizeof(name), "z%u.tarpit.example", n);
		order = world_new_order(w, &actor, name);
		request = world_respond_request(&actor, order.authz_ids[0]);
		w->num_answers = 0;
		world_call(w, &request, &answer);
	}
	expect_modest_soon(w, &modest.request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_target_of),
		cmocka_unit_test_setup_teardown(test_validations, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_tarpit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
