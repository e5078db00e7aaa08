/* SPDX-License-Identifier: Apache-2.0 */

/*
 * bench: what a certificate costs. Makes a CA, keeps orders in flight against
 * it over TLS, fetches included, and sets the CPU time of its processes
 * against the signature operations that nobody can avoid.
 *
 * Everything happens in a network namespace of its own, where port 80 is free
 * for the hosts that are validated; what cannot have one uses the machine's
 * loopback.
 */

#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "authority.h"
#include "base/slice.h"
#include "cost.h"
#include "floor.h"
#include "load.h"
#include "report.h"
#include "target.h"

#define WARM_UP 200 /* certificates before the first round */

struct bench {
	/* Options. */
	size_t in_flight, certificates, rounds;
	struct authority_options authority_options;
	bool json, pids;

	struct event_base *base;
	struct event *interrupts[2];
	struct target *target;
	struct authority authority;
	struct cost_processes processes;
	struct load *load;
	struct floor *floor;
	struct report report;
};

/* Only to a person who waits. */
static void
say(const char *what)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "bench: %s\n", what);
}

static bool
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) ==
	    (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Leaves the machine's network. An ordinary user needs a user namespace for
 * that, in which it stays who it is. */
static void
leave_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	char map[64];
	int fd;

	snprintf(map, sizeof(map), "%u %u 1", geteuid(), geteuid());
	if (unshare(CLONE_NEWNET) != 0 &&
	    (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 ||
	    !write_text("/proc/self/uid_map", map))) {
		say("no network of its own; the machine's is used");
		return;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		perror("bench: lo");
	if (fd >= 0)
		close(fd);
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double
own_cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int
measure_round(struct bench *bench, size_t count, struct err *err)
{
	struct report *report = &bench->report;
	struct report_round *round = &report->rounds[report->num_rounds];
	struct cost before, after;
	double start_s, own_us;
	int r;

	r = cost_cpu(&bench->processes, &before, err);
	start_s = now_s();
	own_us = own_cpu_us();
	if (r == 0)
		r = load_round(bench->load, count, err);
	round->seconds = now_s() - start_s;
	round->generator_us = (own_cpu_us() - own_us) / (double)count;
	if (r == 0)
		r = cost_cpu(&bench->processes, &after, err);
	if (r != 0)
		return r;
	for (size_t i = 0; i < bench->processes.num_roles; i++) {
		round->cpu_us[i] = (double)(after.cpu_ns[i] -
		    before.cpu_ns[i]) / 1e3 / (double)count;
		round->total_us += round->cpu_us[i];
	}
	report->num_rounds++;
	return 0;
}

static int
measure(struct bench *bench, struct err *err)
{
	struct report *report = &bench->report;
	size_t per_round = bench->certificates / bench->rounds;
	uint64_t queries = target_queries(bench->target);
	uint64_t fetches = target_fetches(bench->target);
	double count = (double)(per_round * bench->rounds);
	struct floor_slice before, after;
	int r = 0;

	load_reset(bench->load);
	floor_measure(bench->floor, &before);
	for (size_t i = 0; r == 0 && i < bench->rounds; i++) {
		struct report_round *round = &report->rounds[i];

		r = measure_round(bench, per_round, err);
		floor_measure(bench->floor, &after);
		round->floor.verify_us = (before.verify_us +
		    after.verify_us) / 2;
		round->floor.sign_us = (before.sign_us + after.sign_us) / 2;
		before = after;
	}
	report->certificates = per_round * bench->rounds;
	report->in_flight = bench->in_flight;
	report->requests = (double)load_requests(bench->load) / count;
	report->queries = (double)(target_queries(bench->target) - queries) /
	    count;
	report->fetches = (double)(target_fetches(bench->target) - fetches) /
	    count;
	report->latency_ms[0] = load_latency_ms(bench->load, 0.5);
	report->latency_ms[1] = load_latency_ms(bench->load, 0.9);
	report->latency_ms[2] = load_latency_ms(bench->load, 0.99);
	return r;
}

static void
print_pids(const struct bench *bench)
{
	for (size_t i = 0; i < bench->processes.count; i++)
		fprintf(stderr, "bench: %s %d\n", bench->processes.roles[
		    bench->processes.items[i].role],
		    (int)bench->processes.items[i].pid);
}

static int
find_processes(struct bench *bench, struct err *err)
{
	struct report *report = &bench->report;
	struct cost memory;
	int r;

	r = cost_find(bench->authority.pid, &bench->processes, err);
	if (r == 0)
		r = cost_memory(&bench->processes, &memory, err);
	if (r != 0)
		return r;
	memcpy(report->pss_idle_kib, memory.pss_kib, sizeof(memory.pss_kib));
	report->num_roles = bench->processes.num_roles;
	memcpy(report->roles, bench->processes.roles, sizeof(report->roles));
	if (bench->pids)
		print_pids(bench);
	return 0;
}

static int
measure_memory(struct bench *bench, struct err *err)
{
	struct cost memory;
	int r = cost_memory(&bench->processes, &memory, err);

	if (r == 0)
		memcpy(bench->report.pss_after_kib, memory.pss_kib,
		    sizeof(memory.pss_kib));
	return r;
}

static int
run(struct bench *bench, struct err *err)
{
	struct load_options load_options = {
		.base = bench->base, .url = bench->authority.url,
		.root = bench->authority.root,
		.in_flight = bench->in_flight,
		.certificates = bench->certificates + WARM_UP,
	};
	int r;

	r = target_new(bench->base, load_thumbprint, &bench->load,
	    &bench->target, err);
	if (r != 0)
		return r;
	bench->authority_options.dns_port = target_dns_port(bench->target);
	say("making a CA");
	r = authority_start(&bench->authority, &bench->authority_options, err);
	if (r == 0)
		r = find_processes(bench, err);
	say("making keys and accounts");
	if (r == 0)
		r = load_new(&load_options, &bench->load, err);
	if (r == 0)
		r = load_round(bench->load, WARM_UP, err);
	say("measuring");
	if (r == 0)
		r = measure(bench, err);
	if (r == 0)
		r = measure_memory(bench, err);
	if (r == 0)
		r = load_check(bench->load, err);
	return r;
}

static void
on_interrupt(evutil_socket_t fd, short what, void *arg)
{
	struct bench *bench = arg;

	(void)fd;
	(void)what;
	if (bench->load != NULL)
		load_interrupt(bench->load);
}

static int
bench_main(struct bench *bench)
{
	struct err err = ERR_INIT;
	int r = -1;

	leave_network();
	bench->base = event_base_new();
	bench->interrupts[0] = evsignal_new(bench->base, SIGINT, on_interrupt,
	    bench);
	bench->interrupts[1] = evsignal_new(bench->base, SIGTERM,
	    on_interrupt, bench);
	event_add(bench->interrupts[0], NULL);
	event_add(bench->interrupts[1], NULL);
	bench->floor = floor_new(&err);
	if (bench->floor != NULL)
		r = run(bench, &err);
	if (r != 0) {
		authority_print_log(&bench->authority);
		fprintf(stderr, "bench: %s\n", err.text);
	} else if (bench->json) {
		report_json(&bench->report);
	} else {
		report_table(&bench->report);
	}
	load_free(bench->load);
	bench->load = NULL;
	authority_stop(&bench->authority);
	target_free(bench->target);
	floor_free(bench->floor);
	event_free(bench->interrupts[0]);
	event_free(bench->interrupts[1]);
	event_base_free(bench->base);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void
usage(FILE *out, int status)
{
	fprintf(out,
	    "usage: bench [options] SIGNETD\n"
	    "  --certificates N  how many to issue (15000)\n"
	    "  --rounds N        in how many rounds (15, at most %d)\n"
	    "  --in-flight N     orders at once, one client each (512)\n"
	    "  --folder DIR      on a disk, for the CA's data (/var/tmp)\n"
	    "  --config LINES    more lines of configuration\n"
	    "  --pids            say the processes' ids, for a profiler\n"
	    "  --json            print JSON instead of a table\n"
	    "  --help            say this\n",
	    REPORT_ROUNDS_MAX);
	exit(status);
}

static void
bad_usage(void)
{
	usage(stderr, 2);
}

static size_t
number(const char *text, size_t max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end != '\0' || n == 0 || n > max)
		bad_usage();
	return n;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "certificates", required_argument, NULL, 'c' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "in-flight", required_argument, NULL, 'i' },
		{ "folder", required_argument, NULL, 'f' },
		{ "config", required_argument, NULL, 'x' },
		{ "pids", no_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { 0 }
	};
	static struct bench bench = {
		.in_flight = 512, .certificates = 15000, .rounds = 15,
		.authority_options.parent = "/var/tmp",
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			bench.certificates = number(optarg, 10000000);
			break;
		case 'r':
			bench.rounds = number(optarg, REPORT_ROUNDS_MAX);
			break;
		case 'i':
			bench.in_flight = number(optarg, 10000);
			break;
		case 'f':
			bench.authority_options.parent = optarg;
			break;
		case 'x':
			bench.authority_options.extra = optarg;
			break;
		case 'p':
			bench.pids = true;
			break;
		case 'j':
			bench.json = true;
			break;
		case 'h':
			usage(stdout, 0);
			break;
		default:
			bad_usage();
		}
	}
	if (optind + 1 != argc || bench.certificates < bench.rounds)
		bad_usage();
	bench.authority_options.program = argv[optind];
	signal(SIGPIPE, SIG_IGN);
	/* As the CA asks for itself: the floor shall be scheduled as it is,
	 * and clients, which in life are elsewhere, not interrupt it. */
	slice_set(SLICE_LONG_NS);
	return bench_main(&bench);
}
