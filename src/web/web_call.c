/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web_call.h"

#include <assert.h>
#include <stddef.h>

#define FIRST_SLOTS 16

static void
add_slots(struct web *web)
{
	uint32_t n = web->num_slots == 0 ? FIRST_SLOTS : web->num_slots * 2;

	assert(n <= WEB_SLOTS_MAX);
	web->slots = mem_realloc(web->slots, n * sizeof(web->slots[0]));
	for (uint32_t i = web->num_slots; i < n; i++)
		web->slots[i] = (struct web_slot){
			.next_free = i + 1 < n ? i + 1 : UINT32_MAX,
		};
	web->free_slot = web->num_slots;
	web->num_slots = n;
}

/* The id at core is a generation above the slot, so that an answer to a call
 * that is over finds nothing. */
static void
take_slot(struct web *web, struct web_call *call)
{
	uint32_t slot;

	if (web->free_slot == UINT32_MAX)
		add_slots(web);
	slot = web->free_slot;
	web->free_slot = web->slots[slot].next_free;
	web->slots[slot].call = call;
	call->id = web->generation++ << WEB_SLOT_BITS | slot;
}

struct web_call *
web_call_new(struct web *web, uint64_t exchange)
{
	struct web_call *call = TAILQ_FIRST(&web->spare);
	struct arena arena = { .blocks = NULL };

	if (call != NULL) {
		TAILQ_REMOVE(&web->spare, call, of_web);
		web->num_spare--;
		arena = call->arena;
	} else {
		call = mem_alloc(sizeof(*call));
	}
	*call = (struct web_call){ .web = web, .arena = arena,
	    .exchange = exchange };
	take_slot(web, call);
	table_add(&web->exchanges, exchange, &call->by_exchange);
	TAILQ_INSERT_TAIL(&web->calls, call, of_web);
	web->num_calls++;
	call->started_at = env_now(&web->env);
	return call;
}

uint64_t
web_call_take_exchange(struct web_call *call)
{
	uint64_t exchange = call->exchange;

	if (exchange != 0)
		table_del(&call->web->exchanges, &call->by_exchange);
	call->exchange = 0;
	return exchange;
}

void
web_call_free(struct web_call *call)
{
	struct web *web = call->web;
	uint32_t slot = (uint32_t)(call->id & (WEB_SLOTS_MAX - 1));

	if (call->has_jws)
		jws_done(&call->jws);
	jwk_done(&call->jwk);
	web_call_take_exchange(call);
	web->slots[slot] = (struct web_slot){ .next_free = web->free_slot };
	web->free_slot = slot;
	TAILQ_REMOVE(&web->calls, call, of_web);
	web->num_calls--;
	if (web->num_spare < WEB_CALLS_SPARE) {
		arena_reset(&call->arena);
		TAILQ_INSERT_HEAD(&web->spare, call, of_web);
		web->num_spare++;
	} else {
		arena_free(&call->arena);
		free(call);
	}
}

void
web_call_remember(struct web_call *call, const struct problem *problem)
{
	call->refused = *problem;
	call->refused.detail = arena_dup(&call->arena, problem->detail);
	call->refused.num_subs = 0;
}

struct web_call *
web_call_find(struct web *web, uint64_t id)
{
	uint32_t slot = (uint32_t)(id & (WEB_SLOTS_MAX - 1));
	struct web_call *call;

	if (slot >= web->num_slots)
		return NULL;
	call = web->slots[slot].call;
	return call != NULL && call->id == id ? call : NULL;
}

struct web_call *
web_call_of_exchange(struct web *web, uint64_t exchange)
{
	struct table_node *node = table_get(&web->exchanges, exchange);

	return node == NULL ? NULL :
	    (struct web_call *)(void *)((char *)node -
	    offsetof(struct web_call, by_exchange));
}
