/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ip_range.h"

#include <arpa/inet.h>

#include "base/text.h"

struct special {
	struct ip_range range;
	const char *name;
	const char *source;
};

#define V4(a, b, c, d, bits) \
	{ { 4, { (a), (b), (c), (d) } }, (bits) }
#define V6(a, b, c, d, bits) \
	{ { 16, { (a) >> 8, (a) & 255, (b) >> 8, (b) & 255, (c) >> 8, \
	(c) & 255, (d) >> 8, (d) & 255 } }, (bits) }

/*
 * IANA IPv4 Special-Purpose Address Registry: the rows that are not globally
 * reachable, and multicast (RFC 5771). Of 192.0.0.0/24 two hosts are global
 * (192.0.0.9, .10), but they are anycast relays and never a web server.
 */
static const struct special special_v4[] = {
	{ V4(0, 0, 0, 0, 8), "this network", "RFC 791 3.2" },
	{ V4(10, 0, 0, 0, 8), "private use", "RFC 1918" },
	{ V4(100, 64, 0, 0, 10), "shared address space", "RFC 6598" },
	{ V4(127, 0, 0, 0, 8), "loopback", "RFC 1122 3.2.1.3" },
	/* Holds 169.254.169.254, the metadata service of cloud hosts. */
	{ V4(169, 254, 0, 0, 16), "link local", "RFC 3927" },
	{ V4(172, 16, 0, 0, 12), "private use", "RFC 1918" },
	{ V4(192, 0, 0, 0, 24), "IETF protocol assignments", "RFC 6890 2.1" },
	{ V4(192, 0, 2, 0, 24), "documentation", "RFC 5737" },
	{ V4(192, 88, 99, 0, 24), "6to4 relay anycast", "RFC 7526" },
	{ V4(192, 168, 0, 0, 16), "private use", "RFC 1918" },
	{ V4(198, 18, 0, 0, 15), "benchmarking", "RFC 2544" },
	{ V4(198, 51, 100, 0, 24), "documentation", "RFC 5737" },
	{ V4(203, 0, 113, 0, 24), "documentation", "RFC 5737" },
	{ V4(224, 0, 0, 0, 4), "multicast", "RFC 5771" },
	/* With the limited broadcast address, RFC 8190. */
	{ V4(240, 0, 0, 0, 4), "reserved", "RFC 1112 4" },
};

/*
 * IANA IPv6 Special-Purpose Address Registry, in the same way. Ranges that
 * carry an IPv4 address are refused whole, whatever it is: a translator would
 * take the connection to a place that the IPv4 table was not asked about.
 * 2001::/23 has global rows within it, but none is for hosts (RFC 2928).
 */
static const struct special special_v6[] = {
	{ V6(0x2001, 0, 0, 0, 32), "Teredo", "RFC 4380" },
	{ V6(0x2001, 0, 0, 0, 23), "IETF protocol assignments", "RFC 2928" },
	{ V6(0x2001, 0xdb8, 0, 0, 32), "documentation", "RFC 3849" },
	{ V6(0x2002, 0, 0, 0, 16), "6to4", "RFC 3056" },
	{ V6(0x3fff, 0, 0, 0, 20), "documentation", "RFC 9637" },
	{ V6(0x64, 0xff9b, 0, 0, 96), "IPv4-IPv6 translation", "RFC 6052" },
	{ V6(0x64, 0xff9b, 1, 0, 48), "IPv4-IPv6 translation", "RFC 8215" },
	{ V6(0x100, 0, 0, 0, 64), "discard only", "RFC 6666" },
	{ V6(0x5f00, 0, 0, 0, 16), "segment routing", "RFC 9602" },
	{ V6(0xfc00, 0, 0, 0, 7), "unique local", "RFC 4193" },
	{ V6(0xfe80, 0, 0, 0, 10), "link local", "RFC 4291 2.5.6" },
	{ V6(0xfec0, 0, 0, 0, 10), "site local", "RFC 3879" },
	{ V6(0xff00, 0, 0, 0, 8), "multicast", "RFC 4291 2.7" },
	{ { { 16, { [10] = 0xff, 0xff } }, 96 }, "IPv4-mapped",
	    "RFC 4291 2.5.5.2" },
	{ { { 16, { [15] = 1 } }, 128 }, "loopback", "RFC 4291 2.5.3" },
	{ { { 16, { 0 } }, 128 }, "unspecified", "RFC 4291 2.5.2" },
};

