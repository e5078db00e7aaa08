/* SPDX-License-Identifier: Apache-2.0 */
/* What a server says before TLS, in the protocol that the first byte chooses:
 * nothing is read behind a line's end, and the error's words can be shown. */
#include "agent/server/starttls.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAID_MAX 32768 /* bytes: a socket takes them all */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
count_rest(int fd)
{
	static char rest[SAID_MAX];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, rest, sizeof(rest))) > 0)
		len += (size_t)n;
	return len;
}

static void
check_words(const struct err *err)
{
	if (err->kind != ERR_IO && err->kind != ERR_INCORRECT_RESPONSE)
		abort();
	for (const char *at = err->text; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum service_protocol protocol;
	struct err err = ERR_INIT;
	size_t rest;
	int fds[2];

	if (size == 0 || size > SAID_MAX)
		return 0;
	protocol = (enum service_protocol)(*data % SERVICE_COUNT);
	data++;
	size--;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 ||
	    (size > 0 && write(fds[1], data, size) != (ssize_t)size) ||
	    shutdown(fds[1], SHUT_WR) != 0)
		abort();
	if (starttls_begin(fds[0], protocol, &err) < 0) {
		check_words(&err);
	} else {
		rest = count_rest(fds[0]);
		if (rest > size || (protocol == SERVICE_TLS ? rest != size :
		    rest == size || data[size - rest - 1] != '\n'))
			abort();
	}
	close(fds[0]);
	close(fds[1]);
	return 0;
}
