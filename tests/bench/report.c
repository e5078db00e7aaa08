/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* What a round has beside its roles. */
enum { TOTAL = -1, GENERATOR = -2, VERIFY = -3, SIGN = -4, FLOOR = -5,
	RATIO = -6 };

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double
report_ratio(const struct report_round *round)
{
	return round->total_us / floor_total_us(&round->floor);
}

/* what is a role's index or one of the above. */
static double
of_round(const struct report_round *round, int what)
{
	switch (what) {
	case TOTAL:
		return round->total_us;
	case GENERATOR:
		return round->generator_us;
	case VERIFY:
		return round->floor.verify_us;
	case SIGN:
		return round->floor.sign_us;
	case FLOOR:
		return floor_total_us(&round->floor);
	case RATIO:
		return report_ratio(round);
	default:
		return round->cpu_us[what];
	}
}

/* Of the rounds: 0 gives the least, 0.5 the median, 1 the largest. */
static double
quantile(const struct report *report, int what, double part)
{
	double values[REPORT_ROUNDS_MAX] = { 0 };
	size_t count = report->num_rounds;

	for (size_t i = 0; i < count; i++)
		values[i] = of_round(&report->rounds[i], what);
	qsort(values, count, sizeof(double), compare);
	return count == 0 ? 0 : values[(size_t)((double)(count - 1) * part +
	    0.5)];
}

static double
cpu_us(const struct report *report, int what)
{
	return quantile(report, what, 0.5);
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

static void
print_floor(const struct report *report)
{
	printf("\n%-34s %10.1f us\n", "P-256 verification",
	    cpu_us(report, VERIFY));
	printf("%-34s %10.1f us\n", "P-256 signature", cpu_us(report, SIGN));
	printf("%-34s %10.1f us\n", "crypto floor (7 verify + 1 sign)",
	    cpu_us(report, FLOOR));
	printf("%-34s %10.2f (%.2f to %.2f)\n", "whole CA / floor, by round",
	    cpu_us(report, RATIO), quantile(report, RATIO, 0),
	    quantile(report, RATIO, 1));
}

void
report_table(const struct report *report)
{
	printf("%zu certificates in %zu rounds, %zu orders in flight\n\n",
	    report->certificates, report->num_rounds, report->in_flight);
	print_roles(report);
	print_floor(report);
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
		    "{s:f, s:f, s:f, s:f, s:f, s:o}",
		    "seconds", round->seconds, "cpu_us", round->total_us,
		    "floor_cpu_us", floor_total_us(&round->floor),
		    "ratio", report_ratio(round), "generator_cpu_us",
		    round->generator_us, "processes", roles));
	}
	return rounds;
}

void
report_json(const struct report *report)
{
	json_t *json = json_pack("{s:I, s:o, s:I, s:o, s:f, s:f, s:f,"
	    " s:{s:f, s:f, s:f, s:i, s:i}, s:f, s:f, s:f, s:f,"
	    " s:{s:f, s:f, s:f}, s:f, s:f, s:I, s:I}",
	    "certificates", (json_int_t)report->certificates,
	    "rounds", json_rounds(report),
	    "in_flight", (json_int_t)report->in_flight,
	    "processes", json_roles(report),
	    "cpu_us", cpu_us(report, TOTAL),
	    "generator_cpu_us", cpu_us(report, GENERATOR),
	    "certificates_per_second", per_second(report),
	    "floor", "cpu_us", cpu_us(report, FLOOR), "verify_us",
	    cpu_us(report, VERIFY), "sign_us", cpu_us(report, SIGN),
	    "verifications", FLOOR_JWS + FLOOR_CSR,
	    "signatures", FLOOR_SIGNATURES,
	    "ratio", cpu_us(report, RATIO),
	    "ratio_min", quantile(report, RATIO, 0),
	    "ratio_max", quantile(report, RATIO, 1),
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
