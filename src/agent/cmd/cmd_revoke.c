/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/cmd/cmd.h"

static int run(int argc, char **argv);

const struct cmd cmd_revoke = {
	.name = "revoke",
	.usage = "[OPTION]... SITE...",
	.summary = "let the CA revoke a site's certificates",
	.help =
	    "      --reason WHY   unspecified, keyCompromise,"
	    " affiliationChanged,\n"
	    "                     superseded or cessationOfOperation\n"
	    "      --by-key       sign with the certificate's key, not the"
	    " account's\n"
	    CMD_COMMON_HELP,
	.run = run,
};

enum { OPTION_REASON = 256, OPTION_BY_KEY };

/* RFC 5280 5.3.1, those that a subscriber may give. */
static const struct {
	const char *name;
	int code;
} reasons[] = {
	{ "unspecified", 0 }, { "keyCompromise", 1 },
	{ "affiliationChanged", 3 }, { "superseded", 4 },
	{ "cessationOfOperation", 5 },
};

static int
take_reason(struct cmd_common *common, const char *text)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (strcasecmp(reasons[i].name, text) == 0) {
			common->revoke_reason = reasons[i].code;
			return CMD_OK;
		}
	}
	return cmd_usage(&cmd_revoke, "\"%s\" is not a reason; write "
	    "unspecified, keyCompromise, affiliationChanged, superseded or "
	    "cessationOfOperation", text);
}

static int
take(struct cmd_common *common, int argc, char **argv)
{
	static const struct option options[] = {
		CMD_COMMON_OPTIONS,
		{ "reason", required_argument, NULL, OPTION_REASON },
		{ "by-key", no_argument, NULL, OPTION_BY_KEY }, { 0 }
	};
	int opt, r = CMD_OK;

	while (r == CMD_OK && (opt = getopt_long(argc, argv, CMD_COMMON_SHORT,
	    options, NULL)) != -1) {
		if (cmd_common_take(common, opt, optarg))
			continue;
		if (opt == OPTION_REASON)
			r = take_reason(common, optarg);
		else if (opt == OPTION_BY_KEY)
			common->revoke_by_key = true;
		else
			r = cmd_usage_only(&cmd_revoke);
	}
	if (r == CMD_OK && optind == argc)
		r = cmd_usage(&cmd_revoke, "say which site");
	return r;
}

static int
run(int argc, char **argv)
{
	struct cmd_common common = { .cmd = &cmd_revoke, .revoke_reason = -1 };
	struct judge_tally tally;
	struct judge *judge = NULL;
	struct err err = ERR_INIT;
	int64_t id;
	int r = take(&common, argc, argv), added = 0;

	if (r == CMD_OK)
		r = cmd_common_open(&common, true, &judge);
	if (r != CMD_OK)
		return r;
	for (int i = optind; added == 0 && i < argc; i++)
		added = cmd_common_add(judge, argv[i], JUDGE_REVOKE, &id,
		    &err);
	r = added < 0 ? cmd_fail(&cmd_revoke, "%s", err.text) :
	    cmd_common_run(&common, judge, &tally);
	judge_free(judge);
	return r;
}
