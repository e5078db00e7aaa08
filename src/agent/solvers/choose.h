/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_CHOOSE_H
#define SIGNET_AGENT_SOLVERS_CHOOSE_H

/*
 * choose: how control can be proven on this host, when nobody has said it: by
 * who has port 80 and 443. `signet check` then tries whether it works.
 */

#include "base/err.h"

#define CHOOSE_VIA_SIZE 64  /* bytes, with the NUL */
#define CHOOSE_WHY_SIZE 256 /* bytes of a sentence, with the NUL */

/* via is as --via has it. -ERR_CONFIG with the remedy if nothing fits; a
 * wildcard can only be proven by DNS. */
int choose_via(bool wildcard, char via[CHOOSE_VIA_SIZE],
    char why[CHOOSE_WHY_SIZE], struct err *err);

#endif
