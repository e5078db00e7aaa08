/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_SIM_WORLD_H
#define SIGNET_TESTS_SIM_WORLD_H

/*
 * sim_world: fake time and chance. Everything that happens in a simulation is
 * an event in one queue, taken in order of its time; time moves only from one
 * event to the next. All chance comes from the seed, so a seed replays
 * exactly.
 *
 * A process is a slot with a generation: an event that was meant for an
 * earlier generation (the process has crashed since) never happens.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_process {
	SIM_NOBODY, /* events of the world itself, never lost */
	SIM_WEB,
	SIM_CORE,
	SIM_VALIDATOR,
	SIM_SIGNER,
	SIM_CLIENT_0, /* clients follow */
	SIM_PROCESS_MAX = 16
};

struct sim_event;

struct sim_world {
	uint64_t chance[4];          /* xoshiro256++ state */
	int64_t now_ms;              /* Unix time */
	uint64_t next_seq;
	struct sim_event **heap;
	size_t heap_len, heap_cap;
	uint32_t generation[SIM_PROCESS_MAX];
	enum sim_process running;    /* whose event is being handled */
	uint64_t steps;
};

void sim_world_init(struct sim_world *world, uint64_t seed, int64_t now_ms);
void sim_world_done(struct sim_world *world);

uint64_t sim_world_random(struct sim_world *world);
/* 0 <= result < below. */
uint64_t sim_world_below(struct sim_world *world, uint64_t below);
bool sim_world_chance(struct sim_world *world, unsigned percent);

/* Makes fn(arg) happen to process after delay_ms. data, data_len bytes, are
 * copied and given to fn. The handle is dead once it happened. */
struct sim_event *sim_world_after(struct sim_world *world,
    enum sim_process process, int64_t delay_ms,
    void (*fn)(void *arg, const void *data, size_t data_len), void *arg,
    const void *data, size_t data_len);
void sim_world_cancel(struct sim_world *world, struct sim_event *event);

/* Forgets all events of the process: it died. */
void sim_world_kill(struct sim_world *world, enum sim_process process);

/* Takes the next event. False when there is none. Whose event it was is in
 * ret_process, SIM_NOBODY for one that was lost. */
bool sim_world_step(struct sim_world *world, enum sim_process *ret_process);

#endif
