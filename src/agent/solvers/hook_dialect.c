/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/hook_dialect.h"

#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/solvers/dns_record.h"
#include "base/text.h"

#define CLEANUP_MARK ";;" /* between certbot's two hooks: no shell takes it */

static char *
text(struct arena *arena, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static char *
text(struct arena *arena, const char *fmt, ...)
{
	va_list ap, again;
	char *ret;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	ret = arena_alloc(arena, (size_t)len + 1);
	vsnprintf(ret, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return ret;
}

static bool
is_dns(const struct solver_task *task)
{
	return task->method == CLIENT_DNS_01 ||
	    task->method == CLIENT_DNS_ACCOUNT_01;
}

/* The TXT value, or the key authorization. */
static const char *
value_of(const struct solver_task *task, struct arena *arena)
{
	char digest[DNS_RECORD_VALUE_SIZE];

	if (task->method == CLIENT_HTTP_01)
		return text(arena, "%.*s", SPAN_FMT(task->key_authorization));
	dns_record_digest(task->key_authorization, digest);
	return text(arena, "%s", digest);
}

/* ---- certbot: manual-auth-hook and manual-cleanup-hook ------------------ */

/* One entry for each challenge, without "*.". */
static const char *
all_names(const struct solver_task *task, struct arena *arena)
{
	char *ret = arena_str(arena, task->all_names), *to = ret;

	for (const char *from = ret; *from != '\0'; from++) {
		if (from[0] == '*' && from[1] == '.')
			from++;
		else
			*to++ = *from;
	}
	*to = '\0';
	return ret;
}

static bool
make_certbot(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	const struct solver_task *task = call->task;
	const char *mark = strstr(call->argument, CLEANUP_MARK);
	const char *names = all_names(task, arena), **at = ret->variables;
	const char *command = call->argument;

	if (call->takedown && mark == NULL)
		return false;
	if (call->takedown)
		command = mark + strlen(CLEANUP_MARK);
	else if (mark != NULL)
		command = arena_str(arena, span_of(command,
		    (size_t)(mark - command)));
	ret->argv[0] = "/bin/sh";
	ret->argv[1] = "-c";
	ret->argv[2] = command;
	*at++ = text(arena, "CERTBOT_DOMAIN=%.*s", SPAN_FMT(task->ident.value));
	*at++ = text(arena, "CERTBOT_IDENTIFIER=%.*s",
	    SPAN_FMT(task->ident.value));
	*at++ = text(arena, "CERTBOT_VALIDATION=%s", value_of(task, arena));
	*at++ = is_dns(task) ? "CERTBOT_TOKEN" :
	    text(arena, "CERTBOT_TOKEN=%.*s", SPAN_FMT(task->token));
	*at++ = text(arena, "CERTBOT_REMAINING_CHALLENGES=%zu",
	    task->remaining);
	*at++ = text(arena, "CERTBOT_ALL_DOMAINS=%s", names);
	*at++ = text(arena, "CERTBOT_ALL_IDENTIFIERS=%s", names);
	*at++ = call->takedown ? text(arena, "CERTBOT_AUTH_OUTPUT=%s",
	    call->auth_output) : "CERTBOT_AUTH_OUTPUT";
	return true;
}

/* The first word must be something that can be run, as certbot wants it. */
static int
check_shell(const char *argument, struct err *err)
{
	char word[1024];
	size_t len = strcspn(argument, " \t;|&<>()$`\"'");

	if (argument[0] == '\0')
		return err_set(err, ERR_CONFIG, NULL, "it names no hook; write "
		    "certbot-dns=\"AUTH HOOK;; CLEANUP HOOK\"");
	if (argument[0] != '/' || len >= sizeof(word))
		return 0;
	snprintf(word, sizeof(word), "%.*s", (int)len, argument);
	if (access(word, X_OK) < 0)
		return err_errno(err, "the hook %s cannot be run", word);
	return 0;
}

/* ---- programs without a shell ------------------------------------------- */

static int
check_program(const char *argument, struct err *err)
{
	if (argument[0] != '/')
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is no absolute "
		    "path of a hook", argument);
	if (access(argument, X_OK) < 0)
		return err_errno(err, "the hook %s cannot be run", argument);
	return 0;
}

static const char *
hex_digest(const struct solver_task *task, struct arena *arena)
{
	struct bld raw, hex;
	char digest[DNS_RECORD_VALUE_SIZE];
	const char *ret;

	dns_record_digest(task->key_authorization, digest);
	bld_init(&raw, 64);
	bld_init(&hex, 128);
	text_unbase64url(&raw, span_str(digest));
	text_hex(&hex, bld_view(&raw));
	ret = arena_str(arena, bld_view(&hex));
	bld_free(&raw);
	bld_free(&hex);
	return ret;
}

/* deploy_challenge and clean_challenge, one triple a call (HOOK_CHAIN=no). */
static bool
make_dehydrated(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	const struct solver_task *task = call->task;
	const char **at = ret->argv;

	*at++ = call->argument;
	*at++ = call->takedown ? "clean_challenge" : "deploy_challenge";
	*at++ = text(arena, "%.*s", SPAN_FMT(task->ident.value));
	*at++ = text(arena, "%.*s", SPAN_FMT(task->token));
	*at++ = task->method == CLIENT_TLS_ALPN_01 ? hex_digest(task, arena) :
	    value_of(task, arena);
	at = ret->variables;
	*at++ = text(arena, "BASEDIR=%s", call->dir);
	*at++ = text(arena, "CERTDIR=%s/live", call->dir);
	*at++ = text(arena, "ALPNCERTDIR=%s/alpn-certs", call->dir);
	*at++ = text(arena, "WELLKNOWN=%s/well-known", call->dir);
	*at++ = "CONFIG=";
	*at++ = "COMMAND=sign_domains";
	*at++ = text(arena, "CHALLENGETYPE=%s",
	    client_method_name(task->method));
	return true;
}

static bool
make_uacme(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	static const char *const names[] = { "METHOD", "TYPE", "IDENT",
		"TOKEN", "AUTH" };
	const struct solver_task *task = call->task;
	const char **at = ret->argv;

	*at++ = call->argument;
	*at++ = call->takedown ? "done" : "begin";
	*at++ = client_method_name(task->method);
	*at++ = text(arena, "%.*s", SPAN_FMT(task->ident.value));
	*at++ = text(arena, "%.*s", SPAN_FMT(task->token));
	*at++ = value_of(task, arena);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ret->variables[i] = text(arena, "UACME_%s=%s", names[i],
		    ret->argv[1 + i]);
	ret->variables[5] = text(arena, "UACME_CONFDIR=%s", call->dir);
	ret->variables[6] = "UACME_VERBOSE=0";
	return true;
}

static bool
make_lego(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	ret->argv[0] = call->argument;
	ret->argv[1] = call->takedown ? "cleanup" : "present";
	ret->argv[2] = text(arena, "%s.", call->fqdn);
	ret->argv[3] = value_of(call->task, arena);
	return true;
}

/* "--", since a token may begin with '-'. */
static bool
make_lego_raw(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	const struct solver_task *task = call->task;

	ret->argv[0] = call->argument;
	ret->argv[1] = call->takedown ? "cleanup" : "present";
	ret->argv[2] = "--";
	ret->argv[3] = text(arena, "%.*s", SPAN_FMT(task->ident.value));
	ret->argv[4] = text(arena, "%.*s", SPAN_FMT(task->token));
	ret->argv[5] = text(arena, "%.*s", SPAN_FMT(task->key_authorization));
	return true;
}

/* ---- lego's httpreq ----------------------------------------------------- */

/* Names and values have no character that JSON escapes. */
static bool
make_httpreq(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	const char **at = ret->argv;

	*at++ = "curl";
	*at++ = "-fsS";
	*at++ = "--max-time";
	*at++ = "60";
	*at++ = "-H";
	*at++ = "Content-Type: application/json";
	*at++ = "--data-binary";
	*at++ = text(arena, "{\"fqdn\":\"%s.\",\"value\":\"%s\"}", call->fqdn,
	    value_of(call->task, arena));
	*at++ = "--";
	*at++ = text(arena, "%s/%s", call->argument,
	    call->takedown ? "cleanup" : "present");
	return true;
}

static int
check_url(const char *argument, struct err *err)
{
	if (strncmp(argument, "https://", 8) == 0 ||
	    strncmp(argument, "http://", 7) == 0)
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "\"%s\" is no URL; write "
	    "lego-httpreq=https://HOST/PATH, without /present", argument);
}

