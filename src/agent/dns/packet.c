/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/packet.h"

#include <assert.h>

#define HEADER_SIZE 12
#define LABEL_MAX 63
#define CLASS_IN 1
#define CLASS_NONE 254 /* RFC 2136 1.3 */
#define OPCODE_UPDATE 5
#define FLAG_QR 0x8000
#define FLAG_AA 0x0400
#define FLAG_TC 0x0200
#define FLAG_RD 0x0100

static bool
label_char(const char *label, size_t i)
{
	char c = label[i];

	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_' || (c == '*' && i == 0);
}

bool
packet_name_check(const char *name)
{
	size_t len = strlen(name), label = 0;

	if (len == 0)
		return true;
	if (len > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!label_char(name + i - label, label) ||
		    ++label > LABEL_MAX) {
			return false;
		}
	}
	return label > 0;
}

void
packet_put_name(struct bld *out, const char *name)
{
	assert(packet_name_check(name));
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		bld_u8(out, (uint8_t)len);
		bld_bytes(out, name, len);
		name += len + (name[len] == '.');
	}
	bld_u8(out, 0);
}

static void
put_header(struct bld *out, uint16_t id, uint16_t flags, uint16_t updates)
{
	bld_u16(out, id);
	bld_u16(out, flags);
	bld_u16(out, 1);       /* the question, or the zone */
	bld_u16(out, 0);       /* answers, or prerequisites */
	bld_u16(out, updates); /* authorities, or updates */
	bld_u16(out, 0);
}

void
packet_put_question(struct bld *out, uint16_t id, bool recurse,
    const char *name, enum packet_type type)
{
	put_header(out, id, recurse ? FLAG_RD : 0, 0);
	packet_put_name(out, name);
	bld_u16(out, (uint16_t)type);
	bld_u16(out, CLASS_IN);
}

void
packet_put_update(struct bld *out, uint16_t id, const char *zone,
    const char *name, struct span value, bool del)
{
	assert(value.len <= 255);
	put_header(out, id, OPCODE_UPDATE << 11, 1);
	packet_put_name(out, zone);
	bld_u16(out, PACKET_SOA);
	bld_u16(out, CLASS_IN);
	packet_put_name(out, name);
	bld_u16(out, PACKET_TXT);
	bld_u16(out, del ? CLASS_NONE : CLASS_IN);
	bld_u32(out, del ? 0 : PACKET_TTL_S);
	bld_u16(out, (uint16_t)(value.len + 1));
	bld_u8(out, (uint8_t)value.len);
	bld_span(out, value);
}

int
packet_parse(struct span bytes, struct packet *ret)
{
	struct cur cur = CUR_OF(bytes);
	size_t questions, total = 0;
	uint16_t flags;

	*ret = (struct packet){ .bytes = bytes };
	ret->id = cur_u16(&cur);
	flags = cur_u16(&cur);
	questions = cur_u16(&cur);
	for (int i = PACKET_ANSWER; i <= PACKET_ADDITIONAL; i++) {
		ret->counts[i] = cur_u16(&cur);
		total += ret->counts[i];
	}
	if (cur.failed || questions > 1 || total > PACKET_RECORDS_MAX)
		return -(int)ERR_MALFORMED;
	ret->response = (flags & FLAG_QR) != 0;
	ret->authoritative = (flags & FLAG_AA) != 0;
	ret->truncated = (flags & FLAG_TC) != 0;
	ret->opcode = flags >> 11 & 15;
	ret->rcode = flags & 15;
	ret->at = HEADER_SIZE;
	if (questions == 0)
		return 0;
	if (dns_message_name(bytes, ret->at, ret->question, &ret->at) < 0)
		return -(int)ERR_MALFORMED;
	cur = CUR_OF(span_from(bytes, ret->at));
	ret->question_type = cur_u16(&cur);
	cur_u16(&cur);
	ret->at += 4;
	return cur.failed ? -(int)ERR_MALFORMED : 0;
}

int
packet_next(struct packet_walk *walk, struct packet_record *ret)
{
	const struct packet *packet = walk->packet;
	size_t past = 0, next;
	struct cur cur;
	int section;

	for (section = PACKET_ANSWER; section <= PACKET_ADDITIONAL; section++) {
		past += packet->counts[section];
		if (walk->done < past)
			break;
	}
	if (section > PACKET_ADDITIONAL)
		return 0;
	if (walk->done == 0)
		walk->at = packet->at;
	ret->section = (enum packet_section)section;
	ret->at = walk->at;
	if (dns_message_name(packet->bytes, walk->at, ret->owner, &next) < 0)
		return -(int)ERR_MALFORMED;
	cur = CUR_OF(span_from(packet->bytes, next));
	ret->type = cur_u16(&cur);
	ret->class = cur_u16(&cur);
	cur_u32(&cur);
	ret->rdata = cur_span16(&cur);
	if (cur.failed)
		return -(int)ERR_MALFORMED;
	walk->at = packet->bytes.len - cur.rest.len;
	ret->rdata_at = walk->at - ret->rdata.len;
	walk->done++;
	return 1;
}

int
packet_record_name(const struct packet *packet,
    const struct packet_record *record, char ret[DNS_NAME_SIZE])
{
	size_t next;

	if (dns_message_name(packet->bytes, record->rdata_at, ret, &next) < 0 ||
	    next > record->rdata_at + record->rdata.len ||
	    !packet_name_check(ret))
		return -(int)ERR_MALFORMED;
	return 0;
}

int
packet_record_txt(const struct packet_record *record,
    uint8_t ret[PACKET_TXT_MAX], size_t *ret_len)
{
	struct cur cur = CUR_OF(record->rdata);
	size_t len = 0;

	while (cur.rest.len > 0) {
		struct span part = cur_bytes(&cur, cur_u8(&cur));

		if (cur.failed || part.len > PACKET_TXT_MAX - len)
			return -(int)ERR_MALFORMED;
		if (part.len > 0)
			memcpy(ret + len, part.data, part.len);
		len += part.len;
	}
	*ret_len = len;
	return 0;
}

const char *
packet_rcode_name(unsigned rcode)
{
	static const char *const names[] = { "NOERROR", "FORMERR", "SERVFAIL",
		"NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
		"NXRRSET", "NOTAUTH", "NOTZONE", "an unknown error",
		"an unknown error", "an unknown error", "an unknown error",
		"an unknown error", "BADSIG", "BADKEY", "BADTIME" };

	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] :
	    "an unknown error";
}
