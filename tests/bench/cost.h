/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BENCH_COST_H
#define SIGNET_BENCH_COST_H

/*
 * cost: what processes use, from /proc: CPU time to the nanosecond
 * (schedstat) and memory as PSS, in which a page that several processes share
 * counts once in all.
 */

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define COST_PROCESSES_MAX 64
#define COST_ROLES_MAX 10

struct cost_process {
	pid_t pid;
	unsigned role; /* index in struct cost_roles */
};

/* Master first, then its children's roles, by name. */
struct cost_processes {
	size_t count;
	struct cost_process items[COST_PROCESSES_MAX];
	size_t num_roles;
	char roles[COST_ROLES_MAX][16];
};

/* Of each role. */
struct cost {
	uint64_t cpu_ns[COST_ROLES_MAX];
	uint64_t pss_kib[COST_ROLES_MAX];
};

/* Finds master and its children. */
int cost_find(pid_t master, struct cost_processes *ret, struct err *err);

/* -ERR_NOT_FOUND when a process is gone: then numbers mean nothing. */
int cost_cpu(const struct cost_processes *processes, struct cost *ret,
    struct err *err);
int cost_memory(const struct cost_processes *processes, struct cost *ret,
    struct err *err);

#endif
