/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_DNS_DNS_MESSAGE_H
#define SIGNET_DNS_DNS_MESSAGE_H

/*
 * dns_message: reads the one thing that is wanted of a DNS answer (RFC 1035
 * section 4): the records of the question's type at the end of the chain of
 * aliases that starts at the question's name. A pure parser; every name,
 * pointer and length is bounded.
 */

#include "dns/dns_resolver.h"

#define DNS_MESSAGE_RECORDS_MAX 512 /* of the answer section; more: error */
#define DNS_MESSAGE_CNAMES_MAX 16   /* aliases followed; more: error */
#define DNS_NAME_SIZE (DNS_NAME_MAX + 1)

/* Fills count, rdata (spans into packet), canonical (in name) and status
 * (DNS_OK or DNS_NXDOMAIN). Other response codes, a truncated message and a
 * message not of its form are DNS_SERVFAIL with why. */
void dns_message_parse(struct span packet, const struct dns_query *query,
    char name[DNS_NAME_SIZE], struct dns_answer *ret);

/* Reads the name at offset of packet as lower-case text without final dot
 * ("" is the root) and says where the next field begins. Bytes that are not
 * letters, digits, '-' or '_' become '?', which matches no name asked for.
 * -ERR_MALFORMED. */
int dns_message_name(struct span packet, size_t offset,
    char ret[DNS_NAME_SIZE], size_t *ret_next);

#endif