/* All that IANA has given out as global unicast, RFC 4291 2.4 and RFC 3587. */
static const struct ip_range global_unicast_v6 = V6(0x2000, 0, 0, 0, 3);

int
ip_addr_parse(struct span text, struct ip_addr *ret)
{
	char buf[IP_ADDR_TEXT_SIZE];
	int family;

	*ret = (struct ip_addr){ 0 };
	if (text.len == 0 || text.len >= sizeof(buf) ||
	    memchr(text.data, '\0', text.len) != NULL)
		return -(int)ERR_MALFORMED;
	memcpy(buf, text.data, text.len);
	buf[text.len] = '\0';
	family = memchr(buf, ':', text.len) != NULL ? AF_INET6 : AF_INET;
	if (inet_pton(family, buf, ret->bytes) != 1)
		return -(int)ERR_MALFORMED;
	ret->size = family == AF_INET6 ? 16 : 4;
	return 0;
}

const char *
ip_addr_text(char out[IP_ADDR_TEXT_SIZE], const struct ip_addr *addr)
{
	inet_ntop(addr->size == 16 ? AF_INET6 : AF_INET, addr->bytes, out,
	    IP_ADDR_TEXT_SIZE);
	return out;
}

/* The bits of byte i that belong to the prefix. */
static uint8_t
prefix_mask(unsigned prefix, size_t i)
{
	if (prefix >= 8 * (i + 1))
		return 0xff;
	if (prefix <= 8 * i)
		return 0;
	return (uint8_t)(0xff << (8 - (prefix - 8 * i)));
}

int
ip_range_parse(struct span text, struct ip_range *ret, struct err *err)
{
	const uint8_t *slash = text.len == 0 ? NULL :
	    memchr(text.data, '/', text.len);
	size_t addr_len = slash == NULL ? text.len :
	    (size_t)(slash - text.data);
	char shown[IP_RANGE_TEXT_MAX * 4 + 1];
	uint64_t prefix = 0;

	text_printable(shown, sizeof(shown), text);
	*ret = (struct ip_range){ 0 };
	if (ip_addr_parse(span_of(text.data, addr_len), &ret->addr) < 0)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not an "
		    "address range; write one like 10.0.0.0/8 or fd00::/8",
		    shown);
	prefix = (uint64_t)ret->addr.size * 8;
	if (slash != NULL && text_uint(span_from(text, addr_len + 1), prefix,
	    &prefix) < 0)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" has a wrong "
		    "prefix length; it is a number from 0 to %u", shown,
		    ret->addr.size * 8U);
	ret->prefix = (uint8_t)prefix;
	for (size_t i = 0; i < ret->addr.size; i++)
		if ((ret->addr.bytes[i] & ~prefix_mask(ret->prefix, i)) != 0)
			return err_set(err, ERR_CONFIG, NULL, "\"%s\" has "
			    "bits set after its prefix; write the first "
			    "address of the range", shown);
	return 0;
}

static bool
contains(const struct ip_range *range, const struct ip_addr *addr)
{
	if (range->addr.size != addr->size)
		return false;
	for (size_t i = 0; i < addr->size; i++)
		if (((range->addr.bytes[i] ^ addr->bytes[i]) &
		    prefix_mask(range->prefix, i)) != 0)
			return false;
	return true;
}

bool
ip_range_listed(const struct ip_addr *addr, const struct ip_range *ranges,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (contains(&ranges[i], addr))
			return true;
	return false;
}

static const struct special *
find_special(const struct ip_addr *addr)
{
	static const struct special not_unicast =
	    { { { 0 }, 0 }, "not global unicast", "RFC 4291 2.4" };
	const struct special *table = addr->size == 4 ? special_v4 :
	    special_v6;
	size_t count = addr->size == 4 ?
	    sizeof(special_v4) / sizeof(special_v4[0]) :
	    sizeof(special_v6) / sizeof(special_v6[0]);

	for (size_t i = 0; i < count; i++)
		if (contains(&table[i].range, addr))
			return &table[i];
	if (addr->size == 16 && !contains(&global_unicast_v6, addr))
		return &not_unicast;
	return NULL;
}

int
ip_range_check(const struct ip_addr *addr, const struct ip_range *allow,
    size_t num_allow, struct err *err)
{
	const struct special *special;

	if (ip_range_listed(addr, allow, num_allow))
		return 0;
	special = find_special(addr);
	if (special == NULL)
		return 0;
	return err_set(err, ERR_CONNECTION, special->source, "an address of "
	    "a special-purpose range (%s), which this CA does not connect to",
	    special->name);
}
