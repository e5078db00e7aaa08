/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to somebody else. */
#include "attempts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static struct sockaddr_in
local(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int
try_socket(int domain, int type, int protocol)
{
	int fd = socket(domain, type, protocol);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int
tcp_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_INET, SOCK_STREAM, 0);
}

static int
udp_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_INET6, SOCK_DGRAM, 0);
}

static int
unix_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_UNIX, SOCK_STREAM, 0);
}

static int
netlink_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_NETLINK, SOCK_RAW, 0);
}

static int
raw_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int
packet_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_PACKET, SOCK_DGRAM, 0);
}

static int
vsock_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_VSOCK, SOCK_STREAM, 0);
}

/* Streams that Landlock's rules for TCP do not know. */
static int
mptcp_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
}

static int
sctp_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
}

static int
udplite_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
}

/* "ping", where the group may. */
static int
icmp_socket(const struct jail *jail)
{
	(void)jail;
	return try_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
}

static int
send_udp(const struct jail *jail)
{
	struct sockaddr_in address = local(jail->port);
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	ssize_t n = fd < 0 ? -1 : sendto(fd, "x", 1, 0,
	    (struct sockaddr *)&address, sizeof(address));

	if (fd >= 0)
		close(fd);
	return n == 1 ? 0 : -1;
}

static int
connect_tcp(const struct jail *jail)
{
	struct sockaddr_in address = local(jail->port);

	return connect(jail->socket, (struct sockaddr *)&address,
	    sizeof(address));
}

/* TCP Fast Open (RFC 7413): sending dials, and neither connect() nor Landlock
 * is asked. */
static int
dial_by_sendto(const struct jail *jail)
{
	struct sockaddr_in address = local(jail->port);

	return sendto(jail->socket, "x", 1, MSG_FASTOPEN,
	    (struct sockaddr *)&address, sizeof(address)) == 1 ? 0 : -1;
}

static int
dial_by_sendmsg(const struct jail *jail)
{
	struct sockaddr_in address = local(jail->port);
	char byte = 'x';
	struct iovec bytes = { &byte, 1 };
	struct msghdr message = { .msg_name = &address,
		.msg_namelen = sizeof(address), .msg_iov = &bytes,
		.msg_iovlen = 1 };

	return sendmsg(jail->socket, &message, MSG_FASTOPEN) == 1 ? 0 : -1;
}

static int
bind_tcp(const struct jail *jail)
{
	struct sockaddr_in address = local(0);

	return bind(jail->socket, (struct sockaddr *)&address,
	    sizeof(address));
}

static int
bind_udp(const struct jail *jail)
{
	struct sockaddr_in address = local(0);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)jail;
	if (fd < 0 || bind(fd, (struct sockaddr *)&address,
	    sizeof(address)) != 0)
		return -1;
	close(fd);
	return 0;
}

static int
listen_tcp(const struct jail *jail)
{
	return listen(jail->socket, 1);
}

static int
accept_tcp(const struct jail *jail)
{
	int fd = accept4(jail->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int
make_pair(const struct jail *jail)
{
	int fds[2];

	(void)jail;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

#define DIALS (BIT(ROLE_MASTER) | BIT(ROLE_VALIDATOR) | AGENT_BIT(AGENT_NET) | \
	AGENT_BIT(AGENT_DNS) | AGENT_BIT(AGENT_PROBE))
/* Dials one port only, as far as Landlock can tell. */
#define ALPN AGENT_BIT(AGENT_ALPN)

/* Master's own filter has what its children need: a filter is inherited. */
const struct attempt attempts_net[] = {
	{ "socket TCP", tcp_socket, DIALS | ALPN, false, 0, 0 },
	{ "socket UDP", udp_socket, DIALS, false, 0, 0 },
	{ "send by UDP", send_udp, DIALS, false, 0, 0 },
	{ "socket MPTCP", mptcp_socket, 0, false, 0, 0 },
	{ "socket SCTP", sctp_socket, 0, false, 0, 0 },
	{ "socket UDP-Lite", udplite_socket, 0, false, 0, 0 },
	{ "socket ICMP", icmp_socket, 0, false, 0, 0 },
	{ "socket unix", unix_socket, 0, false, 0, 0 },
	{ "socket netlink", netlink_socket, 0, false, 0, 0 },
	{ "socket raw", raw_socket, 0, false, 0, 0 },
	{ "socket packet", packet_socket, 0, false, 0, 0 },
	{ "socket vsock", vsock_socket, 0, false, 0, 0 },
	{ "connect", connect_tcp, DIALS, false, 0, ALPN },
	{ "connect elsewhere", connect_tcp, DIALS, false, 4, ALL & ~ALPN },
	{ "dial by sendto", dial_by_sendto, DIALS, false, 0, 0 },
	{ "dial by sendmsg", dial_by_sendmsg, DIALS, false, 0, 0 },
	{ "bind TCP", bind_tcp, BIT(ROLE_MASTER), false, 4, 0 },
	{ "bind UDP", bind_udp, DIALS, false, 0, 0 },
	{ "listen", listen_tcp, BIT(ROLE_MASTER), false, 0, 0 },
	{ "accept", accept_tcp, BIT(ROLE_MASTER) | BIT(ROLE_WEB) |
	    BIT(ROLE_DEV) | AGENT_BIT(AGENT_LISTENER) | ALPN, false, 0, 0 },
	{ "socketpair", make_pair, BIT(ROLE_MASTER), false, 0, 0 },
	{ NULL, NULL, 0, false, 0, 0 },
};
