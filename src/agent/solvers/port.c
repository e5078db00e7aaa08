/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sockets.h"
#include "base/text.h"

#define BACKLOG 1024
#define LISTENERS_MAX 16 /* sockets of one port that are looked at */

static void
add_v4(struct port *port, struct in_addr address)
{
	struct port_address *at = &port->addresses[port->count++];
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_port = htons(port->number), .sin_addr = address };

	memcpy(&at->address, &v4, sizeof(v4));
	at->len = sizeof(v4);
}

static void
add_v6(struct port *port, struct in6_addr address)
{
	struct port_address *at = &port->addresses[port->count++];
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port->number), .sin6_addr = address };

	memcpy(&at->address, &v6, sizeof(v6));
	at->len = sizeof(v6);
}

static int
bad(struct span text, struct err *err)
{
	return err_set(err, ERR_CONFIG, NULL, "\"%.*s\" is no port to listen "
	    "on; write 80, 192.0.2.1:80 or [2001:db8::1]:80", SPAN_FMT(text));
}

int
port_parse(struct span text, struct port *ret, struct err *err)
{
	struct span number = text;
	char host[INET6_ADDRSTRLEN] = "";
	size_t colon = text.len;
	struct in6_addr v6;
	struct in_addr v4;
	uint64_t value;

	*ret = (struct port){ 0 };
	while (colon > 0 && text.data[colon - 1] != ':')
		colon--;
	if (colon > sizeof(host))
		return bad(text, err);
	if (colon > 0) {
		memcpy(host, text.data, colon - 1);
		host[colon - 1] = '\0';
		number = span_from(text, colon);
	}
	if (text_uint(number, UINT16_MAX, &value) < 0 || value == 0)
		return bad(text, err);
	ret->number = (uint16_t)value;
	if (colon == 0) {
		ret->any = true;
		add_v6(ret, in6addr_any);
		add_v4(ret, (struct in_addr){ INADDR_ANY });
	} else if (inet_pton(AF_INET, host, &v4) == 1) {
		add_v4(ret, v4);
	} else if (host[0] == '[' && colon > 3 && host[colon - 2] == ']') {
		host[colon - 2] = '\0';
		if (inet_pton(AF_INET6, host + 1, &v6) != 1)
			return bad(text, err);
		add_v6(ret, v6);
	} else {
		return bad(text, err);
	}
	return 0;
}

static int
open_one(const struct port_address *at)
{
	int one = 1, error;
	int fd = socket(at->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (at->address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&at->address, at->len) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int
say_failed(const struct port *port, const char *remedy, struct err *err)
{
	char name[PORT_OWNER_SIZE] = "";
	int pid = 0;

	if (errno == EACCES)
		return err_set(err, ERR_CONFIG, NULL, "only root may listen on "
		    "port %u here; run signet as root or with "
		    "CAP_NET_BIND_SERVICE, or choose a port above 1023 that "
		    "port %u is forwarded to", port->number, port->number);
	if (errno != EADDRINUSE)
		return err_errno(err, "cannot listen on port %u",
		    port->number);
	if (port_owner(port->number, name, &pid) && name[0] != '\0')
		return err_set(err, ERR_CONFIG, NULL, "port %u is taken by %s "
		    "(process %d); %s", port->number, name, pid, remedy);
	return err_set(err, ERR_CONFIG, NULL, "port %u is taken by another "
	    "program (`ss -ltnp` as root says which); %s", port->number,
	    remedy);
}

int
port_listen(const struct port *port, const char *remedy,
    int ret[PORT_ADDRESSES_MAX], size_t *ret_count, struct err *err)
{
	int error = 0;

	*ret_count = 0;
	for (size_t i = 0; error == 0 && i < port->count; i++) {
		int fd = open_one(&port->addresses[i]);

		if (fd >= 0)
			ret[(*ret_count)++] = fd;
		/* A machine may do without one of the families. */
		else if (!port->any || (errno != EAFNOSUPPORT &&
		    errno != EADDRNOTAVAIL))
			error = errno;
	}
	/* Before anybody looks who has the port: not we, by the family that
	 * was free. */
	while (error != 0 && *ret_count > 0)
		close(ret[--*ret_count]);
	if (error != 0) {
		errno = error;
		return say_failed(port, remedy, err);
	}
	if (*ret_count == 0)
		return err_set(err, ERR_CONFIG, NULL, "this machine has no "
		    "address to listen on");
	return 0;
}

static void
read_name(int pid, char ret[PORT_OWNER_SIZE])
{
	char path[32], text[PORT_OWNER_SIZE];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	text_printable(ret, PORT_OWNER_SIZE, span_of(text, len < 0 ? 0 :
	    (size_t)len));
}

bool
port_owner(uint16_t number, char ret[PORT_OWNER_SIZE], int *ret_pid)
{
	struct sockets_listener listeners[LISTENERS_MAX];
	size_t count = sockets_listening(number, listeners, LISTENERS_MAX);

	ret[0] = '\0';
	*ret_pid = 0;
	/* The first is the oldest: a server's master, not its workers. */
	if (sockets_holders(listeners, count, ret_pid, 1) > 0)
		read_name(*ret_pid, ret);
	return count > 0;
}
