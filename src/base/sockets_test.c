/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

/* proc_net(5), of a little-endian machine. */
#define V4(state) "   0: 0100007F:1F90 00000000:0000 " state \
	" 00000000:00000000 00:00000000 00000000     0        0 24580 1 " \
	"0000000000000000 100 0 0 10 0\n"
#define V6 "  11: B80D0120000000000000000001000000:0050 " \
	"00000000000000000000000000000000:0000 0A 00000000:00000000 " \
	"00:00000000 00000000     0        0 18446744073709551615 1\n"
#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr " \
	"tm->when retrnsmt   uid  timeout inode\n"

static void
test_line(void **state)
{
	struct sockets_listener at;
	char text[INET6_ADDRSTRLEN];

	(void)state;
	if (htonl(1) == 1)
		skip();
	assert_true(sockets_line(SPAN_LIT(V4("0A")), &at));
	assert_int_equal(at.family, AF_INET);
	assert_int_equal(at.port, 8080);
	assert_int_equal(at.inode, 24580);
	assert_string_equal(inet_ntop(at.family, at.address, text,
	    sizeof(text)), "127.0.0.1");
	assert_true(sockets_line(SPAN_LIT(V6), &at));
	assert_int_equal(at.family, AF_INET6);
	assert_int_equal(at.port, 80);
	assert_true(at.inode == UINT64_MAX);
	assert_string_equal(inet_ntop(at.family, at.address, text,
	    sizeof(text)), "2001:db8::1");
}

static void
test_other_lines(void **state)
{
	static const char *const lines[] = { "", "\n", HEAD, V4("01"),
		V4("0a"),
		"0: 0100007F:1F90 0:0 0A 0:0 0:0 0 0 0",
		"0: 0100007F:1F90 0:0 0A 0:0 0:0 0 0 0 -1",
		"0: 0100007F-1F90 0:0 0A 0:0 0:0 0 0 0 1",
		"0: 0100007G:1F90 0:0 0A 0:0 0:0 0 0 0 1",
		"0: 0100007F:1F9 0:0 0A 0:0 0:0 0 0 0 1",
		"0: :1F90 0:0 0A 0:0 0:0 0 0 0 1" };
	struct sockets_listener at;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(sockets_line(span_str(lines[i]), &at));
}

static void
test_own(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	struct sockets_listener at[2];
	uint64_t inodes[64];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t count, found = 0;
	int pids[2];

	(void)state;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len),
	    0);
	assert_int_equal(sockets_listening(ntohs(address.sin_port), at, 2),
	    1);
	assert_int_equal(at[0].port, ntohs(address.sin_port));
	assert_memory_equal(at[0].address, &address.sin_addr, 4);
	count = sockets_of(getpid(), inodes, 64);
	for (size_t i = 0; i < count; i++)
		found += inodes[i] == at[0].inode;
	assert_int_equal(found, 1);
	assert_int_equal(sockets_holders(at, 1, pids, 2), 1);
	assert_int_equal(pids[0], getpid());
	assert_int_equal(sockets_holders(at, 0, pids, 2), 0);
	assert_int_equal(sockets_listening(0, at, 1), 1);
	assert_int_equal(sockets_of(getpid(), inodes, 0), 0);
	assert_int_equal(sockets_of(0, inodes, 64), 0);
	close(fd);
	assert_int_equal(sockets_listening(ntohs(address.sin_port), at, 2),
	    0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_other_lines),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
