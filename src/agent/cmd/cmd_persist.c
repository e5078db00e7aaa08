/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/cmd/cmd.h"
#include "agent/rpc/judge_dns.h"
#include "agent/solvers/dns_options.h"
#include "agent/solvers/dns_record.h"
#include "base/text.h"

#define STRING_MAX 255 /* bytes of one string of a TXT record */
#define WARN_S (INT64_C(30) * 86400)

static int run(int argc, char **argv);

const struct cmd cmd_persist = {
	.name = "persist",
	.usage = "[OPTION]... NAME",
	.summary = "show the DNS record of dns-persist-01, and look for it",
	.help =
	    "  NAME may be \"*.example.com\": then the record permits all "
	    "names below it, too.\n\n"
	    "      --ca NAME|URL     the CA with our account; letsencrypt if "
	    "not said\n"
	    "      --issuer DOMAIN   the CA's name in DNS, as CAA has it\n"
	    "      --until TIME      when the record is to end, as in "
	    "2027-01-31T00:00:00Z\n"
	    "      --dns OPTIONS     resolver=ADDRESS,port=PORT: whom to ask\n"
	    CMD_COMMON_HELP,
	.run = run,
};

enum { OPTION_CA = 256, OPTION_ISSUER, OPTION_UNTIL, OPTION_DNS };

struct persist {
	struct cmd_common common;
	const char *ca, *issuer, *dns;
	int64_t until_ms;
	const char *name;      /* without "*." */
	bool wildcard;
};

/* In strings of at most 255 bytes, as a zone's file has them. */
static void
show(const struct persist *persist, struct span kid)
{
	struct bld text;
	struct span rest;

	bld_init(&text, 8192);
	bld_fmt(&text, "%s; accounturi=%.*s", persist->issuer, SPAN_FMT(kid));
	if (persist->wildcard)
		bld_str(&text, "; policy=wildcard");
	if (persist->until_ms != 0)
		bld_fmt(&text, "; persistUntil=%lld",
		    (long long)(persist->until_ms / 1000));
	printf(DNS_RECORD_PERSIST "%s. 3600 IN TXT", persist->name);
	for (rest = bld_view(&text); rest.len > 0;) {
		size_t len = rest.len > STRING_MAX ? STRING_MAX : rest.len;

		printf(" \"%.*s\"", (int)len, (const char *)rest.data);
		rest = span_from(rest, len);
	}
	printf("\n");
	fflush(stdout);
	bld_free(&text);
}

static int
look(const struct persist *persist, struct judge *judge, struct span kid,
    struct err *err)
{
	struct judge_dns_request request = { .type = JUDGE_DNS_PERSIST,
		.account_url = kid, .wildcard = persist->wildcard,
		.num_issuers = 1, .issuers = { span_str(persist->issuer) } };
	char name[DNS_RECORD_NAME_SIZE], until[TEXT_TIME_SIZE];
	int64_t until_s = 0;
	int r = 0;

	snprintf(name, sizeof(name), DNS_RECORD_PERSIST "%s", persist->name);
	request.name = span_str(name);
	if (persist->dns != NULL)
		r = dns_options_parse(persist->dns, &request, err);
	if (r == 0)
		r = judge_run_persist(judge, &request, &until_s, err);
	if (r < 0)
		return err_prefix(err, "the record is not there yet");
	text_time(until, until_s * 1000);
	if (until_s == 0)
		printf("it is there, at every name server, and has no end\n");
	else
		printf("it is there, at every name server, until %s%s\n",
		    until, until_s < judge_now(judge) / 1000 + WARN_S ?
		    ": publish one that ends later" : "");
	return 0;
}

static int
work(struct persist *persist, struct judge *judge, struct err *err)
{
	struct arena arena = { 0 };
	struct state_account account;
	struct authority authority;
	int r = judge_find_authority(judge, persist->ca, &authority, err);

	if (r < 0)
		return r;
	r = state_account_get(judge_state(judge),
	    span_str(authority.directory), &arena, &account, err);
	if (r == -(int)ERR_NOT_FOUND || (r == 0 && account.kid.len == 0))
		r = err_set(err, ERR_NOT_FOUND, NULL, "there is no account at "
		    "%s yet; the record names it, so get one with "
		    "`signet get` first", persist->ca);
	if (r == 0) {
		show(persist, account.kid);
		r = look(persist, judge, account.kid, err);
	}
	authority_done(&authority);
	arena_free(&arena);
	return r;
}

static int
take_name(struct persist *persist, char *name, struct arena *arena)
{
	struct ident ident;
	struct err err = ERR_INIT;

	persist->wildcard = strncmp(name, "*.", 2) == 0;
	if (ident_parse(SPAN_LIT("dns"), span_str(name +
	    (persist->wildcard ? 2 : 0)), arena, &ident, &err) < 0)
		return cmd_usage(&cmd_persist, "%s", err.text);
	persist->name = arena_str(arena, ident.value);
	if (persist->issuer == NULL && strncmp(persist->ca, "letsencrypt",
	    11) == 0)
		persist->issuer = "letsencrypt.org";
	return persist->issuer != NULL ? CMD_OK : cmd_usage(&cmd_persist,
	    "say the CA's name in DNS with --issuer, as its CAA record has it");
}

static int
take(struct persist *persist, int argc, char **argv, struct arena *arena)
{
	static const struct option options[] = {
		CMD_COMMON_OPTIONS,
		{ "ca", required_argument, NULL, OPTION_CA },
		{ "issuer", required_argument, NULL, OPTION_ISSUER },
		{ "until", required_argument, NULL, OPTION_UNTIL },
		{ "dns", required_argument, NULL, OPTION_DNS }, { 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, CMD_COMMON_SHORT, options,
	    NULL)) != -1) {
		if (cmd_common_take(&persist->common, opt, optarg))
			continue;
		if (opt == OPTION_CA)
			persist->ca = optarg;
		else if (opt == OPTION_ISSUER)
			persist->issuer = optarg;
		else if (opt == OPTION_DNS)
			persist->dns = optarg;
		else if (opt != OPTION_UNTIL)
			return cmd_usage_only(&cmd_persist);
		else if (text_untime(span_str(optarg), &persist->until_ms) < 0)
			return cmd_usage(&cmd_persist, "--until %s is no time; "
			    "write it as 2027-01-31T00:00:00Z", optarg);
	}
	return optind == argc - 1 ? take_name(persist, argv[optind], arena) :
	    cmd_usage(&cmd_persist, "say one name");
}

static int
run(int argc, char **argv)
{
	struct persist persist = { .common = { .cmd = &cmd_persist },
		.ca = "letsencrypt" };
	struct arena arena = { 0 };
	struct judge *judge = NULL;
	struct err err = ERR_INIT;
	int status = take(&persist, argc, argv, &arena);

	if (status == CMD_OK)
		status = cmd_common_open(&persist.common, true, &judge);
	if (status == CMD_OK && work(&persist, judge, &err) < 0)
		status = cmd_fail(&cmd_persist, "%s", err.text);
	judge_free(judge);
	arena_free(&arena);
	return status;
}