/* ---- acme.sh's dnsapi --------------------------------------------------- */

/* Its functions read and keep what they have in acme.sh's own account.conf.
 * Without arguments, acme.sh only defines them when it is sourced. */
static const char dnsapi[] =
    "set --\n"
    "[ -f \"$LE_WORKING_DIR/acme.sh\" ] && . \"$LE_WORKING_DIR/acme.sh\" "
    ">/dev/null\n"
    "command -v _initpath >/dev/null && _initpath\n"
    "for f in \"$LE_WORKING_DIR/dnsapi/$SIGNET_API.sh\" "
    "\"$LE_WORKING_DIR/$SIGNET_API.sh\"; do\n"
    "  if [ -f \"$f\" ]; then\n"
    "    . \"$f\"\n"
    "    \"${SIGNET_API}_$SIGNET_VERB\" \"$SIGNET_FQDN\" \"$SIGNET_VALUE\"\n"
    "    exit\n"
    "  fi\n"
    "done\n"
    "echo \"there is no $SIGNET_API.sh in $LE_WORKING_DIR/dnsapi\" >&2\n"
    "exit 1\n";

static bool
make_acmesh(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	size_t len = strcspn(call->argument, ",");
	const char *home = getenv("HOME"), **at = ret->variables;

	ret->argv[0] = "/bin/sh";
	ret->argv[1] = "-c";
	ret->argv[2] = dnsapi;
	*at++ = text(arena, "SIGNET_API=%.*s", (int)len, call->argument);
	*at++ = call->takedown ? "SIGNET_VERB=rm" : "SIGNET_VERB=add";
	*at++ = text(arena, "SIGNET_FQDN=%s", call->fqdn);
	*at++ = text(arena, "SIGNET_VALUE=%s", value_of(call->task, arena));
	*at++ = call->argument[len] == ',' ? text(arena, "LE_WORKING_DIR=%s",
	    call->argument + len + 1) : text(arena,
	    "LE_WORKING_DIR=%s/.acme.sh", home == NULL ? "/root" : home);
	return true;
}

