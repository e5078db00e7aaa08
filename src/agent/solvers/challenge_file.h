/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_CHALLENGE_FILE_H
#define SIGNET_AGENT_SOLVERS_CHALLENGE_FILE_H

/* challenge_file: the answer to http-01 as a file in an open folder, called as
 * its token (RFC 8555 8.3). */

#include "agent/solvers/solver.h"

int challenge_file_write(int folder, const struct solver_task *task,
    struct err *err);
int challenge_file_remove(int folder, const struct solver_task *task,
    struct err *err);

#endif
