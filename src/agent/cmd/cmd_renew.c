/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/cmd.h"

static int run(int argc, char **argv);

const struct cmd cmd_renew = {
	.name = "renew",
	.usage = "[OPTION]... [SITE]...",
	.summary = "do what is due now, of all sites or of those named",
	.help =
	    "      --force        renew though it is not due\n"
	    "      --deploy       run reloads and hooks again\n"
	    "      --dry-run      rehearse it, hooks included, at a CA for"
	    " tests\n"
	    "      --staging NAME|URL  at this one; the sites' own if not said\n"
	    CMD_TEXTFILE_HELP CMD_COMMON_HELP,
	.run = run,
};

enum { OPTION_FORCE = 256, OPTION_DEPLOY, OPTION_DRY_RUN,
	OPTION_STAGING };

struct renew {
	struct cmd_common common;
	unsigned flags;
};

static int
take(struct renew *renew, int argc, char **argv)
{
	static const struct option options[] = {
		CMD_COMMON_OPTIONS, CMD_TEXTFILE_OPTION,
		{ "force", no_argument, NULL, OPTION_FORCE },
		{ "deploy", no_argument, NULL, OPTION_DEPLOY },
		{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
		{ "staging", required_argument, NULL, OPTION_STAGING }, { 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, CMD_COMMON_SHORT, options,
	    NULL)) != -1) {
		if (cmd_common_take(&renew->common, opt, optarg))
			continue;
		if (opt == OPTION_FORCE)
			renew->flags |= JUDGE_FORCE | JUDGE_NOW;
		else if (opt == OPTION_DEPLOY)
			renew->flags |= JUDGE_DEPLOY;
		else if (opt == OPTION_DRY_RUN)
			renew->common.dry_run = true;
		else if (opt == OPTION_STAGING)
			renew->common.staging = optarg;
		else
			return cmd_usage_only(&cmd_renew);
	}
	if (renew->common.staging != NULL && !renew->common.dry_run)
		return cmd_usage(&cmd_renew, "--staging is for --dry-run");
	return CMD_OK;
}

static int
add_all(struct judge *judge, unsigned flags, struct err *err)
{
	struct arena arena = { 0 };
	struct state_site site = { 0 };
	int r;

	while ((r = state_site_next(judge_state(judge), site.name, &arena,
	    &site, err)) == 0 &&
	    (r = judge_add_site(judge, site.id, flags, err)) == 0)
		;
	arena_free(&arena);
	if (r != -(int)ERR_NOT_FOUND)
		return r;
	err->kind = ERR_NONE;
	return 0;
}

static int
run(int argc, char **argv)
{
	struct renew renew = { .common = { .cmd = &cmd_renew } };
	struct judge_tally tally;
	struct judge *judge;
	struct err err = ERR_INIT;
	int64_t id;
	int r = take(&renew, argc, argv), added = 0;

	if (r == CMD_OK)
		r = cmd_common_open(&renew.common, renew.common.config !=
		    NULL || cmd_common_has_config(&renew.common), &judge);
	/* No state: nothing was ever asked for. */
	if (r == CMD_OK && judge == NULL && optind < argc)
		return cmd_fail(&cmd_renew, "there is no site %s, and no "
		    "other; `signet get` makes the first", argv[optind]);
	if (r != CMD_OK || judge == NULL)
		return r;
	/* Whoever names a site does not want to wait for what failed before. */
	for (int i = optind; added == 0 && i < argc; i++)
		added = cmd_common_add(judge, argv[i],
		    renew.flags | JUDGE_NOW, &id, &err);
	if (optind == argc && (renew.flags != 0 || renew.common.dry_run))
		added = add_all(judge, renew.flags, &err);
	else if (optind == argc)
		added = judge_add_due(judge, &err);
	r = added < 0 ? cmd_fail(&cmd_renew, "%s", err.text) :
	    cmd_common_run(&renew.common, judge, &tally);
	judge_free(judge);
	return r;
}
