/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_CMD_H
#define SIGNET_MASTER_CMD_H

/*
 * cmd: the commands of signetd, one file each (cmd_run.c exports cmd_run),
 * listed in the table of cmd.c.
 */

#include <stdio.h>

/* Exit statuses. */
enum cmd_status {
	CMD_OK = 0,
	CMD_FAILED = 1, /* the reason is on standard error */
	CMD_USAGE = 2   /* the command line is wrong */
};

struct cmd {
	const char *name;    /* "run" */
	const char *usage;   /* "-c FILE" */
	const char *summary; /* one line for `signetd --help` */
	const char *help;    /* options, one a line; or NULL */
	/* argv[0] is "signetd NAME", so getopt_long fits. */
	int (*run)(int argc, char **argv);
};

extern const struct cmd cmd_init;
extern const struct cmd cmd_run;
extern const struct cmd cmd_check;
extern const struct cmd cmd_dev;

/* Runs the command that argv[1] names, or --help or --version. */
int cmd_main(int argc, char **argv);

/* Prints "signetd NAME: fmt" and the usage to standard error; gives
 * CMD_USAGE. */
int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* After getopt_long, which has said what is wrong: the usage; gives
 * CMD_USAGE. */
int cmd_usage_only(const struct cmd *cmd);

/* Prints "signetd NAME: fmt" to standard error; gives CMD_FAILED. */
int cmd_fail(const struct cmd *cmd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
