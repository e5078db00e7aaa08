/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/cmd/cmd.h"
#include "base/text.h"

static int run(int argc, char **argv);

const struct cmd cmd_account = {
	.name = "account",
	.usage = "show|update|rollover|deactivate [OPTION]...",
	.summary = "show and change the accounts at CAs",
	.help =
	    "  show        all accounts\n"
	    "  update      tell the CA other contacts\n"
	    "  rollover    change the account's key\n"
	    "  deactivate  end the account for ever, and remove its key\n\n"
	    "      --ca NAME|URL    at which CA; letsencrypt if not said\n"
	    "      --email ADDRESS  a contact (repeat for more)\n"
	    CMD_COMMON_HELP,
	.run = run,
};

enum { OPTION_CA = 256, OPTION_EMAIL };

struct account {
	struct cmd_common common;
	const char *ca;
	struct authority said;
};

static int
show(struct account *account, struct judge *judge, struct err *err)
{
	struct arena arena = { 0 };
	struct state_account row = { 0 };
	char since[TEXT_TIME_SIZE];
	int r;

	while ((r = state_account_next(judge_state(judge), row.id, &arena,
	    &row, err)) == 0) {
		text_time(since, row.created_at);
		printf("%.*s\n  account   %.*s\n  contacts  %.*s\n"
		    "  key       %s/accounts/%lld.key\n  since     %s\n",
		    SPAN_FMT(row.directory), SPAN_FMT(row.kid.len > 0 ?
		    row.kid : SPAN_LIT("none yet: the CA has not been told "
		    "of the key")),
		    SPAN_FMT(row.contacts.len > 0 ? row.contacts :
		    SPAN_LIT("none")), account->common.dir_path,
		    (long long)row.id, since);
	}
	arena_free(&arena);
	if (r != -(int)ERR_NOT_FOUND)
		return r;
	err->kind = ERR_NONE;
	return 0;
}

/* Contacts are kept with the CA, for accounts to come. */
static int
keep_contacts(struct account *account, struct judge *judge, struct err *err)
{
	struct authority authority;
	int r;

	if (account->said.email.count == 0)
		return 0;
	r = judge_find_authority(judge, account->ca, &authority, err);
	if (r < 0)
		return r;
	row_clear(row_find(authority_rows, "email"), &authority);
	row_inherit(authority_rows, &authority, &account->said);
	r = judge_set_authority(judge, &authority, STATE_FROM_COMMAND, err);
	authority_done(&authority);
	return r;
}

/* Nothing of this makes an account. */
static int
change(struct account *account, struct judge *judge, enum judge_account what,
    struct err *err)
{
	struct arena arena = { 0 };
	struct state_account row;
	struct authority authority;
	int r = judge_find_authority(judge, account->ca, &authority, err);

	if (r < 0)
		return r;
	r = state_account_get(judge_state(judge),
	    span_str(authority.directory), &arena, &row, err);
	if (r == -(int)ERR_NOT_FOUND)
		r = err_set(err, ERR_NOT_FOUND, NULL, "there is no account at "
		    "%s; `signet account show` lists all", account->ca);
	if (r == 0)
		r = keep_contacts(account, judge, err);
	if (r == 0)
		r = judge_run_account(judge, what, account->ca, err);
	if (r == 0 && !account->common.quiet)
		printf("%s: %s\n", account->ca, what == JUDGE_UPDATE ?
		    "the account is updated" : what == JUDGE_ROLLOVER ?
		    "the account has a new key" :
		    "the account is deactivated, and its key removed");
	authority_done(&authority);
	arena_free(&arena);
	return r;
}

static int
take(struct account *account, int argc, char **argv)
{
	static const struct option options[] = {
		CMD_COMMON_OPTIONS,
		{ "ca", required_argument, NULL, OPTION_CA },
		{ "email", required_argument, NULL, OPTION_EMAIL }, { 0 }
	};
	struct err err = ERR_INIT;
	int opt;

	while ((opt = getopt_long(argc, argv, CMD_COMMON_SHORT, options,
	    NULL)) != -1) {
		if (cmd_common_take(&account->common, opt, optarg))
			continue;
		if (opt == OPTION_CA)
			account->ca = optarg;
		else if (opt != OPTION_EMAIL)
			return cmd_usage_only(&cmd_account);
		else if (row_set(row_find(authority_rows, "email"),
		    &account->said, optarg, NULL, &err) < 0)
			return cmd_usage(&cmd_account, "--email: %s",
			    err.text);
	}
	return optind == argc - 1 ? CMD_OK : cmd_usage(&cmd_account,
	    "say what: show, update, rollover or deactivate");
}

static int
work(struct account *account, struct judge *judge, const char *what)
{
	struct err err = ERR_INIT;
	int r;

	if (strcmp(what, "show") == 0)
		r = show(account, judge, &err);
	else if (strcmp(what, "update") == 0)
		r = change(account, judge, JUDGE_UPDATE, &err);
	else if (strcmp(what, "rollover") == 0)
		r = change(account, judge, JUDGE_ROLLOVER, &err);
	else if (strcmp(what, "deactivate") == 0)
		r = change(account, judge, JUDGE_DEACTIVATE, &err);
	else
		return cmd_usage(&cmd_account, "there is no \"%s\"; write "
		    "show, update, rollover or deactivate", what);
	return r == 0 ? CMD_OK : cmd_fail(&cmd_account, "%s", err.text);
}

static int
run(int argc, char **argv)
{
	struct account account = { .common = { .cmd = &cmd_account },
	    .ca = SITE_CONF_CA };
	struct judge *judge = NULL;
	int r = take(&account, argc, argv);

	if (r == CMD_OK)
		r = cmd_common_open(&account.common, true, &judge);
	if (r == CMD_OK)
		r = work(&account, judge, argv[optind]);
	judge_free(judge);
	authority_done(&account.said);
	return r;
}
