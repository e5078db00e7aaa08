/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/addresses.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define SOCKETS_MAX 4096 /* descriptors that are looked at */

struct sockets {
	size_t count;
	uint64_t inodes[SOCKETS_MAX];
};

static void
find_sockets(int pid, struct sockets *ret)
{
	char path[64], name[320], target[64];
	const struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	while (folder != NULL && (entry = readdir(folder)) != NULL &&
	    ret->count < SOCKETS_MAX) {
		ssize_t n;

		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		n = readlink(name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (sscanf(target, "socket:[%" SCNu64 "]",
		    &ret->inodes[ret->count]) == 1)
			ret->count++;
	}
	if (folder != NULL)
		closedir(folder);
}

static bool
has(const struct sockets *sockets, uint64_t inode)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->inodes[i] == inode)
			return true;
	return false;
}

/* The address as the kernel writes it: words of 32 bits in the machine's
 * order. */
static void
put_host(const char *hex, char *out, size_t size)
{
	char text[INET6_ADDRSTRLEN];
	unsigned words[4] = { 0 };
	size_t n = strlen(hex) / 8;

	for (size_t i = 0; i < n && i < 4; i++)
		sscanf(hex + i * 8, "%8x", &words[i]);
	inet_ntop(n == 4 ? AF_INET6 : AF_INET, words, text, sizeof(text));
	snprintf(out, size, "%s%s%s", n == 4 ? "[" : "", text,
	    n == 4 ? "]" : "");
}

static size_t
read_table(const char *file, const struct sockets *sockets,
    struct probe_at *ret, size_t max)
{
	char line[512], host[40];
	unsigned port, state;
	uint64_t inode;
	size_t n = 0;
	FILE *in = fopen(file, "re");

	while (in != NULL && n < max && fgets(line, sizeof(line), in) != NULL)
		if (sscanf(line, " %*d: %39[0-9A-F]:%x %*s %x %*s %*s %*s "
		    "%*d %*d %" SCNu64, host, &port, &state, &inode) == 4 &&
		    state == 10 && has(sockets, inode)) {
			ret[n] = (struct probe_at){ .port = port };
			put_host(host, ret[n].host, sizeof(ret[n].host));
			n++;
		}
	if (in != NULL)
		fclose(in);
	return n;
}

size_t
addresses_find(int pid, struct probe_at ret[ADDRESSES_MAX])
{
	struct sockets sockets = { 0 };
	size_t n;

	find_sockets(pid, &sockets);
	n = read_table("/proc/net/tcp", &sockets, ret, ADDRESSES_MAX);
	return n + read_table("/proc/net/tcp6", &sockets, ret + n,
	    ADDRESSES_MAX - n);
}
