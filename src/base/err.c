/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[ERR_KIND_COUNT] = {
	[ERR_NONE] = "none",
	[ERR_INTERNAL] = "internal",
	[ERR_IO] = "io",
	[ERR_FRAME] = "frame",
	[ERR_CONFIG] = "config",
	[ERR_CONFLICT] = "conflict",
	[ERR_NOT_FOUND] = "notFound",
	[ERR_BUSY] = "busy",
	[ERR_ACCOUNT_DOES_NOT_EXIST] = "accountDoesNotExist",
	[ERR_ALREADY_REVOKED] = "alreadyRevoked",
	[ERR_BAD_CSR] = "badCSR",
	[ERR_BAD_NONCE] = "badNonce",
	[ERR_BAD_PUBLIC_KEY] = "badPublicKey",
	[ERR_BAD_REVOCATION_REASON] = "badRevocationReason",
	[ERR_BAD_SIGNATURE_ALGORITHM] = "badSignatureAlgorithm",
	[ERR_CAA] = "caa",
	[ERR_COMPOUND] = "compound",
	[ERR_CONNECTION] = "connection",
	[ERR_DNS] = "dns",
	[ERR_EXTERNAL_ACCOUNT_REQUIRED] = "externalAccountRequired",
	[ERR_INCORRECT_RESPONSE] = "incorrectResponse",
	[ERR_INVALID_CONTACT] = "invalidContact",
	[ERR_INVALID_PROFILE] = "invalidProfile",
	[ERR_MALFORMED] = "malformed",
	[ERR_ORDER_NOT_READY] = "orderNotReady",
	[ERR_RATE_LIMITED] = "rateLimited",
	[ERR_REJECTED_IDENTIFIER] = "rejectedIdentifier",
	[ERR_TLS] = "tls",
	[ERR_UNAUTHORIZED] = "unauthorized",
	[ERR_UNSUPPORTED_CONTACT] = "unsupportedContact",
	[ERR_UNSUPPORTED_IDENTIFIER] = "unsupportedIdentifier",
	[ERR_USER_ACTION_REQUIRED] = "userActionRequired",
	[ERR_ACCOUNT_NOT_VALID] = "accountNotValid",
	[ERR_METHOD_NOT_ALLOWED] = "methodNotAllowed",
	[ERR_NO_SUCH_RESOURCE] = "noSuchResource",
	[ERR_TOO_LARGE] = "tooLarge",
	[ERR_UNSUPPORTED_MEDIA] = "unsupportedMedia",
};

void
err_fill(struct err *err, enum err_kind kind, const char *rule,
    const char *fmt, ...)
{
	va_list ap;

	if (err == NULL)
		return;
	err->kind = kind;
	err->rule = rule;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
}

int
err_errno(struct err *err, const char *fmt, ...)
{
	char what[ERR_TEXT_SIZE / 2];
	va_list ap;
	int saved = errno;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_IO, NULL, "%s: %s", what, strerror(saved));
}

int
err_prefix(struct err *err, const char *fmt, ...)
{
	char what[ERR_TEXT_SIZE / 2], old[ERR_TEXT_SIZE];
	va_list ap;

	if (err == NULL)
		return -(int)ERR_INTERNAL;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	memcpy(old, err->text, sizeof(old));
	if (snprintf(err->text, sizeof(err->text), "%s: %s", what, old) < 0)
		err->text[0] = '\0';
	return -(int)err->kind;
}

const char *
err_kind_name(enum err_kind kind)
{
	if ((unsigned)kind >= ERR_KIND_COUNT || kind_names[kind] == NULL)
		return "unknown";
	return kind_names[kind];
}
