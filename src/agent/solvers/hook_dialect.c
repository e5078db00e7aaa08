/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/hook_dialect.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/solvers/challenge_file.h"
#include "agent/solvers/dns_record.h"

#define CLEANUP_MARK ";;" /* between certbot's two hooks: no shell takes it */

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
		return arena_fmt(arena, "%.*s",
		    SPAN_FMT(task->key_authorization));
	dns_record_value(task->key_authorization, digest);
	return arena_fmt(arena, "%s", digest);
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
	*at++ = arena_fmt(arena, "CERTBOT_DOMAIN=%.*s",
	    SPAN_FMT(task->ident.value));
	*at++ = arena_fmt(arena, "CERTBOT_IDENTIFIER=%.*s",
	    SPAN_FMT(task->ident.value));
	*at++ = arena_fmt(arena, "CERTBOT_VALIDATION=%s",
	    value_of(task, arena));
	*at++ = is_dns(task) ? "CERTBOT_TOKEN" :
	    arena_fmt(arena, "CERTBOT_TOKEN=%.*s", SPAN_FMT(task->token));
	*at++ = arena_fmt(arena, "CERTBOT_REMAINING_CHALLENGES=%zu",
	    task->remaining);
	*at++ = arena_fmt(arena, "CERTBOT_ALL_DOMAINS=%s", names);
	*at++ = arena_fmt(arena, "CERTBOT_ALL_IDENTIFIERS=%s", names);
	*at++ = call->takedown ? arena_fmt(arena, "CERTBOT_AUTH_OUTPUT=%s",
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

/* ---- dehydrated --------------------------------------------------------- */

/* What the config file said is in the site's environment. */
static const char **
put_default(const char **at, const struct hook_call *call, struct arena *arena,
    const char *name, const char *value)
{
	if (hook_env_get(call->task->environment, name) == NULL)
		*at++ = arena_fmt(arena, "%s=%s", name, value);
	return at;
}

static void
put_exported(const struct hook_call *call, const struct hook_argument *argument,
    struct arena *arena, const char **at)
{
	at = put_default(at, call, arena, "BASEDIR", call->dir);
	at = put_default(at, call, arena, "CERTDIR",
	    arena_fmt(arena, "%s/live", call->dir));
	at = put_default(at, call, arena, "ALPNCERTDIR",
	    arena_fmt(arena, "%s/alpn-certs", call->dir));
	at = put_default(at, call, arena, "CONFIG", "");
	if (argument->wellknown.len > 0)
		*at++ = arena_fmt(arena, "WELLKNOWN=%.*s",
		    SPAN_FMT(argument->wellknown));
	else
		at = put_default(at, call, arena, "WELLKNOWN",
		    "/var/www/dehydrated");
	*at++ = "COMMAND=sign_domains";
	*at = arena_fmt(arena, "CHALLENGETYPE=%s",
	    client_method_name(call->task->method));
}

/* The challenge as dehydrated has it from JSON.sh. */
static const char *
response_of(const struct solver_task *task, struct arena *arena)
{
	return arena_fmt(arena,
	    "[\"type\"]\t\"%s\"\n[\"status\"]\t\"invalid\"\n"
	    "[\"error\",\"detail\"]\t\"%.*s\"\n[\"token\"]\t\"%.*s\"",
	    client_method_name(task->method), SPAN_FMT(task->failure),
	    SPAN_FMT(task->token));
}

/* Of those that failed, the one with that index; NULL if they are fewer. */
static const struct solver_task *
failed_one(const struct hook_call *call, size_t index)
{
	for (size_t i = 0; i < call->count; i++) {
		if (call->tasks[i]->failed && index-- == 0)
			return call->tasks[i];
	}
	return NULL;
}

static size_t
failed_count(const struct hook_call *call)
{
	size_t count = 0;

	while (failed_one(call, count) != NULL)
		count++;
	return count;
}

/* deploy_challenge; or invalid_challenge for each that failed, then
 * clean_challenge. With HOOK_CHAIN=yes there are several triples in a call. */
static bool
make_dehydrated(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	const struct solver_task *failed = call->takedown ?
	    failed_one(call, call->step) : NULL;
	const char **at = ret->argv;
	struct hook_argument argument;

	if (hook_argument_parse(call->argument, &argument, NULL) < 0 ||
	    argument.hook.len == 0 ||
	    call->step > (call->takedown ? failed_count(call) : 0))
		return false;
	put_exported(call, &argument, arena, ret->variables);
	*at++ = arena_str(arena, argument.hook);
	if (failed != NULL) {
		*at++ = "invalid_challenge";
		*at++ = arena_fmt(arena, "%.*s", SPAN_FMT(failed->ident.value));
		*at++ = response_of(failed, arena);
		return true;
	}
	*at++ = call->takedown ? "clean_challenge" : "deploy_challenge";
	for (size_t i = 0; i < call->count; i++) {
		const struct solver_task *task = call->tasks[i];

		*at++ = arena_fmt(arena, "%.*s", SPAN_FMT(task->ident.value));
		*at++ = arena_fmt(arena, "%.*s", SPAN_FMT(task->token));
		*at++ = value_of(task, arena);
	}
	return true;
}

static bool
chains_dehydrated(const char *argument)
{
	struct hook_argument parsed;

	return hook_argument_parse(argument, &parsed, NULL) == 0 &&
	    parsed.chain;
}

static int
check_dehydrated(const char *argument, struct err *err)
{
	struct hook_argument parsed;
	struct arena arena = { 0 };
	struct stat st;
	int r = hook_argument_parse(argument, &parsed, err);

	if (r == 0 && parsed.hook.len > 0)
		r = check_program(arena_str(&arena, parsed.hook), err);
	if (r == 0 && parsed.wellknown.len > 0 &&
	    (stat(arena_str(&arena, parsed.wellknown), &st) < 0 ||
	    !S_ISDIR(st.st_mode)))
		r = err_set(err, ERR_CONFIG, NULL, "there is no folder %.*s; "
		    "make it", SPAN_FMT(parsed.wellknown));
	arena_free(&arena);
	return r;
}

/* The files in WELLKNOWN, which are not the hook's business. */
static int
beside_dehydrated(const struct hook_call *call, struct err *err)
{
	struct hook_argument argument;
	struct arena arena = { 0 };
	int fd, r = 0;

	if (hook_argument_parse(call->argument, &argument, err) < 0 ||
	    argument.wellknown.len == 0)
		return 0;
	fd = open(arena_str(&arena, argument.wellknown), O_PATH | O_DIRECTORY |
	    O_CLOEXEC);
	arena_free(&arena);
	if (fd < 0)
		return err_errno(err, "cannot open %.*s",
		    SPAN_FMT(argument.wellknown));
	for (size_t i = 0; r == 0 && i < call->count; i++)
		r = call->takedown ?
		    challenge_file_remove(fd, call->tasks[i], err) :
		    challenge_file_write(fd, call->tasks[i], err);
	close(fd);
	return r;
}

/* ---- uacme -------------------------------------------------------------- */

static bool
make_uacme(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	static const char *const names[] = { "METHOD", "TYPE", "IDENT",
		"TOKEN", "AUTH" };
	const struct solver_task *task = call->task;
	const char **at = ret->argv;

	*at++ = call->argument;
	*at++ = !call->takedown ? "begin" : task->failed ? "failed" : "done";
	*at++ = client_method_name(task->method);
	*at++ = arena_fmt(arena, "%.*s", SPAN_FMT(task->ident.value));
	*at++ = arena_fmt(arena, "%.*s", SPAN_FMT(task->token));
	*at++ = value_of(task, arena);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ret->variables[i] = arena_fmt(arena, "UACME_%s=%s", names[i],
		    ret->argv[1 + i]);
	ret->variables[5] = arena_fmt(arena, "UACME_CONFDIR=%s", call->dir);
	ret->variables[6] = "UACME_VERBOSE=0";
	return true;
}

/* ---- lego ---------------------------------------------------------------- */

/* "--", since a token may begin with '-'. */
static bool
make_lego_raw(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	const struct solver_task *task = call->task;

	ret->argv[0] = call->argument;
	ret->argv[1] = call->takedown ? "cleanup" : "present";
	ret->argv[2] = "--";
	ret->argv[3] = arena_fmt(arena, "%.*s", SPAN_FMT(task->ident.value));
	ret->argv[4] = arena_fmt(arena, "%.*s", SPAN_FMT(task->token));
	ret->argv[5] = arena_fmt(arena, "%.*s",
	    SPAN_FMT(task->key_authorization));
	return true;
}

static bool
is_raw(const struct hook_call *call, const char *variable, struct arena *arena)
{
	const char *mode = hook_env_secret(call->task->environment, variable,
	    arena);

	return mode != NULL && strcmp(mode, "RAW") == 0;
}

static bool
make_lego(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	if (is_raw(call, "EXEC_MODE", arena))
		return make_lego_raw(call, arena, ret);
	ret->argv[0] = call->argument;
	ret->argv[1] = call->takedown ? "cleanup" : "present";
	ret->argv[2] = arena_fmt(arena, "%s.", call->fqdn);
	ret->argv[3] = value_of(call->task, arena);
	return true;
}

/* ---- lego's httpreq ----------------------------------------------------- */

/* Who asks is told by the standard input: arguments can be seen by all. */
static const char httpreq[] =
    "printf '%s' \"$SIGNET_CURL\" | exec curl -fsS -K - "
    "--max-time \"$SIGNET_SECONDS\" -H 'Content-Type: application/json' "
    "--data-binary \"$SIGNET_BODY\" -- \"$SIGNET_URL\"\n";

/* user = "NAME:PASSWORD" in curl's own form, where both are said. */
static const char *
credentials(const struct hook_call *call, struct arena *arena)
{
	const struct hook_env *env = call->task->environment;
	const char *parts[2] = { hook_env_secret(env, "HTTPREQ_USERNAME",
	    arena), hook_env_secret(env, "HTTPREQ_PASSWORD", arena) };
	struct bld out;
	char *ret;

	if (parts[0] == NULL || parts[1] == NULL || parts[0][0] == '\0' ||
	    parts[1][0] == '\0')
		return "";
	bld_init_secret(&out, 65536);
	bld_str(&out, "user = \"");
	for (size_t i = 0; i < 2; i++) {
		for (const char *c = parts[i]; *c != '\0'; c++)
			bld_fmt(&out, "%s%c", strchr("\\\"", *c) != NULL ?
			    "\\" : "", *c);
		bld_str(&out, i == 0 ? ":" : "\"\n");
	}
	ret = arena_str(arena, bld_view(&out));
	bld_free(&out);
	return ret;
}

/* Names, tokens and values have no character that JSON escapes. */
static const char *
body_of(const struct hook_call *call, struct arena *arena)
{
	const struct solver_task *task = call->task;

	if (is_raw(call, "HTTPREQ_MODE", arena))
		return arena_fmt(arena,
		    "{\"domain\":\"%.*s\",\"token\":\"%.*s\","
		    "\"keyAuth\":\"%.*s\"}", SPAN_FMT(task->ident.value),
		    SPAN_FMT(task->token), SPAN_FMT(task->key_authorization));
	return arena_fmt(arena, "{\"fqdn\":\"%s.\",\"value\":\"%s\"}",
	    call->fqdn, value_of(task, arena));
}

static bool
make_httpreq(const struct hook_call *call, struct arena *arena,
    struct hook_command *ret)
{
	const struct hook_env *env = call->task->environment;
	const char *url = call->argument[0] != '\0' ? call->argument :
	    hook_env_secret(env, "HTTPREQ_ENDPOINT", arena);
	const char **at = ret->variables;
	size_t len = url == NULL ? 0 : strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	ret->argv[0] = "/bin/sh";
	ret->argv[1] = "-c";
	ret->argv[2] = httpreq;
	*at++ = arena_fmt(arena, "SIGNET_CURL=%s", credentials(call, arena));
	*at++ = arena_fmt(arena, "SIGNET_SECONDS=%u", hook_env_seconds(env,
	    "HTTPREQ_HTTP_TIMEOUT", 600, 30));
	*at++ = arena_fmt(arena, "SIGNET_BODY=%s", body_of(call, arena));
	*at++ = arena_fmt(arena, "SIGNET_URL=%.*s/%s", (int)len,
	    url == NULL ? "" : url, call->takedown ? "cleanup" : "present");
	return true;
}

static int
check_url(const char *argument, struct err *err)
{
	if (argument[0] == '\0' || strncmp(argument, "https://", 8) == 0 ||
	    strncmp(argument, "http://", 7) == 0)
		return 0; /* "": HTTPREQ_ENDPOINT says it */
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
	struct hook_argument_acmesh script;
	const char **at = ret->variables;

	hook_argument_acmesh(call->argument, "dnsapi", arena, &script);
	memcpy(ret->sources, script.sources, sizeof(ret->sources));
	ret->argv[0] = "/bin/sh";
	ret->argv[1] = "-c";
	ret->argv[2] = dnsapi;
	*at++ = arena_fmt(arena, "SIGNET_API=%s", script.name);
	*at++ = call->takedown ? "SIGNET_VERB=rm" : "SIGNET_VERB=add";
	*at++ = arena_fmt(arena, "SIGNET_FQDN=%s", call->fqdn);
	*at++ = arena_fmt(arena, "SIGNET_VALUE=%s",
	    value_of(call->task, arena));
	*at++ = arena_fmt(arena, "LE_WORKING_DIR=%s", script.dir);
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

#define DEHYDRATED { .several = true, .make = make_dehydrated, \
	.check = check_dehydrated, .chains = chains_dehydrated, \
	.beside = beside_dehydrated }
#define LEGO_EXEC .check = check_program, .timeout = \
	"EXEC_PROPAGATION_TIMEOUT", .interval = "EXEC_POLLING_INTERVAL"

const struct hook_dialect hook_dialects[] = {
	[HOOK_CERTBOT_HTTP] = { .status_ignored = true, .make = make_certbot,
	    .check = check_shell },
	[HOOK_CERTBOT_DNS] = { .status_ignored = true, .make = make_certbot,
	    .check = check_shell },
	[HOOK_DEHYDRATED_HTTP] = DEHYDRATED,
	[HOOK_DEHYDRATED_DNS] = DEHYDRATED,
	[HOOK_UACME] = { .make = make_uacme, .check = check_program },
	[HOOK_LEGO_EXEC] = { .follows = true, .make = make_lego, LEGO_EXEC },
	[HOOK_LEGO_EXEC_RAW] = { .make = make_lego_raw, LEGO_EXEC },
	[HOOK_LEGO_HTTPREQ] = { .follows = true, .make = make_httpreq,
	    .check = check_url, .timeout = "HTTPREQ_PROPAGATION_TIMEOUT",
	    .interval = "HTTPREQ_POLLING_INTERVAL" },
	[HOOK_ACMESH] = { .follows = true, .make = make_acmesh,
	    .check = check_acmesh },
};
