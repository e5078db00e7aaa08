/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/cmd.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/textfile.h"
#include "agent/proc/trusted.h"
#include "base/log.h"

#define HOME_DIR ".local/state"

bool
cmd_common_take(struct cmd_common *common, int opt, const char *arg)
{
	switch (opt) {
	case 'c':
		common->config = arg;
		return true;
	case 'd':
		common->dir = arg;
		return true;
	case 'q':
		common->quiet = true;
		return true;
	case CMD_TEXTFILE:
		common->textfile = arg;
		return true;
	case 'v':
		common->verbose = true;
		return true;
	default:
		return false;
	}
}

/* Where state is kept: see src/agent/DESIGN.md. */
static int
find_dir(struct cmd_common *c)
{
	const char *home = getenv("HOME"), *state = getenv("XDG_STATE_HOME");
	char here[2048];
	int n;

	if (c->dir != NULL && c->dir[0] == '/')
		n = snprintf(c->dir_path, sizeof(c->dir_path), "%s", c->dir);
	else if (c->dir != NULL && getcwd(here, sizeof(here)) != NULL)
		n = snprintf(c->dir_path, sizeof(c->dir_path), "%s/%s", here,
		    c->dir);
	else if (geteuid() == 0)
		n = snprintf(c->dir_path, sizeof(c->dir_path), CMD_ROOT_DIR);
	else if (state != NULL && state[0] == '/')
		n = snprintf(c->dir_path, sizeof(c->dir_path), "%s/signet",
		    state);
	else if (home != NULL && home[0] == '/')
		n = snprintf(c->dir_path, sizeof(c->dir_path), "%s/" HOME_DIR
		    "/signet", home);
	else
		return cmd_fail(c->cmd, "it is not known where to keep state; "
		    "say it with --dir");
	return n < (int)sizeof(c->dir_path) ? CMD_OK :
	    cmd_fail(c->cmd, "the path of --dir is too long");
}

/* Ends the line of progress that stands on the terminal. */
static void
clear_line(struct cmd_common *c)
{
	if (c->working)
		fputs("\r\033[K", stderr);
	c->working = false;
}

static void
say_step(struct cmd_common *c, const char *site, const char *text)
{
	if (c->verbose) {
		fprintf(stderr, "%s%s%s\n", site == NULL ? "" : site,
		    site == NULL ? "" : ": ", text);
	} else if (c->progress && !c->quiet) {
		clear_line(c);
		fprintf(stderr, "%s%s%.100s", site == NULL ? "" : site,
		    site == NULL ? "" : ": ", text);
		c->working = true;
	}
}

/* The second line of a failure is its remedy. */
static void
say_wrong(struct cmd_common *c, const char *what, const char *site,
    const char *text)
{
	const char *remedy = strchr(text, '\n');
	int len = remedy == NULL ? (int)strlen(text) : (int)(remedy - text);

	clear_line(c);
	fprintf(stderr, "signet %s: %s%s%s%.*s\n", c->cmd->name, what,
	    site == NULL ? "" : site, site == NULL ? "" : ": ", len, text);
	if (remedy != NULL && remedy[1] != '\0')
		fprintf(stderr, "  what to do: %s\n", remedy + 1);
}

static void
say(void *ctx, enum judge_say how, const char *site, const char *text)
{
	struct cmd_common *c = ctx;

	switch (how) {
	case JUDGE_STEP:
		say_step(c, site, text);
		break;
	case JUDGE_DONE:
		clear_line(c);
		if (!c->quiet)
			printf("%s%s%s\n", site == NULL ? "" : site,
			    site == NULL ? "" : ": ", text);
		break;
	case JUDGE_WARN:
		say_wrong(c, "warning: ", site, text);
		break;
	case JUDGE_FAIL:
		say_wrong(c, "", site, text);
		break;
	}
}

/* What says what is run. */
static int
check_trust(const char *dir, const char *config, struct err *err)
{
	char state[sizeof(((struct cmd_common *)0)->dir_path) + 16];
	int r;

	snprintf(state, sizeof(state), "%s/signet.db", dir);
	r = trusted_path(state, err);
	return r < 0 ? r : trusted_path(config, err);
}

const char *
cmd_common_config(const struct cmd_common *common)
{
	return common->config == NULL ? SETTINGS_FILE : common->config;
}

bool
cmd_common_has_config(const struct cmd_common *common)
{
	return access(cmd_common_config(common), F_OK) == 0;
}

int
cmd_common_open(struct cmd_common *common, bool create, struct judge **ret)
{
	struct judge_options options = {
		.command = common->cmd->name, .dir = common->dir_path,
		.config_file = cmd_common_config(common),
		.dry_run = common->dry_run, .staging = common->staging,
		.verbose = common->verbose, .create = create,
		.daemon = common->daemon, .revoke_reason = common->revoke_reason,
		.revoke_by_key = common->revoke_by_key, .say = say, .ctx = common,
	};
	struct err err = ERR_INIT;
	int r = find_dir(common);

	*ret = NULL;
	if (r != CMD_OK)
		return r;
	if (check_trust(common->dir_path, options.config_file, &err) < 0)
		return cmd_fail(common->cmd, "%s", err.text);
	log_init("judge", common->verbose ? LOG_INFO : LOG_WARNING);
	common->progress = isatty(STDERR_FILENO) == 1;
	r = judge_new(&options, ret, &err);
	if (r == -(int)ERR_NOT_FOUND && !create)
		return CMD_OK;
	return r == 0 ? CMD_OK : cmd_fail(common->cmd, "%s", err.text);
}

int
cmd_common_check_name(const struct cmd *cmd, const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			return cmd_usage(cmd, "%s: give its form of letters "
			    "in ASCII (xn--...), which `idn2 %s` prints (it "
			    "is in Debian's package idn2)", name, name);
	return CMD_OK;
}

int
cmd_common_add(struct judge *judge, const char *name, unsigned flags,
    int64_t *ret_id, struct err *err)
{
	struct arena arena = { 0 };
	struct state_site site = { 0 };
	int r = state_site_get(judge_state(judge), span_str(name), &arena,
	    &site, err);

	*ret_id = site.id;
	if (r == 0)
		r = judge_add_site(judge, site.id, flags, err);
	else if (r == -(int)ERR_NOT_FOUND)
		r = err_set(err, ERR_NOT_FOUND, NULL, "there is no site %s; "
		    "`signet status` lists all", name);
	arena_free(&arena);
	return r;
}

int
cmd_common_run(struct cmd_common *common, struct judge *judge,
    struct judge_tally *ret)
{
	struct err err = ERR_INIT;
	int r = judge_run(judge, ret, &err);

	clear_line(common);
	fflush(stdout);
	if (r != 0)
		r = cmd_fail(common->cmd, "%s", err.text);
	else
		r = ret->failed > 0 ? CMD_FAILED : CMD_OK;
	if (common->textfile != NULL && !common->dry_run &&
	    textfile_write(judge, common->textfile, r == CMD_OK, &err) < 0)
		r = cmd_fail(common->cmd, "%s", err.text);
	return r;
}
