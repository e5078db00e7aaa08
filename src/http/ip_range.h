/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_IP_RANGE_H
#define SIGNET_HTTP_IP_RANGE_H

/*
 * ip_range: which addresses may be dialled. A validator connects to addresses
 * that strangers name in DNS and in redirects, so all that are not plainly on
 * the public Internet (the special-purpose registries of RFC 6890, multicast,
 * what is not allocated for unicast) are refused unless the configuration's
 * validation_allow lists them.
 */

#include "base/err.h"
#include "base/span.h"

#define IP_ADDR_TEXT_SIZE 46 /* bytes with the final NUL: INET6_ADDRSTRLEN */
#define IP_RANGE_TEXT_MAX 49 /* bytes of "address/prefix" */

struct ip_addr {
	uint8_t size;      /* 4 or 16 */
	uint8_t bytes[16]; /* network order; the rest is zero */
};

struct ip_range {
	struct ip_addr addr;
	uint8_t prefix;    /* bits */
};

/* An address literal without brackets, scope or leading zeros. */
int ip_addr_parse(struct span text, struct ip_addr *ret);
/* RFC 5952 text, or dotted decimal. Returns out. */
const char *ip_addr_text(char out[IP_ADDR_TEXT_SIZE],
    const struct ip_addr *addr);

/* "10.0.0.0/8", "fd00::/8", or an address alone (one host). Bits after the
 * prefix must be zero. -ERR_CONFIG with the remedy. */
int ip_range_parse(struct span text, struct ip_range *ret, struct err *err);

/* 0 if addr is in one of allow or on the public Internet; else
 * -ERR_CONNECTION with the name of the registry's entry. */
int ip_range_check(const struct ip_addr *addr, const struct ip_range *allow,
    size_t num_allow, struct err *err);
bool ip_range_listed(const struct ip_addr *addr,
    const struct ip_range *ranges, size_t count);

#endif
