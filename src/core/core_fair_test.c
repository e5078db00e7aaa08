/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for much does not keep others waiting for all of it. */
#include "core/core_client.h"

#include <stdio.h>

#include "core/queue.h"

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
		queue_add(&queue, items[i].owner, &items[i].in_queue);
	take(&queue, "ax");
	/* One that leaves from behind takes nobody's turn. */
	queue_del(&queue, &items[2].in_queue);
	take(&queue, "ybz");
	assert_null(queue_first(&queue));
	queue_add(&queue, 7, &items[0].in_queue);
	queue_done(&queue);
	assert_null(queue_first(&queue));
}

/* An order of a hundred names, all of whose challenges are responded to. */
static void
respond_to_hundred(struct world *w, const struct web_core_actor *actor,
    char prefix)
{
	struct web_core_request request = world_order_request(actor, "");
	struct ident_list *idents = &request.order_new.idents;
	struct web_core_answer answer;
	char names[IDENT_LIST_MAX][16];
	struct order order;

	for (idents->count = 0; idents->count < IDENT_LIST_MAX;
	    idents->count++) {
		snprintf(names[idents->count], sizeof(names[0]),
		    "%c%03zu.example", prefix, idents->count);
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

static void
test_validations(void **state)
{
	struct world *w = *state;
	struct web_core_actor greedy = world_register_account(w, 2);
	struct world_client modest = world_client(w, "modest.example");
	struct web_core_answer answer;

	core_validator_down(w->core, 1);
	world_turn(w);
	w->validators_deaf = true;
	for (char prefix = 'a'; prefix < 'd'; prefix++)
		respond_to_hundred(w, &greedy, prefix);
	assert_int_equal(w->num_to_validator, CORE_VALIDATOR_ASKS_MAX);
	world_call(w, &modest.request, &answer);
	assert_false(is_asked(w, "modest.example"));
	w->validators_deaf = false;
	world_peer_step(w);
	world_peer_step(w);
	assert_true(is_asked(w, "modest.example"));
	world_run(w, 1000);
	assert_int_equal(core_busy(w->core), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queue),
		cmocka_unit_test_setup_teardown(test_validations, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