static int
check_acmesh(const char *argument, struct err *err)
{
	size_t len = strcspn(argument, ",");
	bool good = strncmp(argument, "dns_", 4) == 0 &&
	    (argument[len] == '\0' || argument[len + 1] == '/');

	for (size_t i = 0; i < len; i++)
		good = good && (isalnum((unsigned char)argument[i]) ||
		    argument[i] == '_');
	return good ? 0 : err_set(err, ERR_CONFIG, NULL, "\"acme.sh=%s\" names "
	    "no DNS script; write acme.sh=dns_NAME or "
	    "acme.sh=dns_NAME,/root/.acme.sh", argument);
}

const struct hook_dialect hook_dialects[] = {
	[HOOK_CERTBOT_HTTP] = { false, true, make_certbot, check_shell },
	[HOOK_CERTBOT_DNS] = { false, true, make_certbot, check_shell },
	[HOOK_DEHYDRATED_HTTP] = { false, false, make_dehydrated,
	    check_program },
	[HOOK_DEHYDRATED_DNS] = { false, false, make_dehydrated,
	    check_program },
	[HOOK_UACME] = { false, false, make_uacme, check_program },
	[HOOK_LEGO_EXEC] = { true, false, make_lego, check_program },
	[HOOK_LEGO_EXEC_RAW] = { false, false, make_lego_raw, check_program },
	[HOOK_LEGO_HTTPREQ] = { true, false, make_httpreq, check_url },
	[HOOK_ACMESH] = { true, false, make_acmesh, check_acmesh },
};
