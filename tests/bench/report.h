/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BENCH_REPORT_H
#define SIGNET_BENCH_REPORT_H

/* report: what was measured, as a table for people and as JSON. */

#include <stddef.h>
#include <stdint.h>

#include "cost.h"
#include "floor.h"

#define REPORT_ROUNDS_MAX 32

struct report_round {
	double seconds;
	double cpu_us[COST_ROLES_MAX];  /* per certificate, by role */
	double generator_us;
	double total_us;                /* of all roles */
	struct floor_slice floor;       /* mean of before and after */
};

struct report {
	size_t in_flight, certificates;
	size_t num_rounds;
	struct report_round rounds[REPORT_ROUNDS_MAX];
	size_t num_roles;
	char roles[COST_ROLES_MAX][16];
	uint64_t pss_idle_kib[COST_ROLES_MAX], pss_after_kib[COST_ROLES_MAX];
	double latency_ms[3];           /* p50, p90, p99 */
	double requests, queries, fetches; /* per certificate */
};

void report_table(const struct report *report);
void report_json(const struct report *report);

/* CPU time over the floor of its time, of one round. */
double report_ratio(const struct report_round *round);

#endif
