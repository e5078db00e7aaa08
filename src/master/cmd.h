/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_CMD_H
#define SIGNET_MASTER_CMD_H

/*
 * cmd: the commands of signetd, one file each (cmd_run.c exports cmd_run),
 * listed in the table of cmd.c.
 */

#include <stdio.h>

#include "base/cmd.h"

extern const struct cmd cmd_init;
extern const struct cmd cmd_run;
extern const struct cmd cmd_check;
extern const struct cmd cmd_dev;

extern const struct cmd_program cmd_signetd;

#endif
