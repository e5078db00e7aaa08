/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_world.h"

#include <string.h>

#include "base/mem.h"

struct sim_event {
	int64_t at_ms;
	uint64_t seq;
	enum sim_process process;
	uint32_t generation;
	bool cancelled;
	void (*fn)(void *arg, const void *data, size_t data_len);
	void *arg;
	size_t data_len;
	uint8_t data[];
};

/* splitmix64: spreads a small seed over the generator's state. */
static uint64_t
spread(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void
sim_world_init(struct sim_world *world, uint64_t seed, int64_t now_ms)
{
	*world = (struct sim_world){ .now_ms = now_ms };
	for (size_t i = 0; i < 4; i++)
		world->chance[i] = spread(&seed);
}

void
sim_world_done(struct sim_world *world)
{
	for (size_t i = 0; i < world->heap_len; i++)
		free(world->heap[i]);
	free(world->heap);
	world->heap = NULL;
	world->heap_len = 0;
}

static uint64_t
rotate(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

uint64_t
sim_world_random(struct sim_world *world)
{
	uint64_t *s = world->chance;
	uint64_t result = rotate(s[0] + s[3], 23) + s[0];
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t
sim_world_below(struct sim_world *world, uint64_t below)
{
	return below == 0 ? 0 : sim_world_random(world) % below;
}

bool
sim_world_chance(struct sim_world *world, unsigned percent)
{
	return sim_world_below(world, 100) < percent;
}

static bool
earlier(const struct sim_event *a, const struct sim_event *b)
{
	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms;
	return a->seq < b->seq;
}

static void
heap_swap(struct sim_world *world, size_t i, size_t j)
{
	struct sim_event *event = world->heap[i];

	world->heap[i] = world->heap[j];
	world->heap[j] = event;
}

static void
heap_push(struct sim_world *world, struct sim_event *event)
{
	size_t i = world->heap_len;

	if (i == world->heap_cap) {
		world->heap_cap = i == 0 ? 64 : i * 2;
		world->heap = mem_realloc(world->heap,
		    world->heap_cap * sizeof(struct sim_event *));
	}
	world->heap[world->heap_len++] = event;
	while (i > 0 && earlier(world->heap[i], world->heap[(i - 1) / 2])) {
		heap_swap(world, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

static struct sim_event *
heap_pop(struct sim_world *world)
{
	struct sim_event *top = world->heap[0];
	size_t i = 0, child;

	world->heap[0] = world->heap[--world->heap_len];
	while ((child = 2 * i + 1) < world->heap_len) {
		if (child + 1 < world->heap_len &&
		    earlier(world->heap[child + 1], world->heap[child]))
			child++;
		if (!earlier(world->heap[child], world->heap[i]))
			break;
		heap_swap(world, i, child);
		i = child;
	}
	return top;
}

struct sim_event *
sim_world_after(struct sim_world *world, enum sim_process process,
    int64_t delay_ms, void (*fn)(void *arg, const void *data, size_t data_len),
    void *arg, const void *data, size_t data_len)
{
	struct sim_event *event = mem_alloc(sizeof(*event) + data_len);

	*event = (struct sim_event){
		.at_ms = world->now_ms + (delay_ms < 0 ? 0 : delay_ms),
		.seq = world->next_seq++,
		.process = process,
		.generation = world->generation[process],
		.fn = fn,
		.arg = arg,
		.data_len = data_len,
	};
	if (data_len > 0)
		memcpy(event->data, data, data_len);
	heap_push(world, event);
	return event;
}

void
sim_world_cancel(struct sim_world *world, struct sim_event *event)
{
	(void)world;
	event->cancelled = true;
}

void
sim_world_kill(struct sim_world *world, enum sim_process process)
{
	world->generation[process]++;
}

bool
sim_world_step(struct sim_world *world, enum sim_process *ret_process)
{
	struct sim_event *event;

	*ret_process = SIM_NOBODY;
	if (world->heap_len == 0)
		return false;
	event = heap_pop(world);
	world->steps++;
	if (!event->cancelled &&
	    event->generation == world->generation[event->process]) {
		world->now_ms = event->at_ms;
		world->running = event->process;
		*ret_process = event->process;
		event->fn(event->arg, event->data, event->data_len);
		world->running = SIM_NOBODY;
	}
	free(event);
	return true;
}
