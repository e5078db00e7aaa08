/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_DNS_OPTIONS_H
#define SIGNET_AGENT_SOLVERS_DNS_OPTIONS_H

/* dns_options: whom the dns process asks where that is not found out. */

#include "agent/rpc/judge_dns.h"

/* "server=ADDRESS,port=PORT,resolver=ADDRESS,wait=SECONDS", any of them; what
 * it says is set in *ret, which borrows from text. -ERR_CONFIG. */
int dns_options_parse(const char *text, struct judge_dns_request *ret,
    struct err *err);

#endif
