/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/dns_message.h"

#include "base/cur.h"

#define HEADER_SIZE 12     /* RFC 1035 4.1.1 */
#define FLAG_TC 0x0200
#define RCODE_MASK 0x000f
#define RCODE_NXDOMAIN 3
#define TYPE_CNAME 5
#define CLASS_IN 1
#define POINTERS_MAX 64    /* compression pointers followed in one name */

struct record {
	char owner[DNS_NAME_SIZE];
	uint16_t type;
	uint16_t class;
	size_t rdata_at;
	struct span rdata;
};

static char
name_char(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_' || c == '*')
		return (char)c;
	return '?';
}

/* Appends one label; false when the name gets too long. */
static bool
put_label(char *out, size_t *len, struct span label)
{
	if (*len + label.len + (*len > 0) > DNS_NAME_MAX)
		return false;
	if (*len > 0)
		out[(*len)++] = '.';
	for (size_t i = 0; i < label.len; i++)
		out[(*len)++] = name_char(label.data[i]);
	return true;
}

int
dns_message_name(struct span packet, size_t offset, char ret[DNS_NAME_SIZE],
    size_t *ret_next)
{
	size_t len = 0, at = offset;
	unsigned pointers = 0;

	ret[0] = '\0';
	*ret_next = 0;
	while (at < packet.len && packet.data[at] != 0) {
		uint8_t c = packet.data[at];

		if (c >= 0xc0) { /* RFC 1035 4.1.4 */
			if (at + 2 > packet.len || ++pointers > POINTERS_MAX)
				return -(int)ERR_MALFORMED;
			if (*ret_next == 0)
				*ret_next = at + 2;
			at = (size_t)(c & 0x3f) << 8 | packet.data[at + 1];
			continue;
		}
		if (c > 63 || at + 1 + c > packet.len ||
		    !put_label(ret, &len, span_of(packet.data + at + 1, c)))
			return -(int)ERR_MALFORMED;
		at += 1 + (size_t)c;
	}
	if (at >= packet.len)
		return -(int)ERR_MALFORMED;
	ret[len] = '\0';
	if (*ret_next == 0)
		*ret_next = at + 1;
	return 0;
}

/* Reads the record at *at and moves *at behind it. */
static int
read_record(struct span packet, size_t *at, struct record *ret)
{
	struct cur cur;
	size_t next;

	if (dns_message_name(packet, *at, ret->owner, &next) < 0)
		return -(int)ERR_MALFORMED;
	cur = CUR_OF(span_from(packet, next));
	ret->type = cur_u16(&cur);
	ret->class = cur_u16(&cur);
	cur_u32(&cur); /* TTL: the resolver's business */
	ret->rdata = cur_span16(&cur);
	if (cur.failed)
		return -(int)ERR_MALFORMED;
	*at = packet.len - cur.rest.len;
	ret->rdata_at = *at - ret->rdata.len;
	return 0;
}

static int
broken(struct dns_answer *ret, const char *why)
{
	ret->status = DNS_SERVFAIL;
	ret->count = 0;
	ret->why = why;
	return -(int)ERR_MALFORMED;
}

/* One record of the answer section: follow it, keep it or pass over it. */
static int
take_record(struct span packet, const struct record *record,
    enum dns_type type, char name[DNS_NAME_SIZE], unsigned *cnames,
    struct dns_answer *ret)
{
	size_t next;

	if (record->class != CLASS_IN || strcmp(record->owner, name) != 0)
		return 0;
	if (record->type == TYPE_CNAME) {
		if (++*cnames > DNS_MESSAGE_CNAMES_MAX)
			return broken(ret, "too many aliases");
		if (dns_message_name(packet, record->rdata_at, name,
		    &next) < 0)
			return broken(ret, "an alias is not a name");
	} else if (record->type == (uint16_t)type) {
		if (ret->count == DNS_RRSET_MAX)
			return broken(ret, "too many records");
		ret->rdata[ret->count++] = record->rdata;
	}
	return 0;
}

static int
parse_answers(struct span packet, size_t at, size_t count,
    enum dns_type type, char name[DNS_NAME_SIZE], struct dns_answer *ret)
{
	struct record record;
	unsigned cnames = 0;

	if (count > DNS_MESSAGE_RECORDS_MAX)
		return broken(ret, "too many records");
	for (size_t i = 0; i < count; i++) {
		if (read_record(packet, &at, &record) < 0)
			return broken(ret, "a record is not of its form");
		if (take_record(packet, &record, type, name, &cnames, ret) < 0)
			return -(int)ERR_MALFORMED;
	}
	return 0;
}

/* Skips the question section; the resolver has checked that it is ours. */
static int
skip_questions(struct span packet, size_t count, size_t *at)
{
	char name[DNS_NAME_SIZE];

	if (count > 1)
		return -(int)ERR_MALFORMED;
	if (count == 1) {
		if (dns_message_name(packet, *at, name, at) < 0 ||
		    packet.len - *at < 4)
			return -(int)ERR_MALFORMED;
		*at += 4; /* type and class */
	}
	return 0;
}

void
dns_message_parse(struct span packet, const struct dns_query *query,
    char name[DNS_NAME_SIZE], struct dns_answer *ret)
{
	struct cur cur = CUR_OF(packet);
	size_t at = HEADER_SIZE, questions, answers;
	uint16_t flags;

	*ret = (struct dns_answer){ .status = DNS_OK };
	name[0] = '\0';
	cur_u16(&cur); /* id */
	flags = cur_u16(&cur);
	questions = cur_u16(&cur);
	answers = cur_u16(&cur);
	cur_u32(&cur); /* authority and additional counts */
	if (cur.failed || query->name.len > DNS_NAME_MAX ||
	    skip_questions(packet, questions, &at) < 0) {
		broken(ret, "the answer is not a DNS message");
		return;
	}
	if ((flags & FLAG_TC) != 0) {
		broken(ret, "the answer is truncated");
		return;
	}
	if ((flags & RCODE_MASK) == RCODE_NXDOMAIN) {
		ret->status = DNS_NXDOMAIN;
	} else if ((flags & RCODE_MASK) != 0) {
		broken(ret, "the name server refused or failed");
		return;
	}
	for (size_t i = 0; i < query->name.len; i++)
		name[i] = query->name.data[i] == '.' ? '.' :
		    name_char(query->name.data[i]);
	name[query->name.len] = '\0';
	if (parse_answers(packet, at, answers, query->type, name, ret) == 0)
		ret->canonical = span_str(name);
}
