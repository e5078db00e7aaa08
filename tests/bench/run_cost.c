/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run-cost [-m] FILE COMMAND...
 *
 * Runs the command and writes to FILE, on one line: wall time, user and
 * system time of it and all its descendants (ms), the largest resident set of
 * any of them, and with -m the most memory that all had together (KiB of PSS,
 * in which a shared page counts once). -m looks all the time, so what it
 * says of time is no measure. A program of its own, because the kernel
 * counts what a process was before exec, too: it must be small.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MEMBERS_MAX 256

static int
parent_of(int pid)
{
	char path[64], text[512], *end;
	FILE *file;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) != NULL &&
	    (end = strrchr(text, ')')) != NULL)
		(void)sscanf(end, ") %*c %d", &parent);
	fclose(file);
	return parent;
}

static long
pss_of(int pid)
{
	char path[64], line[256];
	FILE *file;
	long kib = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL &&
	    sscanf(line, "Pss: %ld", &kib) != 1)
		;
	fclose(file);
	return kib;
}

/* Of all descendants; /proc lists parents before their children. */
static long
pss_of_all(void)
{
	static int members[MEMBERS_MAX];
	size_t count = 1;
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	long kib = 0;

	members[0] = getpid();
	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		int pid = atoi(entry->d_name), parent;
		bool found = false;

		if (!isdigit((unsigned char)entry->d_name[0]) ||
		    (parent = parent_of(pid)) == 0)
			continue;
		for (size_t i = 0; i < count && !found; i++)
			found = members[i] == parent;
		if (!found || count == MEMBERS_MAX)
			continue;
		members[count++] = pid;
		kib += pss_of(pid);
	}
	if (proc != NULL)
		closedir(proc);
	return kib;
}

static double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double
ms_of(struct timeval time)
{
	return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

/* Waits until pid has ended. */
static int
watch(pid_t pid, bool memory, long *ret_kib)
{
	int status = 0;

	*ret_kib = 0;
	while (waitpid(pid, &status, memory ? WNOHANG : 0) == 0) {
		long kib = pss_of_all();

		if (kib > *ret_kib)
			*ret_kib = kib;
	}
	return status;
}

int
main(int argc, char **argv)
{
	bool memory = argc > 1 && strcmp(argv[1], "-m") == 0;
	char **args = argv + 1 + (memory ? 1 : 0);
	struct rusage used;
	double began = now_ms(), took;
	long kib;
	int status;
	FILE *out;
	pid_t pid;

	if (argc < (memory ? 4 : 3))
		return 2;
	/* Whom a descendant leaves behind is counted, too. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid == 0) {
		execvp(args[1], args + 1);
		_exit(127);
	}
	status = watch(pid, memory, &kib);
	took = now_ms() - began;
	while (wait(NULL) > 0)
		;
	getrusage(RUSAGE_CHILDREN, &used);
	out = fopen(args[0], "w");
	if (out == NULL)
		return 2;
	fprintf(out, "%.1f %.1f %.1f %ld %ld\n", took, ms_of(used.ru_utime),
	    ms_of(used.ru_stime), used.ru_maxrss, kib);
	fclose(out);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
