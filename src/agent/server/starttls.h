/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_STARTTLS_H
#define SIGNET_AGENT_SERVER_STARTTLS_H

/*
 * starttls: the words before TLS in protocols that begin without it. No byte
 * is read beyond the last answer's line: what came with it would be taken for
 * TLS, as it should.
 */

#include "agent/conf/service.h"

#define STARTTLS_WAIT_S 15    /* for all answers; a server that looks for
                                 spammers is silent for 6 s before it greets */
#define STARTTLS_LINE_MAX 2048 /* bytes of a line of an answer */
#define STARTTLS_LINES_MAX 100 /* of one answer */

/* On a connected blocking socket. -ERR_IO; -ERR_INCORRECT_RESPONSE with what
 * the server said. */
int starttls_begin(int fd, enum service_protocol protocol, struct err *err);

#endif
