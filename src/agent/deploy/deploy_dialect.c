/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deploy/deploy_dialect.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "agent/files/layout.h"

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

/* Where the certificate's files are, whoever lays them out. */
struct paths {
	const char *key, *cert, *chain, *fullchain;
};

static const char *
path_of(const struct deploy_cert *cert, const struct layout *layout,
    enum site_file file, struct arena *arena)
{
	const char *name = layout_name(layout, file);

	return name == NULL ? "" : text(arena, "%.*s/%s",
	    SPAN_FMT(cert->path), name);
}

static struct paths
find_paths(const struct deploy_cert *cert, struct arena *arena)
{
	struct site site = { .name = span_str(cert->site->name),
		.layout = SITE_LAYOUT_SIGNET };
	struct layout *layout = arena_alloc(arena, sizeof(*layout));
	struct paths ret;

	if (cert->site->layout != NULL) {
		const struct site_conf_layout other =
		    site_conf_layout(cert->site);

		site.layout = site_layout_from_name(other.program);
		site.folder = other.folder;
		site.lineage = other.name;
	}
	layout_of(&site, "/", layout);
	ret = (struct paths){
		.key = path_of(cert, layout, SITE_PRIVKEY, arena),
		.cert = path_of(cert, layout, SITE_CERT, arena),
		.chain = path_of(cert, layout, SITE_CHAIN, arena),
		.fullchain = path_of(cert, layout, SITE_FULLCHAIN, arena),
	};
	/* lego has one file for both. */
	if (ret.cert[0] == '\0')
		ret.cert = ret.fullchain;
	if (ret.fullchain[0] == '\0')
		ret.fullchain = ret.cert;
	return ret;
}

static const char *
domain_of(const struct deploy_cert *cert)
{
	return cert->site->names.count > 0 ? cert->site->names.items[0] :
	    cert->site->name;
}

static void
make_dehydrated(const char *hook, const struct deploy_cert *cert,
    int64_t now_s, struct arena *arena, struct deploy_dialect *ret)
{
	struct paths paths = find_paths(cert, arena);
	const char **at = ret->argv;

	*at++ = hook;
	*at++ = "deploy_cert";
	*at++ = domain_of(cert);
	*at++ = paths.key;
	*at++ = paths.cert;
	*at++ = paths.fullchain;
	*at++ = paths.chain;
	*at++ = text(arena, "%" PRId64, now_s);
	ret->variables[0] = "COMMAND=sign_domains";
}

/* Both versions' names. */
static void
make_lego(const char *hook, const struct deploy_cert *cert,
    struct arena *arena, struct deploy_dialect *ret)
{
	struct paths paths = find_paths(cert, arena);
	const char **at = ret->variables;
	struct bld names;

	bld_init(&names, 65536);
	for (size_t i = 0; i < cert->site->names.count; i++)
		bld_fmt(&names, "%s%s", i == 0 ? "" : ",",
		    cert->site->names.items[i]);
	ret->argv[0] = hook;
	*at++ = text(arena, "LEGO_CERT_DOMAIN=%s", domain_of(cert));
	*at++ = text(arena, "LEGO_CERT_PATH=%s", paths.fullchain);
	*at++ = text(arena, "LEGO_CERT_KEY_PATH=%s", paths.key);
	*at++ = text(arena, "LEGO_HOOK_CERT_NAME=%s", cert->site->name);
	*at++ = text(arena, "LEGO_HOOK_CERT_DOMAINS=%.*s",
	    SPAN_FMT(bld_view(&names)));
	*at++ = text(arena, "LEGO_HOOK_CERT_PATH=%s", paths.fullchain);
	*at++ = text(arena, "LEGO_HOOK_CERT_KEY_PATH=%s", paths.key);
	*at++ = text(arena, "LEGO_HOOK_ISSUER_CERT_PATH=%s", paths.chain);
	bld_free(&names);
}

static const char acmesh[] =
    "set -- \"$SIGNET_DOMAIN\" \"$CERT_KEY_PATH\" \"$CERT_PATH\" "
    "\"$CA_CERT_PATH\" \"$CERT_FULLCHAIN_PATH\" ''\n"
    "_run() { \"${SIGNET_API}_deploy\" \"$@\"; }\n"
    "_load() {\n"
    "  [ -f \"$LE_WORKING_DIR/acme.sh\" ] && . \"$LE_WORKING_DIR/acme.sh\" "
    ">/dev/null\n"
    "  command -v _initpath >/dev/null && _initpath \"$SIGNET_DOMAIN\"\n"
    "  . \"$LE_WORKING_DIR/deploy/$SIGNET_API.sh\"\n"
    "}\n"
    "_load && _run \"$@\"\n";

static void
make_acmesh(const char *words, const struct deploy_cert *cert,
    struct arena *arena, struct deploy_dialect *ret)
{
	struct paths paths = find_paths(cert, arena);
	const char *home = getenv("HOME"), **at = ret->variables;
	size_t len = strcspn(words, ",");

	ret->argv[0] = "/bin/sh";
	ret->argv[1] = "-c";
	ret->argv[2] = acmesh;
	*at++ = text(arena, "SIGNET_API=%.*s", (int)len, words);
	*at++ = text(arena, "SIGNET_DOMAIN=%s", domain_of(cert));
	*at++ = text(arena, "Le_Domain=%s", domain_of(cert));
	*at++ = text(arena, "CERT_PATH=%s", paths.cert);
	*at++ = text(arena, "CERT_KEY_PATH=%s", paths.key);
	*at++ = text(arena, "CA_CERT_PATH=%s", paths.chain);
	*at++ = text(arena, "CERT_FULLCHAIN_PATH=%s", paths.fullchain);
	*at++ = words[len] == ',' ?
	    text(arena, "LE_WORKING_DIR=%s", words + len + 1) :
	    text(arena, "LE_WORKING_DIR=%s/.acme.sh", home == NULL ? "/root" :
	    home);
}

bool
deploy_dialect_make(const char *argument, const struct deploy_cert *cert,
    int64_t now_s, struct arena *arena, struct deploy_dialect *ret)
{
	*ret = (struct deploy_dialect){ 0 };
	if (strncmp(argument, "dehydrated:/", 12) == 0)
		make_dehydrated(argument + 11, cert, now_s, arena, ret);
	else if (strncmp(argument, "lego:/", 6) == 0)
		make_lego(argument + 5, cert, arena, ret);
	else if (strncmp(argument, "acme.sh:", 8) == 0)
		make_acmesh(argument + 8, cert, arena, ret);
	else
		return false;
	return true;
}
