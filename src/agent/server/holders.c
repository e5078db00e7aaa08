/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/holders.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SOCKETS_MAX 64   /* that listen on one port */
#define HOLDERS_MAX 1024 /* processes */

struct holder {
	int pid, parent;
	uint64_t start;
};

struct holders {
	size_t num_sockets, count;
	uint64_t sockets[SOCKETS_MAX];
	struct holder items[HOLDERS_MAX];
};

uint64_t
holders_now(void)
{
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * ticks +
	    (uint64_t)ts.tv_nsec * ticks / 1000000000;
}

static void
find_sockets(struct holders *holders, const char *table, unsigned port)
{
	char line[512];
	unsigned at, state;
	uint64_t inode;
	FILE *in = fopen(table, "re");

	while (in != NULL && holders->num_sockets < SOCKETS_MAX &&
	    fgets(line, sizeof(line), in) != NULL)
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*d "
		    "%*d %" SCNu64, &at, &state, &inode) == 3 && at == port &&
		    state == 10)
			holders->sockets[holders->num_sockets++] = inode;
	if (in != NULL)
		fclose(in);
}

static bool
holds(const struct holders *holders, const char *pid)
{
	char path[300], name[600], target[64];
	const struct dirent *entry;
	bool found = false;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	folder = opendir(path);
	while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
		uint64_t inode;
		ssize_t n;

		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		n = readlink(name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (sscanf(target, "socket:[%" SCNu64 "]", &inode) != 1)
			continue;
		for (size_t i = 0; i < holders->num_sockets; i++)
			found = found || holders->sockets[i] == inode;
	}
	if (folder != NULL)
		closedir(folder);
	return found;
}

/* Fields 4 and 22 of proc(5)'s stat; the name before them ends with ')'. */
static bool
read_times(const char *pid, struct holder *ret)
{
	char path[300], line[1024] = "";
	const char *rest;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	in = fopen(path, "re");
	if (in == NULL || fgets(line, sizeof(line), in) == NULL)
		line[0] = '\0';
	if (in != NULL)
		fclose(in);
	rest = strrchr(line, ')');
	ret->pid = atoi(pid);
	return rest != NULL && sscanf(rest, ") %*c %d %*d %*d %*d %*d %*u "
	    "%*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64,
	    &ret->parent, &ret->start) == 2;
}

static bool
is_parent(const struct holders *holders, int pid)
{
	for (size_t i = 0; i < holders->count; i++)
		if (holders->items[i].parent == pid)
			return true;
	return false;
}

bool
holders_settled(unsigned port, uint64_t since)
{
	struct holders *holders = calloc(1, sizeof(*holders));
	const struct dirent *entry;
	bool any = false, old = false;
	DIR *proc = opendir("/proc");

	if (holders != NULL) {
		find_sockets(holders, "/proc/net/tcp", port);
		find_sockets(holders, "/proc/net/tcp6", port);
	}
	while (holders != NULL && proc != NULL &&
	    holders->count < HOLDERS_MAX && (entry = readdir(proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    holds(holders, entry->d_name) &&
		    read_times(entry->d_name,
		    &holders->items[holders->count]))
			holders->count++;
	for (size_t i = 0; holders != NULL && i < holders->count; i++) {
		bool is_old = holders->items[i].start < since &&
		    !is_parent(holders, holders->items[i].pid);

		old = old || is_old;
		any = any || holders->items[i].start >= since;
	}
	if (proc != NULL)
		closedir(proc);
	free(holders);
	return any && !old;
}
