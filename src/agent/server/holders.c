/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/holders.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/sockets.h"
#include "base/text.h"

#define LISTENERS_MAX 64 /* of one port */
#define HOLDERS_MAX 1024 /* processes */

struct holder {
	int pid, parent;
	uint64_t start;
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

/* Fields 4 and 22 of proc(5)'s stat; the name before them ends with ')'. */
static bool
read_times(int pid, struct holder *ret)
{
	char path[32], line[1024] = "";
	struct span rest, word;
	uint64_t parent = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	in = fopen(path, "re");
	if (in == NULL || fgets(line, sizeof(line), in) == NULL)
		line[0] = '\0';
	if (in != NULL)
		fclose(in);
	rest = span_str(strrchr(line, ')'));
	for (int field = 2; field < 22; field++) {
		word = span_word(&rest);
		if (field == 4 && text_uint(word, INT_MAX, &parent) < 0)
			return false;
	}
	ret->pid = pid;
	ret->parent = (int)parent;
	return text_uint(span_word(&rest), UINT64_MAX, &ret->start) == 0;
}

static bool
is_parent(const struct holder *holders, size_t count, int pid)
{
	for (size_t i = 0; i < count; i++)
		if (holders[i].parent == pid)
			return true;
	return false;
}

bool
holders_settled(uint16_t port, uint64_t since)
{
	struct sockets_listener listeners[LISTENERS_MAX];
	size_t count = sockets_listening(port, listeners, LISTENERS_MAX),
	    num_holders = 0;
	struct holder holders[HOLDERS_MAX];
	bool any = false, old = false;
	int pids[HOLDERS_MAX];

	count = sockets_holders(listeners, count, pids, HOLDERS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (read_times(pids[i], &holders[num_holders]))
			num_holders++;
	}
	for (size_t i = 0; i < num_holders; i++) {
		bool is_new = holders[i].start >= since;

		any = any || is_new;
		old = old || (!is_new &&
		    !is_parent(holders, num_holders, holders[i].pid));
	}
	return any && !old;
}
