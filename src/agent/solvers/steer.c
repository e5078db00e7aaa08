/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/steer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/rpc/judge_listener.h"

#define BACKLOG 1024
#define LOAD(dst, src, offset, size) ((struct bpf_insn){ \
	.code = BPF_LDX | (size) | BPF_MEM, .dst_reg = (dst), \
	.src_reg = (src), .off = (int16_t)(offset) })
/* from: its own place in the program. */
#define JUMP(from, op, reg, value, to) ((struct bpf_insn){ \
	.code = BPF_JMP | (op) | BPF_K, .dst_reg = (reg), \
	.imm = (int32_t)(value), .off = (to) - (from) - 1 })
#define SET(reg, value) ((struct bpf_insn){ \
	.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (reg), \
	.imm = (int32_t)(value) })
#define COPY(dst, src) ((struct bpf_insn){ \
	.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (dst), \
	.src_reg = (src) })
#define ADD(reg, value) ((struct bpf_insn){ \
	.code = BPF_ALU64 | BPF_ADD, .dst_reg = (reg), .imm = (value) })
#define LOAD_MAP(reg, fd) ((struct bpf_insn){ /* of two instructions */ \
	.code = BPF_LD | BPF_DW, .dst_reg = (reg), \
	.src_reg = BPF_PSEUDO_MAP_FD, .imm = (fd) }), ((struct bpf_insn){ 0 })
#define CALL(function) ((struct bpf_insn){ \
	.code = BPF_JMP | BPF_CALL, .imm = (function) })
#define FIELD(reg, member) LOAD(reg, BPF_REG_6, \
	offsetof(struct bpf_sk_lookup, member), BPF_W)

static int
bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int
make_map(const int *sockets, size_t count)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_SOCKMAP,
	    .key_size = 4, .value_size = 8,
	    .max_entries = STEER_SOCKETS_MAX };
	int fd = bpf(BPF_MAP_CREATE, &attr);

	for (uint32_t i = 0; fd >= 0 && i < count; i++) {
		uint64_t value = (uint64_t)sockets[i];

		attr = (union bpf_attr){ .map_fd = (uint32_t)fd,
		    .key = (uintptr_t)&i, .value = (uintptr_t)&value };
		if (bpf(BPF_MAP_UPDATE_ELEM, &attr) < 0) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

/* Which socket: the map's first for IPv4, its second for IPv6; SK_PASS without
 * one leaves it to the kernel. */
static int
load_program(uint16_t port, int map)
{
	enum { IPV6 = 12, SOCKET = 21, PASS = 35 }; /* places */
	const struct bpf_insn program[] = {
		COPY(BPF_REG_6, BPF_REG_1),
		FIELD(BPF_REG_2, local_port),
		JUMP(2, BPF_JNE, BPF_REG_2, port, PASS),
		FIELD(BPF_REG_2, protocol),
		JUMP(4, BPF_JNE, BPF_REG_2, IPPROTO_TCP, PASS),
		SET(BPF_REG_7, 0),
		FIELD(BPF_REG_2, family),
		JUMP(7, BPF_JEQ, BPF_REG_2, AF_INET6, IPV6),
		FIELD(BPF_REG_2, remote_ip4),
		{ .code = BPF_ALU | BPF_AND | BPF_K, .dst_reg = BPF_REG_2,
		    .imm = (int32_t)htonl(LISTENER_OWN_MASK) },
		JUMP(10, BPF_JEQ, BPF_REG_2, htonl(LISTENER_OWN_NET), PASS),
		JUMP(11, BPF_JA, 0, 0, SOCKET),
		SET(BPF_REG_7, 1),
		FIELD(BPF_REG_2, remote_ip6[0]),
		JUMP(14, BPF_JNE, BPF_REG_2, 0, SOCKET),
		FIELD(BPF_REG_2, remote_ip6[1]),
		JUMP(16, BPF_JNE, BPF_REG_2, 0, SOCKET),
		FIELD(BPF_REG_2, remote_ip6[2]),
		JUMP(18, BPF_JNE, BPF_REG_2, 0, SOCKET),
		FIELD(BPF_REG_2, remote_ip6[3]),
		JUMP(20, BPF_JEQ, BPF_REG_2, htonl(1), PASS),
		{ .code = BPF_STX | BPF_W | BPF_MEM, .dst_reg = BPF_REG_10,
		    .src_reg = BPF_REG_7, .off = -4 },
		COPY(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, -4),
		LOAD_MAP(BPF_REG_1, map),
		CALL(BPF_FUNC_map_lookup_elem),
		JUMP(27, BPF_JEQ, BPF_REG_0, 0, PASS),
		COPY(BPF_REG_7, BPF_REG_0),
		COPY(BPF_REG_1, BPF_REG_6),
		COPY(BPF_REG_2, BPF_REG_7),
		SET(BPF_REG_3, 0),
		CALL(BPF_FUNC_sk_assign),
		COPY(BPF_REG_1, BPF_REG_7),
		CALL(BPF_FUNC_sk_release),
		SET(BPF_REG_0, SK_PASS),
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const char license[] = "Apache-2.0";
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SK_LOOKUP,
	    .expected_attach_type = BPF_SK_LOOKUP,
	    .insns = (uintptr_t)program,
	    .insn_cnt = sizeof(program) / sizeof(program[0]),
	    .license = (uintptr_t)license };

	return bpf(BPF_PROG_LOAD, &attr);
}

static int
attach(int program)
{
	int space = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd = -1;
	union bpf_attr attr = { 0 };

	if (space < 0)
		return -1;
	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.target_fd = (uint32_t)space;
	attr.link_create.attach_type = BPF_SK_LOOKUP;
	fd = bpf(BPF_LINK_CREATE, &attr);
	close(space);
	return fd;
}

int
steer_open(uint16_t port, const int *sockets, size_t count, int *ret,
    struct err *err)
{
	int map = make_map(sockets, count);
	int program = map < 0 ? -1 : load_program(port, map);

	*ret = program < 0 ? -1 : attach(program);
	if (*ret < 0)
		err_set(err, ERR_CONFIG, NULL, "the kernel does not let us "
		    "stand before the server on port %u (%s)", port,
		    errno == EPERM ? "only root may" : strerror(errno));
	if (program >= 0)
		close(program);
	if (map >= 0)
		close(map);
	return *ret < 0 ? -(int)ERR_CONFIG : 0;
}

static int
listen_at(int family, const struct sockaddr *address, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	if (fd >= 0 && family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (fd >= 0 && bind(fd, address, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int
steer_listen(int ret[STEER_SOCKETS_MAX], size_t *ret_count, struct err *err)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	*ret_count = 0;
	ret[0] = listen_at(AF_INET, (struct sockaddr *)&v4, sizeof(v4));
	if (ret[0] < 0)
		return err_errno(err, "cannot listen");
	ret[1] = listen_at(AF_INET6, (struct sockaddr *)&v6, sizeof(v6));
	*ret_count = ret[1] < 0 ? 1 : 2;
	return 0;
}

/* For port 0, which nobody connects to. */
bool
steer_can(void)
{
	int fds[STEER_SOCKETS_MAX], steer = -1;
	size_t count;

	if (steer_listen(fds, &count, NULL) < 0)
		return false;
	if (steer_open(0, fds, count, &steer, NULL) == 0)
		close(steer);
	while (count > 0)
		close(fds[--count]);
	return steer >= 0;
}
