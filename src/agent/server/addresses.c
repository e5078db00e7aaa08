/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/addresses.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/sockets.h"

#define SOCKETS_MAX 4096   /* of the process, that are looked at */
#define LISTENERS_MAX 4096 /* of the machine, that are looked at */

static bool
has(const uint64_t *inodes, size_t count, uint64_t inode)
{
	for (size_t i = 0; i < count; i++)
		if (inodes[i] == inode)
			return true;
	return false;
}

static void
put(const struct sockets_listener *listener, struct look_at *ret)
{
	bool v6 = listener->family == AF_INET6;
	char text[INET6_ADDRSTRLEN];

	*ret = (struct look_at){ .port = listener->port };
	inet_ntop(listener->family, listener->address, text, sizeof(text));
	snprintf(ret->host, sizeof(ret->host), "%s%s%s", v6 ? "[" : "", text,
	    v6 ? "]" : "");
}

size_t
addresses_find(int pid, struct look_at ret[ADDRESSES_MAX])
{
	struct sockets_listener *listeners =
	    mem_alloc(LISTENERS_MAX * sizeof(listeners[0]));
	uint64_t inodes[SOCKETS_MAX];
	size_t num_inodes = sockets_of(pid, inodes, SOCKETS_MAX), count = 0,
	    num_listeners = num_inodes == 0 ? 0 :
	    sockets_listening(0, listeners, LISTENERS_MAX);

	for (size_t i = 0; i < num_listeners && count < ADDRESSES_MAX; i++) {
		if (has(inodes, num_inodes, listeners[i].inode))
			put(&listeners[i], &ret[count++]);
	}
	free(listeners);
	return count;
}
