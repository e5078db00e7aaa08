/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_reach.h"

#include <string.h>

#include "http/ip_range.h"

static const struct ip_range private_ranges[] = {
	{ { 4, { 10 } }, 8 },
	{ { 4, { 100, 64 } }, 10 },
	{ { 4, { 172, 16 } }, 12 },
	{ { 4, { 192, 168 } }, 16 },
	{ { 16, { 0xfc } }, 7 },
};

/* What is no address is as near as can be. */
static enum net_reach
reach_of(struct span text)
{
	struct ip_addr addr;

	if (text.len > 2 && text.data[0] == '[')
		text = span_of(text.data + 1, text.len - 2);
	if (ip_addr_parse(text, &addr) < 0)
		return NET_REACH_LOCAL;
	if (ip_range_check(&addr, NULL, 0, NULL) == 0)
		return NET_REACH_PUBLIC;
	return ip_range_listed(&addr, private_ranges,
	    sizeof(private_ranges) / sizeof(private_ranges[0])) ?
	    NET_REACH_PRIVATE : NET_REACH_LOCAL;
}

enum net_reach
net_reach_of(struct span addresses)
{
	enum net_reach ret = addresses.len == 0 ? NET_REACH_PUBLIC :
	    NET_REACH_LOCAL;

	while (addresses.len > 0) {
		enum net_reach at = reach_of(span_cut(&addresses, ','));

		if (at < ret)
			ret = at;
	}
	return ret;
}

int
net_reach_check(enum net_reach reach, const char *name,
    struct span addresses, const char *port, struct err *err)
{
	static const char *const words[] = { "", "the Internet",
		"the Internet or a private network" };

	if (reach == NET_REACH_PUBLIC && strcmp(port, NET_REACH_PORT) != 0)
		return err_set(err, ERR_UNAUTHORIZED, NULL, "%s is not asked "
		    "at port %s: that of a public CA answers at port "
		    NET_REACH_PORT " (a CA of your own needs ca_file)", name,
		    port);
	while (addresses.len > 0) {
		struct span at = span_cut(&addresses, ',');

		if (reach_of(at) > reach)
			return err_set(err, ERR_UNAUTHORIZED, NULL, "%s is not "
			    "asked: it is at %.*s, and a CA in %s has no "
			    "business there (a CA of your own needs ca_file)",
			    name, SPAN_FMT(at), words[reach]);
	}
	return 0;
}
