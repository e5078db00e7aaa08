/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_CHECK_H
#define SIGNET_MASTER_CHECK_H

/*
 * check: all that can be known to be wrong before the CA starts: what the
 * file says, what it names, what its program allows, and what is in its
 * directory.
 */

#include <stdbool.h>
#include <stdio.h>

#include "conf/config.h"

/* Reads and checks. On failure ret is freed; err has what does not fit in
 * errors (no such file). */
int check_all(const char *file, struct config *ret,
    struct config_errors *errors, struct err *err);

/* Whether the program lets this CA issue today; if not, prints a warning of one
 * line that says why. That is no mistake of the configuration. */
bool check_can_issue(enum config_program program, FILE *out);

/* "FILE:LINE: key: what is wrong; remedy", one a line. */
void check_print(const char *file, const struct config_errors *errors,
    const struct err *err, FILE *out);

#endif
