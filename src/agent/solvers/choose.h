/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_CHOOSE_H
#define SIGNET_AGENT_SOLVERS_CHOOSE_H

/*
 * choose: how control can be proven on this host, when nobody has said it: by
 * who has port 80 and 443. `signet check` then tries whether it works.
 */

#include "agent/conf/row.h"
#include "base/err.h"

#define CHOOSE_VIA_SIZE 544 /* bytes, with the NUL */
#define CHOOSE_WHY_SIZE 1024 /* bytes of a sentence, with the NUL */

/* via is as --via has it. In this order: the web server that has port 80, if
 * it can; a folder that it shows; a listener of our own; DNS, if there is one
 * key for it in dir, the agent's state. -ERR_CONFIG with the remedy if nothing
 * fits; a wildcard can only be proven by DNS. */
int choose_via(const struct row_list *names, const char *dir,
    char via[CHOOSE_VIA_SIZE], char why[CHOOSE_WHY_SIZE], struct err *err);

#endif
