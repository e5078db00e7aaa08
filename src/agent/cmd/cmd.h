/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CMD_CMD_H
#define SIGNET_AGENT_CMD_CMD_H

/*
 * cmd: the commands of signet, one file each (cmd_get.c exports cmd_get),
 * listed in the table of cmd.c; and what they share.
 */

#include <getopt.h>
#include <stdio.h>

#include "agent/judge/judge.h"
#include "base/cmd.h"

extern const struct cmd cmd_check;
extern const struct cmd cmd_get;
extern const struct cmd cmd_nginx;
extern const struct cmd cmd_apache;
extern const struct cmd cmd_haproxy;
extern const struct cmd cmd_renew;
extern const struct cmd cmd_run;
extern const struct cmd cmd_install;
extern const struct cmd cmd_status;
extern const struct cmd cmd_account;
extern const struct cmd cmd_import;
extern const struct cmd cmd_persist;
extern const struct cmd cmd_revoke;
extern const struct cmd cmd_remove;

extern const struct cmd_program cmd_signet;

#define CMD_ROOT_DIR "/var/lib/signet" /* where root's state is */

/* signet get with those arguments, of which none is a name, for each line of
 * names: all in one run. What it says is said by cmd, which was given them.
 * Lines are cut up. */
int cmd_get_lines(const struct cmd *cmd, int argc, char **argv,
    char *const *lines, size_t count);

/* ---- options that most commands have ------------------------------------ */

struct cmd_common {
	const struct cmd *cmd;
	const char *dir;        /* as given, or NULL */
	const char *config;     /* as given, or NULL */
	const char *textfile;   /* for Prometheus, or NULL */
	bool dry_run;
	const char *staging;    /* the CA to rehearse at, or NULL */
	bool daemon;
	int revoke_reason;      /* -1: none */
	bool revoke_by_key;
	bool verbose;
	bool quiet;
	bool progress;          /* standard error is a terminal */
	char dir_path[4096];    /* absolute */
	bool working;           /* a line of progress stands there */
};

#define CMD_COMMON_SHORT "c:d:qv"
#define CMD_COMMON_OPTIONS \
	{ "config", required_argument, NULL, 'c' }, \
	{ "dir", required_argument, NULL, 'd' }, \
	{ "quiet", no_argument, NULL, 'q' }, \
	{ "verbose", no_argument, NULL, 'v' }
#define CMD_COMMON_HELP \
	"  -c, --config FILE  the configuration; /etc/signet.conf if it is" \
	" there\n" \
	"  -d, --dir DIR      where state, keys and certificates are kept\n" \
	"  -q, --quiet        say only what is wrong\n" \
	"  -v, --verbose      say what is going on\n"

/* Of those that go through what is due. */
#define CMD_TEXTFILE 't'
#define CMD_TEXTFILE_OPTION \
	{ "textfile", required_argument, NULL, CMD_TEXTFILE }
#define CMD_TEXTFILE_HELP \
	"      --textfile FILE  write metrics for Prometheus: docs/metrics.md\n"

/* Whether opt was one of them. */
bool cmd_common_take(struct cmd_common *common, int opt, const char *arg);

/* The configuration: the one that was named, or the usual one. */
const char *cmd_common_config(const struct cmd_common *common);
bool cmd_common_has_config(const struct cmd_common *common);

/* Opens state and configuration. CMD_OK, or what to exit with, said. create:
 * make the state if there is none; else *ret is NULL and CMD_OK then. */
int cmd_common_open(struct cmd_common *common, bool create,
    struct judge **ret);

/* A name that was typed with letters beyond ASCII: CMD_USAGE, with how it is
 * to be written. */
int cmd_common_check_name(const struct cmd *cmd, const char *name);

/* Adds all certificates of a site by its name. */
int cmd_common_add(struct judge *judge, const char *name, unsigned flags,
    int64_t *ret_id, struct err *err);

/* Runs what was added. */
int cmd_common_run(struct cmd_common *common, struct judge *judge,
    struct judge_tally *ret);

#endif
