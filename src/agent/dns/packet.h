/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DNS_PACKET_H
#define SIGNET_AGENT_DNS_PACKET_H

/*
 * packet: builds the two messages that the dns process sends, a question
 * (RFC 1035 4) and an update (RFC 2136), and walks over the records of an
 * answer. Names are lower-case text without final dot, as dns_message_name
 * gives them.
 */

#include "base/bld.h"
#include "base/cur.h"
#include "dns/dns_message.h"

#define PACKET_MAX 65535       /* bytes of a message */
#define PACKET_RECORDS_MAX 512 /* of an answer; more: error */
#define PACKET_TXT_MAX 1024    /* bytes of one TXT value */
#define PACKET_TTL_S 60        /* of a record that is added */

enum packet_type {
	PACKET_A = 1,
	PACKET_NS = 2,
	PACKET_CNAME = 5,
	PACKET_SOA = 6,
	PACKET_TXT = 16,
	PACKET_AAAA = 28,
	PACKET_DNAME = 39,
	PACKET_TSIG = 250,
};

/* RFC 1035 4.1.1, RFC 2136 2.2, RFC 8945 3. */
enum packet_rcode {
	PACKET_NOERROR = 0,
	PACKET_FORMERR = 1,
	PACKET_SERVFAIL = 2,
	PACKET_NXDOMAIN = 3,
	PACKET_NOTIMP = 4,
	PACKET_REFUSED = 5,
	PACKET_NOTAUTH = 9,
	PACKET_NOTZONE = 10,
	PACKET_BADSIG = 16,
	PACKET_BADKEY = 17,
	PACKET_BADTIME = 18,
};

enum packet_section { PACKET_ANSWER = 1, PACKET_AUTHORITY, PACKET_ADDITIONAL };

/* A message that is read. */
struct packet {
	struct span bytes;
	uint16_t id;
	bool response, authoritative, truncated;
	unsigned opcode, rcode;
	char question[DNS_NAME_SIZE]; /* or the zone of an update */
	uint16_t question_type;
	size_t counts[4];  /* of records, by section; [0] is not used */
	size_t at;         /* of the first record */
};

struct packet_record {
	enum packet_section section;
	size_t at;         /* of the record itself */
	char owner[DNS_NAME_SIZE];
	uint16_t type, class;
	struct span rdata;
	size_t rdata_at;
};

struct packet_walk {
	const struct packet *packet;
	size_t at, done;
};

/* Is it a name that a message can have? Labels of letters, digits, '-', '_'
 * or a first "*", of 63 bytes at most. "" is the root. */
bool packet_name_check(const char *name);

/* Uncompressed, as TSIG's digest has it, too. name is checked. */
void packet_put_name(struct bld *out, const char *name);

void packet_put_question(struct bld *out, uint16_t id, bool recurse,
    const char *name, enum packet_type type);

/* RFC 2136 2.5.1 and 2.5.4: adds one TXT record to name's, or deletes this
 * one. */
void packet_put_update(struct bld *out, uint16_t id, const char *zone,
    const char *name, struct span value, bool del);

/* Header and question. -ERR_MALFORMED. */
int packet_parse(struct span bytes, struct packet *ret);

/* The next record: 1, 0 at the end, -ERR_MALFORMED. A walk starts with
 * { .packet = packet }. */
int packet_next(struct packet_walk *walk, struct packet_record *ret);

/* The name that rdata begins with at offset: of NS, CNAME, SOA, DNAME. */
int packet_record_name(const struct packet *packet,
    const struct packet_record *record, char ret[DNS_NAME_SIZE]);

/* The strings of a TXT record, joined (RFC 8555 8.4 and RFC 7208 3.3). */
int packet_record_txt(const struct packet_record *record,
    uint8_t ret[PACKET_TXT_MAX], size_t *ret_len);

/* "REFUSED" and so on; never NULL. */
const char *packet_rcode_name(unsigned rcode);

#endif
