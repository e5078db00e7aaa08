/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/solvers/solver.h"

static void
test_reads_ports(void **state)
{
	static const struct {
		const char *text;
		size_t count;
		uint16_t number;
		int family; /* of the first */
	} good[] = {
		{ "80", 2, 80, AF_INET6 },
		{ "65535", 2, 65535, AF_INET6 },
		{ "192.0.2.1:443", 1, 443, AF_INET },
		{ "[2001:db8::1]:443", 1, 443, AF_INET6 },
		{ "[::]:8080", 1, 8080, AF_INET6 },
	};
	static const char *const bad[] = { "", "0", "65536", "x", "80 ",
		":80", "192.0.2.1", "192.0.2:80", "2001:db8::1:80", "[]:80",
		"[2001:db8::1]", "[192.0.2.1]:80", "[::1:80", "localhost:80",
		"[1234:1234:1234:1234:1234:1234:1234:1234:1234:1234]:80" };
	struct port port;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(port_parse(span_str(good[i].text), &port,
		    NULL), 0);
		assert_int_equal(port.count, good[i].count);
		assert_int_equal(port.number, good[i].number);
		assert_int_equal(port.addresses[0].address.ss_family,
		    good[i].family);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(port_parse(span_str(bad[i]), &port, &err),
		    -(int)ERR_CONFIG);
		assert_non_null(strstr(err.text, "write 80"));
	}
}

static void
test_names_who_is_there(void **state)
{
	int fds[PORT_ADDRESSES_MAX], more[PORT_ADDRESSES_MAX], pid;
	char name[PORT_OWNER_SIZE], want[64];
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	size_t count, none;
	struct port port;
	struct err err;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	/* A port that is free, whichever it is. */
	address = (struct sockaddr_in){ .sin_family = AF_INET };
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	getsockname(fd, (struct sockaddr *)&address, &len);
	close(fd);
	snprintf(want, sizeof(want), "%u", ntohs(address.sin_port));
	assert_int_equal(port_parse(span_str(want), &port, NULL), 0);
	assert_false(port_owner(port.number, name, &pid));
	assert_int_equal(port_listen(&port, "go", fds, &count, &err), 0);
	assert_true(port_owner(port.number, name, &pid));
	assert_int_equal(pid, getpid());
	assert_int_equal(port_listen(&port, "do as I say", more, &none, &err),
	    -(int)ERR_CONFIG);
	assert_int_equal(none, 0);
	snprintf(want, sizeof(want), "(process %d)", (int)getpid());
	assert_non_null(strstr(err.text, want));
	assert_non_null(strstr(err.text, "do as I say"));
	while (count > 0)
		close(fds[--count]);
}

static void
test_reads_solvers(void **state)
{
	static const struct {
		const char *via;
		bool good;
	} rows[] = {
		{ "standalone", true },
		{ "standalone=8080", true },
		{ "standalone=127.0.0.1:8080", true },
		{ "standalone=here", false },
		{ "tls-alpn", true },
		{ "tls-alpn=8443", true },
		{ "tls-alpn=[::1]:8443,backend=127.0.0.1:443", true },
		{ "tls-alpn=backend=[::1]:444,proxy=v2", true },
		{ "tls-alpn=443,backend=127.0.0.1:444,proxy=v1", true },
		{ "tls-alpn=443,backend=444", false },
		{ "tls-alpn=443,backend=web:444", false },
		{ "tls-alpn=443,proxy=v2", false },
		{ "tls-alpn=443,backend=127.0.0.1:1,proxy=v3", false },
		{ "tls-alpn=443,front=127.0.0.1:1", false },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(solver_check(rows[i].via, &err),
		    rows[i].good ? 0 : -(int)ERR_CONFIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_ports),
		cmocka_unit_test(test_names_who_is_there),
		cmocka_unit_test(test_reads_solvers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
