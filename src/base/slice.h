/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_SLICE_H
#define SIGNET_BASE_SLICE_H

/*
 * slice: how long a process would like to keep a processor once it has it.
 *
 * Our processes hand work to one another, and Linux lets whoever is woken
 * interrupt whoever wakes it. Then each handles one message a turn, with
 * caches that the other has just filled. A long slice is not priority: it
 * gives no larger share of the processors, and those with short slices come
 * first when both wait (Linux 6.12; sched_setattr(2)). With it goes the policy
 * SCHED_BATCH, by which we interrupt nobody when we are woken (sched(7)).
 */

#include <stdbool.h>
#include <stdint.h>

/* The most that Linux grants. Processes of ours sleep long before it ends: it
 * says that they be not interrupted by each other. */
#define SLICE_LONG_NS 100000000U /* 0.1 s */

/* For this process and the children that it will have; 0 is the kernel's own,
 * and SCHED_OTHER. Takes no privilege and leaves niceness as it is. False where
 * the kernel knows no slices, which takes the policy only, or where the policy
 * is not one of time sharing, as whoever runs us may want: then nothing
 * changes. */
bool slice_set(uint64_t ns);

/* What is asked for now; 0 where the kernel does not know it. */
uint64_t slice_get(void);

#endif
