/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "floor.h"

#define TOTAL (-1)
#define GENERATOR (-2)

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median of the rounds. role is an index, TOTAL or GENERATOR. */
static double
cpu_us(const struct report *report, int role)
{
	double values[REPORT_ROUNDS_MAX] = { 0 };

	for (size_t i = 0; i < report->num_rounds; i++) {
		const struct report_round *round = &report->rounds[i];

		values[i] = role == TOTAL ? round->total_us :
		    role == GENERATOR ? round->generator_us :
		    round->cpu_us[role];
	}
	qsort(values, report->num_rounds, sizeof(double), compare);
	return report->num_rounds == 0 ? 0 : values[report->num_rounds / 2];
}

static double
per_second(const struct report *report)
{
	double seconds = 0;

	for (size_t i = 0; i < report->num_rounds; i++)
		seconds += report->rounds[i].seconds;
	return seconds == 0 ? 0 : (double)report->certificates / seconds;
}

static uint64_t
sum(const uint64_t *values)
{
	uint64_t all = 0;

	for (size_t i = 0; i < COST_ROLES_MAX; i++)
		all += values[i];
	return all;
}

double
report_ratio(const struct report *report)
{
	return cpu_us(report, TOTAL) / report->floor_us;
}

static void
print_roles(const struct report *report)
{
	double total = cpu_us(report, TOTAL);

	printf("%-12s %10s %7s %10s %10s\n", "process", "CPU us", "share",
	    "PSS idle", "PSS after");
	for (size_t i = 0; i < report->num_roles; i++)
		printf("%-12s %10.1f %6.1f%% %6.1f MiB %6.1f MiB\n",
		    report->roles[i], cpu_us(report, (int)i),
		    100 * cpu_us(report, (int)i) / total,
		    (double)report->pss_idle_kib[i] / 1024,
		    (double)report->pss_after_kib[i] / 1024);
	printf("%-12s %10.1f %7s %6.1f MiB %6.1f MiB\n", "all", total, "",
	    (double)sum(report->pss_idle_kib) / 1024,
	    (double)sum(report->pss_after_kib) / 1024);
}

void
report_table(const struct report *report)
{
	printf("%zu certificates in %zu rounds, %zu orders in flight\n\n",
	    report->certificates, report->num_rounds, report->in_flight);
	print_roles(report);
	printf("\n%-34s %10.1f us\n", "P-256 verification", report->verify_us);
	printf("%-34s %10.1f us\n", "P-256 signature", report->sign_us);
	printf("%-34s %10.1f us\n", "crypto floor (7 verify + 1 sign)",
	    report->floor_us);
	printf("%-34s %10.2f\n", "whole CA / floor", report_ratio(report));
	printf("\n%-34s %10.0f\n", "certificates per second",
	    per_second(report));
	printf("%-34s %4.1f / %.1f / %.1f ms\n",
	    "order latency p50 / p90 / p99", report->latency_ms[0],
	    report->latency_ms[1], report->latency_ms[2]);
	printf("%-34s %10.2f\n", "requests per certificate",
	    report->requests);
	printf("%-34s %10.2f\n", "DNS questions per certificate",
	    report->queries);
	printf("%-34s %10.2f\n", "http-01 fetches per certificate",
	    report->fetches);
	printf("%-34s %10.1f us\n", "load generator", cpu_us(report,
	    GENERATOR));
}

static json_t *
json_roles(const struct report *report)
{
	json_t *roles = json_object();

	for (size_t i = 0; i < report->num_roles; i++)
		json_object_set_new(roles, report->roles[i], json_pack(
		    "{s:f, s:I, s:I}", "cpu_us", cpu_us(report, (int)i),
		    "pss_idle_kib", (json_int_t)report->pss_idle_kib[i],
		    "pss_after_kib", (json_int_t)report->pss_after_kib[i]));
	return roles;
}

static json_t *
json_rounds(const struct report *report)
{
	json_t *rounds = json_array();

	for (size_t i = 0; i < report->num_rounds; i++) {
		const struct report_round *round = &report->rounds[i];
		json_t *roles = json_object();

		for (size_t k = 0; k < report->num_roles; k++)
			json_object_set_new(roles, report->roles[k],
			    json_real(round->cpu_us[k]));
		json_array_append_new(rounds, json_pack(
		    "{s:f, s:f, s:f, s:o}", "seconds", round->seconds,
		    "cpu_us", round->total_us, "generator_cpu_us",
		    round->generator_us, "processes", roles));
	}
	return rounds;
}

void
report_json(const struct report *report)
{
	json_t *json = json_pack("{s:I, s:o, s:I, s:o, s:f, s:f, s:f,"
	    " s:{s:f, s:f, s:f, s:i, s:i}, s:f, s:f, s:{s:f, s:f, s:f},"
	    " s:f, s:f, s:I, s:I}",
	    "certificates", (json_int_t)report->certificates,
	    "rounds", json_rounds(report),
	    "in_flight", (json_int_t)report->in_flight,
	    "processes", json_roles(report),
	    "cpu_us", cpu_us(report, TOTAL),
	    "generator_cpu_us", cpu_us(report, GENERATOR),
	    "certificates_per_second", per_second(report),
	    "floor", "cpu_us", report->floor_us,
	    "verify_us", report->verify_us, "sign_us", report->sign_us,
	    "verifications", FLOOR_JWS + FLOOR_CSR,
	    "signatures", FLOOR_SIGNATURES,
	    "ratio", report_ratio(report),
	    "requests", report->requests,
	    "latency_ms", "p50", report->latency_ms[0],
	    "p90", report->latency_ms[1], "p99", report->latency_ms[2],
	    "dns_questions", report->queries,
	    "http_fetches", report->fetches,
	    "pss_idle_kib", (json_int_t)sum(report->pss_idle_kib),
	    "pss_after_kib", (json_int_t)sum(report->pss_after_kib));

	json_dumpf(json, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(json);
}
