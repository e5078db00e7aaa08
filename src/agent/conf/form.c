/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conf/form.h"

#include "base/mem.h"
#include "base/text.h"
#include "pkix/ident.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const keys[] = {
	"ec256", "ec384", "rsa2048", "rsa3072", "rsa4096", NULL
};

static bool
is_address(const char *text)
{
	struct in6_addr address;

	return inet_pton(AF_INET, text, &address) == 1 ||
	    inet_pton(AF_INET6, text, &address) == 1;
}

int
form_ident(const char *text, struct err *err)
{
	struct err why = ERR_INIT;
	struct arena arena = { 0 };
	struct ident ident;
	int r;

	r = ident_parse(is_address(text) ? SPAN_LIT("ip") : SPAN_LIT("dns"),
	    span_str(text), &arena, &ident, &why);
	arena_free(&arena);
	return r == 0 ? 0 : err_set(err, ERR_CONFIG, why.rule, "%s; write a "
	    "name as www.example.com, or an IP address", why.text);
}

int
form_url(const char *text, struct err *err)
{
	size_t host = strncmp(text, "https://", 8) == 0 ?
	    strcspn(text + 8, "/?#@ ") : 0;

	if (host == 0 || text[8 + host] == '@' || strchr(text, ' ') != NULL)
		return err_set(err, ERR_CONFIG, "RFC 8555 6.1", "\"%s\" is not "
		    "an https URL; write the URL of the CA's directory, as "
		    "https://ca.example/dir", text);
	return 0;
}

int
form_email(const char *text, struct err *err)
{
	const char *at = strchr(text, '@');

	if (at == NULL || at == text || at[1] == '\0' ||
	    strpbrk(text, " ,;?<>:") != NULL || strchr(at + 1, '@') != NULL)
		return err_set(err, ERR_CONFIG, "RFC 8555 7.3", "\"%s\" is not "
		    "one e-mail address; write it as admin@example.com", text);
	return 0;
}

int
form_seconds(const char *text, struct err *err)
{
	uint64_t seconds;

	if (text_uint(span_str(text), FORM_SECONDS_MAX, &seconds) < 0 ||
	    seconds == 0)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not a number "
		    "of seconds; write one from 1 to %d", text,
		    FORM_SECONDS_MAX);
	return 0;
}

int
form_key(const char *text, struct err *err)
{
	for (size_t i = 0; keys[i] != NULL; i++) {
		if (strcmp(keys[i], text) == 0)
			return 0;
	}
	return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not a type of key; "
	    "write ec256, ec384, rsa2048, rsa3072 or rsa4096", text);
}

int
form_word(const char *text, struct err *err)
{
	if (text[0] == '\0' || strchr(text, ' ') != NULL)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not one word; "
		    "write one without spaces", text);
	return 0;
}

int
form_words(const char *text, struct err *err)
{
	if (text[strspn(text, " ")] == '\0')
		return err_set(err, ERR_CONFIG, NULL, "it is empty; write a "
		    "value, or leave the key away");
	return 0;
}

int
form_hmac(const char *text, struct err *err)
{
	return strcmp(text, "HS256") == 0 || strcmp(text, "HS384") == 0 ||
	    strcmp(text, "HS512") == 0 ? 0 : err_set(err, ERR_CONFIG,
	    "RFC 8555 7.3.4", "\"%s\" is no way to bind an account; write "
	    "HS256, HS384 or HS512", text);
}

int
form_ocsp(const char *text, struct err *err)
{
	return strcmp(text, "file") == 0 || strcmp(text, "no") == 0 ? 0 :
	    err_set(err, ERR_CONFIG, NULL, "\"%s\" is neither file nor no; "
	    "write one of them", text);
}

int
form_folder(const char *text, struct err *err)
{
	if (text[0] != '/')
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not an "
		    "absolute path; begin it with /", text);
	return 0;
}

const char *const form_copies[] = { "privkey", "cert", "chain",
	"fullchain", "combined", NULL };

const char *
form_copy_split(const char *text, int *ret_kind)
{
	size_t len;

	for (*ret_kind = 0; form_copies[*ret_kind] != NULL; ++*ret_kind) {
		len = strlen(form_copies[*ret_kind]);
		if (strncmp(text, form_copies[*ret_kind], len) == 0 &&
		    text[len] == '=')
			return text + len + 1;
	}
	*ret_kind = -1;
	return text;
}

int
form_copy(const char *text, struct err *err)
{
	int kind;
	const char *path = form_copy_split(text, &kind);

	if (path[0] == '/' && (kind < 0 || path[strlen(path) - 1] != '/'))
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "\"%s\" is no place for a copy; "
	    "write the absolute path of a folder, or privkey=, cert=, chain=, "
	    "fullchain= or combined= and that of a file", text);
}

int
form_environment(const char *text, struct err *err)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz_0123456789");

	if (text[0] == '/' || (len > 0 && text[len] == '=' &&
	    !isdigit((unsigned char)text[0])))
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "\"%s\" is no variable; write "
	    "NAME=VALUE, or the absolute path of a file with such lines",
	    text);
}

static const char *const programs[] = { "certbot", "dehydrated", "lego",
	"acme.sh", NULL };

int
form_layout(const char *text, struct err *err)
{
	const char *folder = strchr(text, ':'), *name = strrchr(text, ':');
	size_t len = folder == NULL ? 0 : (size_t)(folder - text);

	for (const char *const *at = programs; *at != NULL; at++) {
		if (folder != NULL && len == strlen(*at) && memcmp(*at, text, len) == 0 &&
		    folder[1] == '/' && name > folder && name[1] != '\0' &&
		    strchr(name, '/') == NULL)
			return 0;
	}
	return err_set(err, ERR_CONFIG, NULL, "\"%s\" does not say whose "
	    "folders the files are in; write PROGRAM:/FOLDER:NAME with "
	    "certbot, dehydrated, lego or acme.sh as the program", text);
}
