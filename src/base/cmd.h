/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_CMD_H
#define SIGNET_BASE_CMD_H

/*
 * cmd: a program of commands, each with options of its own: `signetd run -c
 * FILE`. --help and --version are answered here, for all of them.
 */

/* Exit statuses. */
enum cmd_status {
	CMD_OK = 0,     /* done, or there was nothing to do */
	CMD_FAILED = 1, /* the reason is on standard error */
	CMD_USAGE = 2   /* the command line is wrong */
};

struct cmd {
	const char *name;    /* "run" */
	const char *usage;   /* "-c FILE" */
	const char *summary; /* one line for the program's --help */
	const char *help;    /* options, one a line; or NULL */
	/* argv[0] is "PROGRAM NAME", so getopt_long fits. */
	int (*run)(int argc, char **argv);
};

struct cmd_program {
	const char *name;    /* "signetd" */
	const char *summary; /* one line */
	const struct cmd *const *cmds; /* in the order of --help; NULL ends */
};

/* Runs the command that argv[1] names, or --help or --version. */
int cmd_main(const struct cmd_program *which, int argc, char **argv);

/* Prints "PROGRAM NAME: fmt" and the usage to standard error; gives
 * CMD_USAGE. */
int cmd_usage(const struct cmd *cmd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* After getopt_long, which has said what is wrong: the usage; gives
 * CMD_USAGE. */
int cmd_usage_only(const struct cmd *cmd);

/* Prints "PROGRAM NAME: fmt" to standard error; gives CMD_FAILED. */
int cmd_fail(const struct cmd *cmd, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
