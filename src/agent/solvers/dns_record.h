/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_DNS_RECORD_H
#define SIGNET_AGENT_SOLVERS_DNS_RECORD_H

/* dns_record: the TXT record that answers a challenge. */

#include "agent/solvers/solver.h"

#define DNS_RECORD_NAME_SIZE 320  /* bytes, with the NUL */
#define DNS_RECORD_VALUE_SIZE 44  /* bytes, with the NUL: base64url of a
                                     SHA-256 */

/* draft-ietf-acme-dns-persist: before the name. */
#define DNS_RECORD_PERSIST "_validation-persist."

struct dns_record {
	char name[DNS_RECORD_NAME_SIZE];
	char value[DNS_RECORD_VALUE_SIZE];
};

/* RFC 8555 8.4; draft-ietf-acme-dns-account-label 3.2 for dns-account-01,
 * whose name has a label made from the account's URL. */
void dns_record_make(const struct solver_task *task, struct dns_record *ret);

/* The value alone. */
void dns_record_value(struct span key_authorization,
    char ret[DNS_RECORD_VALUE_SIZE]);

#endif
