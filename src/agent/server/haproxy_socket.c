/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/haproxy_socket.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

static int
dial(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = HAPROXY_SOCKET_WAIT_S };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_CONFIG, NULL, "%s is too long a path",
		    path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		err_errno(err, "cannot reach HAProxy at %s (its configuration "
		    "needs: stats socket %s level admin)", path, path);
		close(fd);
		return -(int)ERR_IO;
	}
	return fd;
}

int
haproxy_socket_ask(const char *path, const char *command,
    struct span payload, struct bld *answer, struct err *err)
{
	struct bld text;
	uint8_t data[16384];
	ssize_t n;
	int fd = dial(path, err);

	if (fd < 0)
		return fd;
	bld_init_secret(&text, payload.len + 8192);
	bld_fmt(&text, "%s%s\n", command, payload.len > 0 ? " <<" : "");
	bld_span(&text, payload);
	if (payload.len > 0)
		bld_str(&text, "\n");
	n = bld_end(&text) < 0 ? -1 :
	    send(fd, text.data, text.len, MSG_NOSIGNAL);
	bld_reset(&text);
	while (n > 0) {
		n = recv(fd, data, sizeof(data), 0);
		if (n > 0)
			bld_bytes(answer, data, (size_t)n);
	}
	bld_free(&text);
	close(fd);
	if (n < 0)
		return err_errno(err, "HAProxy at %s does not answer", path);
	return bld_end(answer) == 0 ? 0 : err_set(err, ERR_IO, NULL,
	    "HAProxy at %s says too much", path);
}

int
haproxy_socket_tell(const char *path, const char *command,
    struct span payload, const char *good, struct err *err)
{
	struct bld answer;
	char shown[200];
	int r;

	bld_init(&answer, HAPROXY_SOCKET_ANSWER_MAX);
	r = haproxy_socket_ask(path, command, payload, &answer, err);
	if (r == 0 && (answer.len == 0 || memmem(answer.data, answer.len, good,
	    strlen(good)) == NULL)) {
		text_printable(shown, sizeof(shown), bld_view(&answer));
		r = err_set(err, ERR_IO, NULL, "HAProxy says to \"%s\": %s",
		    command, shown);
	}
	bld_free(&answer);
	return r;
}
